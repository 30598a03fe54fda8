"""What stalls on this machine, told once per cause: on standard error, and in the journal for the page."""

import sqlite3
import sys
from contextlib import suppress

from bridge.bell import ring
from bridge.journal import Journal
from bridge.wishes import now_ms


class Troubles:
    """Its law: the same sentence is never told twice in a row, and a trouble that is over is taken back.

    Args:
        journal: where they are recorded, each in a transaction of its own.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._told: dict[str, str] = {}
        with journal.transaction():
            journal.clear_troubles()

    def tell(self, name: str, sentence: str) -> None:
        """Say what is wrong with `name` and what helps, unless that was the last word on it."""
        if self._told.get(name) != sentence:
            self._told[name] = sentence
            print(sentence, file=sys.stderr, flush=True)
            self._record(name)

    def clear(self, name: str) -> None:
        """Take back what was told of `name`, if anything."""
        if self._told.pop(name, None) is not None:
            self._record(name)

    def _record(self, name: str) -> None:
        with suppress(sqlite3.Error):  # standard error has it
            with self._journal.transaction():
                self._journal.trouble(name, self._told.get(name), now_ms())
            ring(self._journal.bells())
