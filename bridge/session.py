"""One pillow's conversation as a sans-IO state machine: bytes in, events and bytes out; no clock, no port.

Its law: a report is accepted only when it is the next of its boot, acknowledged only when told it is on disk, and a
hole is asked for, never skipped. Times are arguments: `mono_ms` of a clock that never jumps, `wall_ms` Unix time.

    session = Session(recall, session_id)
    for event in session.receive(port.read(), mono_ms, wall_ms): ...   # Said -> commit -> session.committed(...)
    port.write(session.outgoing(mono_ms))
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bridge import report, wire
from bridge.clock import Clock, bounded
from bridge.events import (
    Anchored,
    Beaten,
    Event,
    Granted,
    Greeted,
    Missed,
    Refused,
    Repeated,
    Said,
    Silent,
    Stranger,
)
from bridge.report import Beat, Dated, Gap, Hello, Past, Report
from bridge.strict import Malformed

WIRE = 1  # version of docs/wire.md that is spoken here
SILENT_MS = 2_300  # one beat may be lost; the page shows it within 2.5 s
STRANGER_MS = 5_000  # two hellos: what says none by then is not a pillow
ANSWER_MS = 300  # a pillow answers within tens of ms; after this the line counts as lost
ANSWER_MOST_MS = 2_000  # doubling up to here, so that a pillow that stalls is not flooded
PING_MS = 1_000  # what keeps the conversation and its clock alive
PINGS_FIRST = 3  # clock samples before the first report is dated; the quickest counts
NEED_MS = 300  # a hole is asked for once per flight of reports, not once per report behind it
LATE_MS = 2_500  # as long as it takes to notice silence: what comes later than this is no news for the face
BOOTS = 128  # in mind at once: a full spool names half as many
WISHES = 8  # asked of one pillow at once; more is a flood
NUMBERS = 9_999  # host lines are numbered 1..9999 and round again


@dataclass(slots=True)
class _Boot:
    """Where one boot's reports stand in this conversation."""

    accepted: int  # highest seq taken in
    committed: int  # highest seq on disk
    clock: Clock
    not_before_ms: int
    told_need_ms: int | None = None


@dataclass(frozen=True, slots=True)
class _Wish:
    """Something asked of the pillow, no more after `until_ms`."""

    wish: int
    kind: str
    fields: tuple[int | str, ...]
    until_ms: int


@dataclass(slots=True)
class _Asked:
    """The one host line that is not answered yet."""

    number: int
    kind: str
    at_ms: int
    until_ms: int
    wish: "_Wish | None"


@dataclass(slots=True)
class _Owed:
    """What the host has to say when the line is free; `Session._choose` says in which order."""

    acks: dict[int, int] = field(default_factory=dict)  # boot -> seq
    needs: dict[int, int] = field(default_factory=dict)
    wishes: deque[_Wish] = field(default_factory=deque)


