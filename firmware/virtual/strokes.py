"""What acts are made of: spans of time, half sines, trembling, tilting; the law: nothing here knows a gesture."""

from math import pi, sin, sqrt

TURN = 2 * pi


# The seconds since the start, once for every step, until `seconds` are over.
def span(m, seconds):
    t = 0.0
    while t < seconds:
        t += m.dt
        yield t


# 0 .. 1 .. 0 over `whole` seconds; a half sine.
def half_sine(t, whole):
    return sin(pi * t / whole) if 0 < t < whole else 0.0


def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def across(dice, direction):
    while True:
        side = cross(dice.direction(), direction)
        size = sqrt(sum([v * v for v in side]))
        if size > 0.1:
            return [v / size for v in side]


# A few sines of nearby pitch: what a living hand does, of `rms_g` altogether.
class Tremble:
    def __init__(self, dice, low_hz, high_hz, rms_g, sines=3):
        size = rms_g * sqrt(2 / sines)
        self.sines = []
        for _ in range(sines):
            hz = dice.scaled(low_hz, high_hz)
            self.sines.append((TURN * hz, TURN * dice.share(), size, dice.direction()))

    def push(self, m, t, level=1.0):
        for speed, phase, size, direction in self.sines:
            m.add_push(direction, level * size * sin(speed * t + phase))


# Turned over by hand: `degrees` within `seconds`, with the unrest of hands.
def tilt(m, axis, degrees, seconds, grip=0.0, unrest_g=0.05):
    hands = Tremble(m.dice, 2, 8, unrest_g)
    for t in span(m, seconds):
        m.add_turn(axis, degrees * pi / 2 / seconds * half_sine(t, seconds))
        hands.push(m, t, half_sine(t, seconds))
        m.grip = grip
        yield
