"""What people do to a pillow, each a generator that sets the motion of one step and yields.

The law: the figures are those of people's recordings, not of pillows where nobody recorded one.
"""

from math import exp, pi, radians, sin

from virtual import everyday
from virtual.strokes import TURN, Tremble, across, cross, half_sine, span, tilt

EARTH = 9.81  # m/s2 in one g
FULL_TURNS = 600  # degrees; less than that is turning it over
FLIGHT_G = 0.44  # the most that was felt in the air, of spin and drag
HANDS, ARMS = 400, 480  # per mille: the most that hands squeeze, the least that arms do; nobody has measured it yet


# ---- hugging


# Taken up and tilted upright, held, put back; three in ten rock, some are no livelier than a head.
def hug(m, seconds):
    d = m.dice
    rocks, asleep = d.chance(0.3), d.chance(0.15) and not m.clear
    axis, degrees, grip = across(d, m.up), d.between(60, 90), d.between(ARMS, 1000)
    yield from tilt(m, axis, degrees * 0.6, degrees * 0.6 / d.between(50, 90), 100)
    parts = hug_parts(d, rocks, asleep)
    rock_dps, rock_hz = d.between(8, 30) if rocks else 0.0, d.between(0.3, 0.7)
    whole, rest_s = seconds or d.between(5, 30), d.between(0.4, 0.8)
    for t in span(m, whole):
        m.add_turn(axis, degrees * 0.4 * pi / 2 / rest_s * half_sine(t, rest_s))
        m.add_turn(axis, rock_dps * sin(TURN * rock_hz * t) * min(1.0, t, whole - t))
        for part in parts:
            part.push(m, t)
        m.grip = grip * (0.97 + 0.03 * sin(2 * t))
        yield
    yield from tilt(m, axis, -degrees, degrees / d.between(50, 90), 0, 0.08)


def hug_parts(d, rocks, asleep):
    if asleep:
        return [Tremble(d, 0.15, 4, d.between(0.0005, 0.003))]
    return [
        Tremble(d, 0.15, 0.7, d.scaled(0.01, 0.06) if rocks else d.scaled(0.002, 0.01)),
        Tremble(d, 0.7, 4, d.scaled(0.008, 0.08) if rocks else d.scaled(0.003, 0.008)),
        Tremble(d, 4, 12, d.scaled(0.005, 0.025) if rocks else d.scaled(0.003, 0.006)),
    ]


# ---- punching


def punch(m, seconds):
    d = m.dice
    if m.clear and not seconds:
        yield from blow(m, 0.8)
        return
    end, t = seconds or d.scaled(0.5, 8), 0.0
    while t < end:
        gap = d.scaled(0.44, 2.6)
        yield from blow(m, gap)
        t += gap


# A half sine, dulled by the filling; then the pillow rocks until it lies still.
def blow(m, whole):
    d = m.dice
    width, size, cut_hz = (
        d.scaled(0.03, 0.1),
        d.scaled(2.5 if m.clear else 1, 8),
        d.between(15, 40),
    )
    direction, axis, dps = d.direction(), d.direction(), d.scaled(130, 1000)
    rock_hz, rock, dies_s = (
        d.between(3, 8),
        min(0.6, size * d.between(0.05, 0.25)),
        d.between(0.06, 0.16),
    )
    grip, dulled = d.between(0, 900), 0.0
    for t in span(m, whole):
        dulled += (size * half_sine(t, width) - dulled) * min(1.0, m.dt * TURN * cut_hz)
        m.add_push(direction, dulled)
        m.add_turn(axis, dps * half_sine(t, 1.5 * width))
        if t > width:
            level = exp((width - t) / dies_s) * sin(TURN * rock_hz * (t - width))
            m.add_push(direction, -rock * level)
            m.add_turn(axis, -0.3 * dps * level)
        m.grip = grip if t < 2 * width else 0
        yield


# ---- shaking


def shake(m, seconds):
    d = m.dice
    hz = d.scaled(1.5, 4) if m.clear else d.scaled(0.75, 5)
    reach = 1.02 * (hz / 0.75) ** 2  # an arm swings no further than 45 cm to either side
    size, side = min(reach, d.scaled(0.9, 7 if d.chance(0.1) else 3.6)), d.between(0.3, 0.5)
    second, dps = d.between(0.1, 0.4), d.between(80, 160) * pi / 2
    main, axis = d.direction(), d.direction()
    other, grip, lag = across(d, main), d.between(100, HANDS), d.between(0, TURN)
    yield from tilt(m, across(d, m.up), d.between(5, 40), d.between(0.3, 0.8), grip * 0.7)
    whole, ramp, phase = seconds or d.scaled(2, 30), d.between(0.3, 1) / hz, 0.0
    for t in span(m, whole):
        phase += TURN * hz * m.dt * (1 + 0.15 * sin(0.9 * t + lag))
        level = max(0.0, min(1.0, t / ramp, (whole - t) / ramp))
        m.add_push(main, level * size * (sin(phase) + second * sin(2 * phase + lag)))
        m.add_push(other, level * size * side * sin(phase + lag))
        m.add_turn(axis, level * dps * sin(phase + 0.5))
        m.grip = grip
        yield
    yield from tilt(m, across(d, m.up), d.between(5, 40), d.between(0.3, 0.8), grip * 0.5)


