"""One recording while it is made: which samples are there, which are missing, when it is over. Pure.

Its law: samples are kept in order and each once; what was lost on the way is asked for again while the pillow still has
it, and after that told as what it is: a recording with a hole is no recording.
"""

from collections.abc import Sequence

from bridge.takes import CHANNELS, RATE_HZ, Sample

ASK_MS = 800  # of the two seconds for which a pillow streams on without being asked
SILENT_MS = 4_000  # without a sample: the sensor or the link is gone
KEEPS = 9 * RATE_HZ  # samples that a pillow surely still has: it keeps ten seconds
LAST_MOST = 11 * RATE_HZ  # of the last ten seconds, and a little
STUCK = 2 * RATE_HZ  # samples equal to the last bit: no living sensor is so quiet

NOTHING = "nothing is felt: plug the pillow in, and look whether its face says that it cannot feel"
TORN = "some of it was lost on the way: record it again"
STUCK_WHY = "the motion sensor repeats itself: check its four wires, then record again"
DEAD = "the motion sensor says nothing but zero: check its four wires, then record again"


class Recording:
    """What a pillow felt, being written down.

    Args:
        what: `live` from now on, or `last` for the ten seconds before now.
        most: samples after which it is over.
        mono_ms: now, of a clock that never jumps.

    Attributes:
        why: what went wrong; empty while nothing did.
        is_over: nothing more comes.
    """

    def __init__(self, what: str, most: int, mono_ms: int) -> None:
        self.what = what
        self.most = most if what == "live" else LAST_MOST
        self.why = ""
        self.is_over = False
        self.count = 0  # samples handed on
        self._first: int | None = None  # the pillow's number of our first sample
        self._waiting: dict[int, Sample] = {}  # those behind a hole
        self._end: int | None = None  # where the pillow says that it ends
        self._heard_ms = mono_ms
        self._asked_ms: int | None = None
        self._same = 0
        self._before: Sample | None = None

    def ask(self, mono_ms: int) -> tuple[str, int] | None:
        """Return what to say in a `take` line now and from which sample on; None when nothing is to be said yet."""
        if self.is_over or (self._asked_ms is not None and mono_ms - self._asked_ms < ASK_MS):
            return None
        self._asked_ms = mono_ms
        has_hole = self._first is not None and (self._waiting or self.what == "last")
        return self.what, (self._first or 0) + self.count if has_hole else 0

    def refused(self, why: str) -> None:
        """The pillow does not want to."""
        known = "its firmware is too old to be recorded: run `make flash`"
        self.fail(known if why == "unknown" else f"the pillow said: {why}")

    def feel(self, first: int, samples: Sequence[Sample], mono_ms: int) -> list[Sample]:
        """Take what came from the pillow, its sample number `first` and on; none say where it ends.

        Returns:
            The samples whose turn it is.
        """
        if self.is_over:
            return []
        self._heard_ms = mono_ms
        if not samples:
            self._end = first
        elif self._first is None:
            self._first = first
        for index, sample in enumerate(samples, first):
            if index >= (self._first or 0) + self.count:
                self._waiting[index] = sample
        found = self._in_order()
        self._look_at(found)
        self._judge()
        return found

    def tick(self, mono_ms: int) -> None:
        """Let time pass."""
        if not self.is_over and mono_ms - self._heard_ms > SILENT_MS:
            self.fail(NOTHING if self.count == 0 else TORN)

    def _in_order(self) -> list[Sample]:
        found: list[Sample] = []
        while self._first is not None and self.count < self.most:
            sample = self._waiting.pop(self._first + self.count, None)
            if sample is None:
                break
            self.count += 1
            found.append(sample)
        return found

    def _look_at(self, samples: Sequence[Sample]) -> None:
        """A sensor that is dead must not be taken for a pillow that lies still."""
        for sample in samples:
            motion = sample[: CHANNELS - 1]
            self._same = self._same + 1 if motion == self._before else 0
            self._before = motion
            if self._same >= STUCK:
                return self.fail(DEAD if not any(motion) else STUCK_WHY)
        return None

    def _judge(self) -> None:
        at = (self._first or 0) + self.count
        if len(self._waiting) > KEEPS:
            self.fail(TORN)
        elif self.count >= self.most or (self._end is not None and at >= self._end):
            self.is_over = True
            if self.count == 0:
                self.fail(NOTHING)

    def fail(self, why: str) -> None:
        """It is over, and this is why it is none."""
        self.why = self.why or why
        self.is_over = True

    def stop(self, least: int, why: str) -> None:
        """It is over as it is, with `least` samples; with fewer it is none, and this is why."""
        self.is_over = True
        if self.count < least:
            self.fail(why)
