"""Whose turn it is to speak: a bridge says one line and waits for its answer, and not for ever.

Its law: pure; at most one host line is unanswered, and a wish that was in it is never lost with it.
"""

from dataclasses import dataclass

from bridge import wire
from bridge.owed import Owed, Wish

ANSWER_MS = 300  # a pillow answers within tens of ms; after this the line counts as lost
ANSWER_MOST_MS = 2_000  # doubling up to here, so that a pillow that stalls is not flooded
NUMBERS = 9_999  # host lines are numbered 1..9999 and round again


@dataclass(slots=True)
class Asked:
    """The one host line that is not answered yet."""

    number: int
    kind: str
    at_ms: int
    until_ms: int
    wish: Wish | None


class Turn:
    """One conversation's.

    Args:
        owed: where the wish of a line that is lost goes back to.
    """

    def __init__(self, owed: Owed) -> None:
        self._owed = owed
        self._asked: Asked | None = None
        self._number = 0
        self._answer_ms = ANSWER_MS
        self._not_before_ms = 0

    def take(self, mono_ms: int) -> bool:
        """Whether a line may be said now. One that was not answered in time is lost: the next may take longer."""
        if mono_ms < (self._asked.until_ms if self._asked else self._not_before_ms):
            return False
        if self._asked:
            self._answer_ms = min(2 * self._answer_ms, ANSWER_MOST_MS)
            self._drop(self._asked)
        return True

    def say(self, kind: str, fields: tuple[int | str, ...], wish: Wish | None, mono_ms: int) -> bytes:
        """Return the line to write; `wish` is the one that it is of."""
        self._number = self._number % NUMBERS + 1
        self._asked = Asked(self._number, kind, mono_ms, mono_ms + self._answer_ms, wish)
        return wire.encode(kind, self._number, *fields)

    def answered(self, number: int) -> Asked | None:
        """Return the line of this number, which is answered; None when it is not the one that is waited for."""
        asked = self._asked
        if asked is None or asked.number != number:
            return None
        self._asked = None
        self._answer_ms = ANSWER_MS
        return asked

    def greeted(self, is_unasked: bool) -> None:
        """The pillow said who it is: an answer, or what a pillow says that was reset and answers nothing any more."""
        if self._asked and (self._asked.kind in ("who", "prove") or is_unasked):
            self._drop(self._asked)

    def pause(self, until_ms: int) -> None:
        """Say nothing before then."""
        self._not_before_ms = until_ms

    def _drop(self, asked: Asked) -> None:
        self._asked = None
        if asked.wish:
            self._owed.again(asked.wish)
