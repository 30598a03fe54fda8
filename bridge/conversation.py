"""What a session's events mean for the journal, and what the journal's commits mean for the session.

Its law: no thread, no port, no clock; it hands jobs to the writer and never waits for one. An acknowledgement is owed
only after the future of the job that holds the report is done.
"""

import contextlib
import queue
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from typing import Protocol, TypeVar

from bridge import steps, wishes
from bridge.boots import BOOTS
from bridge.events import (
    Anchored,
    Beaten,
    Event,
    Granted,
    Greeted,
    Refused,
    Said,
    Silent,
    Slept,
    Stranger,
)
from bridge.journal import Journal
from bridge.present import Present
from bridge.report import Dated, Report
from bridge.session import Session
from bridge.wire import Console, Garbled

Marks = dict[tuple[str, int], int]
Change = Callable[[Journal], None]
T = TypeVar("T")
Tell = Callable[[Event], None]


class Writes(Protocol):
    """What a conversation needs of the writer; see `Writer`. Either may raise queue.Full."""

    def submit(self, work: Callable[[Journal], T]) -> "Future[T]":
        """Done once: the pillow sends again what could not be committed."""

    def insist(self, work: Change, key: Hashable) -> object:
        """Done until it succeeds, or a newer word with this key takes its place: nobody says it again."""


SHOWN_MS = 10_000  # how it is is said again so often: an older link may have ended with the last word
OVERSLEEP_MS = 120_000  # a pillow that wakes has to find its network first, perhaps at the third try
WIFI = "wifi"  # the kind of link that gives way to a cable
RESCUE = "rescue"  # the version that a pillow in rescue mode says
CONSOLE_MS = 10_000
CONSOLE_LINES = 200  # in that time: a boot and a traceback are 60
NOTE_MS = 10_000  # how often samples missed and lines dropped are written, while they change


