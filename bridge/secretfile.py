"""Files that only their owner may read: written whole or not at all.

Their law: what is in one of them is never in a log, in a command's words or in an exception.
"""

import contextlib
import os
import secrets
from pathlib import Path

MOST_BYTES = 16_384  # of any of them: a key is 65, the certificate with its private key some 900


def read(path: Path) -> bytes:
    """Return what a file holds, nothing when it is not there. Raises OSError."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        return file.read(MOST_BYTES)
    return b""


def write(path: Path, content: bytes) -> None:
    """Put `content` in a file, for its owner alone, in one step that also survives a loss of power. Raises OSError."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)
        raise
    _settle(path.parent)


def remove(path: Path) -> None:
    """Take a file away, if it is there. Raises OSError."""
    path.unlink(missing_ok=True)
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Have a folder's names on the disk; there are systems that know no such thing."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
