"""What is to leave this home: reports from a row on, wishes as they stand, and how everything is now.

Its law: pure reading. Reports go in the order of their rows, how everything is goes last, and what cannot be said is
put aside and named, so that it holds up nothing that comes after it.
"""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from bridge.cloudevents import LOST, NAME, SENTENCE, Ask, Forget, State, Wished
from bridge.journal import Journal, Row, entry
from bridge.packing import encode, pack
from bridge.report import Dated, Gap
from bridge.strict import U53, Malformed, fitting, integer

CURSOR = "cloud"
AWAY = "away"  # the outbox's topic
READ_ROWS = 2_000  # read at once when there is a lot: some fourteen full messages
TRY_ROWS = 20  # read while nothing goes, to see whether anything does: a day of that costs no computer anything
POSTS = 100  # of the outbox at once: more than people ask for in a minute
RESERVE_MS = 600_000  # stamps are set aside in the journal for so long ahead, and only then used
BEAT_MS = 60_000  # how it is here is said at least so often; away, three missing ones mean that nobody is here
LATE_MS = 10_000  # what leaves home so long after it was heard is no news any more

Face = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One event as text; `row` of a report, `pillow` and `face` of how one is now."""

    text: str
    row: int = 0
    pillow: str = ""
    face: Face = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message. Once it is in the queue, everything up to `row` and `post` is done. Empty: it is done already."""

    text: str
    events: tuple[Event, ...]
    row: int
    post: int

    def apart(self) -> list["Parcel"]:
        """Return its events in parcels of their own; only the last says that all is done."""
        alone = [Parcel(f"[{event.text}]", (event,), event.row, 0) for event in self.events]
        return [*alone[:-1], replace(alone[-1], row=self.row, post=self.post)]


@dataclass(frozen=True, slots=True)
class Grave:
    """Something that can never be sent, from which place of reports or posts, and why."""

    what: str
    place: int
    why: str
    content: str


