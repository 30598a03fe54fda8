"""A token bucket: how often something may be done, with some credit for bursts. Pure: time is an argument."""


class Bucket:
    """Credit that fills up again with time.

    Args:
        burst: how much may be done at once after a rest.
        per_s: how much may be done per second for ever.
    """

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst, self._per_s = burst, per_s
        self._credit, self._at_s = burst, float("-inf")

    def take(self, now_s: float) -> bool:
        """Take one credit at `now_s` (monotonic seconds); False when there is none."""
        rest_s = max(0.0, now_s - self._at_s)
        self._credit = min(self._burst, self._credit + rest_s * self._per_s)
        self._at_s = now_s
        if self._credit < 1:
            return False
        self._credit -= 1
        return True
