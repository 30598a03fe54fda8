"""Does teaching help? Weak pillows, on which hugs are hardly felt, are taught five hugs, and then hugged by others."""

import json
import subprocess
import sys

from takes import GESTURES, HERE, Take, play
from virtual import recording, replay
from virtual.motion import Motion

STUDY = HERE.parent / "firmware" / "virtual" / "study.py"
SEEDS = 60_000
TAUGHT = (("hug", 5), ("punch", 3), ("shake", 3), ("carry", 5))  # act, takes
ROW = "%.2f,%.3f,%.3f,%.3f,%.1f,%.1f,%.1f,%d\n"


def weak_take(pillow, act, person):
    """A take of one weak pillow: its sense is the pillow's, the rest is the person's."""
    take, motion = Take(), Motion(SEEDS + 1000 * pillow + person)
    motion.sense = Motion(SEEDS + pillow, weak=True).sense
    play(take, motion, "nothing", 2)
    play(take, motion, act, 0 if act == "punch" else 4)
    return play(take, motion, "nothing", 2)


def write(take, path):
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(recording.COLUMNS) + "\n")
        for i, (values, squeeze) in enumerate(zip(take.samples, take.squeezes)):
            g, dps = [v / 1000 for v in values[:3]], [v / 10 for v in values[3:]]
            file.write(ROW % (i / take.rate_hz, *g, *dps, squeeze))
    return path


def lesson(pillow, folder):
    """What study.py says of this pillow's takes; its model is in folder/model."""
    words, person = [], 0
    for act, count in TAUGHT:
        for _ in range(count):
            path = write(weak_take(pillow, act, person), folder / f"{act}{person}.csv")
            words.append(f"{GESTURES.get(act, 'neutral')}={path}")
            person += 1
    command = [sys.executable, str(STUDY), str(folder / "model"), *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)


def recall(pillow, folder, count):
    """(hugs seen before, seen after, everyday takes and blows taken for hugs after): of others than who taught it."""
    model, before, after, wrong = replay.read_model(str(folder / "model")), 0, 0, 0
    for person in range(100, 100 + count):
        hug, other = (read(weak_take(pillow, act, person), folder) for act in ("hug", ("carry", "head")[person % 2]))
        before += replay.gestures(hug) == ["hugging"]
        after += replay.gestures(hug, model) == ["hugging"]
        wrong += "hugging" in replay.gestures(other, model)
    return before, after, wrong


def read(take, folder):
    return recording.read(str(write(take, folder / "take.csv")))
