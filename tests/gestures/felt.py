"""Figures on people's recordings, never mixed with generated ones: by maker, cut out and as they are.

Nothing in the recogniser was fitted to these takes by a program, so there is no fold to leave a maker out of; but who
chose its figures did look at them. Other makers' recordings are what it has to be judged by.
"""

from collections import Counter, defaultdict

from takes import index, read, told

LONG_S = 2.0  # a shake longer than this is no clip
NEUTRAL = ("neutral",)


def by_maker(place, rate_hz=100, is_stilled=True):
    """(class, source) -> what came out how often."""
    found = defaultdict(Counter)
    for row in index(place):
        found[row["class"], row["source"]][told(read(place / row["file"], rate_hz, is_stilled))] += 1
    return found


def groups(place):
    """What the figures are asked of -> (right, of how many)."""
    found = defaultdict(lambda: [0, 0])
    for row in index(place):
        kind, seconds = row["class"], float(row["duration_s"])
        name = f"{kind}, {'longer' if seconds > LONG_S else 'clips of a second'}"
        found[name if kind in ("shaking", "throwing") else kind][1] += 1
        if told(read(place / row["file"])) == kind:
            found[name if kind in ("shaking", "throwing") else kind][0] += 1
    return found


def false_words(place):
    """(gestures begun in neutral recordings, their seconds)."""
    count, seconds = 0, 0.0
    for row in index(place):
        if row["class"] in NEUTRAL:
            words = told(read(place / row["file"]))
            count += 0 if words == "neutral" else len(words.split(","))
            seconds += float(row["duration_s"])
    return count, seconds
