"""The virtual `machine`: the hand's lines, what a chip refuses, and a light that nobody has to watch."""

import os
import subprocess
import sys
import time

import pytest
from interpreters import micropython, micropython32
from takes import HERE
from virtual import machine, neopixel

FIRMWARE = str(HERE.parent / "firmware")


class Pillow:
    """The world behind the pins, with a hand at the other end of a pipe and a clock that is set by hand."""

    def __init__(self, monkeypatch):
        self.now_ms = 0
        monkeypatch.setattr(time, "ticks_ms", lambda: self.now_ms, raising=False)
        end, self.hand = os.pipe()
        self.world = machine.World(1, end)
        monkeypatch.setattr(machine, "_world", [self.world])
        self.i2c = machine.I2C(0, scl=machine.Pin(22), sda=machine.Pin(21))

    def tell(self, *lines):
        os.write(self.hand, b"".join(line + b"\n" for line in lines))
        return self.after(10)

    def after(self, ms):
        """What the act is called then."""
        for _ in range(ms // 10):
            self.now_ms += 10
            self.world.now()
        return self.world.motion.name

    def close(self):
        self.world.hand.close()
        self.go_away()

    def go_away(self):
        if self.hand is not None:
            os.close(self.hand)
        self.hand = None


@pytest.fixture
def pillow(monkeypatch):
    pillow = Pillow(monkeypatch)
    yield pillow
    pillow.close()


def test_the_hand_does_what_its_lines_say(pillow):
    assert pillow.after(50) == "nothing"
    assert pillow.tell(b"hug 3") == "hug"
    assert pillow.after(1500) == "hug" and pillow.world.motion.squeeze > 430
    assert pillow.tell(b"shake", b"punch") == "punch"
    assert pillow.after(3000) == "nothing"
    assert pillow.tell(b"spin 5") == "spin" and pillow.tell(b"nothing") == "nothing"


@pytest.mark.parametrize(
    "line", [b"", b"tickle", b"hug x", b"hug 1 2", b"fault", b"fault rust", b"\xff\xfe", b"h" * 9000]
)
def test_a_bad_line_costs_only_itself(pillow, line):
    assert pillow.tell(b"shake 5") == "shake"
    assert pillow.tell(line) == "shake"
    pillow.after(200)
    assert pillow.tell(b"hug") == "hug"


@pytest.mark.parametrize("seconds", [b"1e9", b"inf", b"nan", b"-5", b"0"])
def test_strange_seconds_do_no_harm(pillow, seconds):
    assert pillow.tell(b"hug " + seconds) == "hug"
    pillow.after(500)
    assert pillow.tell(b"nothing") == "nothing"


def test_half_a_line_waits_for_its_end(pillow):
    os.write(pillow.hand, b"pun")
    assert pillow.after(50) == "nothing"
    os.write(pillow.hand, b"ch\n")
    assert pillow.after(10) == "punch"


def test_a_hand_that_goes_away_leaves_the_pillow_as_it_is(pillow):
    pillow.tell(b"hug 9")
    pillow.go_away()
    assert pillow.after(2000) == "hug" and pillow.world.hand.pipe is None


def test_the_hand_breaks_the_sensor_and_mends_it(pillow):
    assert pillow.i2c.scan() == [0x68]
    pillow.tell(b"fault silent")
    assert pillow.i2c.scan() == []
    with pytest.raises(OSError):
        pillow.i2c.readfrom_mem(0x68, 0x75, 1)
    pillow.tell(b"fault none")
    assert pillow.i2c.readfrom_mem(0x68, 0x75, 1) == b"\x68"


def test_nobody_answers_at_another_address(pillow):
    with pytest.raises(OSError):
        pillow.i2c.readfrom_mem(0x69, 0x75, 1)


def test_nine_pulses_on_the_clock_pin_free_the_bus(pillow):
    pillow.tell(b"fault hung")
    clock, other = machine.Pin(22, machine.Pin.OPEN_DRAIN, value=1), machine.Pin(21, machine.Pin.OPEN_DRAIN, value=1)
    for pin, free in ((other, []), (clock, [0x68])):
        for _ in range(9):
            pin.value(0)
            pin.value(1)
        assert pillow.i2c.scan() == free


def test_the_squeeze_senses_feel_a_hug(pillow):
    pressure, touch = machine.ADC(machine.Pin(34), atten=machine.ADC.ATTN_11DB), machine.TouchPad(machine.Pin(32))
    at_rest = pressure.read_uv(), touch.read()
    pillow.tell(b"hug 9")
    pillow.after(2500)
    assert pressure.read_uv() > at_rest[0] + 600_000 and pressure.read_u16() > 15_000
    assert touch.read() < 0.8 * at_rest[1], "on the first ESP32 a touch makes the reading smaller"


@pytest.mark.parametrize(
    "make",
    [
        lambda: machine.Pin(20),
        lambda: machine.Pin(40),
        lambda: machine.Pin(34, machine.Pin.OUT),
        lambda: machine.ADC(machine.Pin(4)),
        lambda: machine.TouchPad(machine.Pin(21)),
        lambda: machine.WDT(timeout=0),
    ],
)
def test_what_a_chip_refuses_is_refused(make):
    with pytest.raises(ValueError):
        make()


def test_the_cause_of_the_start_comes_from_outside(monkeypatch):
    for cause, number in (("power", 1), ("reset", 2), ("watchdog", 3), ("soft", 5), ("nonsense", 1)):
        monkeypatch.setenv("HUGGABLE_CAUSE", cause)
        assert machine.reset_cause() == number


def test_pixels_glow_into_the_pipe(monkeypatch):
    end, glow = os.pipe()
    monkeypatch.setattr(neopixel, "_watcher", [neopixel.Watcher(glow)])
    pixels = neopixel.NeoPixel(machine.Pin(18), 3)
    pixels.fill((1, 2, 3))
    pixels[1] = (255, 0, 16)
    pixels.write()
    assert os.read(end, 100) == b"light 01 02 03 ff 00 10 01 02 03\n"
    assert bytes(pixels.buf[:3]) == b"\2\1\3", "green comes first on the wire"
    assert (pixels[1], pixels[-1], len(pixels)) == ((255, 0, 16), (1, 2, 3), 3)
    with pytest.raises(IndexError):
        pixels[3] = (0, 0, 0)
    neopixel.watcher().pipe.close()
    os.close(end)


def test_a_watcher_who_does_not_read_holds_up_nobody(monkeypatch):
    end, glow = os.pipe()
    monkeypatch.setattr(neopixel, "_watcher", [neopixel.Watcher(glow)])
    pixels = neopixel.NeoPixel(machine.Pin(18), 16)
    for _ in range(3000):
        pixels.write()
    neopixel.watcher().pipe.close()
    os.close(end)


START = """
import sys, time
sys.path.insert(0, sys.argv[1])
if sys.implementation.name == "cpython":
    from virtual import cpython
    cpython.pretend()
from virtual import machine
"""
ENDS = {
    "machine.reset()": 7,
    "try:\n    machine.reset()\nexcept BaseException:\n    pass": 7,
    "machine.WDT(timeout=300)\nwhile True:\n    pass": -14,
    "dog = machine.WDT(timeout=1000)\nfor _ in range(15):\n    time.sleep_ms(100)\n    dog.feed()": 0,
}


@pytest.mark.parametrize("program", ENDS)
@pytest.mark.parametrize("find", [lambda: sys.executable, micropython, micropython32], ids=["cpython", "64", "32"])
def test_a_reset_and_the_watchdog_end_the_process(tmp_path, find, program):
    path = tmp_path / "program.py"
    path.write_text(START + program)
    ended = subprocess.run([find(), path, FIRMWARE], capture_output=True, timeout=20, check=False)
    assert ended.returncode in (ENDS[program], 128 - ENDS[program]), ended.stderr
