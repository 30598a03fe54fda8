"""The whole proof, as `make prove` runs it: what was asked, what was done, and what went wrong, which must be nothing.

Every part says its seeds, so that anyone can repeat it. `--only NAME` runs one part, `--share 0.01` a hundredth.
"""

import argparse
import platform
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import interpreters
import pytest
from tqdm import tqdm

from proof import (
    cutcable,
    cutport,
    day,
    ioerrors,
    killed,
    malformed,
    mutants,
    powercut,
    simulation,
)
from proof.shares import CORES, in_slices

SLICES = 20
REPEATS = 10  # of each step in one home


class LeftOut(Exception):
    """A part that cannot be done on this machine, and why. The proof is not complete without it."""


@dataclass(frozen=True)
class Part:
    """One row of the table: `run(count, tick)` does it and returns (what was done, what went wrong)."""

    name: str
    asked: int
    unit: str
    run: Callable


def simulated(count, tick):
    reports, faults = count, count * 3 // 2
    seeds, told, harms, failures = simulation.simulate(reports, faults, CORES, tick)
    return f"{told:,} reports, {harms:,} faults, seeds 0..{seeds - 1}", [
        f"seed {seed}: {wrong}" for seed, wrong in failures
    ]


def bugs(count, tick):
    caught, missed = simulation.hunt_all(CORES, tick)
    return f"{len(caught)} of {len(mutants.MUTANTS)} caught", [f"not caught: {name}" for name in missed]


def days(count, tick):
    wrong = []
    for seed in range(count):
        wrong += [f"seed {seed}: {sentence}" for sentence in day.run(seed)]
        tick(1)
    return f"{count} days apart, seeds 0..{count - 1}", wrong


def sigkills(count, tick):
    """A home for each hundred kills; every other pillow is a real MicroPython where there is one."""
    homes = [(killed.sigkills, min(killed.KILLS, count - at)) for at in range(0, count, killed.KILLS)]
    done, wrong, facts = _homes(homes, tick)
    return f"{done:,} kills, {facts['reports']:,} reports, {_between(facts)}, seeds 1..{len(homes)}", wrong


def crash_points(count, tick):
    homes = [(killed.crash_points, min(REPEATS, count - at)) for at in range(0, count, REPEATS)]
    done, wrong, facts = _homes(homes, tick)
    said = f"{done:,} crashes at {len(killed.NAMES)} steps, {facts['reports']:,} reports, seeds 1..{len(homes)}"
    return said, wrong


def _homes(homes, tick):
    """Real processes, one home per core at a time; each has a seed of its own. Returns (done, wrong, facts) of all."""
    done, wrong, facts, places = 0, [], Counter(), _interpreters()
    with ThreadPoolExecutor(CORES) as pool:
        running = [
            pool.submit(run, count, seed, tick, [places[seed % len(places)]])
            for seed, (run, count) in enumerate(homes, 1)
        ]
        for told, found, more in (one.result() for one in running):
            done, wrong, facts = done + told, wrong + found, facts + more
    return done, wrong, facts


def cuts(count, tick):
    done, wrong, _ = cutcable.offsets(range(count), tick)
    return f"{done:,} cuts, at every byte of every kind, seeds 0..{count - 1}", wrong


def port_cuts(count, tick):
    done, wrong, _ = cutport.samples(count, 1, tick)
    return f"{done:,} cuts of a real pseudo terminal, seed 1", wrong


def power_cuts(count, tick):
    done, wrong = in_slices(powercut.run, count, SLICES, tick)
    return f"{done:,} images, seeds 0..{SLICES - 1}", wrong


def io_errors(count, tick):
    done, wrong = ioerrors.run(count, _running(tick))
    return f"{done:,} runs, each with another step failing", wrong


def malformed_host(count, tick):
    done, wrong = in_slices(malformed.run, count, SLICES, tick)
    return f"{done:,} lines to the bridge's parser, seeds 0..{SLICES - 1}", wrong


def malformed_chip(count, tick):
    from proof import malformed_pillow

    done, wrong = malformed_pillow.run_on(_interpreters()[-1], count, _running(tick))
    return f"{done:,} lines to the pillow's parser on {_names(_interpreters()[-1:])}, seed 0", wrong


