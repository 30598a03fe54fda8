"""The USB plug of a board that is not there: relays between a pty for the host and one for the firmware's interpreter.

Its law: like a UART it never makes the firmware wait for the host, and what nobody reads is lost.

Standard input takes one command a line; its end is the end of everything:
    plug, unplug        the cable; plugging in again makes a new port behind the same link
    reset, power        the chip starts again: its reset button, its supply
    fault stall S       for S seconds nobody takes the firmware's output, as on a chip's own USB without a reader
    fault noise N       N random bytes on the wire to the host
    ap gone, ap back    the access point of its Wi-Fi; unplugging leaves the pillow its radio
    ap refuse           ... knows another password
    ap noaddress        ... gives out no addresses
    anything else       goes to the hand that moves the pillow: hug 5, punch, nothing, ...
"""

import argparse
import contextlib
import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

from interpreter import CHUNK, Interpreter
from port import Port

FIRMWARE = Path(__file__).resolve().parent.parent
LOOK_S = 0.02  # how often to look whether the host has opened the port, which no event tells
GLOW = "glow.json"  # beside the flash: the newest light
AIR = "air.json"  # beside the flash: what is in the air, see network.py
BOOT_S = 0.3  # what the boot ROM and MicroPython take before main.py
LONGEST_COMMAND = 200

# How the interpreter ended -> (cause of the next boot, what the boot ROM prints for it); any other end is a reset.
SOFT, SOFT_RAW, SLEEP, WATCHDOG = 10, 11, 12, -signal.SIGALRM
ROM = "ets Jul 29 2019 12:21:46\r\n\r\nrst:{},boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nmode:DIO, clock div:2\r\n"
ENDS = {
    SOFT: ("soft", "MPY: soft reboot\r\n"),
    SOFT_RAW: ("soft", "MPY: soft reboot\r\n"),
    SLEEP: ("sleep", ROM.format("0x5 (DEEPSLEEP_RESET)")),
    WATCHDOG: ("watchdog", ROM.format("0x8 (TG1WDT_SYS_RESET)")),
}
RESET = ("reset", ROM.format("0xc (SW_CPU_RESET)"))
POWER = ("power", ROM.format("0x1 (POWERON_RESET)"))


