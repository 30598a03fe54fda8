"""Makes recordings: asks pillows for their samples, writes them down, and keeps the journal's table of takes.

Its law: one recording of a pillow at a time; one that went wrong leaves its reason and no file.
"""

import contextlib
import itertools
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from bridge import takes
from bridge.events import Granted, Sampled
from bridge.journal import Journal, Row
from bridge.link import Asked, mono_ms
from bridge.recording import Recording
from bridge.takes import RATE_HZ, TakeFile
from bridge.wishes import APPLIED, REFUSED, End
from bridge.writer import Writer

SOURCES = ("recorded", "taught")
LEAST_S = 1  # of a recording that is stopped: less shows nothing
FRESH_MS = 3_000  # an older wish that nobody minds is one of a bridge before this one
TOLD_MS = 500  # how often the journal is told how many samples there are
SWEEP_MS = 60_000  # how long a file stays that no recording owns any more, because it was forgotten or cut
TAKE_S = 2.0  # a `take` line that was not said by then is over
JUST_NOW_MS = 12_000  # what was told so long ago may be what was wrong
DONE = "done"  # the outcome of a good one

NOT_HERE = "the pillow is not connected: plug it in, then try again"
BUSY = "it is being recorded already: stop that first"
STOPPED = "it was stopped too soon: record it again"
CUT = "the bridge was stopped in the middle: record it again"
DISK = "the recording cannot be written ({}): free some space on its disk"


class Way(Protocol):
    """A link to a pillow; see `Link`."""

    def ask(self, asked: Asked) -> None:
        """Ask something of the pillow."""


@dataclass(slots=True)
class _Take:
    """A recording and what it is written to."""

    pillow: str
    recording: Recording
    file: TakeFile
    path: Path
    number: int = 0  # in the journal; set by the writer's thread
    told_ms: int = 0
    asks: set[int] = field(default_factory=set)


