"""From the journal into the cloud's queue: a reader with a cursor.

Its law: no thread and no clock; the cursor passes a report only after the queue has taken it. What leaves twice (after
a crash, or when an answer was lost) has the same id both times.
"""

import contextlib
import queue
import random
from collections import deque
from collections.abc import Callable, Hashable
from typing import Protocol

from bridge import steps
from bridge.backoff import Backoff
from bridge.journal import Journal
from bridge.outgoing import CURSOR, READ_ROWS, TRY_ROWS, Grave, Outgoing, Parcel
from bridge.refusals import Denied, TooLarge, Unreachable

RECORD_MS = 1_000  # the cursor moves at most so often, as a commit keeps the disk busy: a crash sends so much again
DENIED_MS = 60_000  # before it is tried again whether a person has helped
TOLD_MS = 10_000  # what is over sooner is no trouble

UNSENT = "a {} can never be sent ({}): look at it in table dead of the journal"
NARROW = "{}: look for a proxy on the way that allows too little"


class Troubles(Protocol):
    """Where it is told what stalls; see `bridge.troubles.Troubles`."""

    def tell(self, name: str, sentence: str) -> None:
        """Say what is wrong with `name` and what helps."""

    def clear(self, name: str) -> None:
        """Take back what was told of `name`, if anything."""


class Forwarder:
    """Moved on by `step`.

    Args:
        journal: read from, and not written to.
        send: puts one message into the queue; raises Unreachable, Denied or TooLarge.
        record: has a change written to the journal, for sure and soon: `Writer.insist`. May raise queue.Full.
        troubles: told what stalls.
        rng: spreads the pauses.
    """

    def __init__(
        self,
        journal: Journal,
        send: Callable[[str], None],
        record: Callable[[Callable[[Journal], None], Hashable], object],
        troubles: Troubles,
        rng: random.Random,
    ) -> None:
        self._out, self._send, self._record, self._troubles = Outgoing(journal), send, record, troubles
        self._parcels: deque[Parcel] = deque()
        self._backoff = Backoff(rng)
        self._pause_ms = self._not_before_ms = 0
        self._failing_ms: int | None = None
        self._recorded_ms = -RECORD_MS
        self._works = True
        self._record_ms: int | None = 0  # at once: a cursor, even at 0, has the journal keep what did not leave

    def step(self, mono_ms: int, wall_ms: int) -> float:
        """Send at most one message.

        Args:
            mono_ms: now, by a clock that never jumps.
            wall_ms: now, Unix time.

        Returns:
            In how many seconds to call again at the latest, or as soon as the journal has changed.

        Raises:
            sqlite3.Error: the journal cannot be read now.
        """
        if self._pause_ms:  # counted from here, because the attempt itself may have taken long
            self._not_before_ms, self._pause_ms = mono_ms + self._pause_ms, 0
        if self._record_ms is not None and mono_ms >= self._record_ms:
            self.record(wall_ms)
            self._recorded_ms = mono_ms
        if mono_ms >= self._not_before_ms:
            most = READ_ROWS if self._works else TRY_ROWS
            self._parcels = self._parcels or deque(self._out.parcels(mono_ms, wall_ms, most))
            if self._out.lacks_stamps and self._record_ms is None:
                self._record_ms = max(mono_ms, self._recorded_ms + RECORD_MS)
            if self._parcels:
                self._attempt(mono_ms)
                return 0.0
        return self._wait_ms(mono_ms) / 1000

    def record(self, wall_ms: int) -> None:
        """Have written down how far it is; who ends the forwarder does this last."""
        with contextlib.suppress(queue.Full):  # the next time it says the same and more
            for grave in self._out.graves():
                self._record(_burial(grave, wall_ms), grave)
                self._out.buried(grave)
                self._troubles.tell("letters", UNSENT.format(grave.what, grave.why[:80]))
            self._record(self._out.record(wall_ms), CURSOR)
        self._record_ms = None

    def _wait_ms(self, mono_ms: int) -> int:
        pause_ms = self._not_before_ms - mono_ms
        wait_ms = pause_ms if pause_ms > 0 else self._out.wait_ms(mono_ms)
        return max(0, wait_ms if self._record_ms is None else min(wait_ms, self._record_ms - mono_ms))

    def _attempt(self, mono_ms: int) -> None:
        """Send the first of the parcels, and see what became of it."""
        parcel = self._parcels[0]
        try:
            if parcel.text:
                steps.passed("forward")
                self._send(parcel.text)
                steps.passed("forwarded")
        except TooLarge as error:
            self._too_large(parcel, str(error))
        except Denied as error:
            self._troubles.tell("cloud", str(error))
            self._failed(DENIED_MS)
        except Unreachable as error:
            self._unreachable(error, mono_ms)
        else:
            self._sent(self._parcels.popleft(), mono_ms)

    def _sent(self, parcel: Parcel, mono_ms: int) -> None:
        self._out.sent(parcel, mono_ms)
        if self._record_ms is None:
            self._record_ms = mono_ms + RECORD_MS
        if parcel.text:
            self._backoff.worked()
            self._works, self._failing_ms = True, None
            self._troubles.clear("cloud")

    def _failed(self, pause_ms: int) -> None:
        self._parcels.clear()  # by the next time there is newer news, and what was news may be late
        self._pause_ms, self._works = pause_ms, False

    def _unreachable(self, error: Unreachable, mono_ms: int) -> None:
        if self._failing_ms is None:
            self._failing_ms = mono_ms
        self._failed(round(1000 * self._backoff.failed(error.retry_after_s)))
        if mono_ms - self._failing_ms >= TOLD_MS:
            self._troubles.tell("cloud", str(error))

    def _too_large(self, parcel: Parcel, sentence: str) -> None:
        if len(parcel.events) > 1:
            self._parcels.popleft()
            self._parcels.extendleft(reversed(parcel.apart()))
        else:  # one event is far below every limit: it is something between here and the queue, and nothing is given up
            self._troubles.tell("cloud", NARROW.format(sentence))
            self._failed(DENIED_MS)


def _burial(grave: Grave, wall_ms: int) -> Callable[[Journal], None]:
    return lambda journal: journal.bury(grave.what, grave.why, grave.content, wall_ms)
