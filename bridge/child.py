"""A program beside the bridge that is started again when it ends, and that ends with the bridge.

Its law: its standard input is a pipe from here, so that even a killed bridge leaves no orphan.
"""

import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bridge.troubles import Troubles

ROOT = Path(__file__).resolve().parent.parent  # where `bridge`, `web` and `firmware` are
PAUSE_S = 0.5  # before it is started again the first time ...
PAUSE_MOST_S = 30.0  # ... doubling up to this, so that what cannot work does not keep a computer busy
WELL_S = 5.0  # after this it has started well


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

    def step(self, now_s: float) -> None:
        """Start it when it is due, notice when it has ended."""
        if self._process is None:
            if now_s >= self._due_s:
                self._start(now_s)
        elif self._process.poll() is not None:
            self._ended(self._process.returncode, now_s)
        elif now_s - self._begun_s >= WELL_S:
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

    def _start(self, now_s: float) -> None:
        self._begun_s = now_s
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the bridge, which then ends its children
        )

    def _ended(self, status: int, now_s: float) -> None:
        self._troubles.tell(self._name, f"the {self._name} ended (exit {status}) and is started again: see above why")
        if self._process:
            self._close_input(self._process)
        self._process = None
        self._due_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, PAUSE_MOST_S)

    def _close_input(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()
