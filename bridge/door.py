"""Who may come in over the network, and how many: the caps of the listener. Pure: time is an argument.

Its law: whoever has not proved a key takes room only from those at the same address, and never from a pillow that has.
"""

import ipaddress
from collections import Counter

from bridge.pace import Pace

STRANGERS = 64  # connections that have proved nothing yet, of all addresses together
STRANGERS_EACH = 8  # of one address: a pillow needs one, and one more when it has just lost the last
KNOCKS, KNOCKS_PER_S = 16, 1.0  # of one address, at once and for ever: a handshake costs a millisecond
HANDSHAKES, HANDSHAKES_PER_S = 128, 32.0  # of all addresses: less than a twentieth of a core
ADDRESSES = 1_024  # remembered; more than a home has


class Door:
    """Asked before a connection is spoken with."""

    def __init__(self) -> None:
        self._strangers: Counter[str] = Counter()
        self._knocks: dict[str, Pace] = {}
        self._all = Pace(HANDSHAKES, HANDSHAKES_PER_S)

    def admit(self, address: str, now_s: float) -> bool:
        """Say whether one more connection from an address may begin; it counts as a stranger until `leave`."""
        if not is_near(address) or self._strangers.total() >= STRANGERS:
            return False
        if self._strangers[address] >= STRANGERS_EACH:
            return False
        knocks = self._knocks.pop(address) if address in self._knocks else Pace(KNOCKS, KNOCKS_PER_S)
        self._knocks[address] = knocks  # the one that knocked last is forgotten last
        if len(self._knocks) > ADDRESSES:
            del self._knocks[next(iter(self._knocks))]
        if not knocks.take(1, now_s) or not self._all.take(1, now_s):
            return False
        self._strangers[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A stranger has gone, or is none any more."""
        self._strangers[address] -= 1
        if not self._strangers[address]:
            del self._strangers[address]


def is_near(address: str) -> bool:
    """Say whether an address is one of a home's own network, or of this computer."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_private or found.is_link_local or found.is_loopback
