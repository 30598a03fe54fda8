"""A program beside the bridge that is started again when it ends, and that ends with the bridge.

Its law: its standard input is a pipe from here, so that even a killed bridge leaves no orphan; what it says on standard
error is passed on, and its last sentence is why it ended.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from bridge.errors import Trouble
from bridge.troubles import Troubles

ROOT = Path(__file__).resolve().parent.parent  # where `bridge`, `web` and `firmware` are
PAUSE_S = 0.5  # before it is started again the first time ...
PAUSE_MOST_S = 30.0  # ... doubling up to this, so that what cannot work does not keep a computer busy
WELL_S = 5.0  # after this it has started well
CANNOT = 2  # the exit status of a program that cannot start and has said why
LINES = 200  # of standard error, not passed on yet: a traceback is some thirty
LINE_BYTES = 4_096
HOLD_S = 2.0  # a line may be its last word, which is told in another way: a busy machine is slow to end it
DRAIN_S = 0.2  # for the rest of what it said, once it has ended


class Child:
    """Moved on by `step`.

    Args:
        name: what it is to a person, such as `page`.
        command: the program and its arguments.
        troubles: where its end is told.
    """

    def __init__(self, name: str, command: Sequence[str], troubles: Troubles) -> None:
        self._name = name
        self._command = list(command)
        self._troubles = troubles
        self._process: subprocess.Popen[bytes] | None = None
        self._begun_s = self._due_s = 0.0
        self._pause_s = PAUSE_S
        self._starts = 0
        self._heard = _Heard()

    def step(self, now_s: float) -> None:
        """Start it when it is due, notice when it has ended.

        Raises:
            Trouble: it cannot start, the very first time: the words say why.
        """
        if self._process is None:
            if now_s >= self._due_s:
                self._start(now_s)
            return
        status = self._process.poll()
        if status is not None:
            self._ended(status, now_s)
            return
        self._heard.pass_on(time.monotonic() - HOLD_S)
        if now_s - self._begun_s >= WELL_S:
            self._pause_s = PAUSE_S
            self._troubles.clear(self._name)

    def say(self, line: str) -> bool:
        """Write a line to its standard input. Returns False when it does not run."""
        if self._process is None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Tell it to end, and do not wait."""
        if self._process:
            with contextlib.suppress(OSError):
                self._process.terminate()
            self._close_input(self._process)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended; after `seconds` it is killed."""
        if self._process:
            try:
                self._process.wait(max(0.0, seconds))
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self._heard.pass_on(time.monotonic())

    def _start(self, now_s: float) -> None:
        self._begun_s = now_s
        self._starts += 1
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the bridge, which then ends its children
        )
        if self._process.stderr:
            self._heard = _Heard(self._process.stderr)

    def _ended(self, status: int, now_s: float) -> None:
        why = self._heard.last_word().removeprefix(f"{self._name}: ")
        if self._process:
            self._close_input(self._process)
        self._process = None
        if status == CANNOT and self._starts == 1:
            raise Trouble(why or f"the {self._name} cannot start: see above why")
        sentence = f"the {self._name} ended (exit {status}) and is started again: {why or NO_WORD}"
        self._troubles.tell(self._name, sentence)
        self._due_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, PAUSE_MOST_S)

    def _close_input(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()


NO_WORD = "it did not say why"


class _Heard:
    """What a program says on standard error, read by a thread of its own, so that it never waits for us."""

    def __init__(self, stream: IO[bytes] | None = None) -> None:
        self._lines: deque[tuple[float, str]] = deque(maxlen=LINES)
        self._thread = threading.Thread(target=self._read, args=(stream,), name="standard error", daemon=True)
        if stream:
            self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(LINE_BYTES):
                self._lines.append((time.monotonic(), line.decode(errors="replace").rstrip()))

    def pass_on(self, until_s: float) -> None:
        """Print what was heard up to a moment (monotonic)."""
        while self._lines and self._lines[0][0] <= until_s:
            print(self._lines.popleft()[1], file=sys.stderr, flush=True)

    def last_word(self) -> str:
        """Print what is left but the last line, which is returned; empty when there was none."""
        if self._thread.ident:
            self._thread.join(DRAIN_S)
        last = self._lines.pop()[1] if self._lines else ""
        self.pass_on(time.monotonic())
        return last
