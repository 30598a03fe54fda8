"""A pillow with a key and a bridge that knows some, to be joined by a cable (see joined.py)."""

import itertools

from joined import Bridge, Cable, Pillow, RamDisk
from pillow import wire as pillow_wire
from pillow.keyed import KeyedLink
from pillow.proof import Proof

from bridge.conversation import Conversation
from bridge.journal import Journal
from bridge.proof import NO_CERTIFICATE, Trust
from bridge.session import Session

KEY, OTHER_KEY = bytes(range(32)), bytes(range(100, 132))


class Fresh:
    """Random bytes that are none, and never the same ones."""

    def __init__(self, first=0):
        self._numbers = itertools.count(first)

    def __call__(self, count):
        return next(self._numbers).to_bytes(count, "big")


class KeyedPillow(Pillow):
    def __init__(self, disk, key=KEY, certificate=NO_CERTIFICATE, asks=None):
        super().__init__(disk)
        self.key = key
        self.certificate = certificate
        self.asks = asks
        self.fresh = Fresh(1_000)

    def boot(self, now_ms):
        super().boot(now_ms)
        make = KeyedLink if self.key else type(self.link)
        identity = (self.id, self.boots, f"{self.boots:08x}", "1.0.0", "power")
        more = self.asks.next if self.asks else None
        ask = self.asks.ask if self.asks else None
        self.link = make(self.spool, self.reporter, identity, lambda: (0, 60_000), self._light, ask, more)
        if self.key:
            self.link.proof = Proof(self.key, self.fresh, self.certificate)


class KnowingBridge(Bridge):
    """`keys` may be changed at any time; `ours` are the pillows that have proved one."""

    def __init__(self, journal, keys, certificate=NO_CERTIFICATE, is_cable=True):
        self.keys = dict(keys)
        self.ours = set(self.keys)
        self.trust = Trust(
            lambda pillow: self.keys.get(pillow, ()), lambda pillow: pillow in self.ours, certificate, is_cable, Fresh()
        )
        super().__init__(journal)

    def open(self):
        self.sessions += 1
        self.session = Session(self.journal.recall, f"{self.sessions:016x}", self.trust)
        self.session.receive = self._listening_in(self.session.receive)
        self.session.tick = self._listening_in(self.session.tick)
        self.conversation = Conversation(self.session, self, "usb", "cable", self.present)


def join(pillow=None, keys=(), **bridge):
    """`pillow`, just booted, on a cable to a bridge with an empty journal that knows `keys`."""
    cable = Cable(pillow or KeyedPillow(RamDisk()), KnowingBridge(Journal(":memory:"), keys, **bridge))
    cable.pillow.boot(0)
    return cable


def kinds(data):
    """The kinds of the lines in what was sent."""
    said = []
    for part in data.split(b"\n"):
        for mark in (b"~", b"#"):
            said += list(pillow_wire.body(part, mark) or {})
    return said
