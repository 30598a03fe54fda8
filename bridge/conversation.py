"""What a session's events mean for the journal, and what the journal's commits mean for the session.

Its law: no thread, no port, no clock; it hands jobs to the writer and never waits for one. An acknowledgement is owed
only after the future of the job that holds the report is done.
"""

import queue
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from bridge import steps
from bridge.events import (
    Anchored,
    Beaten,
    Event,
    Granted,
    Greeted,
    Refused,
    Said,
    Silent,
    Stranger,
)
from bridge.journal import Journal
from bridge.report import Dated
from bridge.session import Session
from bridge.wire import Console, Garbled

Marks = dict[tuple[str, int], int]
Change = Callable[[Journal], None]


class Writes(Protocol):
    """What a conversation needs of the writer; see `Writer`. Either may raise queue.Full."""

    def submit(self, work: Callable[[Journal], Marks]) -> "Future[Marks]":
        """Done once: the pillow sends again what could not be committed."""

    def insist(self, work: Callable[[Journal], None]) -> object:
        """Done until it succeeds: nobody says it again."""


SHOWN_MS = 10_000  # how it is is said again so often: an older link may have ended with the last word
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
        source: what the console calls it, such as the port's name.
    """

    def __init__(self, session: Session, writer: Writes, link: str, source: str) -> None:
        self.session = session
        self.is_stranger = False
        self.refusal = ""
        self._writer = writer
        self._link = link
        self._source = source
        self._pending: deque[tuple[Future[Marks], list[Dated]]] = deque()
        self._garbled = 0
        self._noted = (-1, 0)  # (missed samples, lines dropped) as last written
        self._noted_ms = -NOTE_MS
        self._shown = ""
        self._shown_ms = 0
        self._chat_ms = self._chat = 0  # console lines since when

    @property
    def pillow(self) -> str:
        """The id of the pillow that is there; empty before its hello."""
        return self.session.hello.pillow if self.session.hello else ""

    def hear(self, data: bytes, mono_ms: int, wall_ms: int) -> None:
        """Take what arrived (perhaps nothing) and hand what it means to the writer."""
        events = self.session.receive(data, mono_ms, wall_ms) + self.session.tick(mono_ms)
        changes: list[Change] = []
        said: list[Dated] = []
        for event in events:
            if isinstance(event, Said):
                said.append(event.dated)
                self._shown = ""  # a report may move the face; the next beat says again how it is
            else:
                changes.extend(self._change(event, mono_ms, wall_ms))
        if changes or said:
            steps.passed("heard")
            self._hand_over(changes, said)

    def say(self, mono_ms: int) -> bytes:
        """Return what is to be written to the link now."""
        while self._pending and self._pending[0][0].done():
            self._settle(*self._pending.popleft())
        return self.session.outgoing(mono_ms)

    def end(self, wall_ms: int) -> None:
        """The link is gone: the pillow shows as `notconnected`."""
        if pillow := self.pillow:
            self._hand_over([lambda journal: journal.leave(pillow, wall_ms)], [])

    # -- to the journal -------------------------------------------------------------------------------------------

    def _hand_over(self, changes: list[Change], said: list[Dated]) -> None:
        try:
            for change in changes:
                self._writer.insist(change)
            if said:
                self._pending.append((self._writer.submit(lambda journal: journal.append(said)), said))
        except queue.Full:
            self._shown = ""  # the next beat says again how it is
            self._give_back(said)

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
        """It is not on disk: the pillow keeps it and sends it again."""
        for boot in {one.said.boot for one in said}:
            self.session.uncommitted(boot)

    # -- what each event changes ----------------------------------------------------------------------------------

    def _change(self, event: Event, mono_ms: int, wall_ms: int) -> list[Change]:
        pillow = self.pillow
        if isinstance(event, Greeted):
            return self._greeted(event, wall_ms)
        if isinstance(event, Anchored):
            hello, anchors = event.hello, event.anchors
            return [lambda journal: journal.note_boot(hello.pillow, hello.boot, hello.nonce, anchors)]
        if isinstance(event, Beaten):
            return self._beaten(event, mono_ms, wall_ms)
        if isinstance(event, Silent):
            self._shown = ""
            return [lambda journal: journal.leave(pillow, wall_ms)]
        if isinstance(event, Console):
            text = event.text
            if not self._may_say(mono_ms):
                return []
            return [lambda journal: journal.say(self._source, text, wall_ms)]
        if isinstance(event, Granted):
            wish, outcome, why = event.wish, event.outcome, event.why
            return [lambda journal: journal.end_wish(wish, outcome, why, wall_ms)]
        if isinstance(event, Refused):
            self.refusal = event.sentence
        elif isinstance(event, Stranger):
            self.is_stranger = True
        elif isinstance(event, Garbled):
            self._garbled += 1
        return []

    def _may_say(self, mono_ms: int) -> bool:
        """Whether another line of console is kept: a board that chatters must not keep the disk busy."""
        if mono_ms - self._chat_ms >= CONSOLE_MS:
            self._chat_ms, self._chat = mono_ms, 0
        self._chat += 1
        return self._chat <= CONSOLE_LINES

    def _greeted(self, event: Greeted, wall_ms: int) -> list[Change]:
        hello, link = event.hello, self._link
        self._shown = self.refusal = ""
        facts: dict[str, str | int] = {"boot": hello.boot, "version": hello.version, "cause": hello.cause}
        changes: list[Change] = [lambda journal: journal.arrive(hello.pillow, link, wall_ms, **facts)]
        if hello.version == RESCUE:  # it says nothing but hello: whatever it felt last is not how it is
            changes.append(lambda journal: journal.show(hello.pillow, "sensorfault", wall_ms))
        return changes

    def _beaten(self, event: Beaten, mono_ms: int, wall_ms: int) -> list[Change]:
        beat, pillow, link = event.beat, self.pillow, self._link
        changes: list[Change] = []
        now = f"{beat.gesture} {event.behind}"
        if now != self._shown or mono_ms - self._shown_ms >= SHOWN_MS:
            self._shown, self._shown_ms = now, mono_ms
            changes.append(lambda journal: journal.arrive(pillow, link, wall_ms))
            changes.append(lambda journal: journal.show(pillow, beat.gesture, wall_ms))
            changes.append(lambda journal: journal.note(pillow, late=int(event.behind)))
        facts = (beat.missed, self._garbled)
        if facts != self._noted and mono_ms - self._noted_ms >= NOTE_MS:
            self._noted, self._noted_ms = facts, mono_ms
            changes.append(lambda journal: journal.note(pillow, missed=facts[0], garbled=facts[1], free=beat.free))
        return changes
