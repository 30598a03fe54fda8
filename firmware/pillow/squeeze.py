# The squeeze sense: a touch pad or a pressure sensor (FSR) as 0..1000 per mille above a rest that it learns.
# Pure: readings and times in, a number out. How hard the filling presses, or how large the pad is, does not matter.

READ_MS = 50  # a touch reading takes a millisecond or two; a hug lasts seconds
FSR_FULL_UV = 1_500_000  # an arm around an FSR with 10 kOhm moves its divider by about half of 3.3 V
TOUCH_FULL = 2  # a hand all over the pad changes its reading by a half
REST_BELOW = 100  # per mille: smaller than this is not a squeeze, and rest may drift after it
DRIFT = 64  # rest moves by 1/64 of the difference every 50 ms: damp weather, not a hug
RELEASE = 4  # but by 1/4 when it reads less than rest: it was squeezed when it was switched on
HELD_MS = 600_000  # nobody hugs for ten minutes: something lies on it, which is rest from now on


class Squeeze:
    # rises: a squeeze makes the reading larger. full: how much larger is 1000 per mille; None: a part of rest.
    def __init__(self, rises, full):
        self._rises = rises
        self._full = full
        self.rest = None  # DRIFT times what it reads when nobody squeezes
        self._due_ms = 0
        self._held_since_ms = 0
        self.level = 0

    def step(self, read, now_ms):
        # read: callable -> int or None. Asks it every 50 ms; the answer is in .level, 0 when there is none.
        if now_ms < self._due_ms:
            return
        self._due_ms = now_ms + READ_MS
        raw = read()
        if raw is None:
            self.level = 0
            return
        self.level = self._above_rest(raw if self._rises else -raw, now_ms)

    def _above_rest(self, value, now_ms):
        # `value` is larger the harder it is squeezed. Rest is kept 64 times larger, so that it can drift slowly.
        if self.rest is None:
            self.rest = value * DRIFT
        difference = value - self.rest // DRIFT
        full = self._full or max(1, abs(self.rest // DRIFT) // TOUCH_FULL)
        level = max(0, min(1000, difference * 1000 // full)) if difference < full else 1000
        if level < REST_BELOW:
            self._held_since_ms = now_ms
            self.rest += difference * DRIFT // RELEASE if difference < 0 else difference
        elif now_ms - self._held_since_ms > HELD_MS:
            self.rest = None
            return 0
        return level