class Session:
    """The conversation over one opened link.

    Args:
        recall: what the journal holds of (pillow, boot); asked once per boot.
        session_id: 16 random hex digits, new for each conversation.
    """

    def __init__(self, recall: Callable[[str, int], Past], session_id: str) -> None:
        self.hello: Hello | None = None
        self._recall = recall
        self._id = session_id
        self._lines = wire.Lines()
        self._boots: dict[int, _Boot] = {}
        self._owed = _Owed()
        self._asked: _Asked | None = None
        self._number = 0
        self._answer_ms = ANSWER_MS
        self._pings_left = PINGS_FIRST
        self._welcomed = False
        self._refused = False
        self._silent = False
        self._doubts = False  # that the last hello is of the boot that is there now
        self._opened_ms: int | None = None
        self._heard_ms = 0
        self._spoke_ms = 0
        self._beaten_seq = 0  # the newest report's seq as the beat before said it

    # -- bytes in -------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, mono_ms: int, wall_ms: int) -> list[Event]:
        """Take bytes from the link and return what they mean, in order. Never raises on what a pillow says."""
        events: list[Event] = []
        for said in self._lines.feed(data):
            if isinstance(said, wire.Line):
                try:
                    events.extend(self._hear(said, mono_ms, wall_ms))
                except Malformed:
                    events.append(wire.Garbled(f"{said.kind} {said.fields}".encode()[: wire.LONGEST_IN]))
            else:
                events.append(said)
        return events

    def _hear(self, line: wire.Line, mono_ms: int, wall_ms: int) -> Iterable[Event]:
        if line.kind == "hello":
            return self._greet(report.hello(line.fields), mono_ms, wall_ms)
        if self.hello is None or self._refused:
            return []  # whose it is must be known first
        self._alive(mono_ms)
        if line.kind == "report":
            return self._take(report.report(self.hello.pillow, line.fields), mono_ms, wall_ms)
        if line.kind == "gap":
            return self._take(report.gap(self.hello.pillow, line.fields), mono_ms, wall_ms)
        if line.kind == "beat":
            return self._beat(report.beat(line.fields))
        if line.kind == "ok":
            return self._answered(*report.answered(line.fields), mono_ms, wall_ms)
        if line.kind == "no":
            return self._denied(*report.refused(line.fields))
        return []

    def _alive(self, mono_ms: int) -> None:
        self._heard_ms = mono_ms
        self._silent = False

    def _greet(self, hello: Hello, mono_ms: int, wall_ms: int) -> Iterable[Event]:
        self._alive(mono_ms)
        if self._asked and (self._asked.kind == "who" or hello.number == 0):
            self._asked = None  # answered; or the pillow was reset and will never answer
        if self.hello is None or (self.hello.pillow, self.hello.boot) != (hello.pillow, hello.boot):
            self._boots.clear()
            self._beaten_seq = 0
        self.hello = hello
        self._doubts = False
        self._owed.acks.clear()
        self._owed.needs.clear()
        self._welcomed = False
        self._pings_left = PINGS_FIRST
        return [self._judge(hello)]

    def _judge(self, hello: Hello) -> Event:
        """Speak with this pillow, or say why not."""
        past = self._recall(hello.pillow, hello.boot)
        sentence = None
        if hello.wire != WIRE:
            sentence = f"pillow {hello.pillow} speaks wire {hello.wire}, this bridge {WIRE}: run `make flash`"
        elif past.nonce not in ("", hello.nonce):
            sentence = (
                f"pillow {hello.pillow} counts boot {hello.boot} a second time (its memory was restored or copied):"
                " erase it and run `make flash`"
            )
        elif not past.has_room:
            sentence = (
                f"this home knows as many pillows as it can, and {hello.pillow} is none of them:"
                " set HUGGABLE_DATA to a new folder"
            )
        self._refused = sentence is not None
        return Refused(sentence) if sentence else Greeted(hello)

    # -- reports --------------------------------------------------------------------------------------------------

    def _take(self, said: Report | Gap, mono_ms: int, wall_ms: int) -> Iterable[Event]:
        if self.hello is None or said.boot > self.hello.boot:
            self._doubts = True  # a pillow tells of boots that were; this one's own hello must have been missed
            return []
        boot = self._boot(said.boot)
        if said.seq <= boot.accepted:
            self._owed.acks[said.boot] = boot.committed
            return [Repeated(said.boot, said.seq)]
        if said.first > boot.accepted + 1:
            self._need(said.boot, boot, mono_ms)
            return [Missed(said.boot, said.first - boot.accepted - 1)]
        dated = self._date(said, boot, wall_ms)
        if dated is None:
            return []  # its clock is not known yet; it will come again
        self._owed.needs.pop(said.boot, None)
        boot.accepted = said.seq
        return [Said(dated)]

    def _boot(self, number: int) -> _Boot:
        if number not in self._boots:
            past = self._recall(self.hello.pillow, number) if self.hello else Past()
            self._boots[number] = _Boot(past.seq, past.seq, Clock(past.anchors), past.not_before_ms)
        boot = self._boots[number] = self._boots.pop(number)  # the one asked for last is forgotten last
        if len(self._boots) > BOOTS:
            self._forget(next(iter(self._boots)))
        return boot

    def _forget(self, number: int) -> None:
        """The journal knows it as well."""
        del self._boots[number]
        self._owed.acks.pop(number, None)
        self._owed.needs.pop(number, None)

    def _need(self, number: int, boot: _Boot, mono_ms: int) -> None:
        if boot.told_need_ms is None or mono_ms - boot.told_need_ms >= NEED_MS:
            boot.told_need_ms = mono_ms
            self._owed.needs[number] = boot.accepted + 1

    def _date(self, said: Report | Gap, boot: _Boot, wall_ms: int) -> Dated | None:
        """Say when it happened; None while this boot's clock is not known."""
        hello = self.hello
        greeted = self._boot(hello.boot).clock.date(hello.uptime_ms) if hello else None
        if hello is None or greeted is None:
            return None
        is_now = said.boot == hello.boot
        booted_ms = greeted[0] - hello.uptime_ms
        when = boot.clock.date(said.uptime_ms) if isinstance(said, Report) else None
        if when is None:
            span = (booted_ms, wall_ms) if is_now else (boot.not_before_ms, booted_ms)
            when = bounded(*span, greeted[1])
        late = not is_now or isinstance(said, Gap) or wall_ms - when[0] > LATE_MS
        return Dated(said, *when, late, wall_ms)

    def committed(self, boot: int, seq: int) -> None:
        """The journal holds everything of `boot` up to `seq` on disk: acknowledge it."""
        state = self._boot(boot)
        state.committed = max(state.committed, seq)
        state.accepted = max(state.accepted, seq)
        self._owed.acks[boot] = state.committed

    def uncommitted(self, boot: int) -> None:
        """Something accepted of `boot` could not be committed: accept it again when it comes again."""
        state = self._boot(boot)
        state.accepted = state.committed
        self._owed.needs.pop(boot, None)

    def _beat(self, beat: Beat) -> Iterable[Event]:
        hello = self.hello
        if hello is None or beat.boot != hello.boot:
            return []
        behind = self._beaten_seq > self._boot(beat.boot).accepted  # a beat may overtake its own newest report
        self._beaten_seq = beat.seq
        return [Beaten(beat, behind)]

    # -- answers --------------------------------------------------------------------------------------------------

    def _answered(self, number: int, boot: int, uptime_ms: int, mono_ms: int, wall_ms: int) -> Iterable[Event]:
        asked = self._close(number)
        if asked is None or self.hello is None:
            return []
        if boot != self.hello.boot:
            self._doubts = True  # what was heard was an earlier boot's hello, delayed: ask again
            return []
        events: list[Event] = []
        clock = self._boot(self.hello.boot).clock
        if clock.sample(uptime_ms, wall_ms, mono_ms - asked.at_ms):
            events.append(Anchored(self.hello, clock.anchors))
        if asked.kind == "ping" and self._pings_left:
            self._pings_left -= 1
        elif asked.kind == "welcome":
            self._welcomed = True
        if asked.wish:
            events.append(Granted(asked.wish.wish, "applied", ""))
        return events

    def _denied(self, number: int, why: str) -> Iterable[Event]:
        asked = self._close(number)
        return [Granted(asked.wish.wish, "refused", why)] if asked and asked.wish else []

    def _close(self, number: int) -> _Asked | None:
        """The host line of this number is answered."""
        asked = self._asked
        if asked is None or asked.number != number:
            return None
        self._asked = None
        self._answer_ms = ANSWER_MS
        return asked

    # -- bytes out ------------------------------------------------------------------------------------------------

    def wish(self, wish: int, kind: str, fields: tuple[int | str, ...], until_ms: int) -> bool:
        """Ask something of the pillow, not after `until_ms` (mono); a `Granted` says how it ended.

        Returns:
            False when too many wait already.
        """
        if len(self._owed.wishes) >= WISHES:
            return False
        self._owed.wishes.append(_Wish(wish, kind, fields, until_ms))
        return True

    def tick(self, mono_ms: int) -> list[Event]:
        """Let time pass: at least ten times a second, whether or not anything is heard."""
        if self._opened_ms is None:
            self._opened_ms = self._heard_ms = mono_ms
        if self.hello is None:
            return [Stranger()] if mono_ms - self._opened_ms >= STRANGER_MS else []
        if not self._silent and mono_ms - self._heard_ms >= SILENT_MS:
            self._silent = True
            return [Silent()]
        return []

    def outgoing(self, mono_ms: int) -> bytes:
        """Return the next host line to write, or nothing while the last one may still be answered."""
        if self._asked and mono_ms < self._asked.until_ms:
            return b""
        if self._asked:
            self._lost(self._asked)
        chosen = None if self._refused else self._choose(mono_ms)
        if chosen is None:
            return b""
        kind, fields, wish = chosen
        self._number = self._number % NUMBERS + 1
        self._spoke_ms = mono_ms
        self._asked = _Asked(self._number, kind, mono_ms, mono_ms + self._answer_ms, wish)
        return wire.encode(kind, self._number, *fields)

    def _lost(self, asked: _Asked) -> None:
        """No answer came in time: be slower with the next line; what matters is owed again."""
        self._answer_ms = min(2 * self._answer_ms, ANSWER_MOST_MS)
        self._asked = None
        if asked.wish:
            self._owed.wishes.appendleft(asked.wish)

    def _choose(self, mono_ms: int) -> tuple[str, tuple[int | str, ...], _Wish | None] | None:
        owed = self._owed
        if self.hello is None or self._silent or self._doubts:
            return "who", (), None
        if self._pings_left:
            return "ping", (), None
        if not self._welcomed:
            return "welcome", (self._id,), None
        for kind, numbers in (("need", owed.needs), ("ack", owed.acks)):
            if numbers:
                boot = min(numbers)
                return kind, (boot, numbers.pop(boot)), None
        while owed.wishes:
            wish = owed.wishes.popleft()
            if mono_ms < wish.until_ms:
                return wish.kind, wish.fields, wish
        return ("ping", (), None) if mono_ms - self._spoke_ms >= PING_MS else None
