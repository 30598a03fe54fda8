"""Power goes away within every single write to the pillow's flash, after every byte of it: what was in flash is told
once, and only what was being written may be given up as damaged. The real stages of both ends, under a virtual clock.
"""

from collections import Counter

from joined import PILLOW, START_WALL_MS, Bridge, Cable, Pillow, RamDisk
from pillow import spool as spool_module

from bridge.journal import Journal
from bridge.report import GESTURES
from proof.checker import violations
from proof.flash import PowerCut

SMALL_SPOOL = 2, 3  # lines of a segment, segments: overflows at once
LIFE = (("out", 9), ("in", 6), ("out", 5), ("reset", 1), ("out", 9), ("in", 3))  # where the cable is, reports felt then
FEEL_MS = 80
STEP_MS = 10
SETTLE_MS = 30_000
RUBBISH = b"\xff\xff"  # what stands in a page that was not written to its end


class Dying(RamDisk):
    """Power goes away within the `nth` write, once, when so many bytes of it are done; the write is whole from there on
    when that is all of them. A replaced or removed file is the old one or the new one, as littlefs has it.
    """

    def __init__(self, nth, kept):
        super().__init__()
        self.length = None  # of the write in which power went away
        self._left, self._kept = nth, kept

    def append(self, name, data):
        self._write(data, lambda: super(Dying, self).append(name, data[: self._kept] + RUBBISH))
        super().append(name, data)

    def replace(self, name, data):
        self._write(b"?", lambda: super(Dying, self).replace(name, data))
        super().replace(name, data)

    def remove(self, name):
        self._write(b"?", lambda: super(Dying, self).remove(name))
        super().remove(name)

    def _write(self, data, do):
        self._left -= 1
        if self._left != 0:
            return
        self.length = len(data)
        if self._kept:
            do()
        raise PowerCut


class Life:
    """One life of a pillow, with one power cut."""

    def __init__(self, nth, kept):
        self.disk = Dying(nth, kept)
        self._journal = Journal(":memory:")
        self._cable = Cable(Pillow(self.disk), Bridge(self._journal), STEP_MS)
        self._truth = []

    def run(self):
        """Returns what went wrong, as sentences."""
        as_shipped = spool_module.SEGMENT_LINES, spool_module.SEGMENTS
        spool_module.SEGMENT_LINES, spool_module.SEGMENTS = SMALL_SPOOL
        try:
            self._boot()
            for where, count in LIFE:
                self._live(where, count)
            return [*self._settle(), *self._compare()]
        finally:
            spool_module.SEGMENT_LINES, spool_module.SEGMENTS = as_shipped
            self._journal.close()

    def _live(self, where, count):
        if where == "reset":
            self._boot()
        self._cable.plugged = where == "in"
        for _ in range(count):
            self._feel()
            for _ in range(FEEL_MS // STEP_MS):
                self._powered(self._cable.step)

    def _boot(self):
        try:
            self._cable.pillow.boot(self._cable.now_ms)
        except PowerCut:
            self._cable.pillow.boot(self._cable.now_ms)

    def _powered(self, act):
        try:
            act()
        except PowerCut:
            self._boot()

    def _feel(self):
        pillow, now_ms = self._cable.pillow, self._cable.now_ms
        gesture, boot, seq = GESTURES[len(self._truth) % 2], pillow.boots, pillow.reporter.seq + 1
        one = {"boot": boot, "seq": seq, "gesture": gesture, "uptime_ms": now_ms - pillow.booted_ms}
        self._truth.append(one | {"wall_ms": START_WALL_MS + now_ms, "sure": False})
        try:
            pillow.feel(gesture, now_ms)
            self._truth[-1]["sure"] = True
        except PowerCut:
            self._boot()

    def _settle(self):
        self._cable.plugged = True
        self._feel()
        end_ms = self._cable.now_ms + SETTLE_MS
        while self._cable.pillow.spool.oldest() and self._cable.now_ms < end_ms:
            self._powered(self._cable.step)
        reporter = self._cable.pillow.reporter
        if self._journal.mark(PILLOW, reporter.boot) != reporter.seq:
            yield f"stuck: {self._cable.pillow.spool.oldest()} is never acknowledged"

    def _compare(self):
        rows = self._journal.rows_after(0)
        sure = {(one["boot"], one["seq"]) for one in self._truth if one["sure"]}
        damaged = [row for row in rows if row["why"] == "damaged"]
        given_up = {(row["boot"], seq) for row in damaged for seq in range(row["first"], row["seq"] + 1)} & sure
        wrong = [f"it was in flash and is given up: {identity}" for identity in sorted(given_up)]
        return wrong + violations(self._truth, rows, Counter(overflow=1, cut=1), timed=False)


def run(every=1, progress=lambda done: None):
    """Cut within every write, after every `every`th byte of it. Returns (cuts done, violations as sentences)."""
    done, wrong, nth = 0, [], 1
    while True:
        kept, is_over = 0, False
        while not is_over:
            life = Life(nth, kept)
            found = life.run()
            if life.disk.length is None:
                return done, wrong + found
            wrong += [f"write {nth}, {kept} of {life.disk.length} bytes: {sentence}" for sentence in found]
            done += 1
            progress(1)
            is_over = kept >= life.disk.length
            kept = min(kept + every, life.disk.length)
        nth += 1
