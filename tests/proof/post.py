"""A queue in the cloud as a bad day has it: at least once, in no order, and its answers are not to be relied upon.

It refuses, stores and says it has not, is busy, hands out twice, loses answers and deletions, takes
only small messages, and is silent for a day. What it took it keeps until somebody deletes it with the newest receipt.
"""

from dataclasses import dataclass

from bridge.cloud import Received
from bridge.refusals import Denied, TooLarge, Unreachable

SHARES = {  # of calls, in a seed that is mean
    "queue refuses": 0.3,
    "queue took it and said no": 0.3,
    "queue is busy": 0.1,
    "queue denies": 0.01,
    "queue is narrow": 0.05,
    "queue has it twice": 0.1,
    "queue mixes": 0.9,
    "queue gives it twice": 0.2,
    "queue deletes nothing": 0.2,
    "queue is slow": 0.1,
    "queue is silent": 0.002,
}
NARROW = 700  # characters: one event and no more
RETRY_S = (1, 5, 90)
SILENT_MS = (10_000, 600_000, 86_400_000)


@dataclass
class _Kept:
    id: str
    text: str
    put_ms: int
    visible_ms: int
    seen: int = 0


class PostOffice:
    """One queue. Args: chance: the seed's. happens: kind -> is it to happen now? wall_ms: Unix time at 0."""

    def __init__(self, chance, happens, wall_ms, name="huggable"):
        self.name = name
        self.now_ms = 0
        self._wall_ms = wall_ms
        self.texts = []  # every message that it ever took
        self._chance, self._happens = chance, happens
        self._kept = {}
        self._silent_ms = 0

    @property
    def is_empty(self):
        return not self._kept

    def put(self, text):
        """Take a message, whoever sends it."""
        self.texts.append(text)
        name = f"{self.name}-{len(self.texts)}"
        self._kept[name] = _Kept(name, text, self.now_ms, self.now_ms)

    def wake(self):
        """A silence is over."""
        self._silent_ms = 0

    def send(self, text):
        self._answer()
        if self._happens("queue denies"):
            raise Denied("the key is not the right one")
        if len(text) > NARROW and self._happens("queue is narrow"):
            raise TooLarge(f"{len(text)} are too many")
        self.put(text)
        if self._happens("queue has it twice"):
            self.put(text)
        self._lose()

    def receive(self, most, visible_s):
        self._answer()
        ready = [one for one in self._kept.values() if one.visible_ms <= self.now_ms]
        if self._happens("queue mixes"):
            self._chance.shuffle(ready)
        given = []
        for one in ready[:most]:
            one.seen += 1
            given.append(Received(one.id, f"{one.id}/{one.seen}", one.text, one.seen, self._wall_ms + one.put_ms))
            if not self._happens("queue gives it twice"):
                one.visible_ms = self.now_ms + 1000 * visible_s
        self._lose()
        return given

    def delete(self, received):
        self._answer()
        kept = self._kept.get(received.id)
        if kept and received.receipt == f"{kept.id}/{kept.seen}" and not self._happens("queue deletes nothing"):
            del self._kept[received.id]
        self._lose()

    def _answer(self):
        """Whether it is there at all."""
        if self._happens("queue is silent"):
            self._silent_ms = self.now_ms + self._chance.choice(SILENT_MS)
        if self.now_ms < self._silent_ms or self._happens("queue refuses"):
            raise Unreachable("nobody answers")
        if self._happens("queue is busy"):
            raise Unreachable("the server is busy", self._chance.choice(RETRY_S))

    def _lose(self):
        """Its answer may be lost, or be an error, though it did what it was asked."""
        if self._happens("queue took it and said no"):
            raise Unreachable("no answer came")
