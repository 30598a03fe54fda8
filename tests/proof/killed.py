"""The bridge's process is killed, again and again, while its pillow goes on: nothing that was acknowledged may be gone.

Either SIGKILL falls at any moment, or the program ends itself at a named step of a report's way. A seed draws what is
done and when; what that hits is up to the computer.
"""

import sys
import time
from collections import Counter

from bridge.steps import NAMES
from proof.rig import Home

KILLS = 100  # of one home, then everything must arrive
EARLY_SHARE = 0.15  # of the kills that fall while it starts
EARLY_S = 0.25
AFTER_S = 0.06  # most kills fall this soon after the first acknowledgement: a dozen commits
MISHAP_SHARE = 0.2  # of the lives in which something else happens to cable or pillow as well
MISHAP_S = 0.4
SHARES = (0.0, 0.0, 2e-4, 1e-3)  # of the bytes on the cable that come to harm; more of it is the simulation's
WHOLE_EVERY = 50  # one life in so many is the whole program, with its page
HEARD_S = 30.0  # a bridge that has not acknowledged anything by then is stuck; it takes tens of ms when idle
CRASHED = 70  # exit status of a bridge that was told to crash
DEEPEST = 12  # a step is crashed at when it is passed for the n-th time, up to this


def sigkills(kills, seed=1, progress=lambda done: None, interpreters=(sys.executable,), how="bare"):
    """Kill the bridge so many times.

    Args:
        kills: how often.
        seed: of the first home; each home of a hundred kills has the next one, and may be in a process of its own.
        progress: called with how many more were done.
        interpreters: the homes' pillows run on these by turns.
        how: the bridge as bare.py has it.

    Returns:
        (kills done, what went wrong as sentences, facts as a Counter).
    """
    return _homes(kills, seed, progress, interpreters, how, _killed)


def crash_points(repeats, seed=1, progress=lambda done: None, interpreters=(sys.executable,)):
    """Have the bridge end itself at every named step, so many times each. Arguments and result: see `sigkills`."""
    steps = iter(NAMES * repeats)

    def live(home, facts):
        return _crashed(home, facts, next(steps))

    return _homes(len(NAMES) * repeats, seed, progress, interpreters, "bare", live)


def _homes(lives, seed, progress, interpreters, how, live):
    """Have a bridge live and die so many times, some in each home; see `sigkills`."""
    done, wrong, facts = 0, [], Counter()
    begun_s = time.monotonic()
    while done < lives and not wrong:
        number = done // KILLS
        with Home(seed + number, interpreters[number % len(interpreters)], how) as home:
            for _ in range(min(KILLS, lives - done)):
                wrong += _one_life(home, facts, live)
                done += 1
                progress(1)
                if wrong:
                    break
            wrong = wrong or home.settle()
            _count(home, facts)
        wrong = [f"seed {seed + number}: {sentence}" for sentence in wrong]
    facts["seconds"] = round(time.monotonic() - begun_s)
    return done, wrong, facts


def _one_life(home, facts, live):
    """Returns what went wrong in it."""
    home.cable.share = home.chance.choice(SHARES)
    wrong = live(home, facts)
    unkept, has_unacked = home.unkept()
    facts["died between commit and acknowledgement"] += has_unacked
    return wrong + unkept


def _killed(home, facts):
    chance = home.chance
    is_whole = facts["killed"] % WHOLE_EVERY == 0
    facts["killed"] += 1
    facts["lives of the whole program"] += is_whole
    bridge = home.bridge(is_whole=is_whole)
    wrong = []
    if chance.random() < EARLY_SHARE:
        facts["killed while starting"] += 1
        home.pump(chance.uniform(0.0, EARLY_S))
    else:
        wrong = _until_heard(home)
        if chance.random() < MISHAP_SHARE:
            _mishap(home)
        home.pump(chance.uniform(0.0, AFTER_S))
    bridge.kill()
    return wrong


def _until_heard(home):
    before = home.cable.acks
    if home.pump(HEARD_S, lambda: home.cable.acks > before):
        return []
    return [f"stuck: nothing was acknowledged within {HEARD_S} s"]


def _mishap(home):
    chance = home.chance
    kind = chance.choice(("stall", "cut", "reset"))
    if kind == "stall":
        home.cable.stall(chance.uniform(0.0, MISHAP_S))
    elif kind == "cut":
        home.cable.cut(chance.uniform(0.0, MISHAP_S))
    else:
        home.harms["reset"] += 1
        home.pillow.reset()
    home.pump(chance.uniform(0.0, MISHAP_S))


def _crashed(home, facts, step):
    bridge = home.bridge(f"{step}:{home.chance.randrange(DEEPEST) + 1}")
    home.pump(HEARD_S, lambda: bridge.status() is not None)
    status = bridge.status()
    bridge.kill()
    if status != CRASHED:
        return [f"step {step} was not reached within {HEARD_S} s (exit {status})"]
    facts[f"crashed at {step}"] += 1
    return []


def _count(home, facts):
    facts["reports"] += len(home.truth.felt)
    for kind, count in home.harms.items():
        facts[f"harm: {kind}"] += count