class Conversation:
    """One opened link to whatever is there.

    Args:
        session: the session of this link.
        writer: where the journal is written.
        link: the kind of link, as table pillow has it: `usb`, `wifi` or `virtual`.
        source: what the console calls it, such as the port's name; "" where there is none (nothing but a pillow
            speaks over a network).
        present: who speaks for each pillow of this bridge.
        tell: told of what is not for the journal: a key that was proved, networks that are seen, samples.
    """

    def __init__(
        self,
        session: Session,
        writer: Writes,
        link: str,
        source: str,
        present: Present,
        tell: Tell = lambda event: None,
    ) -> None:
        self.session = session
        self.is_stranger = False
        self.refusal = ""
        self._writer = writer
        self._link = link
        self._source = source
        self._present = present
        self._tell = tell
        self._is_quiet = False
        self._greeted_pillow = ""  # who is here, of those that are spoken with
        self._facts: dict[str, str | int] = {}  # of the last hello
        self._standing: dict[str, tuple[Change, bool]] = {}  # not yet with the writer: how a pillow is; is it gone
        self._unsaid: dict[Hashable, Change] = {}  # nor is this: the newest of each key
        self._pending: deque[tuple[Future[Marks], list[Dated]]] = deque()
        self._garbled = 0
        self._noted = (-1, 0)  # (missed samples, lines dropped) as last written
        self._noted_ms = -NOTE_MS
        self._model = -1  # as last written
        self._shown: tuple[str, bool] | None = None  # gesture and whether it is behind, as the journal has them
        self._shown_ms = 0
        self._chat_ms = self._chat = 0  # console lines since when

    @property
    def pillow(self) -> str:
        """The id of the pillow that is there; empty before its hello."""
        return self.session.hello.pillow if self.session.hello else ""

    def hear(self, data: bytes, mono_ms: int, wall_ms: int) -> None:
        """Take what arrived (perhaps nothing) and hand what it means to the writer."""
        events = self.session.receive(data, mono_ms, wall_ms) + self.session.tick(mono_ms)
        said: list[Dated] = []
        for event in events:
            if isinstance(event, Said):
                said.append(event.dated)
                self._move_face(event.dated)
            else:
                self._take(event, mono_ms, wall_ms)
        if self._standing or self._unsaid or said:
            steps.passed("heard")
            self._hand_over(said)

    def say(self, mono_ms: int) -> bytes:
        """Return what is to be written to the link now."""
        while self._pending and self._pending[0][0].done():
            self._settle(*self._pending.popleft())
        return self.session.outgoing(mono_ms)

    def end(self, wall_ms: int) -> None:
        """The link is gone: the pillow shows as `notconnected`."""
        self._leave(wall_ms)
        self._hand_over([])

    # -- to the journal -------------------------------------------------------------------------------------------

    def _hand_over(self, said: list[Dated]) -> None:
        try:
            self._say_who_is_here()
            while self._unsaid:
                key = next(iter(self._unsaid))
                self._writer.insist(self._unsaid[key], key)
                del self._unsaid[key]
            if said:
                self._pending.append((self._writer.submit(lambda journal: journal.append(said)), said))
        except queue.Full:  # what is unsaid waits for the next time
            self._give_back(said)

    def _say_who_is_here(self) -> None:
        while self._standing:
            pillow = next(iter(self._standing))
            change, is_gone = self._standing[pillow]
            say = partial(self._writer.insist, change, ("here", pillow))
            if not self._present.speak(pillow, self, say, last=is_gone):
                self._shown = None  # the next beat says it, when nobody else does any more
            del self._standing[pillow]

    def _settle(self, future: "Future[Marks]", said: list[Dated]) -> None:
        said = [one for one in said if one.said.pillow == self.pillow]  # another one may be on this link by now
        if future.exception() is not None:
            self._give_back(said)
            return
        for (pillow, boot), seq in future.result().items():
            if pillow != self.pillow:
                continue
            self.session.committed(boot, seq)
            if any(one.said.boot == boot and one.said.seq > seq for one in said):
                self.session.uncommitted(boot)

    def _give_back(self, said: list[Dated]) -> None:
        """It is not on disk: the pillow keeps it and sends it again, and the face has not moved."""
        self._shown = None
        for boot in {one.said.boot for one in said}:
            self.session.uncommitted(boot)

    # -- what each event changes ----------------------------------------------------------------------------------

    def _take(self, event: Event, mono_ms: int, wall_ms: int) -> None:
        """Note what an event means for the journal."""
        if isinstance(event, Greeted):
            self._greeted(event, wall_ms)
        elif isinstance(event, Anchored):
            hello, anchors = event.hello, event.anchors
            key = "boot", hello.pillow, hello.boot % BOOTS  # the newest boots' clocks, however long the disk fails
            self._unsaid[key] = lambda journal: journal.note_boot(hello.pillow, hello.boot, hello.nonce, anchors)
        elif isinstance(event, Beaten):
            self._beaten(event, mono_ms, wall_ms)
        elif isinstance(event, Silent):
            self._leave(wall_ms)
        elif isinstance(event, Slept):
            self._sleep(event.seconds, wall_ms)
        elif isinstance(event, Granted) and event.wish > 0:  # others are not in the journal
            wish, outcome, why = event.wish, event.outcome, event.why
            self._unsaid["answer", wish] = lambda journal: wishes.end(journal, wish, outcome, why, wall_ms)
        elif isinstance(event, Console):
            self._print(event.text, mono_ms, wall_ms)
        elif isinstance(event, Refused):
            self.refusal = event.sentence
        elif isinstance(event, Stranger):
            self.is_stranger = True
        elif isinstance(event, Garbled):
            self._garbled += 1
        else:
            self._tell(event)

    def _print(self, text: str, mono_ms: int, wall_ms: int) -> None:
        """Keep a line of console, unless there are too many: a board that chatters must not keep the disk busy."""
        if not self._source:
            return
        if mono_ms - self._chat_ms >= CONSOLE_MS:
            self._chat_ms, self._chat = mono_ms, 0
        self._chat += 1
        if self._chat <= CONSOLE_LINES:
            with contextlib.suppress(queue.Full):
                self._writer.submit(lambda journal: journal.say(self._source, text, wall_ms))

    def _greeted(self, event: Greeted, wall_ms: int) -> None:
        hello, link = event.hello, self._link
        if self._greeted_pillow != hello.pillow:
            self._leave(wall_ms)  # another one is on this link now
            self._greeted_pillow = hello.pillow
        self._shown, self.refusal = None, ""
        self._model = -1
        self._facts = {"boot": hello.boot, "version": hello.version, "cause": hello.cause}
        facts = self._facts

        def come(journal: Journal) -> None:
            journal.arrive(hello.pillow, link, wall_ms, **facts)
            if hello.version == RESCUE:  # it says nothing but hello
                journal.show(hello.pillow, "sensorfault", wall_ms)

        self._is_quiet = self._link == WIFI  # as long as it is welcome on a cable; its first beat says that it is not
        if self._is_quiet:
            self._present.offer(hello.pillow, self)
        else:
            self._present.greeted(hello.pillow, self)
        self._standing[hello.pillow] = come, False

    def _leave(self, wall_ms: int) -> None:
        """Whoever was greeted on this link is not heard any more."""
        self._shown = None
        if pillow := self._greeted_pillow:
            self._standing[pillow] = (lambda journal: journal.leave(pillow, wall_ms)), True

    def _sleep(self, seconds: int, wall_ms: int) -> None:
        """Whoever was greeted on this link goes to sleep, and will be heard again: its silence is well."""
        self._shown = None
        pillow, link, facts = self._greeted_pillow, self._link, self._facts
        wakes_ms = wall_ms + seconds * 1000 + OVERSLEEP_MS

        def sleep(journal: Journal) -> None:
            journal.arrive(pillow, link, wall_ms, **facts)  # perhaps it only woke for a moment
            journal.sleep(pillow, wall_ms, wakes_ms)

        if pillow:
            self._standing[pillow] = sleep, True

    def _move_face(self, dated: Dated) -> None:
        """A report that is not late moves the face as it is appended: a beat that says the same has nothing to add."""
        if self._shown and isinstance(dated.said, Report) and not dated.late:
            self._shown = dated.said.gesture, self._shown[1]

    def _beaten(self, event: Beaten, mono_ms: int, wall_ms: int) -> None:
        beat, pillow, link, facts = event.beat, self.pillow, self._link, self._facts
        if self._is_quiet:
            self._is_quiet = False
            self._present.greeted(pillow, self, gives_way=True)
        now = beat.gesture, event.behind
        if now != self._shown or mono_ms - self._shown_ms >= SHOWN_MS:
            self._shown, self._shown_ms = now, mono_ms

            def stand(journal: Journal) -> None:
                journal.arrive(pillow, link, wall_ms, **facts)
                journal.show(pillow, beat.gesture, wall_ms)
                journal.note(pillow, late=int(event.behind))

            self._standing[pillow] = stand, False
        if beat.model != self._model:
            self._model = beat.model
            self._unsaid["model", pillow] = lambda journal: journal.note(pillow, model=beat.model)
        noted = (beat.missed, self._garbled)
        if noted != self._noted and mono_ms - self._noted_ms >= NOTE_MS:
            self._noted, self._noted_ms = noted, mono_ms
            health = {"missed": beat.missed, "garbled": self._garbled, "free": beat.free}
            self._unsaid["health", pillow] = lambda journal: journal.note(pillow, **health)
