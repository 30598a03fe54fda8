"""The page's reading of the journal: one cursor and one read for all who look on.

Its law: what it hands out is in the journal, in order, each row once.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

from bridge import wishes
from bridge.journal import PAGE_ROWS, Journal
from web import view

SLOW_POLL_S = 1.0  # without a doorbell the page is late by at most this
NAME = re.compile(r"([0-9a-f]{16})/(\d{1,10})/(\d{1,10})", re.ASCII)
HEALTH_S = 1.0  # the panel is for reading; a flood of console is told once in this time

News = tuple[str, Any]  # the name of a Socket.IO event and what it carries


class Feed:
    """What is new in a journal since the last look.

    Args:
        journal: where to look.
        is_away: the pillows are at a home that is elsewhere: nobody presses them here.

    Attributes:
        row: every row up to this one has been handed out.
    """

    def __init__(self, journal: Journal, is_away: bool = False) -> None:
        self._journal, self._is_away = journal, is_away
        self.row = journal.newest_row()
        self._state: dict[str, Any] = {}
        self._wishes: tuple[Any, ...] = ()
        self._health: dict[str, Any] = {}
        self._health_due_s = float("-inf")
        self._virtual: set[str] = set()

    def news(self) -> Iterator[News]:
        """Yield what is new; `row` already counts a page of reports when it is yielded."""
        while rows := self._journal.rows_after(self.row, PAGE_ROWS):
            self.row = rows[-1]["row"]
            yield "report", [view.report_of(row) for row in rows]
        if (state := view.state_of(self._journal, self.row, 0)) != self._state:
            self._state = state
            yield "state", self.state()
        if (wished := (self._journal.wish_stamp(), len(self._state["pillows"]))) != self._wishes:
            self._wishes = wished
            yield "wishes", self.wishes()
        if time.monotonic() >= self._health_due_s:
            self._health_due_s = time.monotonic() + HEALTH_S
            if (health := self.health()) != self._health:
                self._health = health
                yield "health", health

    def state(self) -> dict[str, Any]:
        """Return how every pillow is now, as of `row`."""
        return view.state_of(self._journal, self.row, wishes.now_ms())

    def wishes(self) -> dict[str, Any]:
        """Return the newest wishes and what is set."""
        return view.wishes_of(self._journal, wishes.now_ms())

    def health(self) -> dict[str, Any]:
        """Return the health panel's content now."""
        for known in self._journal.pillows():
            if known["link"] == "virtual" and not self._is_away:  # unplugged it has none, and can be plugged in
                self._virtual.add(known["pillow"])
        return view.health_of(self._journal, self._virtual, self._is_away)

    def page_after(self, row: int) -> list[dict[str, Any]]:
        """Return the next reports after `row` that have been handed out already, at most one page."""
        rows = self._journal.rows_after(row, PAGE_ROWS)
        return [view.report_of(found) for found in rows if found["row"] <= self.row]

    def row_here(self, after: int, last: Any) -> int:
        """Return the row in this journal of the last report that someone has seen.

        Args:
            after: its row, where it was seen: perhaps on another machine.
            last: its name, PILLOW/BOOT/SEQ; anything else when there is none.
        """
        named = NAME.fullmatch(last) if isinstance(last, str) else None
        return (self._journal.row_of(named[1], int(named[2]), int(named[3])) if named else 0) or after

    def start_of_replay(self, after: int, most: int) -> tuple[int, int]:
        """Return where a replay for someone who has seen `after` begins, and the row before which history is gone.

        The second is 0 when nothing that was missed is gone. A cursor beyond the newest row is one of another journal.
        """
        oldest = max(self._journal.oldest_row(), self.row - most + 1)
        if oldest - 1 <= after <= self._journal.newest_row():  # the API may have told a row before it is handed out
            return after, 0
        return oldest - 1, oldest
