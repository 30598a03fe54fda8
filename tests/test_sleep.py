"""Sleep on a battery: when it begins, what is said before, and what wakes the pillow."""

import sys
from types import SimpleNamespace

import pytest
from ether import Sofa
from interpreters import micropython
from pillow import sleep
from pillow.gesture import Recogniser
from pillow.sleep import CABLE_MS, NAP_MS, SECONDS, TOLD_MS, UNSENT_MS, Sleep
from pillow.squeeze import Squeeze
from plugged import ROOT, Host, plugged
from workbench import Bench

MINUTE_MS = 60_000


class Night:
    """A pillow on a sofa that may sleep after `minutes`; what the chip is told is in `slept`."""

    def __init__(self, minutes=5, cause="power"):
        self.sofa = Sofa(step_ms=20)
        self.sample = [0, 0, 1000, 0, 0, 0]
        self.slept = []
        parts = self.sample, self.sofa.reporter, self.sofa.spool, self.links, self.slept.append
        self.sleep = Sleep(minutes, cause, *parts)

    def links(self):
        return self.sofa.cable, self.sofa.air.link

    def run(self, ms):
        """Let time pass, or less of it when it falls asleep. Returns how long it was awake."""
        began_ms = self.sofa.now_ms
        while self.sofa.now_ms < began_ms + ms and not self.slept:
            self.sofa.run(20)
            self.sleep.step(self.sofa.now_ms)
        return self.sofa.now_ms - began_ms


def test_it_sleeps_after_lying_still_and_says_so_before():
    night = Night()
    awake_ms = night.run(20 * MINUTE_MS)
    assert night.slept == [SECONDS]
    assert 5 * MINUTE_MS <= awake_ms <= 5 * MINUTE_MS + 2_000
    assert night.sofa.bridge.journal.pillows()[0]["gesture"] == "sleeping"


@pytest.mark.parametrize("phase", range(50))
def test_whatever_it_hears_just_then_the_bridge_knows_that_it_sleeps(monkeypatch, phase):
    """A ping, or an acknowledgement, may be under way when it begins to say so."""
    monkeypatch.setattr(sleep, "MINUTE_MS", 900)
    night = Night()
    night.run(2_500)
    night.sample[0] += 100
    night.run(20 * phase)
    night.sample[0] += 100
    night.run(10_000)
    assert night.slept == [SECONDS]
    night.sofa.bridge.conversation.end(night.sofa.now_ms)
    assert night.sofa.bridge.journal.pillows()[0]["gesture"] == "sleeping"


def test_it_never_sleeps_while_it_is_moved_or_feels_something():
    night = Night()
    for minute in range(20):
        night.sample[0] = 100 * (minute % 2)
        night.run(4 * MINUTE_MS)
    night.sofa.feel("hugging")
    night.run(20 * MINUTE_MS)
    assert night.slept == []
    night.sofa.feel("neutral")
    night.run(6 * MINUTE_MS)
    assert night.slept == [SECONDS]


def test_a_truck_outside_does_not_keep_it_awake():
    night = Night()
    for second in range(6 * 60):
        night.sample[2] = 1000 + 20 * (second % 2)
        night.run(1_000)
    assert night.slept == [SECONDS]


def test_on_the_cable_it_never_sleeps():
    night = Night()
    night.run(10_000)
    night.sofa.plug()
    night.run(10 * MINUTE_MS)
    assert night.slept == []
    night.sofa.unplug()
    awake_ms = night.run(10 * MINUTE_MS)
    assert night.slept == [SECONDS] and awake_ms >= 5 * MINUTE_MS - CABLE_MS


def test_what_it_has_to_tell_is_told_before_and_waits_no_longer_than_a_minute():
    night = Night()
    night.run(10_000)
    night.sofa.ether.carries = False
    night.sofa.feel("hugging")
    night.sofa.feel("neutral")
    awake_ms = night.run(20 * MINUTE_MS)
    assert awake_ms <= 5 * MINUTE_MS + UNSENT_MS + TOLD_MS + 1_000
    assert night.sofa.spool.oldest() == (1, 1)  # in flash for the next time


def test_without_anybody_near_it_sleeps_at_once():
    night = Night()
    night.sofa.ether.ap = "gone"
    assert night.run(20 * MINUTE_MS) <= 5 * MINUTE_MS + 1_000
    assert night.slept == [SECONDS]


def test_woken_by_a_knock_it_goes_back_to_sleep_soon_but_not_when_somebody_is_there():
    night = Night(cause="sleep")
    assert night.run(20 * MINUTE_MS) <= NAP_MS + 2_000
    night = Night(cause="sleep")
    night.sofa.feel("hugging")
    night.run(3_000)
    night.sofa.feel("neutral")
    assert night.run(20 * MINUTE_MS) >= 5 * MINUTE_MS


def test_it_is_awake_for_the_page_as_soon_as_it_says_something():
    night = Night()
    night.run(20 * MINUTE_MS)
    night.sofa.run(3_000)  # it did not fall asleep after all
    assert night.sofa.bridge.journal.pillows()[0]["gesture"] == "neutral"


# -- the chip -----------------------------------------------------------------------------------------------------