class Recorder:
    """All methods are for the bridge's own thread.

    Args:
        link_of: the link on which a pillow is heard, or None.
        writer: the journal's one writer.
        data: the data folder.
    """

    def __init__(self, link_of: Callable[[str], Way | None], writer: Writer, data: Path) -> None:
        self._link_of = link_of
        self._writer = writer
        self._data = data
        self._takes: dict[str, _Take] = {}  # of each pillow, while it is recorded
        self._whose: dict[int, _Take] = {}  # by wish
        self._sweep_ms = 0
        self._asks = itertools.count(-1, -2)  # numbers of `take` lines, which are in no journal
        writer.insist(_cut)

    # -- wishes ---------------------------------------------------------------------------------------------------

    def record(self, wish: Row) -> End | None:
        """Record from now on, or stop. Raises ValueError."""
        if wish["body"].get("stop"):
            return self._stop(wish["pillow"])
        body = read(wish["body"])
        most = round(body["seconds"] * RATE_HZ)
        return self._go_on(wish, "live", most, lambda path: self._add(wish["pillow"], path, body))

    def keep_last(self, wish: Row) -> End | None:
        """Keep the last ten seconds, of which the pillow told something wrong."""

        def add(path: Path) -> Callable[[Journal], int]:
            at_ms = int(wish["made_ms"])
            return self._add(wish["pillow"], path, {"label": "", "source": "wrong"}, at_ms)

        return self._go_on(wish, "last", 0, add)

    def _go_on(self, wish: Row, what: str, most: int, add: Callable[[Path], Callable[[Journal], int]]) -> End | None:
        number, pillow = wish["wish"], wish["pillow"]
        if number not in self._whose:
            if time.time_ns() // 1_000_000 - wish["made_ms"] > FRESH_MS:
                return REFUSED, CUT
            if pillow in self._takes:
                return REFUSED, BUSY
            if self._link_of(pillow) is None:
                return REFUSED, NOT_HERE
            try:
                self._whose[number] = self._begin(pillow, what, most, add)
            except OSError as error:
                return REFUSED, DISK.format(error.strerror)
        take = self._whose[number]
        if not take.recording.is_over:
            return None
        del self._whose[number]
        return (REFUSED, take.recording.why) if take.recording.why else (APPLIED, "")

    def _begin(self, pillow: str, what: str, most: int, add: Callable[[Path], Callable[[Journal], int]]) -> _Take:
        place = takes.folder(self._data)
        if why := takes.why_full(place):
            raise ValueError(why)
        path = place / f"{time.time_ns() // 1_000_000}-{pillow[:4]}.csv"
        take = self._takes[pillow] = _Take(pillow, Recording(what, most, mono_ms()), TakeFile(path), path)
        begin = add(path)

        def begun(journal: Journal) -> None:
            take.number = begin(journal)

        self._writer.insist(begun)
        return take

    def _add(self, pillow: str, path: Path, body: Row, wrong_ms: int = 0) -> Callable[[Journal], int]:
        def add(journal: Journal) -> int:
            for known in journal.takes(pillow):
                if known["outcome"] not in ("", DONE):
                    journal.forget_take(known["take"])  # it was seen by whoever records again
                    path.with_name(known["file"]).unlink(missing_ok=True)
            at_ms = time.time_ns() // 1_000_000
            number = journal.add_take(pillow, body["label"], path.name, body["source"], at_ms)
            if wrong_ms:
                journal.note_take(number, told=_told(journal, pillow, wrong_ms))
            return number

        return add

    def _stop(self, pillow: str) -> End:
        take = self._takes.get(pillow)
        if take:
            take.recording.stop(LEAST_S * RATE_HZ, STOPPED)
            self._look(take)
        return APPLIED, ""

    # -- what comes -----------------------------------------------------------------------------------------------

    def hear(self, event: Sampled | Granted) -> None:
        """Take what a pillow said."""
        now_ms = mono_ms()
        if isinstance(event, Granted):
            for take in self._takes.values():
                if event.wish in take.asks and event.outcome == REFUSED:
                    take.recording.refused(event.why)
        elif event.pillow in self._takes:
            take = self._takes[event.pillow]
            try:
                take.file.add(take.recording.feel(event.first, takes.samples_of(event.data), now_ms))
            except OSError as error:
                take.recording.fail(DISK.format(error.strerror))

    def step(self) -> None:
        """Ask for what is missing, notice what is over."""
        for take in list(self._takes.values()):
            self._look(take)
        if mono_ms() >= self._sweep_ms:
            self._sweep_ms = mono_ms() + SWEEP_MS
            with contextlib.suppress(queue.Full):
                self._writer.submit(partial(_sweep, self._data))

    def _look(self, take: _Take) -> None:
        now_ms = mono_ms()
        take.recording.tick(now_ms)
        if take.recording.is_over:
            self._end(take)
        elif asked := take.recording.ask(now_ms):
            self._say(take, *asked)
        if now_ms - take.told_ms >= TOLD_MS:
            take.told_ms = now_ms
            self._note(take, samples=take.recording.count)

    def _say(self, take: _Take, what: str, first: int) -> None:
        if link := self._link_of(take.pillow):
            number = next(self._asks)
            take.asks.add(number)
            link.ask(Asked(number, "take", (what, first), TAKE_S))

    def _end(self, take: _Take) -> None:
        self._takes.pop(take.pillow, None)
        self._say(take, "off", 0)
        with contextlib.suppress(OSError):
            take.file.close()
        why = take.recording.why
        if why:
            take.path.unlink(missing_ok=True)
        end: dict[str, str | int] = {"samples": take.recording.count, "outcome": why or DONE}
        is_gone = why == STOPPED  # whoever stopped it knows
        with contextlib.suppress(queue.Full):  # the next start of the bridge says that it was cut
            self._writer.insist(
                lambda journal: journal.forget_take(take.number) if is_gone else journal.note_take(take.number, **end)
            )

    def _note(self, take: _Take, **facts: str | int) -> None:
        with contextlib.suppress(queue.Full):
            self._writer.submit(lambda journal: journal.note_take(take.number, **facts))

    def close(self) -> None:
        """Nothing more is recorded."""
        for take in list(self._takes.values()):
            take.recording.fail(CUT)
            self._look(take)


def read(body: Row) -> Row:
    """Return what is to be recorded. Raises ValueError."""
    label, seconds, source = body.get("label"), body.get("seconds"), body.get("source", SOURCES[0])
    if label not in takes.LABELS:
        raise ValueError(f"there is no {label!r}: use {', '.join(takes.LABELS)}")
    if not isinstance(seconds, int | float) or not LEAST_S <= seconds <= takes.LONGEST_S:
        raise ValueError(f"a recording takes {LEAST_S} to {takes.LONGEST_S} seconds, not {seconds!r}")
    if source not in SOURCES:
        raise ValueError(f"a recording is {' or '.join(SOURCES)}, not {source!r}")
    return {"label": label, "seconds": seconds, "source": source}


def _cut(journal: Journal) -> None:
    for take in journal.takes():
        if take["outcome"] == "":
            journal.note_take(take["take"], outcome=CUT)


def _sweep(data: Path, journal: Journal) -> None:
    known = {take["file"] for take in journal.takes() if take["outcome"] in ("", DONE)}
    for path in takes.folder(data).glob("*.csv"):
        with contextlib.suppress(OSError):
            if path.name not in known and time.time() - path.stat().st_mtime > SWEEP_MS / 1000:
                path.unlink()  # an older one: the row of a new one may just not be there yet


def _told(journal: Journal, pillow: str, at_ms: int) -> str:
    """Return the newest gesture that a pillow told just before."""
    rows = journal.rows_between(at_ms - JUST_NOW_MS, at_ms + JUST_NOW_MS)
    told = [row["gesture"] for row in rows if row["pillow"] == pillow and row["gesture"] in takes.GESTURES]
    return told[-1] if told else "neutral"
