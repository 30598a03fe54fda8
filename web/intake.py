"""Messages that came from home, taken into the journal: from the queue and from the stream alike.

Its law: a report is taken in once and after all that came before it; the face shows the newest word from home, and
never what an old message says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bridge import wishes
from bridge.cloudevents import LOST, Event, Forget, State, Unread, Wished
from bridge.journal import Journal
from bridge.report import Dated, Gap

SILENT_MS = 180_000  # home says something once a minute: three of them are missing
FORGOTTEN = "forgotten"  # the setting that says up to when everything was deleted
NOT_HEARD = "home is not heard: see there that the bridge runs and reaches the internet"


class Troubles(Protocol):
    """Where it is told what stalls."""

    def tell(self, name: str, sentence: str) -> None:
        """Say what is wrong with `name` and what helps."""

    def clear(self, name: str) -> None:
        """Take back what was told of `name`, if anything."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Reports of a boot that are missing before `next`, the first that is there."""

    pillow: str
    boot: int
    next: Dated

    @property
    def upto(self) -> int:
        """The last that is missing."""
        return self.next.said.first - 1


class Intake:
    """What may be done with a decoded message.

    Args:
        journal: where it goes; `take` is called inside a transaction of it.
        troubles: told when home falls silent.
    """

    def __init__(self, journal: Journal, troubles: Troubles) -> None:
        self.journal = self._journal = journal
        self._troubles = troubles
        self._heard_ms = 0

    def hole(self, events: Sequence[Event | Unread]) -> Hole | None:
        """Return what is missing before a message can be taken in; None when it is next, or held already."""
        marks: dict[tuple[str, int], int] = {}
        for event in events:
            if not isinstance(event, Dated):
                continue
            stream = (event.said.pillow, event.said.boot)
            if stream not in marks:
                marks[stream] = self._journal.mark(*stream)
            if event.said.first > marks[stream] + 1:
                return Hole(*stream, event)
            marks[stream] = max(marks[stream], event.said.seq)
        return None

    def take(self, events: Sequence[Event | Unread], heard_ms: int, now_ms: int) -> int:
        """Take in a message. What is missing before it or in it is taken never to come.

        Args:
            events: as `cloudevents.decode` gave them.
            heard_ms: when the queue got it.
            now_ms: Unix time, by the same clock as far as may be.

        Returns:
            How many new rows there are.
        """
        before = self._journal.newest_row()
        reports = [event for event in events if isinstance(event, Dated)]
        while hole := self.hole(reports):
            done = reports.index(hole.next)
            self._journal.append(reports[:done], live=False)
            self._fill(hole)
            reports = reports[done:]
        self._journal.append(reports, live=False)
        for event in events:
            match event:
                case State():
                    self._hear(event, heard_ms, now_ms)
                case Wished():
                    self._hear_wish(event, now_ms)
                case Forget():
                    self._forget(event.upto_ms, now_ms)
                case Unread():
                    self._journal.bury("message", event.why, event.text, now_ms)
        self._forget_again(events)
        return self._journal.newest_row() - before

    def _fill(self, hole: Hole) -> None:
        """Tell a loss as a gap; but nothing of a pillow that is new here was ever meant for this journal."""
        if self._journal.is_new(hole.pillow):
            self._journal.begin(hole.pillow, hole.boot, hole.upto)
            return
        first = self._journal.mark(hole.pillow, hole.boot) + 1
        lost = Gap(hole.pillow, hole.boot, first, hole.upto, LOST, 0)
        self._journal.append([replace(hole.next, said=lost, late=True)], live=False)

    def _hear(self, state: State, heard_ms: int, now_ms: int) -> None:
        self._heard_ms = max(self._heard_ms, heard_ms)
        if now_ms - heard_ms > SILENT_MS:  # how it was then; how it is now nobody knows
            state = replace(state, gesture="notconnected", link="", late=False, last_seen_ms=heard_ms)
        self._journal.believe(state, heard_ms)

    def _hear_wish(self, wished: Wished, now_ms: int) -> None:
        """Take in how a wish stands; what was forgotten stays so, and ends where it is known still."""
        is_forgotten = max(wished.ask.made_ms, wished.ended_ms) <= self._forgotten_ms()
        if is_forgotten and self._journal.wish_by_uid(wished.ask.uid) is None:
            return
        try:
            wishes.hear(self._journal, wished)
        except ValueError as error:
            self._journal.bury("wish", str(error), repr(wished), now_ms)

    def _forget(self, upto_ms: int, now_ms: int) -> None:
        if upto_ms > self._forgotten_ms():
            self._journal.set_setting("", FORGOTTEN, upto_ms, "home", now_ms)
        self._journal.forget_before(upto_ms)

    def _forget_again(self, events: Sequence[Event | Unread]) -> None:
        """What was deleted at home must not come back with a message that was overtaken."""
        upto_ms = self._forgotten_ms()
        if any(0 < _moment(event) <= upto_ms for event in events):
            self._journal.forget_before(upto_ms)

    def _forgotten_ms(self) -> int:
        return int(self._journal.settings("").get(FORGOTTEN, 0))

    def listen(self, now_ms: int) -> None:
        """See whether home is silent; called now and then, outside of a transaction."""
        self._heard_ms = self._heard_ms or now_ms  # who has just begun does not know yet
        if now_ms - self._heard_ms <= SILENT_MS:
            self._troubles.clear("home")
        else:
            self._troubles.tell("home", NOT_HEARD)
        long_ago_ms = now_ms - SILENT_MS
        if any(known["link"] and known["last_seen_ms"] < long_ago_ms for known in self._journal.pillows()):
            with self._journal.transaction():
                self._journal.fall_silent(long_ago_ms)


def _moment(event: Event | Unread) -> int:
    """Return by which moment something is forgotten, 0 of what never is."""
    match event:
        case Dated():
            return event.heard_ms
        case Wished():
            return event.ended_ms
    return 0
