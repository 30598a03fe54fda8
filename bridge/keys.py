"""The pillows' keys: 256 random bits each, which a pillow proves to have before it is listened to.

Their law: a key is in its file and on its pillow, and nowhere else; a new one counts beside the old one until the
pillow has shown that it holds it.
"""

import re
import secrets
import threading
from pathlib import Path

from bridge import secretfile
from bridge.errors import Trouble

KEY_BYTES = 32
NEXT = ".next"  # of a pillow that is being given another key
PILLOWS = 256  # with a key at once; the bridge is a home's


class Keys:
    """The keys of one home; may be used from any thread.

    Args:
        folder: the data folder; the keys are in its folder `keys`, one file each.

    Raises:
        Trouble: the folder cannot be made or read.
    """

    def __init__(self, folder: Path) -> None:
        self.changes = 0  # how often a key was made, replaced or forgotten
        self._folder = folder / "keys"
        self._lock = threading.Lock()
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._folder.chmod(0o700)
            self._keys = {path.name: key for path in self._folder.iterdir() if (key := _key_in(path))}
        except OSError as error:
            raise Trouble(f"the keys in {self._folder} cannot be used ({error.strerror}): {_REMEDY}") from None

    def of(self, pillow: str) -> tuple[bytes, ...]:
        """Return the keys that this pillow may prove, the newest first; none of a pillow that is not of this home."""
        with self._lock:
            found = (self._keys.get(pillow + NEXT), self._keys.get(pillow))
        return tuple(key for key in found if key)

    def is_ours(self, pillow: str) -> bool:
        """Say whether this pillow has shown that it holds a key of this home."""
        with self._lock:
            return pillow in self._keys

    def known(self) -> set[str]:
        """Return the pillows that have a key."""
        with self._lock:
            return {name.removesuffix(NEXT) for name in self._keys}

    def offer(self, pillow: str) -> bytes:
        """Return the key that a pillow is to be given: the one on offer already, or a new one.

        Raises:
            Trouble: it cannot be kept, or there are too many pillows.
        """
        with self._lock:
            if (key := self._keys.get(pillow + NEXT)) is None:
                if len(self._keys) >= 2 * PILLOWS:
                    raise Trouble(f"{PILLOWS} pillows have a key: forget one first with `huggable pillows forget`")
                key = secrets.token_bytes(KEY_BYTES)
                self._write(pillow + NEXT, key)
            return key

    def proved(self, pillow: str, key: bytes) -> None:
        """The pillow holds this key: any other one of it counts no more. Raises Trouble."""
        with self._lock:
            if self._keys.get(pillow + NEXT) == key:
                self._write(pillow, key)
                self._remove(pillow + NEXT)

    def forget(self, pillow: str) -> None:
        """This pillow is not of this home any more. Raises Trouble."""
        with self._lock:
            for name in (pillow, pillow + NEXT):
                self._remove(name)

    def _write(self, name: str, key: bytes) -> None:
        try:
            secretfile.write(self._folder / name, key.hex().encode() + b"\n")
        except OSError as error:
            raise Trouble(f"a key cannot be kept in {self._folder} ({error.strerror}): {_REMEDY}") from None
        self._keys[name] = key
        self.changes += 1

    def _remove(self, name: str) -> None:
        try:
            secretfile.remove(self._folder / name)
        except OSError as error:
            raise Trouble(f"a key cannot be removed from {self._folder} ({error.strerror}): {_REMEDY}") from None
        self._keys.pop(name, None)
        self.changes += 1


_REMEDY = "make that folder yours alone (chmod 700)"


def _key_in(path: Path) -> bytes | None:
    """Return the key that a file holds; None when it is no key's file."""
    if not re.fullmatch(r"[0-9a-f]{16}(\.next)?", path.name):
        return None
    text = secretfile.read(path).strip()
    return bytes.fromhex(text.decode()) if re.fullmatch(rb"[0-9a-f]{64}", text) else None