def fuzzed(count, tick):
    """Guided by coverage; where there is no atheris the seeded rigs have to do."""
    from proof import fuzz

    if not fuzz.is_there():
        raise LeftOut("there is no atheris for this machine")
    done, wrong = 0, []
    for parser in ("bridge", "pillow"):
        told, found = fuzz.run(count, parser=parser)
        done, wrong = done + told, wrong + found
        tick(count // 2)
    return f"{done:,} inputs, half to either parser, seed 1", wrong


def soaked(count, tick):
    from proof import soak

    done, wrong, facts = soak.run(count, _running(tick))
    return f"{done:,} reports, {facts}, no seed: it draws nothing", wrong


def soaked_chip(count, tick):
    from proof import soak

    if len(_interpreters()) == 1:
        raise LeftOut("there is no MicroPython on this machine")
    done, wrong, facts = soak.run_on(_interpreters()[-1], count, _running(tick))
    return f"{done:,} reports on MicroPython, {facts}", wrong


def queues(count, tick):
    """Homes whose journal goes through a queue that does harm, until so many of its answers were faulty."""
    seeds, told, harms, failures = simulation.send(count, CORES, tick)
    kills = harms["forwarder is killed"] + harms["away is killed"]
    return f"{told:,} reports, {simulation.faulty(harms):,} faulty answers, {kills:,} kills, seeds 0..{seeds - 1}", [
        f"seed {seed}: {wrong}" for seed, wrong in failures
    ]


def hostile_calls(count, tick):
    from proof import hostile

    done, wrong = hostile.run(count, tick)
    return f"{done:,} conversations of {len(hostile.KINDS)} kinds", wrong


PARTS = (
    Part("simulation", 1_000_000, "reports", simulated),
    Part("bugs", len(mutants.MUTANTS), "bugs", bugs),
    Part("sigkills", 2_000, "kills", sigkills),
    Part("crash-points", 100, "of each", crash_points),
    Part("power-cuts", 5_000, "images", power_cuts),
    Part("malformed", 10_000_000, "lines", malformed_host),
    Part("malformed-chip", 10_000_000, "lines", malformed_chip),
    Part("queue", 10_000, "faulty answers", queues),
    Part("days", 200, "days", days),
    Part("cuts", 4, "seeds", cuts),
    Part("port-cuts", 20, "rounds", port_cuts),
    Part("io-errors", 1, "every step", io_errors),
    Part("fuzz", 500_000, "inputs each", fuzzed),
    Part("hostile", 1_000, "of each kind", hostile_calls),
    Part("soak", 1_000_000, "reports", soaked),
    Part("soak-chip", 1_000_000, "reports", soaked_chip),
)


def _interpreters():
    """This Python, and MicroPython where there is one."""
    try:
        return [sys.executable, str(interpreters.micropython())]
    except pytest.skip.Exception:
        return [sys.executable]


def _names(paths):
    return ", ".join(path.rpartition("/")[2] for path in paths)


def _between(facts):
    return ", ".join(f"{count} {name}" for name, count in sorted(facts.items()) if "commit" in name)


def _running(tick):
    """For those who say how much is done in all: tick by what is new."""
    done = 0

    def progress(total):
        nonlocal done
        tick(total - done)
        done = total

    return progress


def main():
    """Run the parts and print the table; the exit status is 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="huggable prove", description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=[part.name for part in PARTS])
    parser.add_argument("--share", type=float, default=1.0, help="of the full count (default: all)")
    said = parser.parse_args()
    parts = [part for part in PARTS if not said.only or part.name in said.only]
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {CORES} cores")
    print(f"{'':6}{'part':16}{'asked':>22}  done", flush=True)
    proved = [_proved(part, said.share) for part in parts]
    return 0 if all(proved) else 1


def _proved(part, share):
    """Run a part and print its row at once, for who ends the proof early. Returns whether it is proved."""
    count = part.asked if part.run in (bugs, io_errors) else max(1, round(part.asked * share))
    began = time.monotonic()
    try:
        with tqdm(total=count, desc=part.name, unit=f" {part.unit}", unit_scale=True) as bar:
            done, wrong = part.run(count, bar.update)
        verdict = "WRONG" if wrong else "ok"
    except LeftOut as left:
        verdict, done, wrong = "none", f"left out: {left}", []
    for sentence in wrong[:10]:
        print(f"{part.name}: {sentence}")
    asked = f"{count:,} {part.unit}"
    print(f"{verdict:6}{part.name:16}{asked:>22}  {done} ({time.monotonic() - began:.0f} s)", flush=True)
    return verdict == "ok"


if __name__ == "__main__":
    sys.exit(main())
