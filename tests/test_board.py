"""The board file on both interpreters, over the virtual chip's pins: nothing in it waits for who is on the cable."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interpreters import micropython

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
PATIENCE_S = 60

# What start.py does before main.py, and then this test's own lines; what they `say` comes back on a pipe of its own.
BEFORE = """
import os, sys, time
sys.path.insert(0, {firmware!r})
if sys.implementation.name == "cpython":
    from virtual import cpython
    cpython.pretend()
for name in ("machine", "neopixel"):
    sys.modules[name] = getattr(__import__("virtual." + name), name)
from pillow.board import Board, Uptime
from pillow.config import Config

results = open({results}, "wb", 0)
def say(*what):
    results.write((repr(what) + chr(10)).encode())

"""


class Chip:
    """Runs lines of firmware on one interpreter."""

    def __init__(self, interpreter):
        self.interpreter = interpreter
        self.told, self.results = os.pipe()

    def start(self, program, **environment):
        os.set_inheritable(self.results, True)
        before = BEFORE.format(firmware=str(FIRMWARE), results=self.results)
        return subprocess.Popen(
            [self.interpreter, "-c", before + program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self.results],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HUGGABLE_SEED": "5", **environment},
        )

    def said(self):
        """What was said so far."""
        return [eval(line, {}) for line in os.read(self.told, 65536).decode().splitlines()]

    def run(self, program, to_it=b"", **environment):
        with self.start(program, **environment) as process:
            written, _ = process.communicate(to_it, timeout=PATIENCE_S)
        assert process.returncode == 0
        return self.said(), written

    def close(self):
        os.close(self.told)
        os.close(self.results)


@pytest.fixture(params=["cpython", "micropython"])
def chip(request):
    chip = Chip(sys.executable if request.param == "cpython" else micropython())
    yield chip
    chip.close()


def test_uptime_goes_on_where_the_tick_counter_wraps(chip):
    program = """
wrap = 1 << 30
uptime = Uptime(wrap - 500)
for ticks in (wrap - 500, wrap - 1, wrap, wrap + 7, 2 * wrap - 600, 2 * wrap, 3 * wrap - 1):
    say(uptime.at(ticks % wrap))
"""
    passed = [0, 499, 500, 507, (1 << 30) - 100, (1 << 30) + 500, (2 << 30) + 499]
    assert chip.run(program)[0] == [(ms,) for ms in passed]


def test_it_reads_what_is_there_and_never_waits(chip):
    program = """
board = Board(Config({}))
buffer = bytearray(64)
say(board.read(buffer))
say("ready")
count = 0
while count < 100:
    n = board.read(buffer)
    if n:
        say(n, bytes(buffer[:n]))
    count += n
    board.rest(5)
"""
    with chip.start(program) as process:
        assert wait_for(chip, ("ready",)) == [(0,), ("ready",)]
        process.stdin.write(b"~" * 70 + b"\x80\xff\r\n" + b"#" * 26)
        process.stdin.flush()
        process.wait(PATIENCE_S)
    pieces = chip.said()
    assert max(count for count, _ in pieces) <= 64
    assert b"".join(data for _, data in pieces) == b"~" * 70 + b"\x80\xff\r\n" + b"#" * 26


def wait_for(chip, last):
    said = []
    while last not in said:
        said += chip.said()
    return said


def test_a_line_goes_out_as_it_is(chip):
    said, written = chip.run("say(Board(Config({})).write(b'\\n~{}*00\\r\\x7e\\n'))")
    assert said == [(True,)]
    assert written == b"\n~{}*00\r\x7e\n"


def test_a_host_that_does_not_read_is_not_waited_for(chip):
    program = """
board = Board(Config({}))
line = b"\\n~" + b"x" * 98
refused = 0
while refused < 200:
    before = board.ticks_ms()
    if not board.write(line):
        refused += 1
    if board.ticks_ms() - before > 500:
        say("it waited")
say("done")
"""
    with chip.start(program) as process:
        assert wait_for(chip, ("done",)) == [("done",)]
        written = process.communicate(timeout=PATIENCE_S)[0]
    assert len(written) % 100 == 0 and len(written) > 4000


def test_after_a_slow_write_nothing_is_written_for_a_growing_while(chip):
    program = """
class SlowPort:
    # takes a line, but only after 60 ms: a chip's own USB with nobody reading
    def write(self, line):
        clock[0] += 60
        return len(line)

clock = [0]
board = Board(Config({}))
board.ticks_ms = lambda: clock[0]
port, board._out = board._out, SlowPort()
def pause():
    board.write(b"x")
    began = board.ticks_ms()
    while not board.can_write():
        clock[0] += 10
    return (board.ticks_ms() - began + 50) // 100
