"""I/O errors: the real writer over a disk whose Nth step fails, for N = 1, 2, 3... until a run has fewer steps.

Whatever fails: the writer lives on, nothing acknowledged is lost, nothing is doubled, and once the disk is well again
everything goes on. After a failed sync the data counts as gone: some systems forget what they could not write.
"""

import random
import sqlite3
import tempfile
from concurrent.futures import TimeoutError
from contextlib import closing
from pathlib import Path

from bridge import writer as writer_module
from bridge.journal import Journal
from bridge.writer import Writer
from proof import files, powercut
from proof.files import FULL, NOMEM, OK, watched
from proof.medium import Medium, Recorder

REPORTS = 18  # of one run, in six commits
JOB_REPORTS = 3
PAGES = 12  # in the write-ahead log before a checkpoint
AGAIN_S = 0.001  # the writer's pause after a failure, so that thousands of runs take seconds
STUCK_S = 10.0
TRIES = 300  # of opening or of one commit; a lasting fault is over by then
LASTS = (1, 25)  # steps that fail: one; or as many as a disk that is full for a while
QUICK = 9  # the quick column tries every ninth step
CUTS = 3  # looked at after a fault: what the disk holds for certain when something is acknowledged
ERRORS = {
    "open": files.CANTOPEN,
    "read": files.IOERR_READ,
    "write": files.IOERR_WRITE,
    "truncate": files.IOERR_TRUNCATE,
    "sync": files.IOERR_FSYNC,
    "size": files.IOERR_FSTAT,
    "lock": files.IOERR_LOCK,
    "map": files.IOERR_SHMMAP,
    "delete": files.IOERR_DELETE,
}
KINDS = {
    "error": tuple(ERRORS),
    "full": ("write", "truncate"),
    "short": ("write",),
    "sync": ("sync",),
    "memory": ("open", "map", "write", "read"),
}


class Shaky(Recorder):
    """Steps `first`..`first + lasts - 1` of a kind, counted from 1, fail; what happened is recorded."""

    def __init__(self, kind, first, lasts):
        super().__init__()
        self.count = 0
        self.failed_at = None  # in the recording
        self._kind = kind
        self._failing = range(first, first + lasts)

    def _error(self, verb):
        return {"full": FULL, "short": FULL, "memory": NOMEM}.get(self._kind, ERRORS[verb])

    def _asked(self, verb):
        return self._error(verb) if self._fails(verb) else OK

    def _fails(self, verb):
        if verb not in KINDS[self._kind]:
            return False
        self.count += 1
        if self.count not in self._failing:
            return False
        self.failed_at = self.failed_at or len(self.steps)
        return True

    def open(self, name):
        return self._asked("open")

    def read(self, name):
        return self._asked("read")

    def write(self, name, offset, data):
        if not self._fails("write"):
            return super().write(name, offset, data)
        half = data[: len(data) // 2] if self._kind == "short" else b""
        super().write(name, offset, half)
        return self._error("write"), len(half)

    def truncate(self, name, size):
        return self._asked("truncate") or super().truncate(name, size)

    def sync(self, name):
        if self._fails("sync"):
            self.steps.append(("sync failed", name))
            return self._error("sync")
        return super().sync(name)

    def size(self, name):
        return self._asked("size")

    def lock(self, name):
        return self._asked("lock")

    def map(self, name):
        return self._asked("map")

    def delete(self, name):
        return self._asked("delete") or super().delete(name)


def run(every=1, progress=None):
    """Let every `every`th step of each kind fail, once and lastingly. Returns (runs, violations as sentences)."""
    done, wrong = 0, []
    again_s, writer_module.AGAIN_S = writer_module.AGAIN_S, AGAIN_S
    try:
        for kind in KINDS:
            for lasts in LASTS:
                first, more = 1, True
                while more and not wrong:
                    more, found = one(kind, first, lasts)
                    wrong += [f"I/O {kind}, step {first}, {lasts} long: {sentence}" for sentence in found]
                    first += every
                    done += 1
                    if progress:
                        progress(done)
    finally:
        writer_module.AGAIN_S = again_s
    return done, wrong


def one(kind, first, lasts):
    """One run over a disk of its own. Returns whether a step failed, and what is wrong."""
    shaky = Shaky(kind, first, lasts)
    with tempfile.TemporaryDirectory(dir=powercut.memory()) as folder:
        home = Path(folder) / "home"
        home.mkdir()
        with watched(home, shaky):
            try:
                lines = live(home / "journal.db", shaky)
            except Stuck as stuck:
                return True, [str(stuck)]
        kept = {path.name: path.read_bytes() for path in home.iterdir() if not path.name.endswith("-shm")}
        wrong = [undone(home / "journal.db", lines)]
        wrong += [powercut.check(Path(folder) / "end", kept, REPORTS, random.Random(first))[1]]
        if shaky.failed_at is not None:
            wrong += certain(Path(folder), shaky)
    return shaky.failed_at is not None, [sentence for sentence in wrong if sentence]


class Stuck(Exception):
    """It does not go on, though the disk is well again."""


def live(path, shaky):
    """Have everything committed, as pillow and bridge do: what could not be is said again.

    Returns what was insisted on. Raises Stuck.
    """
    writer = opened(path)
    writer.insist(lambda journal: journal._db.execute(f"PRAGMA wal_autocheckpoint={PAGES}").close())
    held, lines = 0, set()
    for number in range(TRIES):
        lines.add(f"line {number}")
        writer.insist(lambda journal, text=f"line {number}": journal.say("usb", text, 1))
        future = writer.submit(append(held))
        future.add_done_callback(lambda done: note(done, shaky))
        held = max(held, outcome(future))
        if held >= REPORTS:
            break
    else:
        raise Stuck(f"nothing is committed after {held} reports")
    writer.stop()
    return lines


def undone(path, lines):
    """Return what is wrong with what was insisted on, or None."""
    with closing(Journal(path)) as journal:
        done = [row["text"] for row in journal.console_tail(TRIES)]
    return None if sorted(done) == sorted(lines) else f"insisted on {sorted(lines)}, got {done}"


def opened(path):
    """Open the journal, as often as somebody starts the program again."""
    for _ in range(TRIES):
        try:
            return Writer(path)
        except (sqlite3.Error, MemoryError):
            continue
    raise Stuck("the journal cannot be opened")


def append(first):
    reports = [powercut.report(number) for number in range(first, first + JOB_REPORTS)]
    return lambda journal: journal.append(reports)


def note(future, shaky):
    """Called in the writer's thread, the moment that somebody may acknowledge."""
    if future.exception() is None:
        shaky.acknowledged(max(future.result().values()))


def outcome(future):
    """Return how many reports are committed, 0 when it failed. Raises Stuck when nothing is heard of it."""
    try:
        return max(future.result(STUCK_S).values())
    except (sqlite3.Error, MemoryError):
        return 0
    except TimeoutError:
        raise Stuck("the writer does not answer any more") from None


def certain(folder, shaky):
    """What the disk holds for certain whenever something is acknowledged after a fault. Yields what is wrong."""
    medium, cuts = Medium(), 0
    for at, step in enumerate(shaky.steps):
        if step[0] != "acknowledged":
            medium.play(step)
        elif at >= shaky.failed_at and cuts < CUTS:
            cuts += 1
            yield powercut.check(folder / f"cut {cuts}", medium.image(), step[2], random.Random(at))[1]
