# The sign of a hug for a pillow without a squeeze sense: a guess from pose and from the unrest of living hands, which
# says so.
#
# Its law: integers that fit 30 bits, no allocation, time counted in blocks of 40 ms; accelerations are milli-g.
POSE_COS = 75  # hundredths: turned by 41 degrees since it lay still
SURE = 35  # nobody can be surer of it
RESTLESS_MG, HUG_MOST_MG, PER_DPS = 160, 140, 5  # with so much more for turning, people hug no livelier; carrying is
BAND_BITS, FORGET_BITS = 5, 3
HOLD_BLOCKS, HOLD_MOST = 90, 105
SPELLS, SPELL_BLOCKS = 4, 4  # 0.64 s in spells of 0.16 s
FIRST_SPELLS = 10  # the first time nobody knows better
NOISE_LEAST = 512  # sixteenths of quarters of a milli-g, squared: no sensor is known to be quieter
NOISE_SHARE, NOISE_BITS = 10, 4  # quarters: so much more than the sensor's own noise is somebody
STILL_COST = 16  # blocks: a hug that was told may be calm for a while
GAP_MOST = 500  # further than this is far


# How far two are apart, squared.
def gap(x, y, z):
    x, y, z = min(abs(x), GAP_MOST), min(abs(y), GAP_MOST), min(abs(z), GAP_MOST)
    return x * x + y * y + z * z


class Guess:
    name = "hugging"
    squeeze = 0  # what only a sense knows

    def __init__(self):
        self.gaps = [0] * SPELLS  # how far each of the last spells was from the one before
        self.reset()

    def reset(self):
        self.on = self.is_new = False
        self.hold = 0  # blocks for which it has been held, and never lay still
        self.band = self.turn = 0  # mean unrest, in 256ths of a milli-g; mean turn rate, in 256ths of a degree a second
        self.young = FIRST_SPELLS
        self.blocks = self.sx = self.sy = self.sz = 0  # of this spell
        self.lx = self.ly = self.lz = self.spell = self.noise = 0  # the last, which it was, and the sensor's own unrest
        self.x = self.y = self.z = 0  # the pose in which it lay, in eighths

    # It was moved, but not taken up: nobody knows more until it lies still.
    def forget(self):
        self.x = self.y = self.z = 0

    def wait(self):
        self.forget()

    def sure(self):
        return SURE

    # Taken out of the pose in which it lay still, and never as still again.
    def step(self, rest, squeeze):
        if self._is_alone(rest):
            if self.on:
                self.hold -= STILL_COST
            else:
                self._lies(rest)
        is_calm = self._is_calm(rest)
        self.hold += -5 if not self._is_turned(rest) else 1 if is_calm else -1
        self.hold = max(0, min(HOLD_MOST, self.hold))
        self.on = self.hold > (0 if self.on else HOLD_BLOCKS)

    # What lies alone is as quiet as its sensor, whoever holds it is not.
    def _is_alone(self, rest):
        self.sx += rest.mx
        self.sy += rest.my
        self.sz += rest.mz
        self.blocks += 1
        return self.blocks >= SPELL_BLOCKS and self._is_still()

    def _is_still(self):
        self.spell = (self.spell + 1) % SPELLS
        self.gaps[self.spell] = gap(self.sx - self.lx, self.sy - self.ly, self.sz - self.lz)
        self.lx, self.ly, self.lz = self.sx, self.sy, self.sz
        self.blocks = self.sx = self.sy = self.sz = 0
        unrest = sum(self.gaps)
        if self.young:
            self.young -= 1
            self.noise = unrest << NOISE_BITS
        elif unrest * 4 > (self.noise * NOISE_SHARE >> NOISE_BITS):
            return False
        self.noise = max(NOISE_LEAST, self.noise + unrest - (self.noise >> NOISE_BITS))
        return not self.young

    def _is_calm(self, rest):
        # Quick to forget: what was before is not counted.
        self.band = min(self.band, rest.push << 8)
        unrest = (min(rest.push, RESTLESS_MG) << 8) - self.band
        self.band += unrest >> (BAND_BITS if unrest > 0 else FORGET_BITS)
        self.turn += (min(rest.rate, RESTLESS_MG) << 8) - self.turn >> BAND_BITS
        return self.band + PER_DPS * self.turn < HUG_MOST_MG << 8

    def _lies(self, rest):
        self.x, self.y, self.z = rest.x >> 3, rest.y >> 3, rest.z >> 3
        self.hold = 0

    def _is_turned(self, rest):
        along = (rest.x >> 3) * self.x + (rest.y >> 3) * self.y + (rest.z >> 3) * self.z
        return bool(self.x | self.y | self.z) and along * 100 < 125 * 125 * POSE_COS
