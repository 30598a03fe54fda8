"""Recordings through the very recogniser of the pillow, on CPython and on MicroPython alike:

    replay.py FILE... [--model FILE] [--no-squeeze] [--still] [--native]

FILE is a CSV as in recording.py. For each file one line of JSON per report

    {"t_ms": 1240, "gesture": "shaking", "confidence": 74, "strength": 1310}

and one when it is over (`trouble`: what is wrong with the sensor that recorded it, or null)

    {"file": "take.csv", "ms": 9210, "samples": 921, "rate_hz": 100, "gestures": ["shaking"], "trouble": null}

A file or model that cannot be read costs only itself: {"file": "take.csv", "error": "line 7: nan is no number"}, and
the exit status is 1. --model: what this pillow was taught; without it, what a new pillow knows. --no-squeeze: as if the
pillow had no squeeze sense; a recording without one is always replayed so. --still: lays it between two seconds of
lying still, for takes cut out of something longer. --native: at the recording's own rate instead of 100 Hz.
"""

import json
import sys
from array import array

if __name__ == "__main__":
    sys.path.insert(0, (__file__.replace("\\", "/").rpartition("/")[0] or ".") + "/..")

from pillow.gesture import Recogniser
from pillow.model import Model

from virtual import recording

STILL_S = 2
FADE_MS = (40, 300)  # from lying still into the take, and out of it


# -> every change of verdict: (t_ms, gesture, confidence, strength).
def verdicts(take, model=None, has_squeeze=True):
    recogniser, sample = Recogniser(take.rate_hz, has_squeeze and take.has_squeeze, model), array("h", [0] * 6)
    for i in range(len(take)):
        squeeze = take.into(sample, i)
        if recogniser.feed(sample, squeeze):
            at = (i + 1) * 1000 // take.rate_hz
            yield at, recogniser.gesture, recogniser.confidence, recogniser.strength


# What a take was taken for: each gesture once, in order.
def gestures(take, model=None, has_squeeze=True):
    found = []
    for _, gesture, _, _ in verdicts(take, model, has_squeeze):
        if gesture != "neutral" and gesture not in found:
            found.append(gesture)
    return found


# The take between two spells of lying still, as it lay on average and at its end; with the last bit of a living sensor.
def stilled(take):
    rate, whole = take.rate_hz, recording.Recording(take.rate_hz)
    whole.has_gyro, whole.has_squeeze = take.has_gyro, take.has_squeeze
    first, last = _mean(take, 0), _mean(take, max(0, len(take) - rate // 10))
    ends = [take.values[7 * i : 7 * i + 6] for i in (0, len(take) - 1)]
    _lie(whole, first, STILL_S * rate)
    _fade(whole, first, ends[0], FADE_MS[0] * rate // 1000)
    whole.values.extend(take.values)
    _fade(whole, ends[1], last, FADE_MS[1] * rate // 1000)
    _lie(whole, last, STILL_S * rate)
    return whole


def _mean(take, first):
    count = len(take) - first
    mean = [sum([take.values[7 * i + k] for i in range(first, len(take))]) // count for k in range(3)]
    size = max(1, recording.root(sum([v * v for v in mean])))
    return [v * 1000 // size for v in mean] + [0, 0, 0]


def _lie(whole, pose, count):
    for i in range(count):
        whole.values.extend(array("h", [v + (i * 5 + k) * 7 % 11 % 5 - 2 for k, v in enumerate(pose)] + [0]))


def _fade(whole, one, other, count):
    for i in range(count):
        whole.values.extend(array("h", [a + (b - a) * (2 * i + 1) // (2 * count) for a, b in zip(one, other)] + [0]))


# ---- the program


def read_model(path):
    with open(path, "rb") as file:  # noqa: PTH123
        return Model(file.read(1024))


def _words(words):
    files, options = [], {"--model": None}
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--model" and words:
            options[word] = words.pop(0)
        elif word in ("--no-squeeze", "--still", "--native"):
            options[word] = True
        elif word.startswith("--"):
            raise ValueError("%s is no option: see the top of replay.py" % word)
        else:
            files.append(word)
    return files, options


def _failed(path, error):
    reason = str(error) if isinstance(error, ValueError) else "it cannot be read"
    print('{"file": %s, "error": %s}' % (json.dumps(path), json.dumps(reason)))
    return 1


def _replay(path, options, model):
    take = recording.read(path, None if "--native" in options else recording.RATE_HZ)
    trouble = take.trouble()
    if "--still" in options:
        take = stilled(take)
    seen = []
    for at, gesture, confidence, strength in verdicts(take, model, "--no-squeeze" not in options):
        print('{"t_ms": %d, "gesture": "%s", "confidence": %d, "strength": %d}' % (at, gesture, confidence, strength))
        if gesture != "neutral" and gesture not in seen:
            seen.append(gesture)
    size = len(take) * 1000 // take.rate_hz, len(take), take.rate_hz
    print('{"file": %s, "ms": %d, "samples": %d, "rate_hz": %d, ' % ((json.dumps(path),) + size), end="")
    print('"gestures": %s, "trouble": %s}' % (json.dumps(seen), json.dumps(trouble)))


def main(words):
    try:
        files, options = _words(words)
    except ValueError as error:
        return _failed("", error)
    try:
        model = read_model(options["--model"]) if options["--model"] else None
    except (OSError, ValueError) as error:
        return _failed(options["--model"], error)
    status = 0
    for path in files:
        try:
            _replay(path, options, model)
        except (OSError, ValueError) as error:
            status = _failed(path, error)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
