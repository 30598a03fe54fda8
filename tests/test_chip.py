"""The virtual motion sensor: what its datasheet says, and every sample counted."""

import struct

import pytest
from virtual import chip
from virtual.chip import Chip


class Steps:
    """Moves by one LSB (at 2 g and 250 dps) a sample, so that samples can be told apart."""

    def __init__(self):
        self.steps = 0
        self.accel = [0.0, 0.0, 0.0]
        self.gyro = [0.0, 0.0, 0.0]

    def step(self, dt_s):
        self.steps += 1
        self.accel[0] = self.steps / 16384
        self.gyro[2] = -self.steps / 131.072


class Bus:
    """A chip on a clock that is set by hand."""

    def __init__(self, motion=None, **kind):
        self.now_ms = 0
        self.chip = Chip(motion or Steps(), lambda: self.now_ms & 0x3FFFFFFF, **kind)

    def read(self, register, size):
        data = bytearray(size)
        self.chip.read_into(register, data)
        return bytes(data)

    def write(self, register, *values):
        self.chip.write(register, bytes(values))

    def count(self):
        return struct.unpack(">H", self.read(chip.FIFO_COUNT, 2))[0]

    def frame(self):
        return struct.unpack(">6h", self.read(chip.FIFO_R_W, 12))

    def sampling(self, divider=9):
        """Awake, 44 Hz filter, acceleration and rotation into the FIFO."""
        self.write(chip.PWR_MGMT_1, 1)
        self.write(chip.SMPLRT_DIV, divider, 3, 0, 0)
        self.write(chip.FIFO_EN, 0x78)
        self.write(chip.USER_CTRL, chip.FIFO_ON)
        return self

    def after(self, ms):
        self.now_ms += ms
        return self


@pytest.mark.parametrize("who", [0x68, 0x70, 0x98])
def test_it_says_who_it_is(who):
    assert Bus(who=who).read(chip.WHO_AM_I, 1) == bytes([who])


def test_it_sleeps_until_it_is_woken():
    bus = Bus()
    assert bus.after(1000).read(chip.DATA, 14) == bytes(14)
    assert bus.chip.made == 0 and bus.chip.motion.steps == 100, "the pillow moves all the same"
    bus.sampling()
    bus.after(100).read(chip.WHO_AM_I, 1)
    assert bus.chip.made == 10


@pytest.mark.parametrize(("config", "divider", "each_second"), [(3, 9, 100), (1, 4, 200), (6, 39, 25), (0, 79, 100)])
def test_samples_come_at_the_configured_rate(config, divider, each_second):
    bus = Bus()
    bus.write(chip.PWR_MGMT_1, 1)
    bus.write(chip.SMPLRT_DIV, divider, config)
    for _ in range(700):
        bus.after(3).read(chip.INT_STATUS, 1)
    assert bus.chip.made == pytest.approx(2.1 * each_second, abs=1)


@pytest.mark.parametrize("choice", range(4))
def test_values_are_scaled_to_the_range_and_end_with_it(choice):
    motion = Steps()
    motion.step = lambda dt_s: None
    motion.accel = [1.0, -0.5, 20.0]
    motion.gyro = [100.0, -50.0, -3000.0]
    bus = Bus(motion)
    bus.write(chip.PWR_MGMT_1, 1)
    bus.write(chip.GYRO_CONFIG, choice << 3, choice << 3)
    ax, ay, az, _, gx, gy, gz = struct.unpack(">7h", bus.after(50).read(chip.DATA, 14))
    assert (ax, ay, az) == (16384 >> choice, -(8192 >> choice), 32767)
    assert gx == pytest.approx(100 * 131.072 / 2**choice, abs=1)
    assert (gy, gz) == (pytest.approx(-gx / 2, abs=1), -32768)


