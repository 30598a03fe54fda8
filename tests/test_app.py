"""The pillow put together, over a virtual clock: what is done to it becomes reports, whatever else goes wrong."""

import pytest
from pillow import app, config
from pillow.app import HEALTHY_MS, App
from pillow.disk import Disk
from virtual.motion import Motion
from workbench import Bench

from bridge.wire import Line, decode, encode

SEED = 5


class Pillow:
    """The whole firmware on the bench; its flash is a folder that outlives `boot()`."""

    def __init__(self, folder, squeeze=True, said=None):
        self.folder = folder
        self.motion = Motion(SEED, clear=True)
        self.bench = Bench(self.motion)
        self.squeeze = squeeze
        self.config = config.Config({"squeeze": "fsr"} if squeeze else {})
        self.config.problems += said or []
        self.counts = []
        self.boot(1)

    def boot(self, boot):
        self.boot_ms = self.bench.now_ms
        self._squeeze()
        self.bench.problems = list(self.config.problems)
        self.app = App(self.bench, self.config, boot, lambda *count: self.counts.append(count), str(self.folder))

    def run(self, seconds, step_ms=5):
        end_ms = self.bench.now_ms + int(seconds * 1000)
        while self.bench.now_ms < end_ms:
            self.bench.now_ms += step_ms
            self._squeeze()
            self.app.step(self.bench.now_ms)

    def _squeeze(self):
        self.bench.squeeze = 200_000 + self.motion.squeeze * 1_500 if self.squeeze else None

    def hears(self, kind, *fields):
        self.bench.to_pillow += encode(kind, *fields)

    def said(self, kind):
        lines = [decode(line.strip()) for line in self.bench.from_pillow]
        return [list(line.fields) for line in lines if isinstance(line, Line) and line.kind == kind]

    def gestures(self):
        """What is in the spool, oldest first."""
        folder = self.folder / "spool"
        held = b"".join(path.read_bytes() for path in sorted(folder.glob("*-*")))
        lines = [decode(line) for line in held.split(b"\n") if line]
        return [line.fields[3] for line in lines]


@pytest.fixture
def pillow(tmp_path):
    return Pillow(tmp_path)


@pytest.mark.parametrize(
    ("act", "seconds", "gesture"),
    [
        ("hug", 4, "hugging"),
        ("punch", 0.3, "punching"),
        ("shake", 4, "shaking"),
        ("spin", 4, "spinning"),
        ("throw", 1, "throwing"),
    ],
)
def test_what_is_done_to_it_is_reported_once(pillow, act, seconds, gesture):
    pillow.run(5)
    pillow.motion.press(act, seconds)
    pillow.run(15)
    assert pillow.gestures() == [gesture, "neutral"]


def test_a_pillow_left_alone_reports_nothing(pillow):
    pillow.run(60)
    assert pillow.gestures() == []


def test_it_says_hello_and_sends_its_reports_when_welcome(pillow):
    pillow.run(5)
    [first, *_] = pillow.said("hello")
    assert first[:7] == [0, 1, "0102030405060708", 1, "01020304", "1.0.0", "power"]
    pillow.motion.press("hug", 4)
    pillow.run(10)
    assert pillow.said("report") == []
    pillow.hears("welcome", 1, "00" * 8)
    pillow.run(1)
    assert [report[:2] + report[3:4] for report in pillow.said("report")][:2] == [[1, 1, "hugging"], [1, 2, "neutral"]]
    pillow.hears("ack", 2, 1, 2)
    pillow.run(1)
    [beat, *_] = pillow.said("beat")
    assert beat[2:] == ["neutral", 2, 0, 60_000, 0]


def test_a_report_found_late_has_the_time_of_its_sample(tmp_path):
    def times(folder, stall_ms):
        pillow = Pillow(tmp_path / folder)
        pillow.run(5)
        pillow.hears("welcome", 1, "00" * 8)
        pillow.motion.press("shake", 6)
        pillow.run(1)
        for _ in range(7):  # something else takes all the time, before, during and after the change
            pillow.bench.now_ms += stall_ms
            pillow.run(0.02)
        pillow.run(10 - 7 * stall_ms / 1000)
        return [time_ms for _, time_ms in sorted({tuple(report[1:3]) for report in pillow.said("report")})]

    (tmp_path / "prompt").mkdir()
    (tmp_path / "late").mkdir()
    prompt = times("prompt", 0)
    assert len(prompt) == 2
    assert times("late", 700) == pytest.approx(prompt, abs=20)


@pytest.mark.parametrize("is_read", [True, False])
def test_no_sample_is_missed_whoever_reads_or_not(pillow, is_read):
    pillow.run(1)
    before = pillow.bench.chip.queued
    pillow.bench.is_read = is_read
    samples = []
    feed = pillow.app._recogniser.feed
    pillow.app._recogniser.feed = lambda sample, squeeze: samples.append(1) or feed(sample, squeeze)
    pillow.run(60)
    assert len(samples) == pytest.approx(pillow.bench.chip.queued - before, abs=2)
    assert pillow.app._sensor.missed == 0


def test_a_slow_flash_costs_no_sample(tmp_path, monkeypatch):
    class SlowDisk(Disk):
        """Every write takes as long as littlefs needs on a bad day."""

        def append(self, name, data):
            super().append(name, data)
            pillow.bench.now_ms += 600

    monkeypatch.setattr(app, "Disk", SlowDisk)
    pillow = Pillow(tmp_path)
    pillow.run(3)
    for act in ("punch", "shake", "hug", "throw"):
        pillow.motion.press(act, 3)
        pillow.run(8)
    assert len(pillow.gestures()) >= 8
    assert pillow.app._sensor.missed == 0
    assert pillow.bench.chip.lost == 0


