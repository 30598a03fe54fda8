# Samples for whoever asks (docs/wire.md): the last seconds frozen, or live. Pure.
#
# Its law: best effort; only what is asked for, only as long as it is asked for, and only when nothing else is to be
# said.
from binascii import b2a_base64

from .recall import Recall

BATCH = 10  # samples in a line: 236 bytes of 240
LIVE_MS = 2_000  # then nobody listens any more
FROZEN_MS = 60_000  # then whoever asked for them is gone


class Takes:
    def __init__(self, samples):
        self._samples = samples
        self._recall = Recall(samples)
        self._number = 0
        self._what = "off"
        self._next = 0
        self._until_ms = 0

    def ask(self, what, first, now_ms):
        # -> None, or why not
        if what == "last":
            self._freeze(first)
            self._until_ms = now_ms + FROZEN_MS
        elif what == "live":
            if self._what != "live":
                self._begin(False)
            elif first:
                self._next = first
            self._until_ms = now_ms + LIVE_MS
        elif what == "off":
            self._samples.freeze(False)
        else:
            return "unknown"
        self._what = what
        return None

    def _freeze(self, first):
        if first == 0 or not self._samples.is_frozen:
            self._begin(True)
        else:
            self._next = first

    def _begin(self, is_frozen):
        self._number += 1
        self._samples.freeze(is_frozen)
        self._next = self._samples.first if is_frozen else self._samples.end + 1 & -2

    def next(self, now_ms):
        # -> the body of the next line, or None
        if self._what == "off":
            return None
        if now_ms >= self._until_ms:
            self.ask("off", 0, now_ms)
            return None
        waiting = self._samples.end - self._next
        if waiting < 0 or self._what == "live" and waiting < BATCH:
            return None
        first, data = self._recall.read(self._next, BATCH)
        self._next = first + len(data) // 14 if data else first + 1  # past the end: its end was told
        encoded = b2a_base64(data).decode().strip()
        return '{"samples":[%d,%d,"%s"]}' % (self._number, first, encoded)
