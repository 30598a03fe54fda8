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
        self._unrecorded: set[str] = set()
        self._lock = threading.Lock()

    def tell(self, name: str, sentence: str) -> None:
        """Say what is wrong with `name` and what helps, unless that was the last word on it.

        What is wrong with several for the same reason is printed once.
        """
        with self._lock:
            if self._told.get(name) == sentence:
                return
            is_known = sentence in self._told.values()
            self._told[name] = sentence
            self._record(name)
        if not is_known:
            print(sentence, file=sys.stderr, flush=True)

    def clear(self, name: str) -> None:
        """Take back what was told of `name`, if anything."""
        with self._lock:
            if self._told.pop(name, None) is not None:
                self._record(name)

    def step(self) -> None:
        """Record what the writer had no room for."""
        with self._lock:
            for name in tuple(self._unrecorded):
                self._record(name)

    def _record(self, name: str) -> None:
        sentence, now_ms = self._told.get(name), time.time_ns() // 1_000_000
        try:
            self._writer.insist(lambda journal: journal.trouble(name, sentence, now_ms), ("trouble", name))
            self._unrecorded.discard(name)
        except queue.Full:  # standard error has it meanwhile
            self._unrecorded.add(name)
