"""How fast something may go for ever, with some credit for bursts. Pure: time is an argument."""


class Pace:
    """Credit that fills up again with time, and may be overdrawn once.

    Args:
        burst: how much may go at once after a rest.
        per_s: how much may go per second for ever.
    """

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst, self._per_s = burst, per_s
        self._credit, self._at_s = burst, float("-inf")

    def take(self, count: float, now_s: float) -> bool:
        """Take `count` at `now_s` (monotonic seconds) when there is as much; False when there is not."""
        self._fill(now_s)
        if self._credit < count:
            return False
        self._credit -= count
        return True

    def spend(self, count: float, now_s: float) -> float:
        """Take `count` in any case. Returns for how many seconds nothing more should go."""
        self._fill(now_s)
        self._credit -= count
        return max(0.0, -self._credit / self._per_s)

    def _fill(self, now_s: float) -> None:
        rest_s = max(0.0, now_s - self._at_s)
        self._credit = min(self._burst, self._credit + rest_s * self._per_s)
        self._at_s = now_s
