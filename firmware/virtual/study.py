"""Learns from labelled takes what this pillow should know, as a child program on CPython:

    study.py MODEL LABEL=FILE... [--old FILE] [--floor GESTURE=PERCENT]... [--no-squeeze]

MODEL is written (whole or not at all) when everything went well, and is what `put model` sends. LABEL is a gesture or
neutral; FILE a CSV as in recording.py. --old: the model before this one, for the column `before`; its floors are kept.
--floor: the least confidence at which a gesture is told, 0..100; with --floor and no takes the old model just gets new
floors. Standard output, last line, one JSON object:

    {"bytes": 145, "limits": {"grip": 180, ...}, "floors": {"hugging": 0, ...}, "doubts": ["punching", ...],
     "before": {"hugging": [2, 5], ...}, "after": {"hugging": [5, 5], ...},         right, of how many
     "takes": [{"file": "a.csv", "label": "hugging", "before": ["neutral"], "after": ["hugging"]}, ...]}

`after` is always how a take is told by a model that learned from all the other takes and not from it. Progress goes to
standard error as lines `done OF`. What is wrong is the last line {"error": "..."} and exit status 1; MODEL is then
untouched. A take is right when its label and nothing else is told. A gesture with fewer than three takes is not
learned: it stays as it was in the old model. What was told wrongly is felt (feelings.py): `doubts` are the gestures
that such a word is no more told as; if that made any row of the table worse, there are none.
"""

import json
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from pillow.model import GESTURES, Model

from virtual import feelings, replay
from virtual.lesson import Take, pack, study

LABELS = GESTURES + ("neutral",)
NAMES = ("grip", "let_go", "blow", "sway", "spin", "fall")


def _words(words):
    files, options = [], {"--floor": []}
    words = list(words)
    while words:
        word = words.pop(0)
        if word in ("--old", "--floor") and words:
            value = words.pop(0)
            options[word] = options["--floor"] + [value] if word == "--floor" else value
        elif word == "--no-squeeze":
            options[word] = True
        elif word.startswith("--"):
            raise ValueError("%s is no option: see the top of study.py" % word)
        else:
            files.append(word)
    if not files:
        raise ValueError("it has to be told where to write the model")
    return files[0], files[1:], options


def _floors(old, settings):
    floors = list(old.floors)
    for setting in settings:
        gesture, _, percent = setting.partition("=")
        if gesture not in GESTURES or not percent.isdigit() or int(percent) > 100:
            raise ValueError("%s is no floor: such as hugging=40" % setting)
        floors[GESTURES.index(gesture)] = int(percent)
    return bytes(floors)


def _takes(words, has_squeeze):
    takes = []
    for word in words:
        label, _, path = word.partition("=")
        if label not in LABELS:
            raise ValueError("%s is no label: there are %s" % (label, " ".join(LABELS)))
        try:
            takes.append(Take(label, path, has_squeeze))
        except (OSError, ValueError) as error:
            raise ValueError(
                "%s: %s" % (path, error if isinstance(error, ValueError) else "it cannot be read")
            ) from None
    # A pillow that never felt a squeeze has no sense for it.
    if not any(take.is_squeezed for take in takes):
        for take in takes:
            take.has_squeeze = False
    return takes


def _write(path, blob):
    with open(path + ".new", "wb") as file:
        file.write(blob)
    os.replace(path + ".new", path)


def _progress(done, whole):
    print(done, whole, file=sys.stderr, flush=True)


def _study(words):
    path, files, options = _words(words)
    old = replay.read_model(options["--old"]) if "--old" in options else Model()
    floors = _floors(old, options["--floor"])
    takes = _takes(files, "--no-squeeze" not in options)
    limits, felt, said = study(takes, old, floors, _progress)
    blob = pack(limits, floors, felt)
    Model(blob)
    _write(path, blob)
    head = {"bytes": len(blob), "limits": dict(zip(NAMES, limits)), "floors": dict(zip(GESTURES, floors))}
    return {**head, "doubts": feelings.doubted(felt), **said}


def main(words):
    try:
        said, status = _study(words), 0
    except (OSError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else "%s cannot be used" % error.filename
        said, status = {"error": reason}, 1
    print(json.dumps(said))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
