# The sudden signs, looked at with every sample: free fall, and a blow.
#
# Their law: integers that fit 30 bits, no allocation, time counted in samples, accelerations in milli-g. The figures
# are physics and people's recordings: they carry from pillow to pillow. A sign that is unsure says no.
from .rest import shift

# Free fall: weightless, and quietly so; shakes dip as low, but never quietly.
FALL_MG = 450  # a sensor off the centre of a spinning pillow feels up to 420; the model may say otherwise
AIRBORNE_MG = 650  # and drag adds to it late in the flight
QUIET_MG = 75  # either way, for as long as it counts
FALL_MS = 100  # since |a| fell below FALL_MG, when it was swung before
LANDED_MG, BOUNCE_FALL_MS, BOUNCE_MG = (
    2500,
    60,
    250,
)  # when it was thrown or has landed hard: weightless, not only light
DROP_MS = 190  # when it was not swung, or goes to and fro: 17 cm
SPUN_DPS, HEAVY_MS = (
    250,
    320,
)  # what turns slower than this weighs no more than BOUNCE_MG in the air, but for its sensor
SINKS_MG, SINK_MS = 800, 30  # let go, it is light at once; up and down it is so by and by
DIPS = 1  # falls that were none; DIPS_MS after the last they are forgotten
DIPS_MS = 1_200
QUIET_MS = 50  # of these, the last
SWING_MG = 1200
SWING_MS = 700  # how long ago a swing may be
LANDED_MS = 800  # after the last bounce the throw is over
BOUNCE_MS = 50  # a shorter dip is only rattling
FLIGHT_MS = 3_000  # nothing in a house falls for longer: the sensor is dead
FROZEN_MS = 60  # equal to the last bit for so long: this sensor does not measure

# A blow: one short pulse out of calm, and then nothing much.
START_MG = 650  # above rest; at its peak as much as the model says: putting it down reaches nearly that
WEAK_SHARE = 4  # eighths of that are enough for what makes it spin at once
WEAK_DDPS = 1200  # on all three axes together
STILL_PUSH_MG = 250
RISE_MS = 50  # and rises from next to nothing so soon; a stroke of a shake takes longer
SHOCK_MG = 2000  # for the mean only
CALM_MG = 250  # the mean before
STEEP_G_S = 20  # how fast it rises, if it does not end as fast
CLEAR_MS = 60  # below a third of the peak for so long: over
CLEAR_BY_MS = 150
REBOUND_MG = 2100  # a third of more than this is no rest: the next stroke of a hard shake has it too
FAST_DDPS, CALM_DDPS = 3500, 600  # then it may rise slower; and when it is over it does not go on spinning
NO_GYRO_DDPS, SLOW_DDPS = 100, 2900  # what took longer than that has to spin fast, where there is a gyro
SETTLED_MS = 220  # if it took longer than that, it has to be calm for longer
STILL_MG = 300  # from one g
ACTIVE_MS = 600  # and a blow is over by now
BLOW_MS = 700  # how long a blow is shown