class Outgoing:
    """Knows what has left and what is next.

    Args:
        journal: read from.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        row = journal.cursor(CURSOR)
        self._row = row if row <= journal.newest_row() else 0  # an older journal was put back: all of it, once more
        self._post = 0
        self._stamp = max((pillow["stamp"] for pillow in journal.pillows()), default=0)  # no earlier start used more
        self.lacks_stamps = False  # until what `record` gives is written down, some states cannot be said
        self._faces: dict[str, tuple[Face, int]] = {}  # what was said of each pillow, and when
        self._graves: dict[tuple[str, int], Grave] = {}

    def parcels(self, mono_ms: int, wall_ms: int, most: int = READ_ROWS) -> list[Parcel]:
        """Return the next messages, in order; none when nothing waits.

        Args:
            mono_ms: now, by a clock that never jumps.
            wall_ms: now, Unix time.
            most: about how many reports.
        """
        rows = self._rows(most)
        row, post = rows[-1]["row"] if rows else self._row, self._post
        events = list(self._reports(rows, wall_ms))
        if len(rows) < most:
            posts = [one for one in self._journal.outbox(AWAY, POSTS) if one["row"] > post]
            post = posts[-1]["row"] if posts else post
            events += [*self._posts(posts), *self._states(mono_ms, wall_ms)]
        if events:
            return _parcels(events, row, post)
        return [Parcel("", (), row, post)] if (row, post) != (self._row, self._post) else []

    def sent(self, parcel: Parcel, mono_ms: int) -> None:
        """A message is in the queue."""
        self._row, self._post = max(self._row, parcel.row), max(self._post, parcel.post)
        for event in parcel.events:
            if event.pillow:
                self._faces[event.pillow] = (event.face, mono_ms)

    def wait_ms(self, mono_ms: int) -> int:
        """Return in how many ms something is to be said even if nothing happens."""
        if self.lacks_stamps:  # what is due comes after them
            return BEAT_MS
        return min((at_ms + BEAT_MS for _, at_ms in self._faces.values()), default=mono_ms + BEAT_MS) - mono_ms

    def record(self, wall_ms: int) -> Callable[[Journal], None]:
        """Return what writes down how far it is."""
        row, post, stamp = self._row, self._post, max(self._stamp, wall_ms) + RESERVE_MS
        self.lacks_stamps = False

        def change(journal: Journal) -> None:
            journal.move_cursor(CURSOR, row, wall_ms)
            journal.posted(AWAY, post)
            for pillow in journal.pillows():
                journal.note(pillow["pillow"], stamp=max(stamp, pillow["stamp"]))

        return change

    def graves(self) -> list[Grave]:
        """Return what was put aside, is passed, and is not buried yet."""
        passed = {"report": self._row, "post": self._post}
        return [grave for grave in self._graves.values() if grave.place <= passed[grave.what]]

    def buried(self, grave: Grave) -> None:
        """It is in the journal's table of the dead, or will be."""
        del self._graves[grave.what, grave.place]

    # -- one kind after another -----------------------------------------------------------------------------------

    def _rows(self, most: int) -> list[Row]:
        rows: list[Row] = []
        after = self._row
        while len(rows) < most and (page := self._journal.rows_after(after, most - len(rows))):
            rows += page
            after = page[-1]["row"]
        return rows

    def _reports(self, rows: Iterable[Row], wall_ms: int) -> Iterator[Event]:
        for row in rows:
            dated = entry(row)
            if wall_ms - row["heard_ms"] > LATE_MS:
                dated = replace(dated, late=True)
            try:
                yield Event(encode(dated), row["row"])
            except Malformed as error:
                self._put_aside("report", row, str(error))
                with contextlib.suppress(Malformed):  # then away it is a hole, which is seen there as well
                    yield Event(encode(_missing(dated, wall_ms)), row["row"])

    def _posts(self, posts: Iterable[Row]) -> Iterator[Event]:
        for row in posts:
            try:
                if said := self._posted(row["kind"], row["body"]):
                    yield Event(encode(said))
            except Malformed as error:
                self._put_aside("post", row, str(error))

    def _posted(self, kind: str, body: Row) -> Wished | Forget | None:
        """Return what a post says now; None of a wish that is gone. Raises Malformed."""
        try:
            if kind == "wish":
                wish = self._journal.wish(integer(body["wish"], 1, U53))
                return _wished(wish) if wish else None
            if kind == "forget":
                return Forget(**body)
        except (KeyError, TypeError) as error:
            raise Malformed(f"a posted {kind} says too little: {error}") from None
        raise Malformed(f"expected a posted wish or forget, got {kind:.20}")

    def _states(self, mono_ms: int, wall_ms: int) -> Iterator[Event]:
        """Say how each pillow is, when that is new or has not been said for a minute."""
        stamp = max(self._stamp + 1, wall_ms)
        quiet = self._journal.each_setting("quiet")
        for pillow in self._journal.pillows():
            state = _state(pillow, stamp, quiet.get(pillow["pillow"]))
            face = _face(state)
            before, at_ms = self._faces.get(state.pillow, ((), 0))
            if before == face and mono_ms - at_ms < BEAT_MS:
                continue
            if stamp > pillow["stamp"]:  # a clock that was set back and a crash must not make the next one smaller
                self.lacks_stamps = True
                continue
            self._stamp = stamp
            with contextlib.suppress(Malformed):  # the journal has it from strict readers: only a hand could do that
                yield Event(encode(state), pillow=state.pillow, face=face)

    def _put_aside(self, what: str, row: Row, why: str) -> None:
        self._graves[what, row["row"]] = Grave(what, row["row"], why, json.dumps(row, default=repr))


def _parcels(events: list[Event], row: int, post: int) -> list[Parcel]:
    """Put events into messages. Only the last says that everything up to `row` and `post` is done."""
    made, rest = [], iter(events)
    for text, count in pack(event.text for event in events):
        inside = tuple(next(rest) for _ in range(count))
        made.append(Parcel(text, inside, max(event.row for event in inside), 0))
    return [*made[:-1], replace(made[-1], row=row, post=post)]


def _missing(dated: Dated, wall_ms: int) -> Dated:
    """Return a gap that stands for something that cannot be said, not even when it was."""
    said = dated.said
    return Dated(Gap(said.pillow, said.boot, said.first, said.seq, LOST, 0), wall_ms, 0, True, wall_ms)


def _state(pillow: Row, stamp: int, quiet: dict[str, int] | None) -> State:
    return State(
        pillow["pillow"],
        fitting(pillow["name"], NAME),
        pillow["gesture"],
        pillow["since_ms"],
        fitting(pillow["link"], 20),
        bool(pillow["late"]),
        fitting(pillow["version"], 20),
        pillow["last_seen_ms"],
        stamp,
        quiet,
    )


def _wished(wish: Row) -> Wished:
    what = {name: wish[name] for name in ("uid", "pillow", "kind", "body", "made_ms", "expires_ms")}
    ask = Ask(**what, who=fitting(wish["who"], NAME))
    return Wished(ask, wish["outcome"], fitting(wish["why"], SENTENCE), wish["ended_ms"])


def _face(state: State) -> Face:
    """Return what of a state is worth a message of its own."""
    return (state.name, state.gesture, state.since_ms, state.link, state.late, state.version, state.quiet)
