"""A secret on its way between two programs of this home: a Wi-Fi password from the page to the bridge.

Its law: it is in a file of its own, for its owner alone, and never in the journal, which keeps what it
holds; it is read once, and what nobody reads is gone with the next letter or the next start.
"""

import contextlib
import re
import secrets
import time
from pathlib import Path

from bridge import secretfile

FOLDER = "letters"
NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)
LETTERS = 8  # at once; more than one person types
LASTS_S = 120.0  # as long as a wish for Wi-Fi


def put(folder: Path, secret: str) -> str:
    """Leave a secret in the data folder and return the letter's name. Raises OSError."""
    place = folder / FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    sweep(folder, LETTERS - 1)
    name = secrets.token_hex(16)
    secretfile.write(place / name, secret.encode())
    return name


def take(folder: Path, name: str) -> str:
    """Return what a letter says and burn it; nobody can read it again.

    Raises:
        ValueError: there is no such letter.
    """
    path = folder / FOLDER / name
    if not NAME.fullmatch(name) or not path.is_file():
        raise ValueError("the password did not arrive: enter it again")
    try:
        return secretfile.read(path).decode()
    finally:
        path.unlink(missing_ok=True)


def sweep(folder: Path, keep: int = 0) -> None:
    """Burn what nobody has read: what is older than a wish for Wi-Fi lasts, and all but the newest `keep`."""
    with contextlib.suppress(OSError):  # somebody else burnt it first
        there = sorted((folder / FOLDER).glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for number, path in enumerate(there):
            if number >= keep or time.time() - path.stat().st_mtime > LASTS_S:
                path.unlink(missing_ok=True)
