"""A queue in memory that does whatever a queue in the cloud may do, and home's side of it."""

import random

from bridge.cloud import Received
from bridge.cloudevents import State
from bridge.packing import encode, pack
from bridge.refusals import Unreachable
from bridge.report import Dated, Report

PILLOW = "00112233aabbccdd"
HOME_MS = 1_795_000_000_000


class UnrulyQueue:
    """Hands out in any order, late and twice, does not answer, and answers what it did not do or did anyway.

    Args:
        seed: draws what it does.
        unruly: how often it does something that it should not, 0 to 1.
    """

    name = "unruly"

    def __init__(self, seed: int = 0, unruly: float = 0.0) -> None:
        self.rng = random.Random(seed)
        self.unruly = unruly
        self.now_s = 0.0
        self.there: dict[str, dict] = {}
        self.calls = self.faults = self.deleted = 0
        self._made = 0

    def send(self, text):
        self._made += 1
        self.there[f"m{self._made}"] = {
            "text": text,
            "visible_s": self.now_s,
            "seen": 0,
            "receipt": "",
            "put": self.now_s,
        }

    def receive(self, most, visible_s):
        self._call("before")
        ready = [name for name, kept in self.there.items() if kept["visible_s"] <= self.now_s]
        if self.rng.random() < self.unruly:
            self.rng.shuffle(ready)
        given = []
        for name in ready[:most]:
            kept = self.there[name]
            kept["seen"] += 1
            kept["receipt"] = f"{name}/{kept['seen']}"
            if self.rng.random() >= self.unruly / 4:  # else: it goes to somebody else as well
                kept["visible_s"] = self.now_s + visible_s
            put_ms = HOME_MS + round(kept["put"] * 1000)
            given.append(Received(name, kept["receipt"], kept["text"], kept["seen"], put_ms))
        self._call("after")
        return given

    def delete(self, received):
        self._call("before")
        kept = self.there.get(received.id)
        if kept and kept["receipt"] == received.receipt:
            del self.there[received.id]
            self.deleted += 1
        self._call("after")

    def _call(self, when):
        self.calls += when == "before"
        if self.rng.random() < self.unruly / 2:
            self.faults += 1
            raise Unreachable(f"it fails {when} it was done", self.rng.choice((0.0, 0.0, 7.0)))


def report(seq, boot=1, pillow=PILLOW, gesture="hugging", heard_ms=HOME_MS):
    return Dated(Report(pillow, boot, seq, seq * 1000, gesture, 90, 100, 500), heard_ms, 5, False, heard_ms)


def state(stamp, gesture="hugging", link="usb", pillow=PILLOW, name="Cirrus", since_ms=HOME_MS):
    return State(pillow, name, gesture, since_ms, link, False, "1.0.0", since_ms, stamp)


def message(*events):
    """One message with these events."""
    ((text, _),) = pack(map(encode, events))
    return text