class Chipset:
    """`machine` and `esp32` as far as a bed touches them; `armed` is what would wake the chip."""

    def __init__(self):
        self.armed, self.slept = [], []
        self.Pin = lambda number, mode=None: number
        self.Pin.IN = 1
        self.TouchPad = lambda pin: SimpleNamespace(read=lambda: 600, config=lambda value: self.armed.append(value))
        self.WAKEUP_ANY_HIGH = True
        self.wake_on_ext1 = lambda pins, level: self.armed.append(pins)
        self.wake_on_touch = lambda on: self.armed.append("touch")
        self.deepsleep = self.slept.append


@pytest.fixture
def chipset(monkeypatch):
    chipset = Chipset()
    monkeypatch.setitem(sys.modules, "machine", chipset)
    monkeypatch.setitem(sys.modules, "esp32", chipset)
    monkeypatch.delitem(sys.modules, "pillow.bed", raising=False)
    yield chipset
    sys.modules.pop("pillow.bed", None)


def bed(chipset, who=0x68, squeeze="none", sense=None, sofa=None, cause="power"):
    from pillow.bed import Bed
    from pillow.mpu6050 import Mpu6050

    bench = Bench(who=who)
    bench.squeeze_rises = lambda: False
    sensor = Mpu6050(bench)
    sensor.start()
    config = {"sleep_minutes": 5, "int_pin": 27, "touch_pin": 32, "squeeze": squeeze}
    said, healthy = [], []
    sofa = sofa or Sofa()
    bench.cause = lambda: cause
    feels = bench, sofa.disk, Recogniser(100, True), sense or Squeeze(False, None), sensor, [0] * 6
    parts = config, *feels, sofa.reporter, sofa.spool, said.append
    Bed(*parts, lambda: (sofa.cable, sofa.air), lambda: healthy.append(1))._lie_down(SECONDS)
    return said, healthy, bench


def test_motion_wakes_a_chip_with_a_true_sensor(chipset):
    _, healthy, bench = bed(chipset)
    assert (chipset.slept, chipset.armed, healthy) == ([1000 * SECONDS], [(27,)], [1])
    assert bench.shown[-1][1] == bytes(24)  # the light is off


def test_a_squeeze_wakes_it_where_there_is_a_touch_pad(chipset):
    bed(chipset, who=0x70, squeeze="touch")
    assert chipset.slept and chipset.armed == [400, "touch"]


def test_a_squeeze_that_wakes_it_is_felt_though_it_was_there_before_the_chip(chipset):
    before, after, other = (Squeeze(False, None) for _ in range(3))
    sofa = Sofa()
    before.step(lambda: 700, 0)
    bed(chipset, squeeze="touch", sense=before, sofa=sofa)
    bed(chipset, squeeze="touch", sense=after, sofa=sofa, cause="sleep")
    after.step(lambda: 500, 0)
    assert after.level > 500
    bed(chipset, squeeze="touch", sense=other, sofa=sofa, cause="power")  # somebody may have opened it
    other.step(lambda: 500, 0)
    assert other.level == 0


@pytest.mark.parametrize("content", [b"", b"x", b"7.5"])
def test_a_rest_that_is_damaged_is_learnt_anew(chipset, content):
    sofa, sense = Sofa(), Squeeze(False, None)
    sofa.disk.replace("rest", content)
    bed(chipset, squeeze="touch", sense=sense, sofa=sofa, cause="sleep")
    assert sense.rest is None and chipset.slept


def test_what_nothing_would_wake_does_not_sleep_and_says_so(chipset):
    said, healthy, _ = bed(chipset, who=0x70)
    assert (chipset.slept, healthy) == ([], [])
    assert said == ["This pillow cannot sleep: only the clock would wake it; set sleep_minutes to 0."]


SLEEPER = """
import sys
sys.path.insert(0, %r)
if sys.implementation.name == "cpython":
    from virtual import cpython
    cpython.pretend()
from virtual import esp32, machine
print("cause", machine.CAUSES[machine.reset_cause() - 1])
machine.WDT(timeout=1000)
%s
machine.deepsleep(60_000)
"""
MOTION = "esp32.wake_on_ext1((27,), True); machine.world().chip.regs[machine.INT_ENABLE] = machine.MOTION"


@pytest.mark.parametrize("interpreter", [lambda: sys.executable, micropython], ids=["cpython", "micropython"])
@pytest.mark.parametrize(
    "armed, said", [(MOTION, "shake 20"), ("esp32.wake_on_touch(True)", "hug 20")], ids=["motion", "touch"]
)
def test_a_virtual_chip_sleeps_until_what_was_armed_wakes_it(tmp_path, interpreter, armed, said):
    start = tmp_path / "sleeper.py"
    start.write_text(SLEEPER % (str(ROOT / "firmware"), armed))
    with plugged(tmp_path, interpreter(), start) as board, Host(board.link) as host:
        board.tell(said)
        assert host.console("cause sleep")


def test_a_virtual_chip_that_nothing_would_wake_sleeps_on(tmp_path):
    start = tmp_path / "sleeper.py"
    start.write_text(SLEEPER % (str(ROOT / "firmware"), ""))
    with plugged(tmp_path, sys.executable, start) as board, Host(board.link) as host:
        assert host.console("cause power")
        board.tell("shake 20")
        with pytest.raises(AssertionError, match="no 'cause sleep'"):
            host.console("cause sleep", 1.5)
