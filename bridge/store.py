"""One connection to a journal file: opened, brought up to date, and changed all or nothing.

Its law: with its three parts (`standing`, `wishbook`, `register`) and `journal` it is the only code that knows SQL.
"""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.schema import STEPS

Row = dict[str, Any]

BUSY_MS = 2_000  # another program may hold the file for a moment (a backup, a wish); longer is a trouble to tell
WAL_AGAIN_MS = 20
PURGE_MS = 20  # whoever reads just then is not waited for: it is tried again


class JournalNewer(Exception):
    """The file was written by a newer version of this program."""


class JournalDamaged(Exception):
    """The file is no sound journal any more: what is in it cannot be relied upon, and nothing can be added."""


def is_damage(error: BaseException) -> bool:
    """Say whether an error means that the file itself is damaged, not that it could not be read or written."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_denied(error: BaseException) -> bool:
    """Say whether an error means that this user may not do it."""
    return _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


def _code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


class Store:
    """One connection to a journal file.

    Args:
        path: the database file; made when it is not there.
        read_only: open for looking only.

    Raises:
        JournalNewer: the file's `user_version` is above what this program knows.
        sqlite3.Error: the file cannot be opened or is no database.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(read_only)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        self._switch_to_wal()
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")  # what is forgotten is gone from the file, too
        self._build()
        if read_only:
            self._db.execute("PRAGMA query_only=1")

    def _switch_to_wal(self) -> None:
        """A new file is switched once; that does not wait for others who switch it, so it is tried again."""
        for _ in range(BUSY_MS // WAL_AGAIN_MS):
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode=WAL")
                return
            time.sleep(WAL_AGAIN_MS / 1000)
        self._db.execute("PRAGMA journal_mode=WAL")

    def _build(self) -> None:
        """Bring an older file up to date, each step in one transaction."""
        if self._version() > len(STEPS):
            raise JournalNewer(f"{self.path} was written by a newer version: update this program")
        while (version := self._version()) < len(STEPS):
            begin = f"BEGIN IMMEDIATE; PRAGMA user_version={version + 1};"
            try:
                self._db.executescript(begin + STEPS[version] + "; COMMIT;")
            except sqlite3.OperationalError:
                self._db.rollback()
                if self._version() == version:  # not just another program that built it first
                    raise

    def is_sound(self) -> bool:
        """Read the whole file (a second for each few hundred MB): does it hang together? Raises sqlite3.Error."""
        return [row[0] for row in self._db.execute("PRAGMA quick_check(1)")] == ["ok"]

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection; the journal stays as it is."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commit at the end, roll back on any exception (which goes on to the caller)."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: undo only this part when it raises (the exception goes on to the caller)."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO part")
            raise
        finally:
            if self._db.in_transaction:
                self._db.execute("RELEASE part")

    def purge(self) -> None:
        """Have what was deleted leave the file's log as well, as far as nobody is reading it now."""
        self._db.execute(f"PRAGMA busy_timeout={PURGE_MS}")
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._db.execute(f"PRAGMA busy_timeout={BUSY_MS}")

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Row]:
        return [dict(row) for row in self._db.execute(sql, values)]

    def _add_capped(self, table: str, cap: int, values: Row) -> None:
        """Insert into a table that keeps only its newest `cap` rows."""
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        added = self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
        self._db.execute(f"DELETE FROM {table} WHERE row <= ?", (int(added.lastrowid or 0) - cap,))
