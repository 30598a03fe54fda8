"""A virtual board for tests: firmware/virtual/plug.py as a program, and what comes out of its port."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serial
from soon import until

from bridge.wire import Console, Garbled, Line, Lines

ROOT = Path(__file__).resolve().parent.parent
PLUG = ROOT / "firmware" / "virtual" / "plug.py"
STAND_IN = ROOT / "tests" / "board" / "start.py"  # a whole board with a REPL, for MicroPython only
TAKE = "1"  # of the hand: the same every time, for how well all of them are recognised is judged elsewhere
PATIENCE_S = 60  # an interpreter starts within this, however busy the machine is


class Plugged:
    """A running board; `flash` is a folder or an image, `start` what its interpreter runs."""

    def __init__(
        self, folder: Path, interpreter: Path | str = sys.executable, start: Path | None = None, flash: str = "flash"
    ) -> None:
        self.link = folder / "tty"  # a name outside /dev/pts: there mpremote waits for ever
        self.flash = folder / flash
        self.glow = folder / "glow.json"
        words = ["--link", self.link, "--flash", self.flash, "--interpreter", interpreter, "--heap", "400k"]
        words += ["--start", start] if start else []
        environment = os.environ | {"HUGGABLE_SEED": TAKE}
        self.process = subprocess.Popen([sys.executable, PLUG, *words], stdin=subprocess.PIPE, env=environment)
        until(self.link.is_symlink)

    def tell(self, command: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)


@contextmanager
def plugged(*words: object, **more: object) -> Iterator[Plugged]:
    board = Plugged(*words, **more)  # type: ignore[arg-type]
    try:
        yield board
    finally:
        board.close()


class Host:
    """The computer's end of the cable, with pyserial, as every host program opens it."""

    def __init__(self, link: Path) -> None:
        self.port = serial.Serial(str(link), 115200, timeout=0.05, exclusive=True)
        self.said: list[Line | Garbled | Console] = []
        self._lines = Lines()

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.port.close()

    def listen(self) -> None:
        self.said += self._lines.feed(self.port.read(self.port.in_waiting or 1))

    def line(self, kind: str, seconds: float = PATIENCE_S) -> list:
        """Return the fields of the next line of a kind."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.listen()
            while self.said:
                said = self.said.pop(0)
                if isinstance(said, Line) and said.kind == kind:
                    return said.fields
        raise AssertionError(f"no {kind} within {seconds} s")

    def console(self, part: str, seconds: float = PATIENCE_S) -> str:
        """Return the next console line that has `part` in it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.listen()
            while self.said:
                said = self.said.pop(0)
                if isinstance(said, Console) and part in said.text:
                    return said.text
        raise AssertionError(f"no {part!r} on the console within {seconds} s")
