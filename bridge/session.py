"""One pillow's conversation as a sans-IO state machine: bytes in, events and bytes out; no clock, no port.

Its law: a report is accepted only when it is the next of its boot, acknowledged only when told it is on disk, and a
hole is asked for, never skipped. Times are arguments: `mono_ms` of a clock that never jumps, `wall_ms` Unix time.

    session = Session(recall, session_id)
    for event in session.receive(port.read(), mono_ms, wall_ms): ...   # Said -> commit -> session.committed(...)
    port.write(session.outgoing(mono_ms))
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bridge import report, wire
from bridge.clock import Clock, bounded
from bridge.events import (
    Anchored,
    Beaten,
    Event,
    Granted,
    Greeted,
    Missed,
    Proved,
    Refused,
    Repeated,
    Said,
    Sampled,
    Seen,
    Silent,
    Slept,
    Stranger,
)
from bridge.owed import WISHES, Asked, Owed, Wish
from bridge.pieces import pieces
from bridge.proof import Proving, Trust
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
WAIT_MS = 500  # what takes the pillow time is asked again so often; a scan takes three seconds
WAIT, AGAIN = "wait", "again"  # a `no` that is none
NUMBERS = 9_999  # host lines are numbered 1..9999 and round again


@dataclass(slots=True)
class _Boot:
    """Where one boot's reports stand in this conversation."""

    accepted: int  # highest seq taken in
    committed: int  # highest seq on disk
    clock: Clock
    not_before_ms: int
    told_need_ms: int | None = None


