# What a pillow is asked for now and then: to take a blob, to give samples. Loaded at the first such question, so that
# a pillow that nobody asks keeps the memory.
from .blob import Blobs
from .takes import Takes


class Desk:
    # takers: who takes which blob; see blob.py.
    def __init__(self, samples, takers):
        self._takes = Takes(samples)
        self._blobs = Blobs(takers)

    def ask(self, kind, fields, now_ms):
        # -> None, or why not
        if kind == "put":
            return self._blobs.put(*fields[1:6])
        if kind == "take":
            return self._takes.ask(fields[1], fields[2], now_ms)
        return "unknown"

    def next(self, now_ms):
        # -> the body of a line, or None
        return self._takes.next(now_ms)
