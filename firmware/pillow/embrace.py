# The sign of a hug: taken up and held close, by the squeeze sense; without one a guess from pose and breath, which says
# so.
#
# Its law: integers that fit 30 bits, no allocation, time counted in blocks of 40 ms; accelerations are milli-g.

GRIP_BLOCKS = 6
LOOSE_BLOCKS = 6
AFTER_BLOCKS = 30  # hands may stay on it for so long after they shook it
STIR_MG = 25  # somebody moved it
STIR_BLOCKS = 12  # within the last half second
TAKEN_MG = 450  # on all axes together, from the pose of the last POSE_BITS: leaning on it turns it less than 20 degrees
POSE_BITS = 6
HELD_CALM_MG = 300
POSE_COS = 75  # hundredths: turned by 41 degrees since it lay still
GUESS = 35  # how sure one can be of a hug without a squeeze sense
RESTLESS_MG, HUG_MOST_MG, PER_DPS = 160, 140, 5  # with so much more for turning, people hug no livelier; carrying is
BREATH_SHARE, BREATH_MG256 = 18, 100  # sixteenths of the sensor's noise, and so much more: somebody breathes
BAND_BITS, FORGET_BITS, FLOOR_BITS = 5, 3, 4
BREATH_BLOCKS, BREATH_MOST = 75, 90
STILL_BLOCKS, FIRST_BLOCKS = 12, 40  # the first time nobody knows better


class Embrace:
    name = "hugging"

    # grip, let_go: per mille; hands squeeze it less than arms do.
    def __init__(self, has_squeeze, grip, let_go):
        self.has_squeeze = has_squeeze
        self.grip = grip
        self.let_go = let_go
        self.reset()

    def reset(self):
        self.on = self.is_taken = False  # taken up
        self.held = self.loose = self.squeeze = 0
        self.stir = 0  # blocks since somebody moved it
        self.busy = 0  # blocks for which a grip may still be left from another gesture
        self.breath = self.still = 0  # blocks with the unrest of somebody breathing, and without
        self.band = self.turn = 0  # mean unrest, in 256ths of a milli-g; mean turn rate, in 256ths of a degree a second
        self.floor = 0  # what unrest there is when it lies: the sensor's own noise
        self.young = FIRST_BLOCKS  # blocks until both are known
        self.x = self.y = self.z = 0  # the pose of late, in 64ths; without a sense that in which it lay, in eighths

    def step(self, rest, squeeze):
        self.busy -= self.busy > 0
        if self.has_squeeze:
            self._take(rest, squeeze)
            self._held(rest.push, squeeze)
        else:
            self._breathe(rest)
            self._guess(rest)

    # Taken up, until it lies still again: then this is its pose.
    def _take(self, rest, squeeze):
        self.stir = 0 if rest.push > STIR_MG or squeeze >= self.let_go else self.stir + 1
        if self.young or self.stir > STIR_BLOCKS:
            self.young = self.is_taken = 0
            self.x, self.y, self.z = rest.x << POSE_BITS, rest.y << POSE_BITS, rest.z << POSE_BITS
            return
        x, y, z = rest.x - (self.x >> POSE_BITS), rest.y - (self.y >> POSE_BITS), rest.z - (self.z >> POSE_BITS)
        self.x += x
        self.y += y
        self.z += z
        self.is_taken = self.is_taken or abs(x) + abs(y) + abs(z) > TAKEN_MG

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
        self.on = self.on or (self.held >= GRIP_BLOCKS and self.is_taken)

    # Something else is done to it: hands may stay on it for a while.
    def wait(self):
        self.busy = AFTER_BLOCKS
        self.held = 0
        self.forget()

    # It was moved, but not taken up: without a sense nobody knows more until it lies still.
    def forget(self):
        if not self.has_squeeze:
            self.x = self.y = self.z = self.still = 0

    def sure(self):
        return min(95, 60 + (self.squeeze - self.grip) // 15) if self.has_squeeze else GUESS

    # Without a squeeze sense it is a guess: taken out of the pose in which it lay still, and breathing.
    def _guess(self, rest):
        is_turned = self._is_turned(rest)
        if self.band > (self.floor * BREATH_SHARE >> 4) + BREATH_MG256:
            self.still = 0
            calm = self.band + PER_DPS * self.turn < HUG_MOST_MG << 8
            self.breath += 1 if calm and is_turned else -1
        else:
            self.still += 1
            self.breath -= 1
            self.floor += self.band - self.floor >> FLOOR_BITS
        if self.still > STILL_BLOCKS or self.young == 1:
            self._lies(rest)
        if not is_turned:
            self.breath -= 4
        self.breath = max(0, min(BREATH_MOST, self.breath))
        self.on = self.breath > (0 if self.on else BREATH_BLOCKS)

    def _breathe(self, rest):
        # Quick to forget: what was before is not counted as breath.
        self.band = min(self.band, rest.push << 10)
        unrest = (min(rest.push, RESTLESS_MG) << 8) - self.band
        bits = 2 if self.young > FIRST_BLOCKS // 2 else BAND_BITS if unrest > 0 else FORGET_BITS
        self.band += unrest >> bits
        self.turn += (min(rest.rate, RESTLESS_MG) << 8) - self.turn >> BAND_BITS
        if self.young:
            self.young -= 1
            self.floor = self.band

    def _lies(self, rest):
        self.x, self.y, self.z = rest.x >> 3, rest.y >> 3, rest.z >> 3
        self.breath = 0

    def _is_turned(self, rest):
        along = (rest.x >> 3) * self.x + (rest.y >> 3) * self.y + (rest.z >> 3) * self.z
        return bool(self.x | self.y | self.z) and along * 100 < 125 * 125 * POSE_COS
