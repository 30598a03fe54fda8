"""Does “that was wrong” help? Three takes that were told wrongly are marked, and then the same is done by others."""

import json
import subprocess
import sys
from math import exp, sin

from takes import HERE, Take, index, play, raw, recorded
from virtual import replay
from virtual.motion import Motion
from virtual.strokes import TURN, half_sine, span

from gestures import taught

STUDY = HERE.parent / "firmware" / "virtual" / "study.py"
SEEDS = 270_000
MARKED, SHOWN = 3, 5  # takes marked as wrong, and takes of the gesture that were taught besides
KNOCKS, BLOW_S, HUG_S = 3, 2, 5


# ---- what is told wrongly


def knock(m):
    """Somebody knocks on the table that the pillow lies on: short, upwards, and it turns hardly at all.

    After 120 knocks on a table under a phone: 2.7 g (1.2), risen within 40 ms (30), nine tenths of it upwards.
    """
    d = m.dice
    for _ in range(KNOCKS):
        width, size, cut_hz = d.scaled(0.015, 0.05), d.scaled(1.2, 6), d.between(15, 40)
        hz, dies_s, side, lean = d.between(8, 20), d.between(0.03, 0.08), d.direction(), d.between(0, 0.3)
        axis, dps, up, dulled = d.direction(), d.scaled(2, 40), list(m.up), 0.0
        for t in span(m, d.between(0.8, 1.6)):
            dulled += (size * half_sine(t, width) - dulled) * min(1.0, m.dt * TURN * cut_hz)
            m.add_push(up, dulled)
            m.add_push(side, lean * dulled)
            m.add_turn(axis, dps * half_sine(t, 1.5 * width))
            if t > width:
                m.add_push(up, -0.25 * size * exp((width - t) / dies_s) * sin(TURN * hz * (t - width)))
            yield


def knocked(seed):
    take, motion = Take(), Motion(seed)
    play(take, motion, "nothing", 2)
    motion.act, motion.name = knock(motion), "knock"
    while motion.name == "knock":
        motion.step(1 / take.rate_hz)
        take.samples.append(raw(motion.accel, motion.gyro))
        take.squeezes.append(0)
    return play(take, motion, "nothing", 2)


def done(*acts):
    """Returns what makes a take of these acts, one after the other, (name, seconds) each, from a seed."""

    def make(seed):
        take, motion = Take(), Motion(seed)
        play(take, motion, "nothing", 2)
        for act, seconds in acts:
            play(take, motion, act, seconds)
        return play(take, motion, "nothing", 2)

    return make


def unsqueezed(make):
    """The same on a pillow without a squeeze sense."""

    def made(seed):
        take = make(seed)
        take.squeezes = [0] * len(take.samples)
        return take

    return made


def felt(path):
    """Somebody's recording, without its gyro: not every maker had one, and that must not tell them apart."""
    take = recorded(path)
    take.samples = [[*values[:3], 0, 0, 0] for values in take.samples]
    take.squeezes = [0] * len(take.samples)
    return take


# ---- what teaching makes of it


def lesson(folder, wrong, own, gesture):
    """What study.py says of takes marked as wrong and takes of the gesture; its model is in folder/model."""
    words = [f"neutral={taught.write(take, folder / f'wrong{i}.csv')}" for i, take in enumerate(wrong)]
    words += [f"{gesture}={taught.write(take, folder / f'own{i}.csv')}" for i, take in enumerate(own)]
    command = [sys.executable, str(STUDY), str(folder / "model"), *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)


def outcome(folder, gesture, wrong, right):
    """Of takes told wrongly and takes of the gesture told rightly, by how a new pillow tells them: what is left of
    each after MARKED of the one and SHOWN of the other were taught, as (still told, of), (still told, of)."""
    bad, good = ([take for take in takes if gesture in take_gestures(take, folder)] for takes in (wrong, right))
    lesson(folder, bad[:MARKED], good[:SHOWN], gesture)
    model = replay.read_model(str(folder / "model"))
    return tuple(
        (sum(gesture in take_gestures(take, folder, model) for take in rest), len(rest))
        for rest in (bad[MARKED:], good[SHOWN:])
    )


def take_gestures(take, folder, model=None):
    return replay.gestures(taught.read(take, folder), model, any(take.squeezes))


# ---- the rows


def generated():
    """name -> (gesture, takes told wrongly, takes of the gesture)."""
    leans = done(("turn", 0), ("lean", HUG_S))
    return {
        "knocks on its table, told as blows": ("punching", knocked, done(("punch", BLOW_S))),
        "turned and leaned on, no squeeze sense, told as hugs": (
            "hugging",
            unsqueezed(leans),
            unsqueezed(done(("hug", HUG_S))),
        ),
    }


def of_generated(count, folder):
    for number, (name, (gesture, wrong, right)) in enumerate(generated().items()):
        first = SEEDS + 1000 * number
        takes = [[make(seed) for seed in range(at, at + count)] for make, at in ((wrong, first), (right, first + 500))]
        yield name, outcome(folder, gesture, *takes)


def of_people(folder, place):
    """Knocks of one maker against blows of two others, neither with a gyro."""
    rows = index(place)
    wrong = [felt(place / row["file"]) for row in rows if row["class"] == "hard_negatives/table_quake"]
    right = [felt(place / row["file"]) for row in rows if row["class"] == "punching"]
    return outcome(folder, "punching", wrong, right)
