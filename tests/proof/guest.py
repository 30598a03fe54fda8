"""A second pillow that is put on the first one's cable now and then, while the bridge keeps the port open."""

import random

from joined import Pillow, RamDisk

GUEST = "ffeeddccbbaa9988"
STAYS_MS = (200, 1_000, 3_000)
FEELS_MS = 60
UNHEARD = 3
SHARE = 0.002  # of the steps in which it comes


class Guest:
    """Args: seed: its own chance."""

    def __init__(self, seed):
        self.chance = random.Random(f"guest {seed}")
        self.pillow = Pillow(RamDisk(), GUEST)
        self.felt = []
        self.until_ms = 0
        self.was_here = False  # at the last look
        self._feel_ms = 0

    def comes(self, now_ms):
        """Whether it is put on the cable now; it boots then."""
        if now_ms < self.until_ms or self.chance.random() >= SHARE:
            return False
        self.stay(now_ms, self.chance.choice(STAYS_MS))
        return True

    def stay(self, now_ms, stays_ms):
        self.pillow.boot(now_ms)
        self.until_ms = now_ms + stays_ms

    def is_here(self, now_ms):
        return now_ms < self.until_ms

    def say(self, now_ms, feels):
        """Returns what it writes; `feels`: something is done to it now and then."""
        if feels and now_ms >= self._feel_ms and self._has_room():
            self._feel_ms = now_ms + FEELS_MS
            gesture = "neutral" if self.pillow.reporter.gesture == "hugging" else "hugging"
            self.pillow.feel(gesture, now_ms)
            self.felt.append((self.pillow.reporter.boot, self.pillow.reporter.seq))
        return self.pillow.next(now_ms)

    def _has_room(self):
        """Not more than the smallest spool holds."""
        oldest = self.pillow.spool.oldest()
        return not oldest or (oldest[0] == self.pillow.boots and self.pillow.reporter.seq - oldest[1] < UNHEARD)

    def violations(self, rows):
        """What went wrong with its reports, as sentences. Its flash is perfect and large enough."""
        held = [(row["boot"], row["seq"]) for row in rows if row["pillow"] == GUEST]
        return [] if held == self.felt else [f"the guest felt {self.felt[:9]}..., held is {held[:9]}..."]
