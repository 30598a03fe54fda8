# The sign of a hug: taken up and held close, by the squeeze sense. A pillow without one has guess.py instead.
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


class Embrace:
    name = "hugging"
    band = 0  # what only a guess knows

    # grip, let_go: per mille; hands squeeze it less than arms do.
    def __init__(self, grip, let_go):
        self.grip = grip
        self.let_go = let_go
        self.reset()

    def reset(self):
        self.on = self.is_taken = False  # taken up
        self.held = self.loose = self.squeeze = 0
        self.stir = 0  # blocks since somebody moved it
        self.busy = 0  # blocks for which a grip may still be left from another gesture
        self.is_new = True  # nobody knows how it lay
        self.x = self.y = self.z = 0  # the pose of late, in 64ths

    def step(self, rest, squeeze):
        self.busy -= self.busy > 0
        self._take(rest, squeeze)
        self._held(rest.push, squeeze)

    # Taken up, until it lies still again: then this is its pose.
    def _take(self, rest, squeeze):
        self.stir = 0 if rest.push > STIR_MG or squeeze >= self.let_go else self.stir + 1
        if self.is_new or self.stir > STIR_BLOCKS:
            self.is_new = self.is_taken = False
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

    def forget(self):
        pass

    def sure(self):
        return min(95, 60 + (self.squeeze - self.grip) // 15)
