"""Sends what waits in this machine's outbox: wishes on their way home, invitations for the other machines.

Its law: no thread and no clock; what waits is forgotten only after the other side has it.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from bridge.backoff import Backoff
from bridge.cloudevents import Ask
from bridge.journal import Journal
from bridge.packing import encode
from bridge.refusals import Denied, TooLarge, Unreachable
from bridge.strict import Malformed
from web.intake import Troubles

IDLE_S = 1.0  # whoever posts something rings; should that be lost, it is late by so much
DENIED_S = 60.0
JOURNAL_AGAIN_S = 5.0

UNSENT = "a {} can never be sent ({}): look at it in table dead of the journal"


class Sender:
    """One topic of the outbox.

    Args:
        journal: holds the outbox.
        topic: of it.
        send: gets the kind and the body of each; raises Unreachable, Denied, TooLarge, Malformed.
        troubles: told what stalls.
        backoff: spreads the tries.
    """

    def __init__(
        self,
        journal: Journal,
        topic: str,
        send: Callable[[str, dict[str, Any]], None],
        troubles: Troubles,
        backoff: Backoff,
    ) -> None:
        self._journal, self._topic, self._send = journal, topic, send
        self._troubles, self._backoff = troubles, backoff

    def step(self, now_ms: int) -> float:
        """Send what waits, the oldest first. `now_ms` is Unix time.

        Returns:
            In how many seconds to do it again at the latest, or when something was posted.
        """
        try:
            while posts := self._journal.outbox(self._topic):
                for post in posts:
                    self._send_one(post, now_ms)
        except Unreachable as away:
            self._troubles.tell(f"to {self._topic}", str(away))
            return self._backoff.failed(away.retry_after_s)
        except Denied as denied:
            self._troubles.tell(f"to {self._topic}", str(denied))
            return DENIED_S
        except sqlite3.Error:  # whoever writes more tells of it
            return JOURNAL_AGAIN_S
        self._backoff.worked()
        self._troubles.clear(f"to {self._topic}")
        return IDLE_S

    def _send_one(self, post: dict[str, Any], now_ms: int) -> None:
        unsent = ""
        try:
            self._send(post["kind"], post["body"])
        except (TooLarge, Malformed, TypeError) as error:
            unsent = str(error)
        with self._journal.transaction():
            if unsent:
                self._journal.bury("post", unsent, repr(post), now_ms)
            self._journal.posted(self._topic, post["row"])
        if unsent:
            self._troubles.tell("letters", UNSENT.format(post["kind"], unsent[:80]))


def ask(kind: str, body: dict[str, Any]) -> str:
    """Return a wish as a message for home. Raises Malformed, TypeError."""
    if kind != "ask":
        raise Malformed(f"expected an ask, got {kind:.20}")
    return f"[{encode(Ask(**body))}]"
