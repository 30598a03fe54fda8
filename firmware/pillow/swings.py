# The signs that go on, looked at 25 times a second: swaying to and fro, which is shaking; turning, which is spinning.
#
# Their law: integers that fit 30 bits, no allocation, time counted in blocks of 40 ms; accelerations are milli-g, turn
# rates degrees a second. Instead of keeping the last seconds, sums are halved when they are old. Who is unsure says no.
from .rest import BLOCK_MS

# Swaying to and fro: shaking.
STROKE_MG = 220  # a stroke passes this to one side and then to the other
STROKE_SHARE = 3  # and so many eighths of the mean: what rocks after a blow is small beside it
SWAY_MOST_MG = 4000
STROKES = 4
SLOW_STROKES = 3
SWAY_BLOCKS = 17
SLOW_BLOCKS = 36
LATELY = 14  # blocks since the last stroke: it is going on
MANY_STROKES = 6  # it may have grown by and by
SOON_BLOCKS, AT_ONCE = 24, 2  # three strokes are told sooner with the last of them, when they were even
EVEN_BLOCKS = 30  # after these they may be less so
NEVER = 1 << 20
RHYTHM = 4  # strokes: to and fro twice
SWAY_FORGET = 50  # blocks after which the past counts half
SWAY_OVER = 11  # calm blocks end it
STROKE_OVER = 28  # so do these without a stroke
RUN_DPS = 60  # hands that shake it turn it more; up and down and turned less is how somebody runs,
MILD_MG = 1100  # or how a car or a stroller rocks it

# Turning steadily: spinning.
TURN_DPS = 25
TUMBLE_DPS = 100  # when the axis wanders, so that only |rate| is steady
SPIN_DEG = 200  # turning it over is not spinning
SLOW_DEG = 240  # a slow one whose axis wanders could be almost anything
LIKELY_BLOCKS = 8
RISE_BLOCKS = 12  # what spins is up to speed by then,
KEPT_BLOCKS = 24  # and keeps it for a quarter longer than that took, and so many quarters of a block
SPIN_BLOCKS = 17
DOUBT_BLOCKS = 8
TURN_FORGET = 32
UNKNOWN = 1_000  # blocks: it turned already
TURN_OVER = 10


