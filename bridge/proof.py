"""Proof of key (docs/wire.md): that the pillow on a link holds its key, and that this bridge does, too.

Its law: nothing is believed of a pillow that has a key before its proof; macs are compared in constant time, and a key
is in no message and in no `repr`.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.report import Hello

NONCE_BYTES = 16
NO_CERTIFICATE = bytes(32)  # on a cable there is none
PILLOW, BRIDGE = b"pillow", b"bridge"  # who says it; of one length, so that no field can run into the next


def _none(pillow: str) -> tuple[bytes, ...]:
    return ()


def _nobody(pillow: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Trust:
    """What a session needs to know whom to believe.

    Args:
        keys: the keys that a pillow may prove, none of one that has none here; asked at each hello.
        is_ours: whether a pillow has proved a key here before; then it is not believed without.
        certificate: SHA-256 of the certificate that this link's TLS began with.
        is_cable: it is a cable: whoever holds its end is the owner, and a pillow without a key is spoken with.
        fresh: returns so many random bytes.
    """

    keys: Callable[[str], tuple[bytes, ...]] = field(default=_none, repr=False)
    is_ours: Callable[[str], bool] = _nobody
    certificate: bytes = NO_CERTIFICATE
    is_cable: bool = True
    fresh: Callable[[int], bytes] = secrets.token_bytes

    def objection(self, hello: Hello) -> str:
        """Return why this pillow is not spoken with, as a sentence; empty when it is, perhaps after its proof."""
        who = f"pillow {hello.pillow}"
        if hello.key and not self.keys(hello.pillow):
            return f"{who} has the key of another home: erase it and run `make flash`"
        if not hello.key and self.is_ours(hello.pillow):
            return f"{who} lost the key that it was given here: plug it in with its cable and press adopt"
        if not hello.key and not self.is_cable:
            return f"{who} has no key yet: plug it in with its cable and press adopt"
        return ""


class Proving:
    """One pillow's proof, from the challenge on.

    Args:
        trust: its link's.
        pillow: who claims to be there.
        session: 16 hex digits.
    """

    def __init__(self, trust: Trust, pillow: str, session: str) -> None:
        self.challenge = trust.fresh(NONCE_BYTES)
        self.key: bytes | None = None  # that it proved
        self._keys = trust.keys(pillow)
        self._rest = bytes.fromhex(session) + trust.certificate
        self._nonce = b""

    def believes(self, nonce: bytes, mac: bytes) -> bool:
        """Whether this is the pillow's proof of one of its keys."""
        self._nonce = nonce
        for key in self._keys:
            if hmac.compare_digest(self._mac(key, PILLOW), mac):
                self.key = key
        return self.key is not None

    def own(self) -> str:
        """Return the bridge's own proof, in hex. Raises ValueError before the pillow's."""
        if self.key is None:
            raise ValueError("the pillow proves its key first")
        return self._mac(self.key, BRIDGE).hex()

    def _mac(self, key: bytes, role: bytes) -> bytes:
        return hmac.digest(key, role + self.challenge + self._nonce + self._rest, "sha256")
