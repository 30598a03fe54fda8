"""A bridge's worst moments: killed between two steps, and a disk that fails before or after it committed."""

import sqlite3

from bridge.journal import Journal


class Killed(BaseException):
    """SIGKILL: nothing of the program runs on, whatever it catches."""


class ShakyJournal(Journal):
    """A real journal whose commits fail when the seed says so: before, or - worse - after they happened."""

    fail = staticmethod(lambda: None)

    def transaction(self):
        how = self.fail()
        inner = super().transaction()
        return _Failing(inner, how) if how else inner


class _Failing:
    def __init__(self, inner, how):
        self._inner, self._how = inner, how

    def __enter__(self):
        if self._how == "locked":
            raise sqlite3.OperationalError("database is locked")
        self._inner.__enter__()

    def __exit__(self, *error):
        if error[0] is None and self._how == "full":
            full = sqlite3.OperationalError("database or disk is full")
            self._inner.__exit__(type(full), full, None)
        self._inner.__exit__(*error)
        if error[0] is None:
            raise sqlite3.OperationalError("disk I/O error")  # and yet it was committed