class Fall:
    name = "throwing"

    def __init__(self, rate_hz, least_mg):
        self.light = least_mg
        self.fall = FALL_MS * rate_hz // 1000
        self.brief = max(3, BOUNCE_FALL_MS * rate_hz // 1000)
        self.sink = SINK_MS * rate_hz // 1000
        self.heavy = HEAVY_MS * rate_hz // 1000
        self.dipped = DIPS_MS * rate_hz // 1000
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
        self.level = 0  # how much it weighs since
        self.has_rhythm = self.is_slow = False  # set from outside: it goes to and fro; it turns slower than SPUN_DPS
        self.swung = self.swing  # samples since it was swung
        self.peak = 0  # how hard, above rest
        self.sinks = 0  # samples since it weighed nearly one g
        self.was_slow = False  # when it began to fall: nobody let it go
        self.dips = self.risen = 0  # how often it was light before, and samples since the last time
        self.down = 0  # samples since it was last in the air

    # size: |a|; frozen: so many samples were equal. -> True when it was let go, or lies still again
    def step(self, size, frozen):
        if size > (AIRBORNE_MG if self.on else self.light):
            return self._carried(size)
        self.low += 1
        if -QUIET_MG < size - self.level < QUIET_MG and frozen < self.frozen:
            self.quiet += 1
        else:
            self.quiet = 0
            self.level = size
        if self.on:
            return self._flying()
        return self._let_go()

    def _carried(self, size):
        if self.low:
            self.dips += self.low >= self.calm
            self.risen = 0
        self.risen += 1
        if self.risen > self.dipped:
            self.dips = 0
        self.sinks = 0 if size > SINKS_MG else self.sinks + 1
        self.was_slow = self.sinks > self.sink
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
        if self.low < self._least() or self.quiet < self.calm:
            return False
        self.on = True
        self.down = 0
        return True

    def _least(self):
        is_light = self.level < BOUNCE_MG
        if self.is_slow and not is_light:
            return self.heavy
        has_landed = self.peak > LANDED_MG
        if (
            self.has_rhythm
            or self.swung >= self.swing
            or (self.was_slow and not has_landed)
            or (self.dips >= DIPS and not has_landed)
        ):
            return self.drop
        return self.brief if has_landed and is_light else self.fall

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
        self.rise = max(1, RISE_MS * rate_hz // 1000)
        self.steep = STEEP_G_S * 1000 // rate_hz
        self.active = ACTIVE_MS * rate_hz // 1000
        self.shown = BLOW_MS * rate_hz // 1000
        self.reset()

    # Switched on in the middle of something, that may be a blow which is nearly over; nobody knows how it began.
    def reset(self):
        self.has_rhythm = False  # set from outside
        self.turning = 0  # now
        self.unrest = SHOCK_MG << 4  # sixteenths
        self.risen = 0  # samples since next to nothing was felt
        self._begin(0)
        self.is_sharp = True
        self.left = 0  # samples for which the blow is still shown
        self.on = False

    def _begin(self, push):
        self.age = self.low = self.still = self.spun = 0
        self.peak = push
        self.rose = self.risen
        self.is_calm = self.unrest < CALM_MG << 4
        self.is_sharp = False

    # Something else is being done to it.
    def cancel(self):
        self.age = -1
        self.on = False

    # push: |a - rest|; size: |a|. -> True when there was a blow, or it is over
    def step(self, push, size):
        unrest = self.unrest
        self.risen = self.risen + 1 if push > STILL_PUSH_MG else 0
        struck = False
        if self.age >= 0:
            struck = self._follow(push, size)
        elif push > self.start and unrest < CALM_MG << 4:
            self._begin(push)
        self.unrest = unrest + (((push if push < SHOCK_MG else SHOCK_MG) << 4) - unrest >> self.bits)
        if self.on and not struck:
            self.left -= 1
            self.on = self.left > 0
            return not self.on
        return struck

    def spin(self, x, y, z):
        self.turning = abs(x) + abs(y) + abs(z)
        self.spun = max(self.spun, self.turning)

    def _follow(self, push, size):
        self.age += 1
        if push > self.start and push - STILL_PUSH_MG > self.steep * self.risen:
            self.is_sharp = True
        if push > self.peak:
            self.peak = push
            self.rose = self.risen
            if self.age > self.clear_by and push > self.start:
                self.age = self.clear_by + 1
        # Let go, it is weightless, not calm. A blow may have turned it so that rest is unknown; then one g is calm.
        self.low = self.low + 1 if push * 3 < min(self.peak, REBOUND_MG) and size > FALL_MG else 0
        away = size - 1000
        if -STILL_MG < away < STILL_MG:
            self.still += 3
        elif 0 < away * 3 < min(self.peak, REBOUND_MG):
            self.still += 2
        else:
            self.still = 0
        if self.low >= self.clear and self.age <= self.clear_by and self.is_calm:
            return self._strike(self.rose <= self.rise)
        if self.low >= self.settled or self.still >= 3 * self.settled:
            is_slow = self.has_rhythm or NO_GYRO_DDPS < self.spun < SLOW_DDPS
            is_slow = is_slow or not (self.is_sharp or self.spun > FAST_DDPS)
            return self._strike(self.is_sharp or self.turning < CALM_DDPS, is_slow)
        if self.age > self.active:
            self.age = -1
        return False

    def _strike(self, is_quick, is_slow=False):
        self.age = -1
        if is_slow:
            return False
        is_spun = is_quick and self.spun > WEAK_DDPS
        if self.peak < (self.least * WEAK_SHARE >> 3 if is_spun else self.least):
            return False
        self.on = True
        self.left = self.shown
        return True

    def sure(self):
        return max(50, min(95, 55 + (self.peak - self.least) // 50))

    def strength(self):
        return self.peak
