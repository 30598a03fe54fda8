"""The generator of motion: the figures of people's recordings, a seed that is a take, and nothing that jumps."""

import math
import subprocess
import sys
from itertools import pairwise
from statistics import mean, pstdev

import pytest
from interpreters import micropython, micropython32
from takes import EVERYDAY, GESTURES, HERE, generated
from virtual.acts import ACTS
from virtual.motion import Dice, Motion

SEEDS = range(4_000, 4_020)
STEP_S = 0.01


class Watch:
    """A motion, and what it truly did: without the sensor's noise."""

    def __init__(self, seed, clear=False):
        self.motion = Motion(seed, clear)
        self.true_g = []
        self.sizes = []
        self.turns = []
        self.squeezes = []
        self.supports = []
        self.pushes = []

    def go(self, seconds):
        for _ in range(int(seconds / STEP_S)):
            self.step()
        return self

    def through(self, act, seconds=0):
        """The whole act."""
        self.motion.press(act, seconds)
        self.step()
        while self.motion.name != "nothing":
            self.step()
        return self

    def step(self):
        m = self.motion
        m.step(STEP_S)
        self.true_g.append([m.up[i] * m.support + m.push[i] for i in range(3)])
        self.sizes.append(math.hypot(*self.true_g[-1]))
        self.turns.append(math.hypot(*m.turn))
        self.squeezes.append(m.squeeze)
        self.supports.append(m.support)
        self.pushes.append(math.hypot(*m.push))


def watched(act, clear=False):
    return [Watch(seed, clear).through(act) for seed in SEEDS]


def share(values, least, most):
    return sum(least <= value <= most for value in values) / len(values)


def angle(one, other):
    cosine = sum(a * b for a, b in zip(one, other)) / math.hypot(*one) / math.hypot(*other)
    return math.degrees(math.acos(max(-1, min(1, cosine))))


@pytest.mark.parametrize("act", sorted(ACTS))
def test_a_seed_is_a_take(act):
    one, same, other = (generated(act, seed, seconds=2).samples[:500] for seed in (1, 1, 2))
    assert one == same != other


def test_an_act_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="no act tickle; there are carry clap head"):
        Motion(1).press("tickle")


def test_dice_are_fair():
    dice = Dice(123)
    noise = [dice.noise() for _ in range(20_000)]
    shares = [dice.share() for _ in range(20_000)]
    assert abs(mean(noise)) < 0.03 and pstdev(noise) == pytest.approx(1, abs=0.03)
    assert mean(shares) == pytest.approx(0.5, abs=0.01) and 0 <= min(shares) < 0.001 < 0.999 < max(shares) < 1
    directions = [dice.direction() for _ in range(4_000)]
    assert all(math.hypot(*direction) == pytest.approx(1) for direction in directions)
    assert all(abs(mean(axis)) < 0.05 for axis in zip(*directions))


def test_at_rest_there_is_only_the_noise_of_a_cheap_sensor():
    for seed in SEEDS:
        samples = generated("nothing", seed).samples[:400]
        for axis in range(3):
            assert 0.3 < pstdev(sample[axis] for sample in samples) < 7, "milli-g"
        assert 890 < mean(math.hypot(*sample[:3]) for sample in samples) < 1110


