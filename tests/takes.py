"""Takes of motion for the recogniser, generated ones and people's.

People's are CSV files and INDEX.csv with `file,class,source,...` in the folder that HUGGABLE_RECORDINGS names, else the
few beside the tests.
"""

import csv
import math
import os
from array import array
from collections import Counter, defaultdict
from pathlib import Path

from pillow.gesture import Recogniser
from virtual import recording, replay
from virtual.motion import Motion

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared" / "recordings"

GESTURES = {"hug": "hugging", "punch": "punching", "shake": "shaking", "spin": "spinning", "throw": "throwing"}
EVERYDAY = ("nothing", "head", "carry", "pat", "move", "turn", "run", "clap", "lean", "put")
REST_S = 2.0  # before and after each take
LONGEST_S = 60.0


def raw(accel, gyro, most_g=8.0):
    """One sample as the driver gives it: milli-g and tenths of a degree a second, clipped as the chip does it."""
    accel = [round(1000 * max(-most_g, min(most_g, value))) for value in accel]
    return accel + [round(10 * max(-2000.0, min(2000.0, value))) for value in gyro]


class Take:
    """Samples, squeezes, and when what happened, in ms."""

    def __init__(self, rate_hz=100):
        self.rate_hz = rate_hz
        self.samples = []
        self.squeezes = []
        self.began_ms = self.ended_ms = None

    def now_ms(self):
        return len(self.samples) * 1000 // self.rate_hz

    def verdicts(self, has_squeeze=True):
        """Every change of verdict: (ms, gesture, confidence, strength)."""
        recogniser, sample, changes = Recogniser(self.rate_hz, has_squeeze), array("h", [0] * 6), []
        for i, values in enumerate(self.samples):
            sample[:] = array("h", values)
            squeeze = self.squeezes[i] if has_squeeze and self.squeezes else 0
            if recogniser.feed(sample, squeeze):
                at = (i + 1) * 1000 // self.rate_hz
                changes.append((at, recogniser.gesture, recogniser.confidence, recogniser.strength))
        return changes

    def gestures(self, has_squeeze=True):
        """What it was taken for: the gestures in order, without neutral."""
        return [gesture for _, gesture, _, _ in self.verdicts(has_squeeze) if gesture != "neutral"]


def generated(act, seed, clear=False, seconds=0, rate_hz=100, rest_s=REST_S, most_g=8.0):
    """A take of the generator: rest, the act, rest. `began_ms` is when it first was what it is called."""
    take, motion = Take(rate_hz), Motion(seed, clear)
    play(take, motion, "nothing", rest_s, most_g)
    play(take, motion, act, seconds, most_g)
    return play(take, motion, "nothing", REST_S, most_g)


def sequence(acts, seed):
    """One clear act after the other, on the same pillow; each is (act, seconds)."""
    take, motion = Take(), Motion(seed, clear=True)
    for act, seconds in acts:
        play(take, motion, "nothing", REST_S)
        play(take, motion, act, seconds)
    return play(take, motion, "nothing", REST_S)


def play(take, motion, act, seconds, most_g=8.0):
    """Add the samples of one act to the take, until it is over."""
    motion.press(act, seconds)
    end_ms = take.now_ms() + (seconds if act == "nothing" else LONGEST_S) * 1000
    while take.now_ms() < end_ms:
        motion.step(1 / take.rate_hz)
        take.samples.append(raw(motion.accel, motion.gyro, most_g))
        take.squeezes.append(motion.squeeze)
        mark(take, act, motion)
        if act != "nothing" and motion.name == "nothing":
            break
    return take


def mark(take, act, motion):
    push = math.hypot(*motion.push)
    signs = {
        "hug": motion.grip >= 430,
        "punch": push > 1.0,
        "shake": push > 0.5,
        "spin": math.hypot(*motion.turn) > 50,
        "throw": motion.support < 0.5,
    }
    if signs.get(act):
        take.began_ms = take.began_ms or take.now_ms()
        take.ended_ms = take.now_ms()


# ---- recordings


def folder():
    """Where the recordings are."""
    named = os.environ.get("HUGGABLE_RECORDINGS")
    return Path(named) if named else SHARED if SHARED.is_dir() else HERE / "recordings"


def index(place):
    with (place / "INDEX.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def read(path, rate_hz=100, is_stilled=True):
    """A recording; laid between two seconds of lying still, for most were cut out of something longer."""
    take = recording.read(str(path), rate_hz)
    return replay.stilled(take) if is_stilled else take


def told(take, has_squeeze=True):
    """What it was taken for: `shaking`, `punching,shaking`, `neutral`."""
    return ",".join(sorted(replay.gestures(take, None, has_squeeze))) or "neutral"


def recorded(path, rate_hz=100, most_g=8.0):
    """The same as a Take."""
    take, whole, most = Take(rate_hz), read(path, rate_hz), round(1000 * most_g)
    for i in range(len(whole)):
        values = whole.values[7 * i : 7 * i + 6].tolist()
        take.samples.append([max(-most, min(most, value)) for value in values[:3]] + values[3:])
    return take


# ---- what came out


def share_right(outcomes, wanted):
    return outcomes[wanted] / sum(outcomes.values())


def outcome(take, has_squeeze=True):
    return ",".join(sorted(set(take.gestures(has_squeeze)))) or "neutral"


def generated_outcomes(act, seeds, has_squeeze=True, **how):
    return Counter(outcome(generated(act, seed, **how), has_squeeze) for seed in seeds)


def recorded_outcomes(place, rate_hz=100, is_stilled=True):
    """(class, source) -> how often what came out."""
    found = defaultdict(Counter)
    for row in index(place):
        found[row["class"], row["source"]][told(read(place / row["file"], rate_hz, is_stilled))] += 1
    return found
