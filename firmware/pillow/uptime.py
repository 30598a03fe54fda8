# The pillow's clock: milliseconds that never go back, out of a tick count that wraps. Pure.
_TICKS_MASK = (1 << 30) - 1  # ticks_ms wraps after 12 days


class Uptime:
    # Milliseconds since it was made; asked at least once in 12 days.
    def __init__(self, ticks):
        self._ticks = ticks
        self._ms = 0

    def at(self, ticks):
        self._ms += (ticks - self._ticks) & _TICKS_MASK
        self._ticks = ticks
        return self._ms
