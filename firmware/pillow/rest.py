# Where "up" is, as the pillow feels it: what the motion sensor says at rest. And what its gyro says when nothing turns.
#
# Its law: integers that fit 30 bits, no allocation. Rest turns with the gyro; what the gyro gets wrong, or where there
# is none, is followed slowly. Accelerations are milli-g, turn rates degrees a second.

BLOCK_MS = 40  # what is slower than a blow is looked at 25 times a second
GYRO_DPS = 25  # slower turning is not told from the gyro's bias
PER_RADIAN = 45  # 180 / pi / 0.04 s / 32
FOLLOW_BITS, TURNING_BITS = 3, 5  # followed within 8 blocks, 0.3 s: slower than a shake, quicker than a hug; or 1.3 s
FOLLOW_MG = 1000  # and no blow moves it further
REST_MOST_MG = 1500  # 1 g, what the sensor gets wrong, and what a slow swing adds
BIAS_MG = 40  # nothing moves: what the gyro says now is bias
BIAS_DPS = 25  # cheap gyros have up to 20


# Newton's way to the integer root: quick, because the last root is near.
def root(square, near):
    square += 1
    near = (near + square // near) >> 1
    while True:
        better = (near + square // near) >> 1
        if better >= near:
            return near
        near = better


# Shift of a running mean over about the last `ms`.
def shift(ms, rate_hz):
    bits = 0
    while 2 << bits <= ms * rate_hz // 1000:
        bits += 1
    return bits


class Rest:
    def __init__(self):
        self.reset()

    def reset(self):
        self.x = self.y = self.z = 0  # milli-g
        self.fx = self.fy = self.fz = 0  # the same in 32nds
        self.mx = self.my = self.mz = 0  # the last block
        self.dx = self.dy = self.dz = 0  # how far the last block was from it
        self.push = 1  # and that as a length
        self.tx = self.ty = self.tz = 0  # how fast it turned, degrees a second, without the bias
        self.rate = 1  # and that as a length
        self.bx = self.by = self.bz = 0  # the bias, in 64ths
        self.has_gyro = False  # it was seen turning

    # Rest is one g; switched on in the middle of something, that is the best guess.
    def begin(self, x, y, z):
        size = root(x * x + y * y + z * z, 1000)
        self.fx, self.fy, self.fz = x * 32000 // size, y * 32000 // size, z * 32000 // size
        self._set()

    # A block is over: its mean turn rate, ...
    def turn(self, x, y, z):
        self.tx = x = x - (self.bx >> 6)
        self.ty = y = y - (self.by >> 6)
        self.tz = z = z - (self.bz >> 6)
        self.rate = root(x * x + y * y + z * z, self.rate)
        if self.rate > GYRO_DPS:
            self.has_gyro = True
            before = self._size()
            self._rotate(self.x, self.y, self.z)
            self._scale(min(before, REST_MOST_MG), self._size())

    # ... and its mean acceleration.
    def feel(self, x, y, z):
        self.mx, self.my, self.mz = x, y, z
        self.dx = x = x - self.x
        self.dy = y = y - self.y
        self.dz = z = z - self.z
        self.push = root(x * x + y * y + z * z, self.push)
        self._follow(TURNING_BITS if self.rate > GYRO_DPS else FOLLOW_BITS)
        if self.push < BIAS_MG and self.rate < 2 * BIAS_DPS:
            self._learn()

    def _set(self):
        self.x = self.fx >> 5
        self.y = self.fy >> 5
        self.z = self.fz >> 5

    def _size(self):
        return root(self.x * self.x + self.y * self.y + self.z * self.z, 1000)

    # The cross product of rest and turn, times 40 ms, in radians.
    def _rotate(self, x, y, z):
        self.fx += (y * self.tz - z * self.ty) // PER_RADIAN
        self.fy += (z * self.tx - x * self.tz) // PER_RADIAN
        self.fz += (x * self.ty - y * self.tx) // PER_RADIAN
        self._set()

    def _scale(self, before, after):
        self.fx = self.fx * before // after
        self.fy = self.fy * before // after
        self.fz = self.fz * before // after
        self._set()

    def _follow(self, bits):
        self.fx += _limited(self.dx) << 5 >> bits
        self.fy += _limited(self.dy) << 5 >> bits
        self.fz += _limited(self.dz) << 5 >> bits
        self._set()

    def _learn(self):
        self.bx = _bias(self.bx + self.tx)
        self.by = _bias(self.by + self.ty)
        self.bz = _bias(self.bz + self.tz)


def _limited(step):
    return max(-FOLLOW_MG, min(FOLLOW_MG, step))


def _bias(value):
    return max(-BIAS_DPS << 6, min(BIAS_DPS << 6, value))
