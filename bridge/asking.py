"""Wishes that come home: out of the second queue into the journal.

Its law: a wish is recorded before its message is deleted, once by its name however often it comes, and one that cannot
be done is recorded, too, with the end that says why: whoever made it is told.
"""

import random
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Protocol
from urllib.parse import parse_qs

from bridge import kinds, wishes
from bridge.backoff import Backoff
from bridge.cloud import Received
from bridge.cloudevents import Ask, decode
from bridge.cloudsettings import WISHES_URL, Way
from bridge.journal import Journal, Row
from bridge.refusals import Denied, Unreachable
from bridge.strict import Malformed

# Each question costs money, and nobody at home knows who watches away. But who hugs back does it because something
# has just been told: for a while after that it is asked every second, and a hug is there within two. A hug out of the
# blue waits for ten seconds at most. docs/wishes.md says what it comes to in a month; change it there, too.
LIVELY_S = 1.0
LIVELY_FOR_S = 300.0  # after a gesture, or a wish
IDLE_S = 10.0
MOST = 32  # messages at once
VISIBLE_S = 30  # a commit takes far less; a bridge that is killed meanwhile gets them again
SEEN_MOST = 5  # who took it in so often and never came to delete it, died of it
DENIED_S = 60.0
TOLD_S = 10.0  # what is over sooner is no trouble
WRITTEN_S = 10.0  # longer than a commit takes, shorter than VISIBLE_S

TOO_MUCH = "too many wishes wait already: wish again later"
LATE = "it came home too late"

Take = Callable[[Journal], None]


class Inbox(Protocol):
    """What is needed of `bridge.cloud.Queue`."""

    def receive(self, most: int, visible_s: int) -> list[Received]:
        """Return messages, hidden from others for a while."""

    def delete(self, received: Received) -> None:
        """Remove one."""


class Troubles(Protocol):
    """Where it is told what stalls; see `bridge.troubles.Troubles`."""

    def tell(self, name: str, sentence: str) -> None:
        """Say what is wrong with `name` and what helps."""

    def clear(self, name: str) -> None:
        """Take back what was told of `name`, if anything."""


class Asking:
    """Moved on by `step`, which waits for network and disk.

    Args:
        inbox: the queue of wishes.
        submit: has something written to the journal: `Writer.submit`. May raise queue.Full.
        troubles: told what stalls.
        rng: spreads the pauses.
    """

    def __init__(
        self, inbox: Inbox, submit: Callable[[Take], "Future[None]"], troubles: Troubles, rng: random.Random
    ) -> None:
        self._inbox, self._submit, self._troubles = inbox, submit, troubles
        self._backoff = Backoff(rng)
        self._lively_until_s = float("-inf")
        self._failing_s: float | None = None  # since when
        self.count = 0  # of messages taken in

    def stir(self, now_s: float) -> float:
        """Something was told to those who look on from away: one may answer. Returns how long to rest yet, at most."""
        self._lively_until_s = now_s + LIVELY_FOR_S
        return LIVELY_S if self._failing_s is None else DENIED_S

    def step(self, now_s: float, now_ms: int) -> float:
        """Take in what waits.

        Args:
            now_s: by a clock that never jumps.
            now_ms: Unix time.

        Returns:
            In how many seconds to do it again.

        Raises:
            queue.Full, sqlite3.Error, TimeoutError: it cannot be recorded now; the messages come again.
        """
        try:
            received = self._inbox.receive(MOST, VISIBLE_S)
            for message in received:
                self._take(message, now_ms)
        except Unreachable as away:
            self._failing_s = now_s if self._failing_s is None else self._failing_s
            if now_s - self._failing_s >= TOLD_S:
                self._troubles.tell("wishes", str(away))
            return self._backoff.failed(away.retry_after_s)
        except Denied as denied:
            self._failing_s = now_s
            self._troubles.tell("wishes", str(denied))
            return DENIED_S
        self._failing_s = None
        self._backoff.worked()
        self._troubles.clear("wishes")
        if received:
            self.stir(now_s)
        if len(received) == MOST:
            return 0.0
        return LIVELY_S if now_s < self._lively_until_s else IDLE_S

    def _take(self, message: Received, now_ms: int) -> None:
        self._submit(taken(message, now_ms)).result(WRITTEN_S)
        self.count += 1
        self._inbox.delete(message)


def taken(message: Received, now_ms: int) -> Take:
    """Return what a message changes in the journal."""
    if message.seen > SEEN_MOST:
        return _buried(f"it was taken in {SEEN_MOST} times and not deleted", message.text, now_ms)
    try:
        events = decode(message.text)
    except Malformed as error:
        return _buried(str(error), message.text, now_ms)

    def take(journal: Journal) -> None:
        for event in events:
            if isinstance(event, Ask):
                record(journal, event, now_ms)
            else:
                _buried("it is no wish", repr(event), now_ms)(journal)

    return take


def _buried(why: str, content: str, now_ms: int) -> Take:
    return lambda journal: journal.bury("wish", why, content, now_ms)


def record(journal: Journal, ask: Ask, now_ms: int) -> None:
    """Record a wish from away as its name says, inside the caller's transaction; the same name again changes nothing.

    Its times are by the clock of another machine: it is made now at the latest, and is good no longer than its kind.
    """
    if journal.wish_by_uid(ask.uid):
        return
    body, why = _read(journal.open_wishes(), ask)
    made_ms = min(ask.made_ms, now_ms)
    expires_ms = min(ask.expires_ms, now_ms + 1000 * kinds.LASTS_S.get(ask.kind, 0))
    wish = journal.add_wish(ask.pillow, ask.kind, body, ask.who, made_ms, expires_ms, ask.uid)
    if why:
        wishes.end(journal, wish, wishes.REFUSED, why, now_ms)
    elif expires_ms <= now_ms:
        wishes.end(journal, wish, wishes.EXPIRED, LATE, now_ms)
    else:
        wishes.tell_away(journal, wish)


def _read(waiting: Iterable[Row], ask: Ask) -> tuple[kinds.Body, str]:
    """Return what a wish says, and why it is refused, if it is."""
    try:
        body = kinds.read(ask.kind, ask.body)
    except ValueError as error:
        return {}, str(error)
    return body, TOO_MUCH if sum(1 for _ in waiting) >= wishes.OPEN_MOST else ""


def may_ask(way: Way) -> bool:
    """Say whether what opens the first queue can open this one: a SAS that may only add, or for one queue, cannot."""
    said = parse_qs(way.sas)
    is_for_all = "srt" in said or way.variable == WISHES_URL
    return not way.sas or (is_for_all and "p" in said.get("sp", [""])[0])
