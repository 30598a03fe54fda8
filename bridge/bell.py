"""Doorbells: an empty datagram on loopback says "look at the journal"; losing one costs a slow poll, never a row."""

import select
import socket
from collections.abc import Mapping

from bridge.journal import Journal

LOOPBACK = "127.0.0.1"
BURST = 64  # rings taken at once: they all mean the same


class Bell:
    """A doorbell of this program, hung up in the journal under a name.

    Args:
        journal: where other programs look for its port; written in a transaction of its own.
        name: who is behind the door, such as `web` or `bridge`.
    """

    def __init__(self, journal: Journal, name: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.socket.setblocking(False)
        with journal.transaction():
            journal.hang_bell(name, self.socket.getsockname()[1])

    def wait(self, timeout_s: float) -> bool:
        """Return True once it rang (any number of times), False after `timeout_s` of silence."""
        ready, _, _ = select.select([self.socket], [], [], timeout_s)
        for _ in range(BURST if ready else 0):
            try:
                self.socket.recv(1)
            except OSError:
                break
        return bool(ready)

    def close(self) -> None:
        """Take the bell down; those who still ring it are not disturbed."""
        self.socket.close()


def ring(bells: Mapping[str, int], *names: str) -> None:
    """Ring the bells of these names, or all of them when none is named; nobody at home is no error."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for name, port in bells.items():
            if not names or name in names:
                try:
                    sender.sendto(b"", (LOOPBACK, port))
                except OSError:  # a full buffer there already says "look"
                    continue
