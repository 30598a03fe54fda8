"""How a pillow moves, after what people's recordings show; the law: one seed is one take, the same everywhere."""

from math import cos, pi, radians, sin, sqrt

from virtual import acts, everyday

REPLACED_S = 0.08  # an act broken off fades out this fast, so that nothing jumps
SQUEEZE_S = 0.06  # a hand closes no faster
WORST_PARTS = 0.03  # of cheap sensors feel a third of a g too much or too little along the axis across the chip
WEAK = 0.3, 0.6  # how much of a squeeze is felt under stiff stuffing, or by a sense beside where people press


class Dice:
    # Two small generators (Wichmann and Hill's): no step leaves 30 bits, so every interpreter draws alike.
    def __init__(self, seed, spread=1.0):
        self.a = 1 + seed % 30268
        self.b = 1 + seed // 30268 % 30306
        self.spread = spread  # below 1 everything drawn is nearer to the middle: clear instead of typical
        for _ in range(7):
            self.noise()

    # White, mean 0, standard deviation 1.
    def noise(self):
        self.a = self.a * 171 % 30269
        self.b = self.b * 172 % 30307
        return (self.a / 30269 + self.b / 30307 - 1) * 2.449489742783178

    def share(self):
        self.noise()
        return (self.a / 30269 + self.b / 30307) % 1

    def between(self, low, high):
        return low + (high - low) * (0.5 + (self.share() - 0.5) * self.spread)

    # Spread evenly over octaves, for what people do from gently to hard.
    def scaled(self, low, high):
        return low * (high / low) ** self.between(0, 1)

    def chance(self, share):
        return self.share() < share

    def pick(self, things):
        return things[int(self.share() * len(things))]

    def direction(self):
        up = self.share() * 2 - 1
        round_ = self.share() * 2 * pi
        flat = sqrt(1 - up * up)
        return (flat * cos(round_), flat * sin(round_), up)


# A cheap sensor: what it measures is not quite what is.
class Sensor:
    def __init__(self, dice):
        self.dice = dice
        self.noise_g = dice.scaled(0.0005, 0.006)
        self.noise_dps = dice.scaled(0.03, 0.9)
        self.scale = [1 + dice.between(-0.05, 0.05) for _ in range(3)]
        self.bias_g = [dice.between(-0.05, 0.05) for _ in range(3)]
        if dice.chance(WORST_PARTS):
            self.bias_g[2] = dice.between(-0.32, 0.32)
        self.bias_dps = [dice.between(-5, 5) for _ in range(3)]

    def accel(self, axis, true):
        return true * self.scale[axis] + self.bias_g[axis] + self.noise_g * self.dice.noise()

    def gyro(self, axis, true):
        return true + self.bias_dps[axis] + self.noise_dps * self.dice.noise()


class Motion:
    # Two dice: what the person does must not depend on how often the sensor is asked.
    def __init__(self, seed, clear=False, weak=False):
        spread = 0.35 if clear else 1.0
        self.clear = clear
        self.dice = Dice(seed * 2 + 1, spread)
        self.sensor = Sensor(Dice(seed * 2 + 2, spread))
        self.sense = Dice(seed).between(*WEAK) if weak else 1.0
        self.up = list(self.dice.direction())  # where "up" is, seen from the pillow; one g at rest
        self.accel = [0.0, 0.0, 0.0]
        self.gyro = [0.0, 0.0, 0.0]
        self.held = 0.0
        self.squeeze = 0  # per mille, what a squeeze sense would say
        self.dt = 0.0
        self.name = "nothing"
        self.left_push = [0.0, 0.0, 0.0]
        self.left_turn = [0.0, 0.0, 0.0]
        self.let_go()
        self.act = everyday.nothing(self, 0)

    # Start an act; the one that was on is broken off. Without seconds it lasts as long as people do it.
    def press(self, name, seconds=0):
        if name not in acts.ACTS:
            raise ValueError("no act %s; there are %s" % (name, " ".join(sorted(acts.ACTS))))
        self.left_push = list(self.push)
        self.left_turn = list(self.turn)
        self.name = name
        self.act = acts.ACTS[name](self, seconds)

    # What acts set anew at every step: linear push (g) and turn rate (degrees a second), as the pillow feels them;
    # how much of its weight is carried (0: it flies); how hard it is held.
    def let_go(self):
        self.push = [0.0, 0.0, 0.0]
        self.turn = [0.0, 0.0, 0.0]
        self.support = 1.0
        self.grip = 0.0

    def step(self, dt_s):
        self.dt = dt_s
        self.let_go()
        self.go_on()
        self.fade(self.left_push, self.push)
        self.fade(self.left_turn, self.turn)
        self.rotate()
        self.held += (self.grip - self.held) * min(1.0, dt_s / SQUEEZE_S)
        self.squeeze = int(self.held * self.sense)
        for i in range(3):
            self.accel[i] = self.sensor.accel(i, self.up[i] * self.support + self.push[i])
            self.gyro[i] = self.sensor.gyro(i, self.turn[i])

    def go_on(self):
        try:
            next(self.act)
        except StopIteration:
            self.name = "nothing"
            self.act = everyday.nothing(self, 0)
            next(self.act)

    def fade(self, left, now):
        keep = max(0.0, 1 - self.dt / REPLACED_S)
        for i in range(3):
            left[i] *= keep
            now[i] += left[i]

    # The world turns the other way when the pillow turns (Rodrigues).
    def rotate(self):
        rate = sqrt(sum([w * w for w in self.turn]))
        angle = radians(rate * self.dt)
        if angle < 1e-6:
            return
        x, y, z = [w / rate for w in self.turn]
        a, b, c = self.up
        s, k = -sin(angle), cos(angle)
        along = (x * a + y * b + z * c) * (1 - k)
        up = (
            a * k + (y * c - z * b) * s + x * along,
            b * k + (z * a - x * c) * s + y * along,
            c * k + (x * b - y * a) * s + z * along,
        )
        size = sqrt(sum([v * v for v in up]))
        self.up = [v / size for v in up]

    def add_push(self, direction, size):
        for i in range(3):
            self.push[i] += direction[i] * size

    def add_turn(self, direction, size):
        for i in range(3):
            self.turn[i] += direction[i] * size