# ---- spinning


# On a surface, in the hands, or (one in five) like a coin, whose axis wanders through the pillow.
def spin(m, seconds):
    d = m.dice
    dps = d.scaled(250, 700) if m.clear else d.scaled(60, 1200)
    on_table, coin = d.chance(0.5), d.chance(0.2)
    axis = list(m.up) if on_table else d.direction()
    side = across(d, axis)
    third = cross(axis, side)
    radius, rattle = d.between(0, 0.1), d.scaled(0.05, 0.5) if on_table else 0.02
    whole, ramp, fall_s = seconds or d.scaled(2, 20), d.between(0.2, 0.5), max(spin_fall(d, m), FULL_TURNS / dps)
    if not seconds:
        whole = max(whole, FULL_TURNS / dps)
    wander = TURN * d.between(0.3, 1)
    for t in span(m, whole):
        level = min(1.0, t / ramp, max(0.0, whole - t) / 0.3) * exp(-t / fall_s)
        now = level * dps
        around = axis
        if coin:
            c, s = sin(wander * t + pi / 2), sin(wander * t)
            around = [c * axis[i] + s * third[i] for i in range(3)]
        m.add_turn(around, now)
        m.add_push(side, radius * radians(now) ** 2 / EARTH)
        noise = m.sensor.dice.noise
        m.add_push((noise(), noise(), noise()), rattle * min(1.0, now / 300))
        yield
    yield from tilt(m, across(d, m.up), d.between(2, 10), 0.3)


def spin_fall(d, m):
    slows = d.chance(0.5) and not m.clear
    return d.scaled(1, 20) if slows else 1000.0


# ---- throwing


# Swung, let go, flying, landing, bouncing, lying somewhere else.
def throw(m, seconds):
    d = m.dice
    spins = d.chance(0.3)
    axis, dps = d.direction(), d.scaled(300, 2000) if spins else d.between(20, 250)
    yield from swing(m, axis, dps)
    flight = d.between(0.2, 1.0) if not m.clear else d.between(0.4, 0.7)
    yield from fly(m, flight, axis, dps, d.between(0.2, 0.42) if spins else d.between(0.02, 0.1))
    yield from land(m, d.scaled(3, 20), axis, dps)
    if d.chance(0.92):
        for n in range(int(d.between(1, 3.99))):
            yield from fly(m, d.between(0.05, 0.3) / (n + 1), axis, dps / (n + 2), d.between(0.05, 0.3))
            yield from land(m, d.scaled(1.5, 5), axis, dps / (n + 3))
    yield from rock(m, d.between(0.2, 0.5), d.between(0.1, 0.4), axis, d.between(20, 90))


def swing(m, axis, dps):
    d = m.dice
    hard = d.chance(0.2) and not m.clear
    whole = d.between(0.2, 0.6)
    size = (d.between(4, 8) if hard else d.between(1.1, 3)) - 1
    side, grip = across(d, m.up), d.between(100, HANDS)
    yield from tilt(m, side, d.between(5, 30), d.between(0.2, 0.5), grip)
    for t in span(m, whole):
        m.add_push(m.up, size * 0.9 * half_sine(t, whole))
        m.add_push(side, size * 0.3 * half_sine(t, whole))
        m.add_turn(axis, min(dps, 600) * (t / whole) ** 2)
        m.grip = grip
        yield


def fly(m, whole, axis, dps, left_g):
    d = m.dice
    side, drag = across(d, axis), min(d.between(0.0, 0.25) * min(1.0, whole), FLIGHT_G - left_g)
    for t in span(m, whole):
        m.support = max(0.0, 1 - t / 0.03)
        m.add_push(side, left_g + drag * (t / whole) ** 2)
        m.add_turn(axis, dps)
        yield


def land(m, size, axis, dps):
    d = m.dice
    whole = d.between(0.025, 0.06) * 1.5
    side = d.direction()
    for t in span(m, whole):
        m.support = min(1.0, t / whole)
        m.add_push(m.up, size * 0.9 * half_sine(t, whole))
        m.add_push(side, size * 0.4 * half_sine(t, whole))
        m.add_turn(axis, dps * (1 - t / whole))
        yield


# What is left of a landing: rocking that dies.
def rock(m, whole, size, axis, dps):
    hz = m.dice.between(3, 8)
    side = m.dice.direction()
    for t in span(m, whole):
        level = (1 - t / whole) ** 2 * sin(TURN * hz * t)
        m.add_push(side, size * level)
        m.add_turn(axis, dps * level)
        yield


ACTS = {
    "nothing": everyday.nothing,
    "hug": hug,
    "punch": punch,
    "shake": shake,
    "spin": spin,
    "throw": throw,
}
ACTS.update(everyday.EVERYDAY)
