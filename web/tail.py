"""Takes what the collectors appended to the stream into this machine's own journal.

Its law: no thread and no clock; where it stands in the stream is written together with what it read there.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from bridge import steps
from bridge.bell import ring
from bridge.cloudevents import Event, Forget, Unread, decode
from bridge.packing import encode
from bridge.refusals import Denied, Unreachable
from bridge.strict import Malformed
from web.intake import Intake, Troubles
from web.pace import Pace
from web.stream import BEGIN, KEPT, LASTING, MESSAGES, Entry, Stream, comes_after

CURSORS = "stream"  # the setting that says where this machine stands
DENIED_S = 60.0
JOURNAL_AGAIN_S = 5.0
BURIED = 1_000  # characters

MISSED = "this machine was away for longer than the stream keeps: what happened meanwhile is on the other machines only"
CANNOT_WRITE = "the journal cannot be written ({}): free some space on its disk (meanwhile the stream keeps what comes)"


class Tail:
    """From a stream to a journal.

    Args:
        intake: takes everything into the journal, where the cursors are, too.
        stream: read from.
        troubles: told what stalls.
        pace: says how soon to try again after a failure.
    """

    def __init__(self, intake: Intake, stream: Stream, troubles: Troubles, pace: Pace) -> None:
        self._intake, self._journal, self._stream = intake, intake.journal, stream
        self._troubles, self._pace = troubles, pace
        self._looked = False

    def step(self, now_ms: int) -> float:
        """Wait a second for something new and take it in.

        Args:
            now_ms: Unix time.

        Returns:
            In how many seconds to do it again.
        """
        try:
            self._look_back()
            entries = self._stream.read(self._cursors())
            if entries:
                self._take(entries, now_ms)
            self._intake.listen(now_ms)
        except Unreachable as away:
            self._looked = False
            self._troubles.tell("stream", str(away))
            return self._pace.failed(away.retry_after_s)
        except Denied as denied:
            self._troubles.tell("stream", str(denied))
            return DENIED_S
        except sqlite3.Error as error:
            self._troubles.tell("journal", CANNOT_WRITE.format(error))
            return JOURNAL_AGAIN_S
        self._pace.worked()
        self._troubles.clear("stream")
        self._troubles.clear("journal")
        return 0.0

    def _cursors(self) -> dict[str, str]:
        kept: dict[str, str] = self._journal.settings("").get(CURSORS, {})
        return dict.fromkeys(KEPT, BEGIN) | kept

    def _look_back(self) -> None:
        """At the start and after an outage: tell when entries went that were never read here."""
        cursor = self._cursors()[MESSAGES]
        if not self._looked and cursor != BEGIN and comes_after(self._stream.oldest(MESSAGES), cursor):
            self._troubles.tell("missed", MISSED)
        self._looked = True

    def _take(self, entries: list[Entry], now_ms: int) -> None:
        """Take in what was read and move the cursors, all or nothing."""
        forgets = False
        with self._journal.transaction():
            cursors = self._cursors()
            for entry in entries:
                forgets |= self._take_one(entry, now_ms)
                cursors[entry.part] = entry.number
            self._journal.set_setting("", CURSORS, cursors, "stream", now_ms)
        steps.passed("taken")
        ring(self._journal.bells())
        if forgets:
            self._journal.purge()

    def _take_one(self, entry: Entry, now_ms: int) -> bool:
        """Take in one entry; what means nothing costs only itself. Returns whether something was forgotten."""
        try:
            if entry.kind == "message":
                events = decode(entry.text)
                self._intake.take(events, entry.at_ms or now_ms, now_ms)
                return any(isinstance(event, Forget) for event in events)
            with self._journal.savepoint():
                self._guest(entry.kind, json.loads(entry.text))
        except (Malformed, ValueError, TypeError, KeyError) as error:
            self._journal.bury("entry", str(error)[:BURIED], entry.text[:BURIED], now_ms)
        return False

    def _guest(self, kind: str, said: dict[str, Any]) -> None:
        """Take in an invitation, or that one was taken back."""
        if kind == "guest":
            names = ("guest", "name", "role", "token", "made_ms", "expires_ms")
            self._journal.invite(**{name: said[name] for name in names})
        elif kind == "revoke":
            self._journal.revoke(said["guest"], said["at_ms"])
        else:
            raise Malformed(f"this version knows no entry of kind {kind:.20}: update it")


class Publisher:
    """What a collector does with each message before it takes it in: the other machines want it, too."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __call__(self, text: str, heard_ms: int, events: Iterable[Event | Unread]) -> None:
        """Append a message. What was deleted goes from the stream as well. Raises Unreachable, Denied."""
        number = self._stream.add(MESSAGES, "message", text, heard_ms)
        for event in events:
            if isinstance(event, Forget):
                self._stream.add(LASTING, "message", f"[{encode(event)}]", heard_ms)
                self._stream.forget_before(MESSAGES, number)