def test_the_fifo_gives_every_sample_once_and_in_order():
    bus = Bus().sampling()
    seen = []
    for _ in range(200):
        bus.after(7)
        for _ in range(bus.count() // 12):
            frame = bus.frame()
            assert frame[0] == -frame[5], "a frame begins with acceleration and ends with rotation"
            seen.append(frame[0])
    assert seen == list(range(1, 141)) and bus.chip.queued == 140 and bus.chip.lost == 0


def test_a_fifo_that_overflows_says_so_once_and_counts_what_it_lost():
    bus = Bus().sampling()
    assert not bus.after(850).read(chip.INT_STATUS, 1)[0] & chip.OVERFLOWED and bus.count() == 1020
    assert bus.after(150).read(chip.INT_STATUS, 1)[0] & chip.OVERFLOWED and bus.count() == 1024
    assert not bus.read(chip.INT_STATUS, 1)[0] & chip.OVERFLOWED
    assert bus.chip.lost == 15
    assert bus.frame() == (0, -15, 16, 0, 0, 0), "it begins in the middle of a frame"


def test_after_its_reset_the_fifo_begins_with_a_whole_frame():
    bus = Bus().sampling().after(1000)
    bus.write(chip.USER_CTRL, chip.FIFO_RESET)
    assert bus.count() == 0
    bus.write(chip.USER_CTRL, chip.FIFO_ON)
    bus.after(20)
    assert bus.count() == 24 and bus.frame()[0] == 101
    assert bus.chip.queued == bus.chip.lost + 2


def test_an_empty_fifo_repeats_its_last_byte():
    bus = Bus().sampling().after(10)
    last = bus.read(chip.FIFO_R_W, 12)[-1]
    assert bus.read(chip.FIFO_R_W, 3) == bytes([last] * 3)


def test_a_program_that_slept_for_an_hour_finds_an_overflow_and_not_an_hour_of_work():
    bus = Bus().sampling().after(3_600_000)
    assert bus.read(chip.INT_STATUS, 1)[0] & chip.OVERFLOWED
    assert bus.chip.made == 360_000 and bus.chip.motion.steps < 1_000
    assert bus.chip.lost == bus.chip.queued - 85


def test_the_clock_may_wrap():
    bus = Bus()
    bus.now_ms = bus.chip.last_ms = (1 << 30) - 45
    bus.sampling()
    bus.after(100)
    assert bus.count() == 120


def test_writes_too_soon_after_a_reset_are_lost():
    bus = Bus().sampling()
    bus.write(chip.PWR_MGMT_1, chip.DEVICE_RESET)
    bus.after(10).write(chip.PWR_MGMT_1, 1)
    assert bus.read(chip.PWR_MGMT_1, 1) == bytes([chip.SLEEP])
    bus.after(100).write(chip.PWR_MGMT_1, 1)
    assert bus.read(chip.PWR_MGMT_1, 1) == b"\1"


def test_nobody_writes_what_can_only_be_read():
    bus = Bus()
    bus.write(chip.WHO_AM_I, 1)
    bus.write(chip.DATA, *range(14))
    assert bus.read(chip.WHO_AM_I, 1) == b"\x68" and bus.read(chip.DATA, 14) == bytes(14)


@pytest.mark.parametrize("fault", ["silent", "hung"])
def test_a_chip_that_does_not_answer_is_an_error_until_it_does(fault):
    bus = Bus().sampling()
    bus.chip.break_with(fault)
    with pytest.raises(OSError):
        bus.count()
    with pytest.raises(OSError):
        bus.write(chip.PWR_MGMT_1, 1)
    bus.chip.break_with("none")
    assert bus.after(10).count() == 12


def test_nine_clock_pulses_free_a_hung_bus():
    bus = Bus().sampling()
    bus.chip.break_with("hung")
    for _ in range(8):
        bus.chip.pulse()
    with pytest.raises(OSError):
        bus.count()
    bus.chip.pulse()
    assert bus.count() == 0


def test_a_stuck_chip_repeats_itself_through_the_fifo():
    bus = Bus().sampling().after(50)
    bus.count()
    bus.chip.break_with("stuck")
    bus.after(50)
    assert bus.count() == 120
    frames = [bus.frame() for _ in range(10)]
    assert len(set(frames[5:])) == 1 and len(set(frames[:5])) == 5


@pytest.mark.parametrize(("fault", "value"), [("zero", 0), ("ones", 0xFF)])
def test_a_dead_bus_reads_the_same_everywhere(fault, value):
    bus = Bus().sampling().after(50)
    bus.chip.break_with(fault)
    assert set(bus.read(chip.DATA, 14) + bus.read(chip.FIFO_COUNT, 2) + bus.read(chip.WHO_AM_I, 1)) == {value}


def test_a_loose_cable_leaves_a_chip_that_knows_nothing():
    bus = Bus().sampling().after(500)
    bus.chip.break_with("brownout")
    assert bus.after(100).read(chip.PWR_MGMT_1, 1) == bytes([chip.SLEEP])
    assert bus.count() == 0 and bus.chip.lost == bus.chip.queued


def test_a_wrong_chip_has_a_wrong_name():
    bus = Bus()
    bus.chip.break_with("id")
    assert bus.read(chip.WHO_AM_I, 1) == b"\x42"


def test_a_fault_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="no fault rust; there are none silent"):
        Bus().chip.break_with("rust")
