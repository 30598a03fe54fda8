"""How long the journal keeps what it has: a little is forgotten once a minute, so that no commit waits for it."""

import contextlib
import queue
import sqlite3
import time

from bridge.journal import KEEP_DAYS, Journal
from bridge.writer import Writer

EVERY_S = 60.0  # 2,000 rows a minute outrun any pillow
DAY_MS = 86_400_000


class Keeping:
    """Moved on by `step`.

    Args:
        writer: the journal's one writer.
        journal: a connection of the caller's own.
    """

    def __init__(self, writer: Writer, journal: Journal) -> None:
        self._writer, self._journal = writer, journal
        self._next_s = 0.0

    def step(self, now_s: float) -> None:
        """Have old reports forgotten when it is time. `now_s` is of a clock that never jumps."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        before_ms = time.time_ns() // 1_000_000 - KEEP_DAYS * DAY_MS
        with contextlib.suppress(queue.Full):  # a minute later is as good
            self._writer.submit(lambda journal: journal.trim(before_ms))
            self._writer.submit(lambda journal: journal.oversleep(time.time_ns() // 1_000_000))
        with contextlib.suppress(sqlite3.Error):  # busy now: a minute later is as good
            self._journal.purge()
