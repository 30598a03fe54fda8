"""Takes of motion for the recogniser, generated ones and people's; as a program it prints how well the recogniser does.

    python tests/takes.py [FOLDER]

FOLDER holds recordings as CSV (`t_s,ax_g,ay_g,az_g,gx_dps,gy_dps,gz_dps`, gyro columns empty where there was none) and
INDEX.csv with `file,class,source,...`; without it HUGGABLE_RECORDINGS names it, or it is the few beside the tests.
"""

import csv
import math
import os
import sys
from array import array
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent / "firmware"))

from pillow.gesture import Recogniser  # noqa: E402
from virtual.motion import Dice, Motion  # noqa: E402

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
    return Path(os.environ.get("HUGGABLE_RECORDINGS") or HERE / "recordings")


def index(place):
    with (place / "INDEX.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def load(path):
    """Rows of t, accelerations, turn rates; zero where there was no gyro."""
    with path.open(newline="") as file:
        return [[float(value or 0) for value in row] for row in list(csv.reader(file))[1:]]


def resampled(rows, rate_hz=100, most_g=8.0):
    """Interpolated to an even rate, as samples."""
    samples, at = [], 0
    for i in range(int((rows[-1][0] - rows[0][0]) * rate_hz) + 1):
        t = rows[0][0] + i / rate_hz
        while at + 2 < len(rows) and rows[at + 1][0] < t:
            at += 1
        before, after = rows[at], rows[at + 1]
        share = max(0.0, min(1.0, (t - before[0]) / ((after[0] - before[0]) or 1)))
        values = [a + (b - a) * share for a, b in zip(before[1:], after[1:])]
        samples.append(raw(values[:3], values[3:], most_g))
    return samples


def still(direction, count, dice):
    size = math.hypot(*direction) or 1
    return [[round(1000 * v / size + 2 * dice.noise()) for v in direction] + [0, 0, 0] for _ in range(count)]


def fade(one, other, count):
    return [[round(a + (b - a) * (i + 0.5) / count) for a, b in zip(one, other)] for i in range(count)]


def mean(samples):
    return [sum(sample[k] for sample in samples) / len(samples) for k in range(3)]


def recorded(path, rate_hz=100, most_g=8.0):
    """A recording with a rest before and after, for most were cut out of something longer."""
    take, dice = Take(rate_hz), Dice(7)
    samples = resampled(load(path), rate_hz, most_g)
    count = int(REST_S * rate_hz)
    before = still(mean(samples), count, dice)
    after = still(mean(samples[-max(1, rate_hz // 10) :]), count, dice)
    take.samples = before + fade(before[-1], samples[0], max(1, rate_hz // 10)) + samples
    take.samples += fade(samples[-1], after[0], max(1, rate_hz * 3 // 10)) + after
    return take


# ---- the table


def share_right(outcomes, wanted):
    return outcomes[wanted] / sum(outcomes.values())


def outcome(take, has_squeeze=True):
    return ",".join(sorted(set(take.gestures(has_squeeze)))) or "neutral"


def generated_outcomes(act, seeds, has_squeeze=True, **how):
    return Counter(outcome(generated(act, seed, **how), has_squeeze) for seed in seeds)


def recorded_outcomes(place, rate_hz=100, most_g=8.0):
    """(class, source) -> how often what came out."""
    found = defaultdict(Counter)
    for row in index(place):
        take = recorded(place / row["file"], rate_hz, most_g)
        found[row["class"], row["source"]][outcome(take, has_squeeze=False)] += 1
    return found


def show(name, outcomes, wanted):
    right = f"{share_right(outcomes, wanted):4.0%}" if wanted else "    "
    others = ", ".join(f"{count} {what}" for what, count in outcomes.most_common(5))
    print(f"{name:48} {sum(outcomes.values()):4} {right}  {others}")


def main():
    seeds = range(13_000, 13_060)  # none of these was looked at while the figures were chosen
    print("generated takes".ljust(48), "   n right  what came out")
    for act in (*GESTURES, *EVERYDAY):
        show(act, generated_outcomes(act, seeds), GESTURES.get(act, "neutral"))
    show("hug without a squeeze sense", generated_outcomes("hug", seeds, False, rest_s=8), "hugging")
    print("\npeople's recordings (never of a pillow)".ljust(48))
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else folder()
    for (kind, source), outcomes in sorted(recorded_outcomes(place).items()):
        show(f"{kind} {source}", outcomes, None if "hard" in kind else kind)


if __name__ == "__main__":
    main()
