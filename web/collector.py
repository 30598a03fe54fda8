"""Takes what home sent out of the queue and into this machine's journal.

Its law: no thread and no clock; a message is deleted only after everything in it is on disk, and whatever the queue
hands out twice, late or in the wrong order is taken in once and in order.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge import steps
from bridge.bell import ring
from bridge.cloud import Received
from bridge.cloudevents import Event, Forget, State, Unread, Wished, decode
from bridge.refusals import Denied, TooLarge, Unreachable
from bridge.strict import Malformed
from web.intake import Hole, Intake, Troubles
from web.pace import Pace

MOST = 32  # messages at once: all that the queue gives
VISIBLE_S = 30  # messages of a collector that died come back after this
HOLD_S = 60.0  # twice that, and a look at everything there is: then what is missing will not come
HELD = 128  # messages waiting for what comes before them: some 25 MB
SEEN_MOST = 5  # a message that cannot be read by then never will be
DENIED_S = 60.0  # after a refusal that needs a person
JOURNAL_AGAIN_S = 5.0  # a full disk is not freed sooner
QUIET_FAILS = 2  # in a row: not worth a word
BURIED = 1_000  # characters of what cannot be read, to look at

POISON = "a message cannot be read and was moved to the queue {}: update this program, or see who else sends there"
UNREAD = "something in a message from home means nothing here ({}): update this program"
CANNOT_WRITE = "the journal cannot be written ({}): free some space on its disk (meanwhile the queue keeps what comes)"


class Queue(Protocol):
    """What a collector needs of a queue; see `bridge.cloud.Queue`."""

    @property
    def name(self) -> str:
        """Its name."""

    def send(self, text: str) -> None:
        """Put a message into it."""

    def receive(self, most: int, visible_s: int) -> Sequence[Received]:
        """Take up to `most` messages, which nobody else gets for `visible_s` seconds."""

    def delete(self, received: Received) -> None:
        """Delete a message that was received; one that is gone, or was given to somebody else, is no error."""


@dataclass(frozen=True, slots=True)
class _Held:
    received: Received
    events: Sequence[Event | Unread]
    hole: Hole
    since_s: float


class Collector:
    """From a queue to a journal.

    Args:
        intake: takes reports, faces and the ends of wishes into the journal.
        queue: where they come from.
        poison: where messages go that cannot be read.
        troubles: told what stalls.
        pace: says how soon to look again.
        publish: called with each message before it counts as taken in: other machines want it, too.
        visible_s: how long a message stays with who received it.
    """

    def __init__(
        self,
        intake: Intake,
        queue: Queue,
        poison: Queue,
        troubles: Troubles,
        pace: Pace,
        publish: Callable[[str, int, Sequence[Event | Unread]], None] | None = None,
        visible_s: int = VISIBLE_S,
    ) -> None:
        self._intake, self._journal, self._queue, self._poison = intake, intake.journal, queue, poison
        self._troubles, self._pace, self._publish, self._visible_s = troubles, pace, publish, visible_s
        self._held: dict[str, _Held] = {}
        self._all_seen_s = float("-inf")  # when everything in the queue had been here
        self._unsure_until_s = float("-inf")  # what was handed out and not looked at is hidden until then
        self._deaf = False

    def step(self, now_s: float, now_ms: int) -> float:
        """Receive once and take in what there is.

        Args:
            now_s: of a clock that never jumps.
            now_ms: Unix time.

        Returns:
            In how many seconds to do it again.
        """
        try:
            received = self._queue.receive(MOST, self._visible_s)
            self._deaf = False
            rows = sum([self._look_at(one, now_s, now_ms) for one in received])
            if len(received) < MOST and now_s > self._unsure_until_s:
                self._all_seen_s = now_s
            rows += self._give_up_waiting(now_s, now_ms)
            self._intake.listen(now_ms)
        except (Unreachable, Denied, sqlite3.Error) as error:
            self._unsure_until_s = now_s + self._visible_s
            return self._stalled(error)
        self._troubles.clear("queue")
        self._troubles.clear("journal")
        return self._pace.after(rows, len(received) == MOST, now_s)

    def _stalled(self, error: Exception) -> float:
        """Say what is wrong. Returns for how many seconds to leave it alone."""
        if isinstance(error, sqlite3.Error):
            self._troubles.tell("journal", CANNOT_WRITE.format(error))
            return JOURNAL_AGAIN_S
        if isinstance(error, Unreachable):
            rest_s = self._pace.failed(error.retry_after_s)
            if self._pace.fails > QUIET_FAILS:
                self._troubles.tell("queue", str(error))
            return rest_s
        self._troubles.tell("queue", str(error))
        return DENIED_S

    def _look_at(self, received: Received, now_s: float, now_ms: int) -> int:
        """Take in a message, let it wait, or leave it. Returns how many rows that made."""
        try:
            events = decode(received.text)
        except Malformed as error:
            self._leave(received, str(error), now_ms)
            return 0
        heard_ms = received.put_ms or now_ms
        if hole := self._intake.hole(events):
            self._hold(received, events, hole, now_s)
            with self._journal.transaction():  # how things stand now need not wait
                return self._intake.take([one for one in events if isinstance(one, State | Wished)], heard_ms, now_ms)
        return self._take(received, events, now_ms) + self._release(now_ms)

    def _take(self, received: Received, events: Sequence[Event | Unread], now_ms: int) -> int:
        """Take in a message that is next; delete it once that is on disk. Returns how many rows that made."""
        self._held.pop(received.id, None)
        heard_ms = received.put_ms or now_ms
        if self._publish:
            self._publish(received.text, heard_ms, events)
            steps.passed("published")
        with self._journal.transaction():
            rows = self._intake.take(events, heard_ms, now_ms)
        steps.passed("taken")
        ring(self._journal.bells())
        self._tell_of(events)
        self._delete(received)
        return rows

    def _delete(self, received: Received) -> None:
        """Delete a message. A queue that does not answer hands it out again, and then it is deleted: no hurry."""
        if not self._deaf:
            try:
                self._queue.delete(received)
                steps.passed("deleted")
            except Unreachable:
                self._deaf = True

    def _tell_of(self, events: Iterable[Event | Unread]) -> None:
        for event in events:
            if isinstance(event, Unread):
                self._troubles.tell("unread", UNREAD.format(event.why))
            if isinstance(event, Forget):
                self._journal.purge()

    # -- what cannot be read ------------------------------------------------------------------------------------

    def _leave(self, received: Received, why: str, now_ms: int) -> None:
        """Leave what cannot be read to whoever can, and move it out of the way when nobody could."""
        if received.seen < SEEN_MOST:
            return
        kept = received.text[:BURIED]
        try:
            self._poison.send(received.text)
        except (TooLarge, Denied) as refusal:
            why, kept = f"{why} ({refusal})", received.text
        with self._journal.transaction():
            self._journal.bury("message", why, kept, now_ms)
        self._troubles.tell("poison", POISON.format(self._poison.name))
        self._delete(received)

    # -- what came too early --------------------------------------------------------------------------------------

    def _hold(self, received: Received, events: Sequence[Event | Unread], hole: Hole, now_s: float) -> None:
        """Keep a message until what is before it comes; beyond the cap the queue keeps it, and it comes again."""
        held = self._held.get(received.id)
        if held or len(self._held) < HELD:
            since_s = held.since_s if held else now_s
            self._held[received.id] = _Held(received, events, hole, since_s)

    def _release(self, now_ms: int) -> int:
        """Take in whatever waited for what has come just now. Returns how many rows that made."""
        rows = 0
        while ready := [held for held in self._held.values() if self._intake.hole(held.events) is None]:
            rows += sum(self._take(held.received, held.events, now_ms) for held in ready[:1])
        return rows

    def _give_up_waiting(self, now_s: float, now_ms: int) -> int:
        """Take in what has waited for long, holes or not, the nearest first. Returns how many rows that made."""
        rows, since_s = 0, min(now_s - HOLD_S, self._all_seen_s - self._visible_s)
        while old := next((held for held in self._held.values() if held.since_s <= since_s), None):
            nearest = self._nearest(old)
            rows += self._take(nearest.received, nearest.events, now_ms) + self._release(now_ms)
        return rows

    def _nearest(self, old: _Held) -> _Held:
        """Return the message with the first reports of the same boot."""
        stream = (old.hole.pillow, old.hole.boot)
        same = [held for held in self._held.values() if (held.hole.pillow, held.hole.boot) == stream]
        return min(same, key=lambda held: held.hole.upto)
