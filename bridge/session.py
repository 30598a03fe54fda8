"""One pillow's conversation as a sans-IO state machine: bytes in, events and bytes out; no clock, no port.

Its law: nothing is heard of a pillow before it is known whose it is. What it tells of its boots is kept in `boots.py`,
what there is to say in `owed.py`, and when it may be said in `turn.py`. Times are arguments: `mono_ms` of a clock that
never jumps, `wall_ms` Unix time.

    session = Session(recall, session_id)
    for event in session.receive(port.read(), mono_ms, wall_ms): ...   # Said -> commit -> session.committed(...)
    port.write(session.outgoing(mono_ms))
"""

from collections.abc import Callable, Iterable

from bridge import report, wire
from bridge.boots import Boots
from bridge.events import (
    Event,
    Granted,
    Greeted,
    Proved,
    Refused,
    Sampled,
    Seen,
    Silent,
    Slept,
    Stranger,
)
from bridge.owed import WISHES, Owed, Wish
from bridge.pieces import pieces
from bridge.proof import Proving, Trust
from bridge.report import Beat, Gap, Hello, Past, Report
from bridge.strict import Malformed
from bridge.turn import Turn

WIRE = 1  # version of docs/wire.md that is spoken here
SILENT_MS = 2_300  # one beat may be lost; the page shows it within 2.5 s
STRANGER_MS = 5_000  # two hellos: what says none by then is not a pillow
PING_MS = 1_000  # what keeps the conversation and its clock alive
PINGS_FIRST = 3  # clock samples before the first report is dated; the quickest counts
WAIT_MS = 500  # what takes the pillow time is asked again so often; a scan takes three seconds
WAIT, AGAIN = "wait", "again"  # a `no` that is none


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
        self._lines = wire.Lines()
        self._owed = Owed()
        self._boots = Boots(recall, self._owed)
        self._turn = Turn(self._owed)
        self._pings_left = PINGS_FIRST
        self._welcomed = False
        self._refused = False
        self._silent = False
        self._doubts = False  # that the last hello is of the boot that is there now
        self._opened_ms: int | None = None
        self._heard_ms = 0
        self._spoke_ms = 0

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
        self._turn.greeted(is_unasked=hello.number == 0)
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
        if self._turn.answered(number) is None or self._claim is None or self._proving is None:
            return []
        self._alive(mono_ms)
        claim, proving = self._claim, self._proving
        if proving.believes(nonce, mac) and proving.key:
            return [Proved(claim.pillow, proving.key), self._greet(claim)]
        self._refused = True
        return [Refused(f"what says it is pillow {claim.pillow} cannot prove it: plug it in and press adopt")]

    def _greet(self, hello: Hello) -> Event:
        self.hello = hello
        self._boots.greet(hello)
        self._owed.greeted()
        self._welcomed = False
        self._pings_left = PINGS_FIRST
        return self._judge(hello)

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
        return self._boots.take(said, mono_ms, wall_ms)

    def committed(self, boot: int, seq: int) -> None:
        """The journal holds everything of `boot` up to `seq` on disk: acknowledge it."""
        self._boots.committed(boot, seq)

    def uncommitted(self, boot: int) -> None:
        """Something accepted of `boot` could not be committed: accept it again when it comes again."""
        self._boots.uncommitted(boot)

    def _beat(self, beat: Beat) -> Iterable[Event]:
        return [self._boots.beat(beat)] if self.hello and beat.boot == self.hello.boot else []

    # -- answers --------------------------------------------------------------------------------------------------

    def _answered(self, number: int, boot: int, uptime_ms: int, mono_ms: int, wall_ms: int) -> Iterable[Event]:
        asked = self._turn.answered(number)
        if asked is None or self.hello is None:
            return []
        if boot != self.hello.boot:
            self._doubts = True  # what was heard was an earlier boot's hello, delayed: ask again
            if asked.wish:
                self._owed.again(asked.wish)
            return []
        events = self._boots.anchor(uptime_ms, wall_ms, mono_ms - asked.at_ms)
        if asked.kind == "ping" and self._pings_left:
            self._pings_left -= 1
        elif asked.kind == "welcome":
            self._welcomed = True
        if asked.wish and self._owed.went_on(asked.wish):
            events.append(Granted(asked.wish.wish, "applied", ""))
        return events

    def _denied(self, number: int, why: str, mono_ms: int) -> Iterable[Event]:
        asked = self._turn.answered(number)
        if asked and asked.kind == "welcome":  # it forgot the challenge
            self._doubts = True
            self._turn.pause(mono_ms + WAIT_MS)
        if asked is None or asked.wish is None:
            return []
        if why not in (WAIT, AGAIN):
            return [Granted(asked.wish.wish, "refused", why)]
        self._owed.put_off(asked.wish, mono_ms + WAIT_MS, from_its_start=why == AGAIN)
        return []

    def _slept(self, boot: int, seconds: int, mono_ms: int) -> Iterable[Event]:
        if self.hello is None or boot != self.hello.boot:
            return []
        self._spoke_ms = mono_ms - PING_MS  # it waits for a line
        return [Slept(seconds)]

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
        if not self._turn.take(mono_ms):
            return b""
        chosen = None if self._refused else self._choose(mono_ms)
        if chosen is None:
            return b""
        self._spoke_ms = mono_ms
        return self._turn.say(*chosen, mono_ms)

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
