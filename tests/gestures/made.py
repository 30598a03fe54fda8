"""Figures on generated takes: what came out of each act, how soon, and what a day of everyday life is taken for.

Seeds 240,000 and on are looked at by nothing else: not while the figures of the recogniser were chosen, not by a test.
"""

from collections import Counter
from statistics import quantiles

from takes import EVERYDAY, GESTURES, Take, generated, play
from virtual.everyday import EVERYDAY as DAILY
from virtual.motion import Motion

SEEDS = 240_000
DAY_SEEDS = 250_000
DAY_TAKE_S = 120.0
PAUSES_S = (1, 2, 4, 8)
LIMITS_MS = {"hug": 600, "punch": 150, "shake": 1200, "spin": 1200, "throw": 200}
ACTS = (*GESTURES, *EVERYDAY)


def outcome(verdicts):
    """One gesture, `neutral`, or `several`."""
    found = {gesture for _, gesture, _, _ in verdicts} - {"neutral"}
    return next(iter(found)) if len(found) == 1 else "several" if found else "neutral"


def matrix(count, has_squeeze, acts=ACTS, **how):
    """act -> what came out how often, and of what was right how long after it began, in ms."""
    found, delays = {}, {}
    for act in acts:
        found[act], delays[act] = Counter(), []
        for seed in range(SEEDS, SEEDS + count):
            take = generated(act, seed, **how)
            verdicts = take.verdicts(has_squeeze)
            word = outcome(verdicts)
            found[act][word] += 1
            if word == GESTURES.get(act) and take.began_ms:
                delays[act].append(verdicts[0][0] - take.began_ms)
    return found, delays


def right(found, act):
    return found[act][GESTURES.get(act, "neutral")] / sum(found[act].values())


def delay_row(act, delays):
    """Median, 95th percentile and the share within the limit."""
    cuts = quantiles(delays, n=20)
    soon = sum(delay <= LIMITS_MS[act] for delay in delays) / len(delays)
    return f"{act:6} {cuts[9]:7.0f} {cuts[18]:7.0f} {LIMITS_MS[act]:7} {soon:8.0%}"


def late_ends(count):
    """How long after a clear gesture ended it is over, at most, in ms (a throw ends with its last bounce)."""
    latest = {}
    for act in GESTURES:
        takes = [generated(act, seed, clear=True, seconds=0 if act == "punch" else 3) for seed in range(count)]
        latest[act] = max(take.verdicts()[-1][0] - take.ended_ms for take in takes)
    return latest


def false_words(hours, has_squeeze, tick):
    """What everyday life, one thing after another, is taken for: a Counter of gestures begun."""
    words = Counter()
    for number in range(round(hours * 3600 / DAY_TAKE_S)):
        words.update(gesture for gesture in a_while(DAY_SEEDS + number).gestures(has_squeeze))
        tick()
    return words


def a_while(seed):
    """Two minutes in which somebody carries it, pats it, leans on it and so on, with pauses between."""
    take, motion = Take(), Motion(seed)
    names = sorted(DAILY)
    while take.now_ms() < DAY_TAKE_S * 1000:
        play(take, motion, "nothing", motion.dice.pick(PAUSES_S))
        play(take, motion, motion.dice.pick(names), 0)
    return take
