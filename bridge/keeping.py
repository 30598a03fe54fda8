"""How long the journal keeps what it has: a little is forgotten once a minute, so that no commit waits for it."""

import contextlib
import queue
import time

from bridge.journal import KEEP_DAYS
from bridge.writer import Writer

EVERY_S = 60.0  # 2,000 rows a minute outrun any pillow
DAY_MS = 86_400_000


class Keeping:
    """Args: writer: the journal's one writer."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._next_s = 0.0

    def step(self, now_s: float) -> None:
        """Have old reports forgotten when it is time. `now_s` is of a clock that never jumps."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        before_ms = time.time_ns() // 1_000_000 - KEEP_DAYS * DAY_MS
        with contextlib.suppress(queue.Full):  # a minute later is as good
            self._writer.submit(lambda journal: journal.trim(before_ms))
