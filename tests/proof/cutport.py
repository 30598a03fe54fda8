"""The cable is pulled within every kind of line, with real processes and a pseudo terminal; see cutcable.py."""

import contextlib
import time
from collections import Counter

from joined import PILLOW

from bridge import wishes
from bridge.home import journal_path
from bridge.journal import Journal
from proof.cutcable import KINDS, STARTS
from proof.rig import Home

EVERY_MS, ROOM, SEGMENTS = 4, 10_000, 3  # more than the spool holds while nobody is there: gaps
AWAY_S = 0.05, 0.4
LOSSY = 3e-3  # of the bytes come to harm while a `need` is waited for
SAID_S = 30.0  # every kind is said within this, however busy the computer is
WISH_S = 0.2  # between two lights that are asked for
LIGHT = {"effect": "glow", "colour": "#010203", "percent": 40, "seconds": 5}


def samples(rounds, seed=1, progress=lambda done: None):
    """Cut once in every kind of line, so many rounds, each at a byte that the seed draws; one bridge lives through all.

    Args:
        rounds: how many times twelve cuts.
        seed: of one home.
        progress: called with 1 after each cut.

    Returns:
        (cuts done, what went wrong as sentences, facts as a Counter).
    """
    facts = Counter()
    with Home(seed, every_ms=EVERY_MS, room=ROOM, segments=SEGMENTS) as home:
        bridge = home.bridge()
        wrong = _first_cut(home)
        for way, kind in [(way, kind) for _ in range(rounds) for way, kinds in KINDS.items() for kind in kinds]:
            wrong = wrong or _cut_in(home, way, kind)
            facts[f"{way} {kind}"] += not wrong
            progress(1)
        home.harms["overflow"] = 1
        wrong = wrong or home.settle(bridge)
    return facts.total(), [f"seed {seed}: {sentence}" for sentence in wrong], facts


def _cut_in(home, way, kind):
    """Returns what went wrong, as sentences."""
    home.cable.share = LOSSY if kind == "need" else 0.0
    home.cable.cut_at(STARTS[way] % kind.encode(), home.chance.random(), home.chance.uniform(*AWAY_S))
    with contextlib.closing(Journal(journal_path(home.folder / "data"))) as journal:
        end_s = time.monotonic() + SAID_S
        while not home.pump(WISH_S, lambda: not home.cable.is_armed):
            if time.monotonic() > end_s:
                return [f"{kind} was not said within {SAID_S} s"]
            wishes.make(journal, PILLOW, "light", LIGHT, "a test", 2 * WISH_S)
    return []


def _first_cut(home):
    """From here on every line follows a plugging in; and there is a journal for wishes."""
    if not home.pump(SAID_S, lambda: home.cable.acks > 0):
        return ["stuck: nothing was acknowledged"]
    home.cable.cut(AWAY_S[0])
    return []