def test_a_broken_sensor_is_sensorfault_and_never_neutral(pillow):
    pillow.run(5)
    pillow.bench.chip.break_with("silent")
    pillow.run(20)
    assert pillow.gestures() == ["sensorfault"]
    pillow.bench.chip.break_with("none")
    pillow.run(5)
    assert pillow.gestures() == ["sensorfault", "neutral"]
    told = b"".join(pillow.bench.from_pillow).decode()
    assert "The motion sensor does not answer; check its four wires" in told
    assert told.count("The motion sensor works.") == 1


def test_a_sensor_that_breaks_in_the_middle_of_a_hug_ends_the_hug(pillow):
    pillow.run(5)
    pillow.motion.press("hug", 30)
    pillow.run(8)
    pillow.bench.chip.break_with("stuck")
    pillow.run(8)
    assert pillow.gestures() == ["hugging", "sensorfault"]


def test_a_pillow_without_a_sensor_is_still_there(tmp_path):
    pillow = Pillow(tmp_path)
    pillow.bench.chip.break_with("silent")
    pillow.run(5)
    assert len(pillow.said("hello")) >= 2
    assert pillow.gestures() == ["sensorfault"]
    assert pillow.bench.fed[-1] >= pillow.bench.now_ms - 50


def test_the_watchdog_is_fed_while_every_part_gets_its_turn(pillow):
    pillow.run(30)
    assert max(after - before for before, after in zip(pillow.bench.fed, pillow.bench.fed[1:])) < 1_000


def test_the_watchdog_is_not_fed_when_a_part_holds_up_the_others(pillow):
    pillow.run(1)
    last = pillow.bench.fed[-1]

    def hang(line):
        pillow.bench.now_ms += 6_000
        return True

    pillow.bench.write = hang
    pillow.run(70, step_ms=2_000)
    assert [fed for fed in pillow.bench.fed if fed > last + 2_000] == []


def test_it_is_healthy_once_after_twenty_seconds(pillow):
    pillow.run(HEALTHY_MS / 1000 - 1)
    assert pillow.counts == []
    pillow.run(30)
    assert pillow.counts == [(1, 0)]


def test_its_identity_stays(pillow):
    identity = (pillow.folder / "id").read_text()
    assert identity == "0102030405060708"
    pillow.bench.random_bytes = lambda count: b"\xee" * count
    pillow.boot(2)
    pillow.run(3)
    assert (pillow.folder / "id").read_text() == identity
    assert pillow.said("hello")[-1][2:5] == [identity, 2, "eeeeeeee"]


@pytest.mark.parametrize("content", [b"", b"short", b"not hexadecimal!", b"\xff" * 16])
def test_a_damaged_identity_is_made_anew(pillow, content):
    (pillow.folder / "id").write_bytes(content)
    pillow.boot(2)
    assert (pillow.folder / "id").read_text() == "0102030405060708"


def test_a_lost_boot_count_makes_a_new_pillow_that_goes_on_above_its_spool(pillow):
    pillow.boot(57)
    pillow.run(5)
    pillow.motion.press("punch", 1)
    pillow.run(5)
    pillow.bench.random_bytes = lambda count: b"\xee" * count
    pillow.boot(1)
    pillow.run(3)
    assert pillow.said("hello")[-1][2:4] == ["ee" * 8, 58]
    assert pillow.counts[-1] == (58, 1)
    assert pillow.gestures()[:1] == ["punching"]


def test_reports_of_the_boot_before_come_first(pillow):
    pillow.run(5)
    pillow.motion.press("punch", 1)
    pillow.run(5)
    pillow.boot(2)
    pillow.hears("welcome", 1, "00" * 8)
    pillow.run(1)
    assert [report[:2] for report in pillow.said("report")][:2] == [[1, 1], [1, 2]]


def test_a_light_that_was_wished_for_glows_and_ends_without_its_host(pillow):
    pillow.run(1)
    pillow.hears("light", 7, 3, "glow", 255, 0, 0, 100, 5)
    pillow.run(1)
    assert [answer[0] for answer in pillow.said("ok")] == [7]
    assert pillow.bench.shown[-1][1] == bytes([63, 0, 0]) * 8
    pillow.bench.is_read = False
    pillow.run(5)
    assert pillow.bench.shown[-1][1] == bytes(24)


def test_a_wish_that_is_refused_says_why(pillow):
    pillow.hears("light", 8, 3, "strobe", 255, 0, 0, 100, 5)
    pillow.run(1)
    assert pillow.said("no") == [[8, "unknown effect"]]


def test_what_is_wrong_with_its_settings_is_said_on_the_console(tmp_path):
    pillow = Pillow(tmp_path, said=["config.json: sda_pin is 6, which belongs to the flash memory; using 21."])
    pillow.run(1)
    assert pillow.bench.from_pillow[0] == b"\nconfig.json: sda_pin is 6, which belongs to the flash memory; using 21.\n"


def test_noise_from_the_host_harms_nothing(pillow):
    noise = bytes(range(256)) * 20 + b'\n#{"light":[1]}*00000000\n' + encode("light", 3) + encode("nonsense", 4, "x")
    pillow.bench.to_pillow = noise
    pillow.run(5)
    assert pillow.said("no") == [[4, "unknown"]]
    assert pillow.app._sensor.missed == 0