def test_a_hug_is_a_tilt_an_embrace_and_a_return():
    for watch in watched("hug"):
        held = [i for i, squeeze in enumerate(watch.squeezes) if squeeze >= 430]
        assert 4.5 < len(held) * STEP_S < 31
        assert 50 < angle(watch.true_g[0], watch.true_g[held[len(held) // 2]]) < 115
        assert max(watch.sizes) < 1.6 and max(watch.turns) < 160
        assert angle(watch.true_g[0], watch.true_g[-1]) < 35 and watch.motion.grip == 0


def test_some_hugs_are_as_calm_as_a_resting_head_and_some_rock():
    unrest = []
    for watch in watched("hug"):
        held = [i for i, squeeze in enumerate(watch.squeezes) if squeeze >= 430]
        middle = watch.true_g[held[0] + 150 : held[0] + 350]
        unrest.append(math.hypot(*(pstdev(axis) for axis in zip(*middle))))
    assert min(unrest) < 0.004 and max(unrest) > 0.03


def test_a_blow_is_short_hard_and_never_after_a_fall():
    peaks = []
    for watch in watched("punch"):
        peaks.append(max(watch.pushes))
        assert share(watch.supports, 1, 1) == 1
        assert share(watch.pushes, peaks[-1] / 2, 9) < 0.2
    assert share(peaks, 0.7, 8) == 1 and min(peaks) < 2 < 5 < max(peaks)


def test_a_pressed_punch_is_one_clear_blow():
    for watch in watched("punch", clear=True):
        assert len(watch.sizes) * STEP_S < 1 and max(watch.pushes) > 2.2 and share(watch.pushes, 2, 9) < 0.15


def test_a_shake_goes_to_and_fro_at_a_hands_pace():
    paces = []
    for watch in watched("shake"):
        watch.true_g = watch.true_g[100:]
        middle = [mean(axis) for axis in zip(*watch.true_g)]
        spread = [pstdev(axis) for axis in zip(*watch.true_g)]
        main = spread.index(max(spread))
        sides = [g[main] > middle[main] for g in watch.true_g if abs(g[main] - middle[main]) > 0.25]
        paces.append(sum(a != b for a, b in pairwise(sides)) / 2 / (len(watch.true_g) * STEP_S))
        assert max(spread) > 0.3
    assert share(paces, 0.4, 6) == 1 and max(paces) > 2 * min(paces)


def test_a_spin_turns_at_least_once_round_and_gravity_turns_with_it():
    rates = []
    for watch in watched("spin"):
        assert sum(watch.turns) * STEP_S > 280
        rates.append(max(watch.turns))
        assert share(watch.supports, 1, 1) == 1
    assert min(rates) < 150 and max(rates) > 500 and share(rates, 50, 1400) == 1


def test_turning_by_hand_never_gets_round():
    for watch in watched("turn"):
        assert sum(watch.turns) * STEP_S < 190


def test_a_throw_is_a_swing_a_quiet_fall_a_hard_landing_and_bounces():
    bounced = 0
    for watch in watched("throw"):
        air = [i for i, support in enumerate(watch.supports) if support == 0]
        flights = [i for i in air if i - 1 not in air]
        first = [watch.sizes[i] for i in range(flights[0], len(watch.supports)) if i in air and i < flights[0] + 18]
        assert max(watch.sizes[: flights[0]]) > 1.05
        assert max(first) < 0.45 and max(first) - min(first) < 0.15
        assert max(watch.sizes[flights[0] :]) > 2.5
        bounced += len(flights) > 1
    assert bounced >= 0.8 * len(SEEDS)


def test_everyday_life_is_milder_than_any_gesture():
    for act in EVERYDAY:
        for watch in watched(act):
            assert act == "put" or min(watch.supports) == 1
            assert (act == "lean" or max(watch.squeezes) < 360) and max(watch.sizes) < 3.0


@pytest.mark.parametrize("act", sorted(GESTURES))
def test_afterwards_it_lies_still_again(act):
    for seed in SEEDS[:6]:
        watch = Watch(seed, clear=True).through(act, 2)
        watch = Watch.go(watch, 1)
        assert angle(watch.true_g[-1], watch.true_g[-50]) < 0.1 and watch.turns[-1] == 0 and watch.squeezes[-1] == 0


@pytest.mark.parametrize("first", sorted(GESTURES))
@pytest.mark.parametrize("then", ["nothing", "hug"])
def test_an_act_that_is_broken_off_fades_and_does_not_jump(first, then):
    watch = Watch(7, clear=True)
    watch.motion.press(first)
    watch.go(1.25)
    push, turn = math.hypot(*watch.motion.push), watch.turns[-1]
    watch.motion.press(then)
    watch.go(0.02)
    assert math.hypot(*watch.motion.push) > 0.4 * push - 0.1 and watch.turns[-1] > 0.4 * turn - 10


@pytest.mark.parametrize("act", sorted(ACTS))
def test_seconds_are_kept(act):
    lasted = len(Watch(3, clear=True).through(act, 4).sizes) * STEP_S if act != "nothing" else 4
    assert act in ("throw", "turn", "move", "put") or 3.5 < lasted < 9


PRINT = """
import sys
sys.path.insert(0, sys.argv[1])
from virtual.motion import Motion
for act in ("hug", "punch", "shake", "spin", "throw", "carry", "pat"):
    motion = Motion(99, clear=True)
    motion.press(act, 3)
    for _ in range(500):
        motion.step(0.01)
        print([round(8192 * v) for v in motion.accel + motion.gyro], motion.squeeze)
"""


@pytest.mark.parametrize("find", [micropython, micropython32], ids=["micropython", "micropython32"])
def test_a_take_is_the_same_on_micropython(find, tmp_path):
    program = tmp_path / "take.py"
    program.write_text(PRINT)
    firmware = str(HERE.parent / "firmware")
    other = subprocess.run([find(), program, firmware], capture_output=True, text=True, timeout=60, check=True).stdout
    here = subprocess.run(
        [sys.executable, program, firmware], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert other == here
