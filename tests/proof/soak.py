"""A million reports, pillow and bridge joined: nothing is lost, and nothing grows on either side.

Told in chapters that end alike - everything acknowledged, after the same time together and apart - so that what is held
at the end of one can be compared with what is held at the end of another.
"""

import gc
import os
import tempfile
import tracemalloc
from contextlib import closing, contextmanager
from pathlib import Path

from joined import Bridge, Cable, Pillow
from pillow.disk import Disk

from bridge.journal import Journal
from proof import chip
from proof.powercut import memory

CHAPTER = 5_000  # reports
APART = 1_500  # of them while the cable is out: more than the spool holds
UNDER_WAY = 8  # reports felt and not acknowledged, while the cable is in
KEEP_EVERY = 1_000  # reports; half of what the journal forgets at once
KEPT_BYTES = 500_000  # of journal, instead of a gigabyte: so that it fills soon
STEP_MS = 10
SETTLE_STEPS = 60_000
MOST = {  # bytes on disk
    "journal.db": 2 * KEPT_BYTES,  # what is forgotten makes room in the file and gives none back
    "journal.db-wal": 6_000_000,  # SQLite's own thousand pages, and a commit on top
    "spool": 124_000,  # 1,024 reports of at most 120 bytes, and the gaps
}
OBJECT_BYTES = 30_000  # Python objects may grow by this in two chapters: leaks are of tens of bytes a report
PROCESS_BYTES = 20 * 2**20  # the whole process may grow by this
TRACED = 3  # chapters at the end whose objects are counted, which is slow


class QuietBridge(Bridge):
    """Keeps no list of what it heard."""

    def _listening_in(self, ask):
        return ask


class Home:
    """One pillow, one bridge, one folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.journal = Journal(self.folder / "journal.db")
        self.pillow = Pillow(Disk(f"{folder}/spool"))
        self.cable = Cable(self.pillow, QuietBridge(self.journal), STEP_MS)
        self.most = dict.fromkeys(MOST, 0)
        self.felt = self.told = self.lost = 0
        self._row = 0
        self._last = 0, 0

    def chapter(self):
        """Live through some thousand reports. Returns what is wrong, as sentences."""
        self.pillow.boot(self.cable.now_ms)
        self.cable.bridge.open()
        wrong = [*self._settle()]  # what was acknowledged and still in its flash comes again
        for number in range(CHAPTER):
            if number % KEEP_EVERY == 0:
                wrong += self._keep()
            self._feel(is_together=number < CHAPTER - APART)
        wrong += self._measure()
        wrong += self._settle()
        return [*wrong, *self._keep(), *self._count()]

    def close(self):
        self.journal.close()

    def _feel(self, is_together):
        self.felt += 1
        gesture = "neutral" if self.pillow.reporter.gesture == "hugging" else "hugging"
        self.pillow.feel(gesture, self.cable.now_ms)
        if not is_together:
            self.cable.now_ms += STEP_MS
        while is_together and self._under_way() > UNDER_WAY:
            self.cable.step()

    def _under_way(self):
        oldest = self.pillow.spool.oldest()
        return self.pillow.reporter.seq - oldest[1] + 1 if oldest else 0

    def _settle(self):
        steps = 0
        while self.pillow.spool.oldest() and steps < SETTLE_STEPS:
            self.cable.step()
            steps += 1
        if steps == SETTLE_STEPS:
            yield f"stuck: {self.pillow.spool.oldest()} is never acknowledged"

    def _keep(self):
        """Read on, and have the journal forget what is old."""
        while rows := self.journal.rows_after(self._row):
            for row in rows:
                yield from self._follows(row)
            self._row = rows[-1]["row"]
        yield from self._measure()
        with self.journal.transaction():
            self.journal.trim(0, KEPT_BYTES)

    def _measure(self):
        for name, most in MOST.items():
            self.most[name] = max(self.most[name], _size(self.folder / name))
            if self.most[name] > most:
                yield f"{name} has {self.most[name]} bytes, more than {most}"

    def _follows(self, row):
        expected = (self._last[0], self._last[1] + 1) if row["boot"] == self._last[0] else (self._last[0] + 1, 1)
        if (row["boot"], row["first"]) != expected or row["strength"] != (0 if row["gesture"] == "gap" else 100):
            yield f"{row['boot']}/{row['first']} came where {expected} was due"
        self._last = row["boot"], row["seq"]
        if row["gesture"] == "gap":
            self.lost += row["seq"] - row["first"] + 1
        else:
            self.told += 1

    def _count(self):
        if self.felt != self.told + self.lost:
            yield f"{self.felt} were felt, {self.told} are told and {self.lost} named as lost"


def _size(path):
    if path.is_dir():
        return sum(entry.stat().st_size for entry in path.iterdir())
    return path.stat().st_size if path.exists() else 0


def run(count, progress=None):
    """Live through `count` reports. Returns (reports felt, violations, what was measured as a sentence)."""
    chapters, wrong = max(TRACED, -(-count // CHAPTER)), []
    objects, process = [], []  # bytes at the end of each chapter: of the last ones, of those before
    with tempfile.TemporaryDirectory(dir=memory()) as folder, closing(Home(folder)) as home, _tracing():
        while home.felt < chapters * CHAPTER and not wrong:
            if home.felt == (chapters - TRACED) * CHAPTER:
                tracemalloc.start()
            wrong += home.chapter()
            gc.collect()
            if tracemalloc.is_tracing():
                objects.append(tracemalloc.get_traced_memory()[0])
            else:
                process.append(_process_bytes())
            if progress:
                progress(home.felt)
    wrong += _grown("objects", objects, OBJECT_BYTES) + _grown("process", process, PROCESS_BYTES)
    facts = [f"{name} {most:,}" for name, most in home.most.items()]
    facts += [f"objects {_growth(objects):+,}", f"process {_growth(process):+,}"]
    return home.felt, wrong, f"{home.lost:,} of them named as lost; bytes: {', '.join(facts)}"


@contextmanager
def _tracing():
    """Whoever starts to count objects in here need not stop."""
    try:
        yield
    finally:
        tracemalloc.stop()


def run_on(interpreter, count, progress=None, firmware=chip.FIRMWARE):
    """Have the pillow's stages live through `count` reports on an interpreter. Returns the same as `run`."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        done, wrong, numbers = chip.run(interpreter, "soak_program.py", (firmware, folder, count), progress)
    heap, flash = numbers or (0, 0)
    if flash > MOST["spool"]:
        wrong.append(f"its spool took {flash:,} bytes")
    return done, wrong, f"bytes: heap {heap:+,}, flash at most {flash:,}"


def _growth(held):
    """By how much the most of later chapters is above the first one's."""
    return max(held[1:]) - held[0] if len(held) > 1 else 0


def _grown(name, held, most):
    return [f"{name} grew by {_growth(held):,} bytes: {held}"] if _growth(held) > most else []


def _process_bytes():
    """Return what the process takes of memory now; 0 where nobody says."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
