"""What stalls, told once per cause: a sentence on standard error and in the journal, where the page finds it.

Its law: the same sentence is never told twice in a row, and a trouble that is over is taken back.
"""

import queue
import sys
import threading
import time

from bridge.writer import Writer


class Troubles:
    """May be told from any thread.

    Args:
        writer: where they are recorded.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._told: dict[str, str] = {}
        self._lock = threading.Lock()

    def tell(self, name: str, sentence: str) -> None:
        """Say what is wrong with `name` and what helps, unless that was the last word on it."""
        with self._lock:
            if self._told.get(name) == sentence:
                return
            self._told[name] = sentence
        print(sentence, file=sys.stderr, flush=True)
        self._record(name, sentence)

    def clear(self, name: str) -> None:
        """Take back what was told of `name`, if anything."""
        with self._lock:
            told = self._told.pop(name, None)
        if told is not None:
            self._record(name, None)

    def _record(self, name: str, sentence: str | None) -> None:
        now_ms = time.time_ns() // 1_000_000
        try:
            self._writer.insist(lambda journal: journal.trouble(name, sentence, now_ms))
        except queue.Full:  # the journal stalls; standard error has it
            return