say(pause(), pause())
board._out = port
board.write(b"x")
board._out = SlowPort()
say(pause())
"""
    assert chip.run(program)[0] == [(5, 10), (5,)]


def test_half_a_line_is_not_called_written(chip):
    program = """
class FullPort:
    def write(self, line):
        return 3

board = Board(Config({}))
board._out = FullPort()
say(board.write(b"12345678"), board.can_write())
"""
    assert chip.run(program)[0] == [(False, False)]


def test_rest_sleeps_and_wakes_for_the_first_byte(chip):
    program = """
board = Board(Config({}))
began = board.ticks_ms()
board.rest(50)
say(49 <= board.ticks_ms() - began < 9000)
say("ready")
began = board.ticks_ms()
board.rest(10000)
say(board.ticks_ms() - began < 9000)
"""
    with chip.start(program) as process:
        assert wait_for(chip, ("ready",)) == [(True,), ("ready",)]
        time.sleep(0.05)  # so that it most likely rests already; right either way
        process.stdin.write(b"#")
        process.stdin.flush()
        process.wait(PATIENCE_S)
    assert chip.said() == [(True,)]


def test_rest_still_sleeps_when_the_cable_is_gone_for_good(chip):
    program = """
board = Board(Config({}))
began = board.ticks_ms()
for _ in range(20):
    board.read(bytearray(64))
    board.rest(10)
say(board.ticks_ms() - began >= 150)
"""
    assert chip.run(program)[0] == [(True,)]


def test_the_sensor_answers_and_still_does_after_the_bus_was_freed(chip):
    program = """
board = Board(Config({}))
buffer = bytearray(1)
for bus in (board.i2c(), board.unhang_i2c(), board.i2c()):
    bus.readfrom_mem_into(0x68, 0x75, buffer)
    say(buffer[0])
"""
    assert chip.run(program)[0] == [(0x68,)] * 3


def test_pins_that_the_chip_does_not_have_are_a_sentence_and_a_bus_where_nobody_answers(chip):
    program = """
config = Config({})
config._values.update({"sda_pin": 99, "pixels_pin": 99, "fsr_pin": 21, "squeeze": "fsr"})
board = Board(config)
for problem in board.problems:
    say(problem)
for call in (board.i2c().readfrom_mem_into, board.unhang_i2c().writeto_mem):
    try:
        call(0x68, 0x75, bytearray(1))
    except OSError:
        say("nobody")
say(board.squeeze_raw(), board.pixel_count(), len(board.problems))
board.pixels_off()
"""
    assert chip.run(program)[0] == [
        ("This chip has no such pins; set sda_pin and scl_pin in config.json.",),
        ("This chip cannot have the squeeze sense on that pin; change it in config.json.",),
        ("This chip cannot have the light on that pin; change it in config.json.",),
        ("nobody",),
        ("nobody",),
        (None, 0, 3),
    ]


@pytest.mark.parametrize(("kind", "reading"), [("none", None), ("fsr", 200_000), ("touch", 700)])
def test_the_squeeze_sense_reads_at_rest(chip, kind, reading):
    program = "board = Board(Config({'squeeze': %r}))\nsay(board.squeeze_raw(), board.squeeze_rises())" % kind
    assert chip.run(program)[0] == [(reading, kind == "fsr")]


def test_pixels_show_red_green_and_blue_and_go_off(chip):
    glow, end = os.pipe()
    os.set_inheritable(end, True)
    program = """
board = Board(Config({"pixels": 2}))
say(board.pixel_count())
board.pixels_write(bytes([1, 2, 3, 4, 5, 6]))
board.pixels_off()
"""
    before = BEFORE.format(firmware=str(FIRMWARE), results=chip.results)
    environment = {**os.environ, "HUGGABLE_GLOW": str(end), "PYTHONDONTWRITEBYTECODE": "1"}
    os.set_inheritable(chip.results, True)
    command = [chip.interpreter, "-c", before + program]
    subprocess.run(command, pass_fds=[chip.results, end], env=environment, timeout=PATIENCE_S, check=True)
    os.close(end)
    assert os.read(glow, 1000) == b"light 01 02 03 04 05 06\nlight 00 00 00 00 00 00\n"
    os.close(glow)
    assert chip.said() == [(2,)]


@pytest.mark.parametrize("cause", ["power", "reset", "watchdog", "soft"])
def test_the_cause_of_the_last_reset_is_in_the_words_of_the_wire(chip, cause):
    assert chip.run("say(Board(Config({})).cause())", HUGGABLE_CAUSE=cause)[0] == [(cause,)]


def test_random_bytes_are_as_many_as_asked_and_differ(chip):
    program = "board = Board(Config({}))\nsay(board.random_bytes(8), board.random_bytes(8))"
    [(one, other)], _ = chip.run(program)
    assert len(one) == len(other) == 8 and one != other
