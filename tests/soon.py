"""Waits for what must come: costs nothing when all is well, and a slow machine fails nothing."""

import time

SOON_S = 60.0  # anything that takes two idle cores a second, on two that have ten other things to do
START_S = 120.0  # some programs, cold, likewise
ENDS_S = 10.0  # promised are two on an idle machine; the network, which nobody may wait for, has fifteen


def until(happens, seconds: float = SOON_S, pause_s: float = 0.01):
    """Wait until `happens()` is true and return what it gave."""
    deadline_s = time.monotonic() + seconds
    while not (given := happens()):
        assert time.monotonic() < deadline_s, f"not within {seconds} s: {happens}"
        time.sleep(pause_s)
    return given