class Session:
    """The conversation over one opened link.

    Args:
        recall: what the journal holds of (pillow, boot); asked once per boot.
        session_id: 16 random hex digits, new for each conversation.
        trust: whom to believe; without it, every pillow on a cable that has no key.
    """

    def __init__(self, recall: Callable[[str, int], Past], session_id: str, trust: Trust | None = None) -> None:
        self.hello: Hello | None = None  # of the pillow that is there, as soon as it is believed
        self._recall = recall
        self._id = session_id
        self._trust = trust or Trust()
        self._claim: Hello | None = None  # as it says
        self._proving: Proving | None = None  # its claim's
        self._greeted: tuple[str, int] | None = None  # the pillow and boot that the rest is about
        self._lines = wire.Lines()
        self._boots: dict[int, _Boot] = {}
        self._owed = Owed()
        self._asked: Asked | None = None
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
        self._not_before_ms = 0  # nothing is said
        self._beaten_seq = 0  # the newest report's seq as the beat before said it

    @property
    def claim(self) -> Hello | None:
        """The hello of whoever is there, believed or not; None before it."""
        return self._claim

    @property
    def key(self) -> bytes | None:
        """The key that whoever is there has proved; None before that, and of one that needs none."""
        return self._proving.key if self._proving else None

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
            return self._claimed(report.hello(line.fields), mono_ms)
        if self._proving and self.hello is None and line.kind == "proof":
            return self._proof(*report.proof(line.fields), mono_ms)
        if self.hello is None or self._refused:
            return []  # whose it is must be known first
        self._alive(mono_ms)
        match line.kind:
            case "report":
                return self._take(report.report(self.hello.pillow, line.fields), mono_ms, wall_ms)
            case "gap":
                return self._take(report.gap(self.hello.pillow, line.fields), mono_ms, wall_ms)
            case "beat":
                return self._beat(report.beat(line.fields))
            case "ok":
                return self._answered(*report.answered(line.fields), mono_ms, wall_ms)
            case "no":
                return self._denied(*report.refused(line.fields), mono_ms)
            case "samples":
                return [Sampled(self.hello.pillow, *report.samples(line.fields))]
            case "seen":
                return [Seen(*report.seen(line.fields))]
            case "asleep":
                return self._slept(*report.asleep(line.fields), mono_ms)
        return []

    def _alive(self, mono_ms: int) -> None:
        self._heard_ms = mono_ms
        self._silent = False

    # -- who is there ---------------------------------------------------------------------------------------------

    def _claimed(self, hello: Hello, mono_ms: int) -> Iterable[Event]:
        """Somebody says who it is: believe it, have it proved, or say why not."""
        self._alive(mono_ms)
        if self._asked and (self._asked.kind in ("who", "prove") or hello.number == 0):
            self._drop(self._asked)  # answered; or about another challenge; or a reset pillow's, which never answers
        self._claim, self.hello, self._proving = hello, None, None
        self._doubts = False
        sentence = self._trust.objection(hello)
        self._refused = bool(sentence)
        if sentence:
            return [Refused(sentence)]
        if not hello.key:
            return [self._greet(hello)]
        self._proving = Proving(self._trust, hello.pillow, self._id)
        return []

    def _proof(self, number: int, nonce: bytes, mac: bytes, mono_ms: int) -> Iterable[Event]:
        if self._close(number) is None or self._claim is None or self._proving is None:
            return []
        self._alive(mono_ms)
        claim, proving = self._claim, self._proving
        if proving.believes(nonce, mac) and proving.key:
            return [Proved(claim.pillow, proving.key), self._greet(claim)]
        self._refused = True
        return [Refused(f"what says it is pillow {claim.pillow} cannot prove it: plug it in and press adopt")]

    def _greet(self, hello: Hello) -> Event:
        if self._greeted != (hello.pillow, hello.boot):
            self._boots.clear()
            self._beaten_seq = 0
        self._greeted = hello.pillow, hello.boot
        self.hello = hello
        self._remember(hello.pillow)
        self._owed.greeted()
        self._welcomed = False
        self._pings_left = PINGS_FIRST
        return self._judge(hello)

    def _remember(self, pillow: str) -> None:
        """What went over another link meanwhile, or was committed before the pillow was believed, is in the journal."""
        for number, boot in self._boots.items():
            boot.committed = max(boot.committed, self._recall(pillow, number).seq)
            boot.accepted = max(boot.accepted, boot.committed)

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
            self._drop(asked)
            return []
        events: list[Event] = []
        clock = self._boot(self.hello.boot).clock
        if clock.sample(uptime_ms, wall_ms, mono_ms - asked.at_ms):
            events.append(Anchored(self.hello, clock.anchors))
        if asked.kind == "ping" and self._pings_left:
            self._pings_left -= 1
        elif asked.kind == "welcome":
            self._welcomed = True
        return events + self._went_on(asked.wish)

    def _went_on(self, wish: Wish | None) -> list[Event]:
        """A line of a wish was done."""
        if wish is None:
            return []
        wish.at += 1
        if wish.at == len(wish.lines):
            return [Granted(wish.wish, "applied", "")]
        self._owed.wishes.appendleft(wish)
        return []

    def _denied(self, number: int, why: str, mono_ms: int) -> Iterable[Event]:
        asked = self._close(number)
        if asked and asked.kind == "welcome":  # it forgot the challenge
            self._doubts = True
            self._not_before_ms = mono_ms + WAIT_MS
        if asked is None or asked.wish is None:
            return []
        wish = asked.wish
        if why not in (WAIT, AGAIN):
            return [Granted(wish.wish, "refused", why)]
        wish.at = wish.at if why == WAIT else 0
        wish.not_before_ms = mono_ms + WAIT_MS
        self._owed.wishes.appendleft(wish)
        return []

    def _slept(self, boot: int, seconds: int, mono_ms: int) -> Iterable[Event]:
        if self.hello is None or boot != self.hello.boot:
            return []
        self._spoke_ms = mono_ms - PING_MS  # it waits for a line
        return [Slept(seconds)]

    def _close(self, number: int) -> Asked | None:
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

        A `put` has the fields name and blob (in hex), whose pieces become as many lines.

        Returns:
            False when too many wait already.

        Raises:
            ValueError: a blob that is empty or too large.
        """
        if len(self._owed.wishes) >= WISHES:
            return False
        lines = pieces(str(fields[0]), bytes.fromhex(str(fields[1]))) if kind == "put" else ((kind, fields),)
        self._owed.wishes.append(Wish(wish, lines, until_ms))
        return True

    def doubt(self) -> None:
        """What is known of the pillow's key has changed: ask again who is there."""
        self._doubts = True

    def tick(self, mono_ms: int) -> list[Event]:
        """Let time pass: at least ten times a second, whether or not anything is heard."""
        if self._opened_ms is None:
            self._opened_ms = self._heard_ms = mono_ms
        if self._claim is None:
            return [Stranger()] if mono_ms - self._opened_ms >= STRANGER_MS else []
        if not self._silent and mono_ms - self._heard_ms >= SILENT_MS:
            self._silent = True
            return [Silent()]
        return []

    def outgoing(self, mono_ms: int) -> bytes:
        """Return the next host line to write, or nothing while the last one may still be answered."""
        if mono_ms < (self._asked.until_ms if self._asked else self._not_before_ms):
            return b""
        if self._asked:
            self._lost(self._asked)
        chosen = None if self._refused else self._choose(mono_ms)
        if chosen is None:
            return b""
        kind, fields, wish = chosen
        self._number = self._number % NUMBERS + 1
        self._spoke_ms = mono_ms
        self._asked = Asked(self._number, kind, mono_ms, mono_ms + self._answer_ms, wish)
        return wire.encode(kind, self._number, *fields)

    def _lost(self, asked: Asked) -> None:
        """No answer came in time: be slower with the next line; what matters is owed again."""
        self._answer_ms = min(2 * self._answer_ms, ANSWER_MOST_MS)
        self._drop(asked)

    def _drop(self, asked: Asked) -> None:
        """This line will not be answered; a wish is asked again."""
        self._asked = None
        if asked.wish:
            self._owed.wishes.appendleft(asked.wish)

    def _choose(self, mono_ms: int) -> tuple[str, tuple[int | str, ...], Wish | None] | None:
        owed = self._owed
        if self._claim is None or self._silent or self._doubts:
            return "who", (), None
        if self.hello is None:
            return ("prove", (self._proving.challenge.hex(), self._id), None) if self._proving else None
        if self._pings_left:
            return "ping", (), None
        if not self._welcomed:
            return "welcome", (self._id, self._proving.own()) if self._proving else (self._id,), None
        for kind, numbers in (("need", owed.needs), ("ack", owed.acks)):
            if numbers:
                boot = min(numbers)
                return kind, (boot, numbers.pop(boot)), None
        if wish := owed.ready(mono_ms):
            return *wish.line, wish
        return ("ping", (), None) if mono_ms - self._spoke_ms >= PING_MS else None
