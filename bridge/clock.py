"""When it happened: a pillow's uptime, which needs no clock, turned into wall time with a bound on the error.

Its law: pure arithmetic; order never depends on it. An anchor says "at this uptime the wall clock said that", learned
from a timed question and its answer; the quickest answer bounds it best (Cristian's algorithm). Between two anchors
time is interpolated, so that a crystal's drift over a day without a computer cancels out; beyond them the error grows
with the drift that a crystal may have.
"""

from collections.abc import Iterable
from dataclasses import dataclass

DRIFT_PPM = 200  # an ESP32's crystal is within 10 ppm, its RC clock in sleep far off; 200 covers both with care
JUMP_PPM = 1_000  # a pair of anchors further apart than this: somebody set a clock in between
ANCHOR_EVERY_MS = 60_000  # one a minute: between them 200 ppm are 12 ms
ANCHORS = 8  # the first of a boot and the last seven minutes: what brackets a time away
RESOLUTION_MS = 2  # a millisecond of either clock may be cut off
UNKNOWN_MS = 10 * 365 * 86_400_000  # "some time in the last ten years"


@dataclass(frozen=True, slots=True)
class Anchor:
    """At `uptime_ms` of the pillow the wall clock said `wall_ms` (Unix time), to within `err_ms`."""

    uptime_ms: int
    wall_ms: int
    err_ms: int


class Clock:
    """One boot of one pillow.

    Args:
        anchors: what was kept of this boot by an earlier conversation, as triples of `Anchor`'s fields.
    """

    def __init__(self, anchors: Iterable[Iterable[int]] = ()) -> None:
        self._anchors = [Anchor(*anchor) for anchor in anchors]

    @property
    def anchors(self) -> list[tuple[int, int, int]]:
        """What to keep for the next conversation."""
        return [(one.uptime_ms, one.wall_ms, one.err_ms) for one in self._anchors]

    def sample(self, uptime_ms: int, heard_ms: int, round_trip_ms: int) -> bool:
        """Learn from an answer.

        Args:
            uptime_ms: the pillow's clock as the answer says it.
            heard_ms: wall time when the answer came.
            round_trip_ms: from asking to hearing.

        Returns:
            True when an anchor was added, so that the anchors are worth keeping anew.
        """
        half = round_trip_ms // 2
        new = Anchor(uptime_ms, heard_ms - half, half + RESOLUTION_MS)
        if self._anchors and self._jumped(new):
            self._anchors = []
        if not self._anchors or uptime_ms - self._anchors[-1].uptime_ms >= ANCHOR_EVERY_MS:
            self._add(new)
            return True
        last = self._anchors[-1]
        if new.err_ms < last.err_ms:
            self._anchors[-1] = new
        return False

    def _add(self, new: Anchor) -> None:
        self._anchors.append(new)
        if len(self._anchors) > ANCHORS:
            del self._anchors[1]

    def _jumped(self, new: Anchor) -> bool:
        last = self._anchors[-1]
        passed = new.uptime_ms - last.uptime_ms
        apart = abs((new.wall_ms - last.wall_ms) - passed)
        return passed < 0 or apart > last.err_ms + new.err_ms + passed * JUMP_PPM // 1_000_000

    def date(self, uptime_ms: int) -> tuple[int, int] | None:
        """Return (wall time in ms, error bound in ms) of a moment of this boot; None while nothing is known."""
        if not self._anchors:
            return None
        before = [one for one in self._anchors if one.uptime_ms <= uptime_ms]
        after = [one for one in self._anchors if one.uptime_ms > uptime_ms]
        if before and after:
            return _between(before[-1], after[0], uptime_ms)
        return _beyond(before[-1] if before else after[0], uptime_ms)


def _between(left: Anchor, right: Anchor, uptime_ms: int) -> tuple[int, int]:
    passed, span = uptime_ms - left.uptime_ms, right.uptime_ms - left.uptime_ms
    wall_ms = left.wall_ms + (right.wall_ms - left.wall_ms) * passed // span
    # A steady drift cancels out; an unsteady one can be off by its share of the nearer part at most.
    wander = _drift(min(passed, span - passed, ANCHOR_EVERY_MS))
    return wall_ms, max(left.err_ms, right.err_ms) + wander


def _beyond(anchor: Anchor, uptime_ms: int) -> tuple[int, int]:
    away = uptime_ms - anchor.uptime_ms
    return anchor.wall_ms + away, anchor.err_ms + _drift(abs(away))


def _drift(passed_ms: int) -> int:
    return -(-passed_ms * DRIFT_PPM // 1_000_000)  # rounded up


def bounded(not_before_ms: int, not_after_ms: int, err_ms: int) -> tuple[int, int]:
    """Return (wall time, error bound) in ms of something known only to lie between two moments.

    `not_before_ms` is 0 when nothing is known; `err_ms` bounds the error of either. The later moment is taken, because
    a pillow is heard soon after it wakes.
    """
    span = not_after_ms - not_before_ms if not_before_ms else UNKNOWN_MS
    return not_after_ms, max(0, span) + err_ms
