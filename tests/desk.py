"""Pillows on the desk: a real pillow's stages at the end of a real pseudo terminal, living in real time."""

import contextlib
import os
import pty
import queue
import select
import threading
import time
import tty

from joined import PILLOW, Pillow, RamDisk


class Plug:
    """The far end of a pseudo terminal: `board` is the file descriptor that a board would be."""

    def __init__(self) -> None:
        self.board, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.url = os.ttyname(self.slave)

    def pull(self) -> None:
        for end in (self.board, self.slave):
            if end >= 0:
                os.close(end)
        self.board = self.slave = -1


class PillowOnDesk:
    """A pillow that is plugged in; its flash survives `pull` and a new one may be made with it."""

    def __init__(self, disk: RamDisk | None = None, pillow: str = PILLOW) -> None:
        self.pillow = Pillow(disk or RamDisk(), pillow)
        self._plug = Plug()
        self.url = self._plug.url
        self._felt: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def feel(self, gesture: str) -> None:
        self._felt.put(gesture)

    def print(self, text: str) -> None:
        os.write(self._plug.board, text.encode())

    def has_told_all(self) -> bool:
        return self.pillow.spool.oldest() is None

    def pull(self) -> None:
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self._plug.pull()

    def _live(self) -> None:
        self.pillow.boot(_now_ms())
        while not self._over.is_set():
            while not self._felt.empty():
                self.pillow.feel(self._felt.get(), _now_ms())
            ready, _, _ = select.select([self._plug.board], [], [], 0.005)
            with contextlib.suppress(OSError):
                if ready:
                    self.pillow.receive(os.read(self._plug.board, 64), _now_ms())
                self._write(self.pillow.next(_now_ms()))

    def _write(self, data: bytes) -> None:
        os.write(self._plug.board, data)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
