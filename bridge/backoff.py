"""How long to leave alone what does not work: longer each time, never too long, not everybody at the same moment."""

import random

FIRST_S = 1.0
MOST_S = 60.0  # so that a day without internet ends within a minute
SPREAD = 0.5  # of a pause, left to chance: a thousand homes come back from the same outage


class Backoff:
    """Args: rng: whose chance it is."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._next_s = FIRST_S

    def failed(self, at_least_s: float = 0.0) -> float:
        """It did not work. Returns how many seconds to wait, at least what the other side asked for."""
        pause_s = self._next_s * (1 - SPREAD * self._rng.random())
        self._next_s = min(2 * self._next_s, MOST_S)
        return max(pause_s, at_least_s * (1 + SPREAD * self._rng.random()) if at_least_s else 0.0)

    def worked(self) -> None:
        """The next failure is a first one again."""
        self._next_s = FIRST_S
