"""The motion sensor's driver against a chip's registers: every sample in order, a count of what is lost, or a fault."""

import subprocess
from array import array
from itertools import pairwise

import pytest
from interpreters import micropython, micropython32
from pillow.mpu6050 import ADDRESSES, KNOWN, Mpu6050
from workbench import Bench, Still


class Counting(Still):
    """Each sample says which one it is of the last 500: on x in steps of 16 LSB, and as a rate about z as many LSB."""

    def step(self, dt_s):
        self.steps += 1
        self.accel[0] = self.steps % 500 * 16 / 4096
        self.gyro[2] = self.steps % 500 * 16 / 16.384


def number(sample):
    """Which one it is, or None when x and z do not agree: the frame was not whole."""
    by_x = round(sample[1] * 4096 / 1000 / 16)
    by_z = round(sample[6] * 16.4 / 10 / 16)
    return by_x if by_x == by_z else None


class Sensor:
    """The driver, drained every few milliseconds as the pillow does it."""

    def __init__(self, motion=None, **bench):
        self.bench = Bench(motion, **bench)
        self.bench.now_ms += 100
        self.driver = Mpu6050(self.bench)
        self.sample = array("h", [0] * 6)
        self.samples = []
        self.answers = []

    def drain(self):
        came = 1
        while came == 1:
            came = self.driver.read_into(self.sample)
            self.answers.append(came)
            if came == 1:
                self.samples.append((self.driver.at_ms, *self.sample))

    def run(self, ms, step_ms=5):
        self.samples.clear()
        self.answers.clear()
        for _ in range(ms // step_ms):
            self.bench.now_ms += step_ms
            self.drain()
        return self.samples

    def is_faulty(self):
        return self.answers[-1] == -1 and 1 not in self.answers[self.answers.index(-1) :]


def test_a_second_is_a_hundred_samples_in_physical_units():
    motion = Still()
    motion.accel = [0.5, -1.0, 7.9]
    motion.gyro = [10.0, -250.5, 1900.0]
    sensor = Sensor(motion)
    sensor.run(100)
    samples = sensor.run(1_000)
    assert len(samples) in (99, 100, 101)
    _, _, ay, az, gx, gy, gz = samples[-1]
    assert (ay, az) == (-1000, 7900)
    assert (gx, gy, gz) == (pytest.approx(100, abs=2), pytest.approx(-2505, abs=3), pytest.approx(19000, abs=20))


def test_the_ends_of_the_range_fit():
    motion = Still()
    motion.gyro = [5000.0, -5000.0, 0.0]
    sensor = Sensor(motion)
    motion.accel = [0, 99.0, -99.0]
    sample = sensor.run(500)[-1]
    assert sample[2:6] == (8000, -8000, 19980, -19980)


def test_samples_come_in_order_with_their_times_ten_milliseconds_apart():
    sensor = Sensor(Counting())
    samples = sensor.run(5_000)
    assert len(samples) >= 490
    assert all((number(after) - number(before)) % 500 == 1 for before, after in pairwise(samples))
    assert all(0 < after[0] - before[0] <= 15 for before, after in pairwise(samples))
    assert sensor.driver.missed == 0


@pytest.mark.parametrize("stall_ms", [50, 200, 400, 800])
def test_a_stall_costs_no_sample_while_the_fifo_holds(stall_ms):
    sensor = Sensor(Counting())
    sensor.run(500)
    start_ms = sensor.bench.now_ms
    sensor.bench.now_ms += stall_ms
    samples = sensor.run(500)
    assert len(samples) >= (stall_ms + 500) // 10 - 2
    assert (sensor.driver.missed, sensor.bench.chip.lost) == (0, 0)
    assert all((number(after) - number(before)) % 500 == 1 for before, after in pairwise(samples))
    assert samples[0][0] == pytest.approx(start_ms, abs=15)  # the first is as old as it is


@pytest.mark.parametrize("stall_ms", [900, 2_000, 60_000])
def test_an_overflow_is_counted_and_is_no_fault(stall_ms):
    sensor = Sensor(Counting())
    sensor.run(500)
    made = sensor.bench.chip.queued
    sensor.bench.now_ms += stall_ms
    samples = sensor.run(500)
    came = len(samples) + sensor.driver.missed
    assert sensor.driver.missed >= 85
    assert came == pytest.approx(sensor.bench.chip.queued - made, abs=2)
    assert -1 not in sensor.answers
    assert None not in map(number, samples)


def test_an_overflow_behind_an_older_count_is_noticed():
    sensor = Sensor(Counting())
    sensor.run(500)
    sensor.bench.now_ms += 600
    assert sensor.driver.read_into(sensor.sample) == 1  # counted 60 frames, took one
    sensor.bench.now_ms += 1_500  # and then the flash was slow
    samples = sensor.run(200)
    assert sensor.driver.missed > 150
    assert len(samples) <= 22


@pytest.mark.parametrize("who", KNOWN)
def test_a_clone_is_set_up_as_it_needs(who):
    sensor = Sensor(who=who)
    assert len(sensor.run(1_000)) > 90
    assert sensor.bench.chip.regs[0x1D] == {0x68: 0x00, 0x98: 0xC3}.get(who, 0x03)
    assert sensor.driver.problem is None


def test_an_unknown_chip_is_a_fault_with_a_sentence():
    sensor = Sensor(who=0x19)
    sensor.run(2_000)
    assert sensor.is_faulty() and not sensor.samples
    assert sensor.driver.problem.startswith("The motion sensor says it is 0x19, not an MPU-6050")


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_found_at_either_address(address):
    assert len(Sensor(address=address).run(1_000)) > 90


def test_without_a_sensor_it_is_a_fault_after_a_second_and_never_a_sample():
    sensor = Sensor()
    sensor.bench.chip.break_with("silent")
    sensor.run(900)
    assert set(sensor.answers) == {0}
    sensor.run(5_000)
    assert sensor.is_faulty() and not sensor.samples
    assert sensor.driver.problem.startswith("The motion sensor does not answer; check its four wires")


@pytest.mark.parametrize("fault", ["silent", "stuck", "zero", "ones", "id"])
def test_a_broken_sensor_is_a_fault_and_comes_back(fault):
    sensor = Sensor(Counting())
    sensor.run(500)
    sensor.bench.chip.break_with(fault)
    sensor.run(4_000)
    if fault == "id":  # only asked at a start: a chip that measures well is not doubted
        assert not sensor.is_faulty()
        return
    assert sensor.is_faulty()
    sensor.bench.chip.break_with("none")
    sensor.run(3_000)
    assert len(sensor.samples) > 100
    assert not sensor.is_faulty()
    assert sensor.driver.problem is None
    assert sensor.driver.missed > 200


def test_a_hung_bus_is_freed_before_anybody_notices():
    sensor = Sensor(Counting())
    sensor.run(500)
    sensor.bench.chip.break_with("hung")
    sensor.run(2_000)
    assert sensor.bench.unhangs >= 1
    assert -1 not in sensor.answers
    assert len(sensor.samples) > 150
    assert sensor.driver.missed + len(sensor.samples) == pytest.approx(200, abs=3)


@pytest.mark.parametrize(
    ("fault", "says"), [("silent", "does not answer"), ("ones", "does not answer"), ("stuck", "repeats itself")]
)
def test_a_fault_says_what_it_is_for_as_long_as_it_lasts(fault, says):
    sensor = Sensor()
    sensor.run(500)
    assert sensor.driver.problem is None
    sensor.bench.chip.break_with(fault)
    sensor.run(5_000)
    assert says in sensor.driver.problem
    sensor.bench.chip.break_with("none")
    sensor.run(3_000)
    assert sensor.driver.problem is None


def test_a_dip_of_the_supply_puts_it_to_sleep_and_it_is_woken():
    sensor = Sensor(Counting())
    sensor.run(500)
    sensor.bench.chip.break_with("brownout")
    sensor.run(3_000)
    assert -1 not in sensor.answers
    assert len(sensor.samples) > 180
    assert sensor.driver.missed + len(sensor.samples) == pytest.approx(300, abs=3)


def test_single_errors_cost_single_samples():
    class Knocked(Bench):
        """Every 40th transaction is not answered."""

        asked = 0

        def i2c(self):
            bus = super().i2c()
            ask = bus._ask

            def knock(address):
                self.asked += 1
                if self.asked % 40 == 0:
                    raise OSError(19)
                ask(address)

            bus._ask = knock
            return bus

    sensor = Sensor(Counting())
    sensor.bench.__class__ = Knocked
    sensor.driver = Mpu6050(sensor.bench)
    samples = sensor.run(5_000)
    assert -1 not in sensor.answers
    assert sensor.bench.unhangs <= 1  # at most the start met one
    assert sensor.driver.missed + len(samples) == pytest.approx(500, abs=60)
    assert len(samples) > 300
    assert None not in map(number, samples)


ALLOCATION = """
import gc, sys
sys.path.insert(0, {firmware!r})
from array import array
from pillow.mpu6050 import Mpu6050

class Bus:
    n = 0
    def readfrom_mem_into(self, address, register, buffer):
        if register == 0x75:
            buffer[0] = 0x68
        elif register == 0x72:
            buffer[0] = 0
            buffer[1] = 24
        elif register == 0x74:
            Bus.n = (Bus.n + 1) & 0xFFFF
            i = 0
            while i < 12:
                buffer[i] = 0x80 if i & 1 else Bus.n & 0xFF
                i += 1
        elif register == 0x3A:
            buffer[0] = 0
        else:
            buffer[0] = {{0x1B: 0x18, 0x1C: 0x10}}[register]
    def writeto_mem(self, address, register, data):
        pass

class Board:
    now = 0
    def ticks_ms(self):
        Board.now += 3
        return Board.now
    def sleep_ms(self, ms):
        pass
    def i2c(self):
        return Bus()
    unhang_i2c = i2c

sensor = Mpu6050(Board())
sample = array("h", [0] * 6)
for _ in range(10):
    sensor.read_into(sample)
def cost(samples):
    gc.collect()
    before = gc.mem_alloc()
    while samples:
        samples -= sensor.read_into(sample) == 1
    return gc.mem_alloc() - before
gc.disable()
print(cost(1000) - cost(1))
"""


@pytest.mark.parametrize("interpreter", [micropython, micropython32])
def test_a_thousand_samples_allocate_nothing(interpreter, request):
    program = ALLOCATION.format(firmware=str(request.config.rootpath / "firmware"))
    done = subprocess.run([interpreter(), "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout.strip(), done.stderr) == ("0", "")
