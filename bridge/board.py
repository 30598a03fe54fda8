"""A board that runs MicroPython, reached with mpremote as a program.

Its law: no exit code and no silence is trusted; what matters is asked of the board itself, and every call ends in time.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import Trouble

SETTLE_S = 2.0  # opening a port may reset the board, and its boot takes this long
CALL_S = 40.0  # mpremote itself gives up on a silent board after ten seconds, a few times over
FILE_S = 20.0  # more for each file: 12 kB at 115200 baud, on a slow flash
WATCHDOG_MS = 600_000  # nobody feeds the firmware's watchdog meanwhile; it can only be made longer
MARK = "huggable: "  # begins the line with a program's answer
MAIN, FOLDER = "main.py", "pillow"  # all that is ours on the board; anything else there stays

# Programs for the board. The first knows an ESP32, and the unix MicroPython that stands for one in the tests.
KEEP_AWAKE = f"""
import sys, machine
if sys.platform in ("esp32", "linux", "darwin"):
    machine.WDT(timeout={WATCHDOG_MS})
"""
LOOK = f"""
import sys, os, json, hashlib, binascii
def digest(path):
    whole = hashlib.sha256()
    part = bytearray(256)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(part)
            if not count:
                return binascii.hexlify(whole.digest()).decode()
            whole.update(bytes(part[:count]))
def look(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            look(path)
        else:
            files[path] = digest(path)
files = {{}}
there = os.listdir("/")
if "{FOLDER}" in there:
    look("{FOLDER}")
if "{MAIN}" in there:
    files["{MAIN}"] = digest("{MAIN}")
print("\\n{MARK}" + json.dumps([sys.platform, list(sys.implementation[1][:3]), files]))
"""
MAKE_FOLDER = f"""
import os
if "{FOLDER}" not in os.listdir("/"):
    os.mkdir("{FOLDER}")
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What is on a board.

    Args:
        platform: `sys.platform` there, such as `esp32`.
        version: of its MicroPython, such as (1, 29, 0).
        files: SHA-256 in hex of each of our files, by its path from the root.
    """

    platform: str
    version: tuple[int, ...]
    files: dict[str, str]


class Board:
    """A board on a serial port. Every method opens the port anew and lets go of it.

    Args:
        port: its name; not under /dev/pts, where mpremote waits for ever.
        settle_s: what to wait after opening, in seconds.
    """

    def __init__(self, port: str, settle_s: float = SETTLE_S) -> None:
        self.port = port
        self._settle_s = settle_s

    def look(self) -> Found:
        """Return what is there. Raises Trouble."""
        return self._found(self._mpremote(["exec", LOOK], CALL_S))

    def put(self, files: dict[str, Path], stale: Iterable[str], each: Callable[[str], None]) -> Found:
        """Copy files and remove stale ones.

        Args:
            files: where each path of the board comes from.
            stale: paths to remove.
            each: told a path when its copying begins.

        Returns:
            What is there afterwards, hashed by the board.

        Raises:
            Trouble: the board stopped answering, or its flash is full.
        """
        words = ["exec", MAKE_FOLDER]
        for path, source in files.items():
            words += ["+", "fs", "cp", "-f", str(source), f":{path}"]
        for path in stale:
            words += ["+", "fs", "rm", f":{path}"]
        words += ["+", "exec", LOOK]
        copied = {f"cp {source} :{path}": path for path, source in files.items()}

        def heard(line: str) -> None:
            if line in copied:
                each(copied[line])

        return self._found(self._mpremote(words, CALL_S + FILE_S * len(files), heard))

    def reset(self) -> None:
        """Start it again, as its reset button does. Raises Trouble."""
        self._mpremote(["reset"], CALL_S)

    def _mpremote(self, words: list[str], seconds: float, heard: Callable[[str], None] = lambda line: None) -> str:
        """Run mpremote on this board and return what was printed. Raises Trouble."""
        start = ["connect", self.port, "sleep", str(self._settle_s), "+", "exec", KEEP_AWAKE, "+"]
        code, said = run([sys.executable, "-m", "mpremote", *start, *words], seconds, heard)
        if code != 0:
            raise Trouble(_why(self.port, said, code is None))
        return said

    def _found(self, said: str) -> Found:
        answers = [line[len(MARK) :] for line in said.splitlines() if line.startswith(MARK)]
        try:
            platform, version, files = json.loads(answers[-1])
            return Found(str(platform), tuple(int(part) for part in version), dict(files))
        except (IndexError, TypeError, ValueError):
            raise Trouble(_why(self.port, said, True)) from None


def run(words: list[str], seconds: float, heard: Callable[[str], None] = lambda line: None) -> tuple[int | None, str]:
    """Run a program for at most `seconds`, telling each line it prints.

    Returns:
        Its exit code (None: it was ended because it took too long) and all that it printed.
    """
    program = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
        encoding="utf-8",
        errors="replace",
    )
    late = threading.Event()

    def give_up() -> None:
        late.set()
        program.kill()

    limit = threading.Timer(seconds, give_up)
    limit.start()
    said = []
    try:
        with program:
            for line in program.stdout or ():
                said.append(line)
                heard(line.rstrip())
    finally:
        limit.cancel()
        program.kill()
    return None if late.is_set() else program.returncode, "".join(said)


def _why(port: str, said: str, is_late: bool) -> str:
    """Return the sentence for a call of mpremote that went wrong, from what it printed."""
    for parts, sentence in _SENTENCES:
        if any(part in said for part in parts):
            return sentence.format(port=port)
    last = said.strip().splitlines()[-1:] or ["nothing"]
    how = "stopped answering" if is_late else f"answered {last[0]!r}"
    return f"the board on {port} {how}: unplug it, plug it in again and run `make flash` again"


# What mpremote or the board prints -> what it means.
_SENTENCES = (
    (("No module named mpremote",), "mpremote is not installed: run `make setup`"),
    (
        ("could not enter raw repl",),
        "what is on {port} does not answer as MicroPython does: run `make flash-micropython`",
    ),
    (
        ("failed to access",),
        "{port} was taken by another program just now: close that program and run `make flash` again",
    ),
    (
        ("No space left", "ENOSPC", "OSError: 28"),
        "the board on {port} is full: remove files of your own with `mpremote connect {port} fs rm :NAME`",
    ),
)
