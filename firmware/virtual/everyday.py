"""What happens to a pillow all day and is no gesture; the law: the pillow has to stay neutral through all of it."""

from math import pi, sin

from virtual.strokes import TURN, Tremble, across, half_sine, span, tilt


def nothing(m, seconds):
    while True:
        yield


# A head laid on it: a small tilt, then hardly more than nothing.
def head(m, seconds):
    d = m.dice
    axis, degrees, grip = across(d, m.up), d.between(3, 15), d.between(0, 250)
    alive = Tremble(d, 0.15, 4, d.between(0, 0.003))
    yield from tilt(m, axis, degrees, d.between(0.5, 1.2), grip, d.scaled(0.03, 0.2))
    for t in span(m, seconds or d.between(5, 30)):
        alive.push(m, t)
        m.grip = grip
        yield
    yield from tilt(m, axis, -degrees, d.between(0.5, 1.2))


# Carried about the house: steps of two harmonics, the arm swings along.
def carry(m, seconds):
    d = m.dice
    axis, degrees, grip = across(d, m.up), d.between(20, 90), d.between(0, 300)
    hz, size, swing = d.between(1.4, 2), d.between(0.1, 0.36), d.between(20, 75)
    up_down, along, second = list(m.up), across(d, m.up), d.between(0.2, 0.5)
    yield from tilt(m, axis, degrees, d.between(0.8, 2), grip, d.between(0.1, 0.3))
    whole = seconds or d.between(3, 20)
    for t in span(m, whole):
        level = min(1.0, t, (whole - t) * 2)
        m.add_push(up_down, level * size * sin(TURN * hz * t))
        m.add_push(along, level * size * second * sin(TURN * 2 * hz * t + 1))
        m.add_turn(axis, level * swing * pi / 2 * sin(TURN * hz / 2 * t + 0.5))
        m.grip = grip
        yield
    yield from tilt(m, axis, -degrees, d.between(0.8, 2), grip, d.between(0.1, 0.4))


def pat(m, seconds):
    d = m.dice
    end, t = seconds or d.between(2, 8), 0.0
    while t < end:
        width, size, gap = d.between(0.04, 0.12), d.scaled(0.03, 0.5), d.between(0.25, 0.9)
        direction, axis, grip = d.direction(), d.direction(), d.between(0, 200)
        for since in span(m, width + gap):
            m.add_push(direction, size * half_sine(since, width))
            m.add_turn(axis, 40 * size * half_sine(since, 2 * width))
            m.grip = grip if since < 2 * width else 0
            yield
        t += width + gap


# Picked up and put down elsewhere.
def move(m, seconds):
    d = m.dice
    for _ in range(2):
        whole, size, grip = d.between(0.2, 1), d.scaled(0.5, 1.5), d.between(0, 300)
        burst = Tremble(d, 1.5, 6, size / 2.5)
        axis, rate = across(d, m.up), d.between(-60, 60)
        for t in span(m, whole):
            burst.push(m, t, half_sine(t, whole))
            m.add_turn(axis, rate * half_sine(t, whole))
            m.grip = grip
            yield
        for _ in span(m, d.between(0.5, 2)):
            m.grip = grip
            yield
        grip = 0


# Turned over slowly, as for plumping it up.
def turn(m, seconds):
    d = m.dice
    degrees = d.between(60, 170)
    yield from tilt(m, across(d, m.up), degrees, degrees / d.between(30, 70), d.between(0, 300))


# Carried by somebody who runs: steps that reach more than a g, the trunk turns a little with each.
def run(m, seconds):
    d = m.dice
    hz, size, swing = d.between(2.2, 3.2), d.scaled(0.5, 1.2), d.between(20, 50)
    axis, grip = across(d, m.up), d.between(0, 350)
    yield from tilt(m, axis, d.between(20, 90), d.between(0.8, 2), grip, 0.1)
    up_down, along, second, lag = list(m.up), across(d, m.up), d.between(0.1, 0.4), d.between(0, TURN)
    whole = seconds or d.between(3, 15)
    for t in span(m, whole):
        level = max(0.0, min(1.0, t, whole - t))
        m.add_push(up_down, level * size * (sin(TURN * hz * t) + second * sin(2 * TURN * hz * t + lag)))
        m.add_push(along, level * size * 0.3 * sin(TURN * hz / 2 * t))
        m.add_turn(axis, level * swing * pi / 2 * sin(TURN * hz / 2 * t + 0.5))
        m.grip = grip
        yield


# Clapped between two hands: short shocks from both sides, which turn it little.
def clap(m, seconds):
    d = m.dice
    hz, size, width = d.between(2, 4), d.scaled(0.2, 0.9), d.between(0.02, 0.06)
    direction, axis, grip = d.direction(), d.direction(), d.between(50, 350)
    for t in span(m, seconds or d.between(1, 5)):
        since, number = t % (1 / hz), int(t * hz)
        m.add_push(direction, size * (1 - 2 * (number % 2)) * half_sine(since, width))
        m.add_turn(axis, 50 * size * half_sine(since, 3 * width))
        m.grip = grip if since < 2 * width else 0
        yield


# Leaned on by somebody who sits down: pressed as hard as arms would, but neither taken up nor turned over.
def lean(m, seconds):
    d = m.dice
    axis, degrees, whole = across(d, m.up), d.between(2, 12), d.between(0.6, 2)
    grip, alive = d.between(100, 900), Tremble(d, 0.15, 4, d.scaled(0.001, 0.006))
    yield from tilt(m, axis, degrees, whole, grip, d.scaled(0.02, 0.08))
    end = seconds or d.between(5, 30)
    for t in span(m, end):
        alive.push(m, t)
        m.grip = grip * (0.95 + 0.05 * sin(1.3 * t))
        yield
    yield from tilt(m, axis, -degrees, whole, 0, d.scaled(0.02, 0.08))


# Put down, or dropped from a hand's breadth onto something soft.
def put(m, seconds):
    d = m.dice
    axis, grip = across(d, m.up), d.between(50, 300)
    yield from tilt(m, axis, d.between(-60, 60), d.between(0.6, 1.5), grip, d.scaled(0.03, 0.15))
    for _ in span(m, d.between(0.05, 0.12)):
        m.support = 0.3
        yield
    size, whole, hz = d.scaled(0.3, 1.0), d.between(0.06, 0.15), d.between(3, 8)
    side, up = d.direction(), list(m.up)
    for t in span(m, whole + 0.4):
        level = max(0.0, 0.4 - max(0.0, t - whole)) / 0.4 * (t > whole)
        m.add_push(up, size * half_sine(t, whole))
        m.add_push(side, 0.15 * size * level * sin(TURN * hz * (t - whole)))
        m.add_turn(axis, 40 * size * half_sine(t, whole))
        yield


EVERYDAY = {
    "head": head,
    "carry": carry,
    "pat": pat,
    "move": move,
    "turn": turn,
    "run": run,
    "clap": clap,
    "lean": lean,
    "put": put,
}
