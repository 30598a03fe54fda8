# What is being done to the pillow, from its motion and, where it has one, its squeeze sense.
#
# Its law: pure integers, no allocation for a sample, the same verdicts on every interpreter; `neutral` whenever unsure.
# Where signs disagree the more violent one is right: a pillow that flies is not being shaken, one that is shaken is not
# being hit or hugged.
from .jolts import AIRBORNE_MG, SPUN_DPS, Blow, Fall
from .model import BLOW, FALL, GRIP, LET_GO, SPIN, SWAY, Model
from .rest import BLOCK_MS, Rest, root
from .swings import Sway, Turn

NEUTRAL = 80  # how sure one can be that nothing is


# A pillow has a squeeze sense or it has not: the other's file is not loaded.
def _embrace(has_squeeze, grip, let_go):
    if has_squeeze:
        from .embrace import Embrace

        return Embrace(grip, let_go)
    from .guess import Guess

    return Guess()


class Recogniser:
    # model: what this pillow was taught (model.py); None: what a new pillow knows.
    def __init__(self, rate_hz, has_squeeze, model=None):
        model = self._model = model or Model()
        self._rate = rate_hz * BLOCK_MS
        self._fall = Fall(rate_hz, model.limits[FALL])
        self._blow = Blow(rate_hz, model.limits[BLOW])
        self._sway = Sway(model.limits[SWAY])
        self._turn = Turn(model.limits[SPIN])
        self._embrace = _embrace(has_squeeze, model.limits[GRIP], model.limits[LET_GO])
        self._rest = Rest()
        self._doubt = None  # what few pillows need; loaded when it is
        if model.feelings:
            from .doubt import Doubt

            self._doubt = Doubt(model, self._rest, self._blow, self._sway, self._embrace)
        self.reset()

    def reset(self):
        for sign in (self._rest, self._fall, self._blow, self._sway, self._turn, self._embrace):
            sign.reset()
        self.gesture = "neutral"
        self.confidence = 0
        self.strength = 0
        self._is_new = True  # no sample yet
        self._count = self._due = 0  # samples in this block, and how much of it is over
        self._mark = self._frozen = 0  # how many samples were equal to the last bit
        self._size = self._push = 1  # |a|, and |a - rest|
        self._sx = self._sy = self._sz = self._tx = self._ty = self._tz = 0

    # It was woken by whoever has it in his hands: it does not lie as it lay.
    def wake(self):
        self._embrace.is_new = False

    # sample: ax ay az in milli-g, gx gy gz in tenths of a degree a second; squeeze: 0..1000. -> True: a new verdict
    def feed(self, sample, squeeze):
        self._gather(sample[0], sample[1], sample[2])
        self._gather_turn(sample[3], sample[4], sample[5])
        decide = self._fall.step(self._size, self._frozen)
        if self._blow.age >= 0:
            self._blow.spin(sample[3], sample[4], sample[5])
        if self._blow.step(self._push, self._size):
            decide = True
        self._count += 1
        self._due += 1000
        if self._due >= self._rate:
            self._due %= self._rate  # not every rate has as many samples in each block
            self._look(self._count)
            self._embrace.step(self._rest, squeeze)
            decide = True
        return decide and self._decide()

    def _gather(self, x, y, z):
        if self._is_new:
            self._is_new = False
            self._rest.begin(x, y, z)
        self._sx += x
        self._sy += y
        self._sz += z
        self._size = root(x * x + y * y + z * z, self._size)
        self._freeze(3 * x + 5 * y + 7 * z)
        self._lean(x - self._rest.x, y - self._rest.y, z - self._rest.z)

    def _freeze(self, mark):
        self._frozen = self._frozen + 1 if mark == self._mark else 0
        self._mark = mark

    def _lean(self, x, y, z):
        self._push = root(x * x + y * y + z * z, self._push)

    def _gather_turn(self, x, y, z):
        self._tx += x
        self._ty += y
        self._tz += z

    # A block of n samples is complete.
    def _look(self, n):
        rest = self._rest
        rest.turn(self._tx // (10 * n), self._ty // (10 * n), self._tz // (10 * n))
        rest.feel(self._sx // n, self._sy // n, self._sz // n)
        self._count = self._sx = self._sy = self._sz = self._tx = self._ty = self._tz = 0
        # Weightless is no stroke, and what turns in the air was thrown; a sensor that repeats itself says nothing.
        if self._size > AIRBORNE_MG and self._frozen < n:
            self._sway.step(rest)
            self._fall.has_rhythm = self._blow.has_rhythm = self._sway.has_rhythm()
            self._fall.is_slow = rest.has_gyro and rest.rate < SPUN_DPS
            self._turn.step(rest, self._sway.has_rhythm())

    def _decide(self):
        sign = self._strongest()
        if sign and sign.name != self.gesture and sign.sure() < self._model.floor(sign.name):
            sign = None
        if self._doubt:
            sign = self._doubt.about(sign, self.gesture)
        gesture = sign.name if sign else "neutral"
        if gesture == self.gesture:
            return False
        self.gesture = gesture
        self.confidence = sign.sure() if sign else NEUTRAL
        self.strength = 0
        if sign:
            self.strength = self._rest.push if sign is self._embrace or sign is self._turn else sign.strength()
        return True

    # Case by case, the more violent first; what is then no sign any more begins anew.
    def _strongest(self):
        if self._fall.on:
            self._turn.reset()
            return self._instead(self._fall)
        if self._turn.on:
            return self._instead(self._turn)
        if self._sway.on and not self._turn.is_likely():
            self._fall.forget_swing()
            self._blow.cancel()
            self._embrace.wait()
            return self._sway
        if self._blow.on:
            self._embrace.forget()
            return self._blow
        return self._embrace if self._embrace.on else None

    def _instead(self, sign):
        self._sway.reset()
        self._blow.cancel()
        self._embrace.wait()
        return sign
