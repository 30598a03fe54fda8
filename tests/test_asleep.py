"""A pillow on a battery: real firmware that sleeps, is woken by whoever moves it, and tells what it felt."""

import sys
import time

import pytest
from aloft import Home, board
from interpreters import micropython
from plugged import ROOT, until

INTERPRETERS = {"python": lambda: sys.executable, "micropython": micropython}
FELT_MS = 10_000  # from a hug's word to its report: the chip has to boot and to recognise it, on two busy cores
# The firmware, in which a minute lasts three seconds.
HURRIED = """
import sys
sys.path.insert(0, %r)
from pillow import sleep
sleep.MINUTE_MS = sleep.NAP_MS = 3_000
__file__ = %r
with open(__file__) as file:
    program = file.read()
exec(compile(program, __file__, "exec"))
"""


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "data")
    home.listen()
    yield home
    home.close()


@pytest.fixture(params=INTERPRETERS)
def pillow(request, home, tmp_path):
    firmware = ROOT / "firmware"
    start = tmp_path / "hurried.py"
    start.write_text(HURRIED % (str(firmware), str(firmware / "virtual" / "start.py")))
    config = {"sleep_minutes": 1, "squeeze": "touch"}
    pillow = board(tmp_path / "board", INTERPRETERS[request.param](), home.blob(), start=start, **config)
    yield pillow
    pillow.close()


def now_ms():
    return time.time_ns() // 1_000_000


def face(home):
    return next((row["gesture"] for row in home.journal.pillows()), "")


def boots(pillow):
    """Which boot it is, and whether that one is going to sleep, or well: then it counts no failures."""
    number, fails = (pillow.flash / "boot").read_text().split()
    return int(number), int(fails) == 0


def wake(pillow):
    """Knock at it when it sleeps. What moves it once the chip has begun to boot is felt."""
    boot = until(lambda: boots(pillow)[1] and boots(pillow)[0])
    pillow.tell("shake 1")
    until(lambda: boots(pillow)[0] > boot)


def hug(pillow, seconds):
    """Hug it; gives when."""
    pillow.tell(f"hug {seconds}")
    return now_ms()


def test_it_sleeps_is_woken_and_tells_of_the_hug_at_once(home, pillow):
    until(lambda: home.link() == "wifi")
    until(lambda: face(home) == "sleeping")
    assert home.link() == ""
    until(lambda: boots(pillow) == (2, True))
    time.sleep(1.0)
    assert face(home) == "sleeping"  # and not: not connected
    for count in (1, 2):
        wake(pillow)
        began_ms = hug(pillow, 8)
        until(lambda: face(home) == "hugging")
        until(lambda: face(home) == "sleeping")
        rows = home.journal.rows_after(0)
        assert [(row["boot"], row["seq"], row["gesture"], row["late"]) for row in rows[-2:]] == [
            (2 + count, 1, "hugging", 0), (2 + count, 2, "neutral", 0),
        ]  # fmt: skip
        assert len(rows) == 2 * count
        assert began_ms - rows[-2]["err_ms"] <= rows[-2]["at_ms"] <= began_ms + FELT_MS
    assert home.journal.pillows()[0]["cause"] == "sleep"


def test_what_nobody_heard_survives_its_sleep_and_is_told_once(home, pillow):
    until(lambda: face(home) == "sleeping")
    pillow.tell("ap gone")
    wake(pillow)
    began_ms = hug(pillow, 2)
    until(lambda: list((pillow.flash / "spool").glob("00000003-*")))
    until(lambda: boots(pillow) == (3, True))  # it sleeps again
    ended_ms = now_ms()
    assert (home.reports(), face(home)) == ([], "sleeping")
    pillow.tell("ap back")
    wake(pillow)
    until(lambda: len(home.reports()) == 2)
    assert home.reports() == [(3, 1, "hugging"), (3, 2, "neutral")]
    until(lambda: face(home) == "neutral")  # a memory is no news
    for row in home.journal.rows_after(0):
        assert row["late"] == 1
        assert began_ms - row["err_ms"] <= row["at_ms"] <= ended_ms + row["err_ms"]
    until(lambda: face(home) == "sleeping")
    assert len(home.reports()) == 2
