# The sudden signs, looked at with every sample: free fall, and a blow.
#
# Their law: integers that fit 30 bits, no allocation, time counted in samples, accelerations in milli-g. The figures
# are physics and people's recordings: they carry from pillow to pillow. A sign that is unsure says no.
from .rest import shift

# Free fall: weightless, and quietly so; shakes dip as low, but never quietly.
FALL_MG = 450  # a sensor off the centre of a spinning pillow feels up to 420; the model may say otherwise
AIRBORNE_MG = 650  # and drag adds to it late in the flight
QUIET_MG = 50  # from the recent mean
FALL_MS = 100  # since |a| fell below FALL_MG, when it was swung before
DROP_MS = 190  # when it was not: 17 cm
QUIET_MS = 60  # of these, the last
SWING_MG = 1350
SWING_MS = 700  # how long ago a swing may be
LANDED_MS = 800  # after the last bounce the throw is over
BOUNCE_MS = 50  # a shorter dip is only rattling
FLIGHT_MS = 3_000  # nothing in a house falls for longer: the sensor is dead
FROZEN_MS = 60  # equal to the last bit for so long: this sensor does not measure

# A blow: one short pulse out of calm, and then nothing much.
START_MG = 1100  # above rest; at its peak as much as the model says: putting it down reaches nearly that
SHOCK_MG = 2000  # for the mean only
CALM_MG = 350  # the mean before
CLEAR_MS = 60  # below a third of the peak for so long: over
CLEAR_BY_MS = 150
SETTLED_MS = 220  # if it took longer than that, it has to be calm for longer
STILL_MG = 300  # from one g
ACTIVE_MS = 600  # and a blow is over by now
BLOW_MS = 700  # how long a blow is shown


class Fall:
    name = "throwing"

    def __init__(self, rate_hz, least_mg):
        self.light = least_mg
        self.bits = shift(20, rate_hz)
        self.fall = FALL_MS * rate_hz // 1000
        self.drop = DROP_MS * rate_hz // 1000
        self.calm = QUIET_MS * rate_hz // 1000
        self.bounce = BOUNCE_MS * rate_hz // 1000
        self.swing = SWING_MS * rate_hz // 1000
        self.landed = LANDED_MS * rate_hz // 1000
        self.flight = FLIGHT_MS * rate_hz // 1000
        self.frozen = max(3, FROZEN_MS * rate_hz // 1000)
        self.reset()

    def reset(self):
        self.on = False
        self.low = 0  # samples since |a| fell below FALL_MG
        self.quiet = 0  # of these, quiet in a row
        self.mean = 0
        self.swung = self.swing  # samples since it was swung
        self.peak = 0  # how hard, above rest
        self.down = 0  # samples since it was last in the air

    # size: |a|; frozen: so many samples were equal. -> True when it was let go, or lies still again
    def step(self, size, frozen):
        if size > (AIRBORNE_MG if self.on else self.light):
            return self._carried(size)
        self.mean = self.mean + (size - self.mean >> self.bits) if self.low else size
        self.low += 1
        if -QUIET_MG < size - self.mean < QUIET_MG and frozen < self.frozen:
            self.quiet += 1
        else:
            self.quiet = 0
        if self.on:
            return self._flying()
        return self._let_go()

    def _carried(self, size):
        self.low = self.quiet = 0
        self._feel(size)
        if not self.on:
            return False
        self.down += 1
        self.on = self.down < self.landed
        return not self.on

    def _feel(self, size):
        if self.swung >= self.swing:
            self.peak = 0
        if size - 1000 > self.peak:
            self.peak = size - 1000
        self.swung = 0 if size > SWING_MG else self.swung + 1

    # It is being shaken: no peak is a swing, and only a long fall is a throw.
    def forget_swing(self):
        self.swung = self.swing

    def _flying(self):
        if self.low >= self.bounce:
            self.down = 0
        self.down += 1
        self.on = self.low < self.flight and self.down < self.landed
        return not self.on

    def _let_go(self):
        least = self.fall if self.swung < self.swing else self.drop
        if self.low < least or self.quiet < self.calm:
            return False
        self.on = True
        self.down = 0
        return True

    def sure(self):
        return 90 if self.swung < self.swing else 75

    def strength(self):
        return max(1000, self.peak)  # weightless is one g away from rest


class Blow:
    name = "punching"

    def __init__(self, rate_hz, least_mg):
        self.least = least_mg
        self.start = min(START_MG, least_mg)
        self.bits = shift(300, rate_hz)
        self.clear = CLEAR_MS * rate_hz // 1000
        self.clear_by = CLEAR_BY_MS * rate_hz // 1000
        self.settled = SETTLED_MS * rate_hz // 1000
        self.active = ACTIVE_MS * rate_hz // 1000
        self.shown = BLOW_MS * rate_hz // 1000
        self.reset()

    def reset(self):
        self.unrest = 0  # sixteenths
        self.age = -1  # samples since the pulse began; -1: there is none
        self.peak = 0
        self.low = 0  # samples in a row that were small beside the peak
        self.still = 0  # samples in a row that were about one g
        self.left = 0  # samples for which the blow is still shown
        self.on = False

    # push: |a - rest|; size: |a|. -> True when there was a blow, or it is over
    def step(self, push, size):
        unrest = self.unrest
        self.unrest = unrest + (((push if push < SHOCK_MG else SHOCK_MG) << 4) - unrest >> self.bits)
        if self.age >= 0:
            struck = self._follow(push, size)
        else:
            struck = False
            if push > self.start and unrest < CALM_MG << 4:
                self.age = self.low = self.still = 0
                self.peak = push
        if self.on:
            self.left -= 1
            self.on = self.left > 0
        return struck or self.left == 0

    def _follow(self, push, size):
        self.age += 1
        if push > self.peak:
            self.peak = push
        # Let go, it is weightless, not calm. A blow may have turned it so that rest is unknown; then one g is calm.
        self.low = self.low + 1 if push * 3 < self.peak and size > FALL_MG else 0
        self.still = self.still + 1 if -STILL_MG < size - 1000 < STILL_MG else 0
        if (
            (self.low >= self.clear and self.age <= self.clear_by)
            or self.low >= self.settled
            or self.still >= self.settled
        ):
            return self._strike()
        if self.age > self.active:
            self.age = -1
        return False

    def _strike(self):
        self.age = -1
        if self.peak < self.least:
            return False
        self.on = True
        self.left = self.shown
        return True

    def sure(self):
        return min(95, 55 + (self.peak - self.least) // 50)

    def strength(self):
        return self.peak
