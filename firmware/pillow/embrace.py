# The sign of a hug: held close, by the squeeze sense; without one a guess from pose and breath, which says so.
#
# Its law: integers that fit 30 bits, no allocation, time counted in blocks of 40 ms; accelerations are milli-g.

GRIP_BLOCKS = 6
LOOSE_BLOCKS = 6
AFTER_BLOCKS = 30  # hands may stay on it for so long after they shook it
STIR_MG = 25  # somebody moved it
STIR_BLOCKS = 75  # within the last 3 s
HELD_CALM_MG = 300
POSE_COS = 75  # hundredths: turned by 41 degrees since it lay still
GUESS = 35  # how sure one can be of a hug without a squeeze sense
RESTLESS_MG, HUG_MOST_MG, HUG_DPS = 100, 60, 35  # people hug no livelier; carrying is
BREATH_MG256 = 256  # above twice the sensor's noise: somebody breathes
BAND_BITS = 4
BREATH_BLOCKS, BREATH_MOST = 100, 120
STILL_BLOCKS, FIRST_BLOCKS = 100, 20  # the first time nobody knows better


class Embrace:
    name = "hugging"

    # grip, let_go: per mille; hands squeeze it less than arms do.
    def __init__(self, has_squeeze, grip, let_go):
        self.has_squeeze = has_squeeze
        self.grip = grip
        self.let_go = let_go
        self.reset()

    def reset(self):
        self.on = False
        self.held = self.loose = self.squeeze = 0
        self.stir = STIR_BLOCKS  # blocks since somebody moved it
        self.busy = 0  # blocks for which a grip may still be left from another gesture
        self.breath = self.still = 0  # blocks with the unrest of somebody breathing, and without
        self.band = 0  # mean unrest, in 256ths of a milli-g
        self.floor = 0  # the least there was: the sensor's own noise
        self.young = FIRST_BLOCKS  # blocks until both are known
        self.rest_x = self.rest_y = self.rest_z = 0  # the pose in which it lay still, in eighths of a milli-g

    def step(self, rest, squeeze):
        self.stir = 0 if rest.push > STIR_MG else self.stir + 1
        self.busy -= self.busy > 0
        if self.has_squeeze:
            self._held(rest.push, squeeze)
        else:
            self._breathe(rest.push)
            self._guess(rest)

    def _held(self, push, squeeze):
        self.squeeze = squeeze
        if squeeze < self.let_go:
            self.held = 0
            self.loose += 1
            self.on = self.on and self.loose < LOOSE_BLOCKS
            return
        self.loose = 0
        if squeeze >= self.grip and push < HELD_CALM_MG and not self.busy:
            self.held += 1
        self.on = self.on or (self.held >= GRIP_BLOCKS and self.stir < STIR_BLOCKS)

    # Something else is done to it: hands may stay on it for a while.
    def wait(self):
        self.busy = AFTER_BLOCKS
        self.held = 0

    def sure(self):
        return min(95, 60 + (self.squeeze - self.grip) // 15) if self.has_squeeze else GUESS

    # Without a squeeze sense it is a guess: taken out of the pose in which it lay still, and breathing.
    def _guess(self, rest):
        if self.band > (self.floor << 1) + BREATH_MG256:
            self.still = 0
            calm = self.band < HUG_MOST_MG << 8 and rest.rate < HUG_DPS
            self.breath += 1 if calm and self._is_turned(rest) else -1
        else:
            self.still += 1
            self.breath -= 1
            if self.still > (STILL_BLOCKS if self.rest_x | self.rest_y | self.rest_z else FIRST_BLOCKS):
                self._lies(rest)
        self.breath = max(0, min(BREATH_MOST, self.breath))
        self.on = self.breath > (0 if self.on else BREATH_BLOCKS)

    def _breathe(self, push):
        self.band += ((push if push < RESTLESS_MG else RESTLESS_MG) << 8) - self.band >> BAND_BITS
        self.young -= self.young > 0
        self.floor = self.band if self.band < self.floor or self.young else self.floor + 1

    def _lies(self, rest):
        self.rest_x, self.rest_y, self.rest_z = rest.x >> 3, rest.y >> 3, rest.z >> 3
        self.breath = 0

    def _is_turned(self, rest):
        along = (rest.x >> 3) * self.rest_x + (rest.y >> 3) * self.rest_y + (rest.z >> 3) * self.rest_z
        return self.rest_x | self.rest_y | self.rest_z and along * 100 < 125 * 125 * POSE_COS
