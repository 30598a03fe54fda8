"""How often the queue is asked: each question costs money. Pure: time is an argument.

docs/away.md says what it comes to in a month; change it there, too.
"""

import random
from collections.abc import Callable

from bridge.backoff import Backoff

LIVELY_S = 0.1  # while somebody watches and something happened
LIVELY_FOR_S = 30.0  # after what happened last
WATCHED_S = 1.0  # while somebody watches and nothing happens: nobody minds a second
IDLE_MOST_S = 30.0  # while nobody watches: doubled up to this


class Pace:
    """The seconds between one question and the next.

    Args:
        watched: says whether somebody looks at this machine's page.
        rng: spreads the rests after failures.
    """

    def __init__(self, watched: Callable[[], bool], rng: random.Random) -> None:
        self._watched, self._backoff = watched, Backoff(rng)
        self._lively_until_s = float("-inf")
        self._idle_s = WATCHED_S
        self.fails = 0  # in a row

    def after(self, news: int, more: bool, now_s: float) -> float:
        """Return the rest after an answer.

        Args:
            news: how many reports came.
            more: there is more where that came from.
            now_s: of a clock that never jumps.
        """
        self.worked()
        if news:
            self._lively_until_s = now_s + LIVELY_FOR_S
        if news or self._watched():
            self._idle_s = WATCHED_S
        if more:
            return 0.0
        if self._watched():
            return LIVELY_S if now_s < self._lively_until_s else WATCHED_S
        rest_s, self._idle_s = self._idle_s, min(self._idle_s * 2, IDLE_MOST_S)
        return rest_s

    def failed(self, at_least_s: float) -> float:
        """Return the rest after a failure, at least what the other side asks for."""
        self.fails += 1
        return self._backoff.failed(at_least_s)

    def worked(self) -> None:
        """The next failure is a first one again."""
        self.fails = 0
        self._backoff.worked()
