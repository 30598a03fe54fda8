"""How everything is, in sentences."""

from bridge.health import sentences
from bridge.journal import Journal

PILLOW = "00112233aabbccdd"
NOON_MS = 1_800_000_000_000


def told(journal: Journal, runs: bool = True, after_ms: int = 0) -> list:
    return sentences(runs, journal.pillows(), journal.troubles(), NOON_MS + after_ms)


def test_a_home_without_anything():
    assert told(Journal(":memory:"), runs=False) == ["No bridge runs: `make run` starts it.", "No pillow was ever met."]


def test_a_pillow_that_is_hugged():
    journal = Journal(":memory:")
    journal.arrive(PILLOW, "usb", NOON_MS, boot=3, version="1.0.0", cause="power")
    journal.show(PILLOW, "hugging", NOON_MS)
    assert told(journal, after_ms=61_000) == [
        "The bridge runs.",
        "cloud 0011 (00112233aabbccdd) has been hugged for 1 minute"
        " (over USB, firmware 1.0.0, boot 3 after power; 0 samples missed, 0 lines garbled).",
    ]


def test_a_pillow_with_a_sensor_fault():
    journal = Journal(":memory:")
    journal.arrive(PILLOW, "usb", NOON_MS)
    journal.show(PILLOW, "sensorfault", NOON_MS)
    assert "has not felt anything for 2 seconds: check the four wires" in told(journal, after_ms=2_000)[1]


def test_a_pillow_that_is_away():
    journal = Journal(":memory:")
    journal.arrive(PILLOW, "usb", NOON_MS)
    journal.leave(PILLOW, NOON_MS)
    assert told(journal, after_ms=2 * 86_400_000)[1] == (
        "cloud 0011 (00112233aabbccdd) is not connected; it was last seen 2 days ago."
    )


def test_what_stalls_is_said_only_of_a_bridge_that_runs():
    journal = Journal(":memory:")
    journal.trouble("ports", "no pillow is plugged in", NOON_MS)
    assert told(journal)[-1].endswith(": no pillow is plugged in.")
    assert told(journal, runs=False)[-1] == "No pillow was ever met."