class Sway:
    name = "shaking"

    def __init__(self, least_mg):
        self.least = least_mg  # mean of a shake
        self.sides = bytearray(3)  # where each axis was last: 1 below, 2 above
        self.strokes = bytearray(3)
        self.reset()

    def reset(self):
        self.on = False
        self.blocks = self.sum = self.squares = self.calm = self.idle = 0
        self.along = self.turned = 0  # sums: how far it went up and down, and turned
        self.reach = STROKE_MG
        for i in range(3):
            self.sides[i] = self.strokes[i] = 0

    def step(self, rest):
        self._stroke(0, rest.dx)
        self._stroke(1, rest.dy)
        self._stroke(2, rest.dz)
        push = rest.push
        self.calm = self.calm + 1 if push < STROKE_MG else 0
        self.idle += 1
        if self.calm > SWAY_OVER or self.idle > STROKE_OVER:
            if self.blocks:
                self.reset()
            return
        if push > SWAY_MOST_MG:
            push = SWAY_MOST_MG
        self.blocks += 1
        self.sum += push
        self.squares += push * push >> 4
        self.along += abs(rest.dx * rest.x + rest.dy * rest.y + rest.dz * rest.z) // 1000
        self.turned += rest.rate
        self.reach = max(STROKE_MG, self.strength() * STROKE_SHARE >> 3)
        if self.blocks >= SWAY_FORGET:
            self._forget()
        self.on = self.on or (self._is_shaken() and not (rest.has_gyro and self._is_run()))

    def _stroke(self, axis, value):
        side = 2 if value > self.reach else 1 if value < -self.reach else 0
        if side and side != self.sides[axis]:
            self.sides[axis] = side
            self.strokes[axis] += 1
            self.idle = 0

    def _forget(self):
        self.blocks >>= 1
        self.sum >>= 1
        self.squares >>= 1
        self.along >>= 1
        self.turned >>= 1
        for i in range(3):
            self.strokes[i] >>= 1

    def _is_shaken(self):
        strokes = max(self.strokes)
        if self.idle > LATELY or strokes < SLOW_STROKES or self.blocks < SWAY_BLOCKS:
            return False
        mean = self.strength()
        return mean > self.least and mean * mean // self._evenness(strokes) > self.squares // self.blocks

    # Blows are short and seldom, a shake is there most of the time: its mean, squared, is 0.57 of the mean square.
    # Of few strokes it has to be more.
    def _evenness(self, strokes):
        if strokes >= STROKES or self.blocks >= SLOW_BLOCKS:
            return 8 if strokes >= MANY_STROKES else 9
        if self.blocks < SOON_BLOCKS or self.idle > AT_ONCE:
            return NEVER
        return 11 if self.blocks < EVEN_BLOCKS else 10

    def _is_run(self):
        is_mild = self.along * 2 > self.sum or self.strength() < MILD_MG
        return is_mild and self.turned < RUN_DPS * self.blocks

    # It goes to and fro: what looks like a fall is where it turns round.
    def has_rhythm(self):
        return max(self.strokes) >= RHYTHM

    def sure(self):
        return min(95, 50 + (self.strength() - self.least) // 20 + max(self.strokes))

    def strength(self):
        return self.sum // self.blocks


class Turn:
    name = "spinning"

    def __init__(self, least_dps):
        self.least = least_dps
        self.reset()

    def reset(self):
        self.on = False
        self.blocks = self.x = self.y = self.z = self.sum = self.squares = self.turned = self.slow = self.doubt = 0
        self.level = self.stay = 0  # how fast it turns, and for how many blocks
        self.rise = UNKNOWN  # how long it took until it did, when it was seen to begin

    # has_rhythm: it also goes to and fro, and each stroke of a shake turns it about one axis.
    def step(self, rest, has_rhythm):
        rate = rest.rate
        self.slow = self.slow + 1 if rate < TURN_DPS else 0
        if self.slow > TURN_OVER or (not self.blocks and self.slow):
            if self.blocks:
                self.reset()
            self.rise = 0
            return
        self.blocks += 1
        self.x += rest.tx
        self.y += rest.ty
        self.z += rest.tz
        self.sum += rate
        self.squares += rate * rate >> 2
        self._keep(rate)
        self._judge(rate, has_rhythm)
        if self.blocks >= TURN_FORGET:
            self._forget()

    def _judge(self, rate, has_rhythm):
        is_steady = (self._is_straight() and not has_rhythm) or self._is_even()
        self.turned = max(0, self.turned + (rate if is_steady else -rate))
        self.doubt = 0 if is_steady else self.doubt + 1
        if self.on:
            if self.doubt >= DOUBT_BLOCKS:
                self.reset()
        else:
            self.on = self.blocks >= SPIN_BLOCKS and (
                self.turned > self._least() or (is_steady and not has_rhythm and self._is_kept())
            )

    # A hand that turns it is as long in speeding up as in slowing down; what spins is soon as fast as it will be.
    def _keep(self, rate):
        if self.level * 3 <= rate * 4 and rate * 9 <= self.level * 10:
            self.stay += 1
            return
        self.rise += self.stay + 1
        self.stay = 0
        self.level = rate

    def _is_kept(self):
        is_quick = self.rise <= RISE_BLOCKS and 4 * self.stay > 5 * self.rise + KEPT_BLOCKS
        return is_quick and self.level * 6 >= self.least * 5

    # How far it has to have turned, in degrees a second times blocks.
    def _least(self):
        is_clear = self._is_straight() or self.sum // self.blocks >= TUMBLE_DPS
        return (SPIN_DEG if is_clear else SLOW_DEG) * 1000 // BLOCK_MS

    def _forget(self):
        self.blocks >>= 1
        self.x >>= 1
        self.y >>= 1
        self.z >>= 1
        self.sum >>= 1
        self.squares >>= 1

    def sure(self):
        return min(95, 55 + self.sum // self.blocks // 8)

    # Already too steady to be a shake.
    def is_likely(self):
        return self.blocks >= LIKELY_BLOCKS and self.turned > 0

    # About one axis: the mean of the vectors is nearly as long as the mean of their lengths. It may be slowing down.
    def _is_straight(self):
        mean = self.sum // self.blocks
        x, y, z = self.x // self.blocks, self.y // self.blocks, self.z // self.blocks
        least = mean * 4 // 5
        return mean * 2 >= self.least and x * x + y * y + z * z > least * least

    # About a wandering axis: the lengths are even, with a standard deviation of 0.35 of the mean; of 0.24 when it is
    # slow, for a slow shake turns it too; of 0.40 when no shake turns it so fast.
    def _is_even(self):
        mean = self.sum // self.blocks
        least = 34 if mean < TUMBLE_DPS else 32 if mean < 2 * TUMBLE_DPS else 31
        return mean * 6 >= self.least * 5 and self.squares // self.blocks * least < mean * mean * 9