class Board:
    """Port and chip, joined; moved on by `turn`."""

    def __init__(self, port, chip, place):
        self.port = port
        self.chip = chip
        self.glow_file = place / GLOW
        self.air_file = place / AIR
        self.commands = self.glow = b""  # unfinished lines
        self.next_boot = POWER  # of the chip when it is started next
        self.start_s = time.monotonic()  # when that is
        self.stalled_until_s = 0.0  # the firmware's output is not taken before
        self.is_over = False

    def turn(self):
        """Wait for something to do, at most LOOK_S, and do it."""
        chip = self.chip
        now_s = time.monotonic()
        if not chip.process and now_s >= self.start_s:
            self._start()
        fds = [0, chip.glow] if chip.process else [0]
        if self.port.is_open:
            fds.append(self.port.fd)
        if chip.process and now_s < self.stalled_until_s:
            chip.fill()
        elif chip.process:
            fds.append(chip.fd)
        ready = select.select(fds, [], [], LOOK_S)[0]
        if self.port.fd is not None:
            chip.say(self.port.hear())
        if chip.process and chip.fd in ready:
            self.port.say(chip.hear())
        if chip.process and chip.glow in ready:
            self._see(os.read(chip.glow, CHUNK))
        if 0 in ready:
            self._take(os.read(0, CHUNK))

    def _start(self):
        cause, text = self.next_boot
        self.port.say(text.encode())
        self.chip.start(cause)
        self.next_boot = None

    def _see(self, data):
        """Keep the newest light in the glow file; no data means that the process has ended."""
        if not data:
            self._restart()
            return
        *lines, self.glow = (self.glow + data).split(b"\n")
        if lines:
            _put(self.glow_file, {"pixels": lines[-1].decode("ascii", "replace").split()[1:]})

    def _restart(self):
        last, code = self.chip.ended()
        self.port.say(last)
        self.next_boot = self.next_boot or ENDS.get(code, RESET)
        if self.next_boot[0] == "soft":
            self.port.say(self.next_boot[1].encode())
            self.chip.start("soft", code == SOFT_RAW)
            self.next_boot = None
        else:
            self.start_s = time.monotonic() + BOOT_S

    def _take(self, data):
        self.is_over = not data
        *lines, self.commands = (self.commands + data).split(b"\n")
        self.commands = self.commands[-LONGEST_COMMAND:]
        for line in lines:
            try:
                self._obey(line.split(), line)
            except ValueError:
                print(f"expected a number, got {line.decode(errors='replace')!r}", file=sys.stderr)

    def _obey(self, words, line):
        match words:
            case [b"plug"]:
                self.port.plug()
            case [b"unplug"]:
                self.port.unplug()
            case [b"reset" | b"power" as how]:
                self.next_boot = RESET if how == b"reset" else POWER
                self.chip.kill()
            case [b"fault", b"stall", seconds]:
                self.stalled_until_s = time.monotonic() + float(seconds)
            case [b"fault", b"noise", count]:
                self.port.say(random.randbytes(int(count)))
            case [b"ap", state]:
                self._tune("there" if state == b"back" else state.decode())
            case [_, *_]:
                self.chip.press(line)

    def _tune(self, state):
        """Change the state of the access point; the rest of what is in the air stays."""
        with contextlib.suppress(FileNotFoundError):
            _put(self.air_file, json.loads(self.air_file.read_text()) | {"state": state})

    def close(self):
        """Leave nothing behind: no process, no port."""
        self.port.unplug()
        if self.chip.process:
            self.chip.kill()
            self.chip.ended()


def _put(file, content):
    """Have a JSON object in a file, in one step."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(json.dumps(content))
    fresh.replace(file)


def command_line(interpreter, heap, start, flash):
    """Return the words that start `start` in an interpreter, CPython or MicroPython by its name."""
    if "micropython" in Path(interpreter).name:
        return [interpreter, "-X", "heapsize=" + heap, start, flash]
    return [interpreter, "-E", "-S", start, flash]  # no site packages: the firmware needs none, and it starts faster


def main():
    """Be a board until the commands end."""
    words = argparse.ArgumentParser(description="A pillow's board that is not there, behind a serial port.")
    words.add_argument("--link", required=True, help="name of the serial port to be: a symbolic link")
    words.add_argument("--flash", required=True, help="what the chip's flash holds: a folder, or an image")
    words.add_argument("--interpreter", default=sys.executable, help="CPython or MicroPython (default: this Python)")
    words.add_argument("--pillow", default="", help="weak: its squeeze sense says too little (default: the usual one)")
    words.add_argument("--home", help="a file with its home, as if it had been put there: whose it is, its Wi-Fi")
    words.add_argument("--heap", default="256k", help="MicroPython's heap")
    words.add_argument("--start", default=str(FIRMWARE / "virtual" / "start.py"), help="what the interpreter runs")
    given = words.parse_args()
    flash = Path(given.flash).resolve()
    flash.parent.mkdir(parents=True, exist_ok=True)
    if given.home:
        flash.mkdir(exist_ok=True)
        (flash / "home").write_bytes(Path(given.home).read_bytes())
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    environment |= {"HUGGABLE_AIR": str(flash.parent / AIR)}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("HUGGABLE_")}
    environment |= {"HUGGABLE_PILLOW": given.pillow} if given.pillow else {}
    command = command_line(given.interpreter, given.heap, str(Path(given.start).resolve()), str(flash))
    board = Board(Port(given.link), Interpreter(command, environment), flash.parent)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    try:
        board.port.plug()
        while not board.is_over:
            board.turn()
    except OSError as trouble:
        sys.exit(f"the virtual board cannot go on: {trouble}")
    finally:
        board.close()


if __name__ == "__main__":
    main()
