"""Where a home keeps its data: the folder, the page's key, and the lock that lets one bridge at a time use it.

Its law: only this user may read any of it.
"""

import contextlib
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import platformdirs

from bridge.errors import Trouble

KEY_BYTES = 24  # 192 random bits: 32 characters in the page's address
KEY_LEAST = 16  # characters; a file with less was cut short and is written anew
LOCK_WAIT_S = 0.5  # a look at the lock takes microseconds, the end of a bridge a little longer
LOCK_POLL_S = 0.05


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder, made for this user alone when it is not there.

    Args:
        environ: `HUGGABLE_DATA` names the folder; without it, it is the platform's place for a user's data.

    Raises:
        Trouble: it cannot be made or written.
    """
    named = environ.get("HUGGABLE_DATA")
    folder = Path(named).absolute() if named else platformdirs.user_data_path("huggable", appauthor=False)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble(f"the data folder {folder} cannot be made ({error.strerror}): {_ANOTHER}") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Trouble(f"the data folder {folder} cannot be written: {_ANOTHER}")
    return folder


_ANOTHER = "set HUGGABLE_DATA to a folder of yours"


def journal_path(folder: Path) -> Path:
    """Return the journal's place in a data folder."""
    return folder / "journal.db"


def key(folder: Path) -> str:
    """Return the key that opens the page, made on first use and kept in a file that only this user may read.

    Raises:
        Trouble: the file cannot be read or written.
    """
    path = folder / "key"
    try:
        if len(kept := _read(path)) >= KEY_LEAST:
            return kept
        made = path.with_name(f"key.{os.getpid()}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES) + "\n")
        made.replace(path)
        return _read(path)
    except OSError as error:
        raise Trouble(f"the key {path} cannot be used ({error.strerror}): remove that file") from None


def _read(path: Path) -> str:
    """Return what a key file holds, or nothing when it is missing or is no key."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


@contextlib.contextmanager
def only_bridge(folder: Path) -> Iterator[None]:
    """Hold the lock of a data folder: two bridges would fight for the ports and the journal.

    The system lets go of the lock when this process ends, however it ends.

    Raises:
        Trouble: another bridge holds it.
    """
    path = folder / "bridge.lock"
    with path.open("a+", encoding="ascii") as file:
        if not _locked_soon(file):
            raise Trouble(f"a bridge already runs on {folder}{_whose(path)}: use its page, or stop it first")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def bridge_runs(folder: Path) -> bool:
    """Say whether a bridge holds the lock of a data folder."""
    path = folder / "bridge.lock"
    if not path.exists():
        return False
    with path.open("a+", encoding="ascii") as file:
        return not _locked(file)


def _locked_soon(file: IO[str]) -> bool:
    """Take the lock, now or when whoever only looked at it (or is just ending) has let go."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while not (held := _locked(file)) and time.monotonic() < deadline:
        time.sleep(LOCK_POLL_S)
    return held


def _whose(path: Path) -> str:
    number = _read(path)
    return f" (process {number})" if number.isdigit() else ""


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    LOCK_AT = 1 << 30  # far behind the process number: a locked byte cannot be read

    def _locked(file: IO[str]) -> bool:
        file.seek(LOCK_AT)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
