"""A journal that is opened at the start, and what becomes of one that is damaged: it is set aside, never overwritten.

Its law: what cannot be used is refused with a sentence; only a file that is sound or new is written to.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bridge.errors import Trouble
from bridge.journal import Journal, JournalNewer
from bridge.store import JournalDamaged, is_damage, is_denied

CHECKED_BYTES = 2**28  # read through at the start within a second or two; a larger one is found out when it is used
KEPT = 5  # damaged journals in one folder: more of them mean a disk that cannot be relied upon
ALSO = "abcde"  # in the same second
SUFFIXES = ("-wal", "-shm")


def opened(path: Path, at_ms: int) -> Journal:
    """Open the journal and set down that nothing is connected and nothing stalls yet.

    Raises:
        Trouble: it cannot be used.
        JournalDamaged: it is to be set aside.
    """
    try:
        journal = Journal(path)
        if path.stat().st_size <= CHECKED_BYTES and not journal.is_sound():
            journal.close()
            raise JournalDamaged("its pages do not hang together")
        with journal.transaction():
            journal.leave_all(at_ms)
            journal.clear_troubles()
    except JournalNewer as newer:
        raise Trouble(str(newer)) from None
    except sqlite3.Error as error:
        if is_damage(error):
            raise JournalDamaged(str(error)) from None
        raise _trouble(path, error) from None
    return journal


def _trouble(path: Path, error: sqlite3.Error) -> Trouble:
    if is_denied(error):
        return Trouble(f"the journal {path} may not be written ({error}): give it back to this user, with `chown`")
    return Trouble(f"the journal {path} cannot be written ({error}): free some space on its disk")


def set_aside(path: Path, why: str, at_ms: int) -> str:
    """Rename a damaged journal and begin a new one.

    The new one's rows are numbered from Unix time in seconds, so that no reader takes them for rows of the old one.

    Returns:
        What to tell.

    Raises:
        Trouble: there are too many, or it cannot be renamed.
    """
    aside = _free_name(path, why, at_ms)
    try:
        for suffix in ("", *SUFFIXES):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise Trouble(f"the journal {path} cannot be set aside ({error.strerror}): move it away yourself") from None
    try:
        with closing(Journal(path)) as journal, journal.transaction():
            journal.start_rows_after(at_ms // 1000)
    except sqlite3.Error as error:
        raise _trouble(path, error) from None
    return f"the journal was damaged ({why}) and a new one was begun: what can be saved of it is in {aside}"


def _free_name(path: Path, why: str, at_ms: int) -> Path:
    found = [one for one in path.parent.glob(f"{path.name}.damaged-*") if not one.name.endswith(SUFFIXES)]
    if len(found) >= KEPT:
        raise Trouble(f"the journal {path} is damaged ({why}), as {len(found)} were before: replace the disk it is on")
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_ms / 1000))
    names = (path.with_name(f"{path.name}.damaged-{moment}{also}") for also in ("", *ALSO))
    return next(name for name in names if not name.exists())
