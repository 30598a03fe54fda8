"""The parts of the proof: what each does, how much of it is asked, and what is said of it.

Its law: a part that ends in any way but well is not proved.
"""

import functools
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import interpreters
import pytest
from tqdm import tqdm

from proof import (
    cutcable,
    cutflash,
    cutport,
    day,
    ioerrors,
    killed,
    malformed,
    malformed_pillow,
    mutants,
    powercut,
    simulation,
)
from proof.shares import CORES, in_slices

SLICES = 20
CHIP_SLICES = 4  # of lines to the pillow: long enough for its heap to grow, if it does
REPEATS = 10  # of each step in one home
MOST_TOLD = 10  # sentences of what went wrong in one part


class LeftOut(Exception):
    """A part that cannot be done on this machine, and why. The proof is not complete without it."""


@dataclass(frozen=True)
class Part:
    """One row of the table: `run(count, tick)` does it and returns (what was done, what went wrong)."""

    name: str
    asked: int
    unit: str
    run: Callable
    is_narrow: bool = False  # it takes one core, and minds no neighbours: several of these run at a time

    def count(self, share):
        """How much of it that share is; what is done whole or not at all is done whole."""
        return self.asked if self.run in (bugs, io_errors, flash_cuts) else max(1, round(self.asked * share))


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


def flash_cuts(count, tick):
    done, wrong = cutflash.run(1, tick)
    return f"{done:,} power cuts, after every byte of every write to the flash", wrong


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
    interpreter = _interpreters()[-1]
    run = functools.partial(malformed_pillow.slice_on, interpreter)
    done, wrong = in_slices(run, count, CHIP_SLICES, tick)
    return f"{done:,} lines to the pillow's parser on {Path(interpreter).name}, seeds 0..{CHIP_SLICES - 1}", wrong


def fuzzed(count, tick):
    """Guided by coverage; where there is no atheris the seeded rigs have to do."""
    from proof import fuzz

    if not fuzz.is_there():
        raise LeftOut("there is no atheris for this machine")
    done, wrong = fuzz.run_both(count, tick)
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
    Part("hostile", 1_000, "of each kind", hostile_calls),
    Part("fuzz", 500_000, "inputs each", fuzzed),
    Part("soak", 1_000_000, "reports", soaked, is_narrow=True),
    Part("soak-chip", 1_000_000, "reports", soaked_chip, is_narrow=True),
    Part("port-cuts", 20, "rounds", port_cuts, is_narrow=True),
    Part("days", 200, "days", days, is_narrow=True),
    Part("io-errors", 1, "every step", io_errors, is_narrow=True),
    Part("cuts", 4, "seeds", cuts, is_narrow=True),
    Part("flash-cuts", 1, "every byte", flash_cuts, is_narrow=True),
)


def _interpreters():
    """This Python, and MicroPython where there is one."""
    try:
        return [sys.executable, str(interpreters.micropython())]
    except pytest.skip.Exception:
        return [sys.executable]


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


def attempt(part, share):
    """Do a share of a part, whatever comes of it.

    Returns:
        (verdict: `ok`, `WRONG` or `none`; what was done; what went wrong as sentences).
    """
    try:
        with tqdm(total=part.count(share), desc=part.name, unit=f" {part.unit}", unit_scale=True, mininterval=1) as bar:
            done, wrong = part.run(part.count(share), bar.update)
    except LeftOut as left:
        return "none", f"left out: {left}", []
    except Exception as error:
        traceback.print_exc()
        return "WRONG", f"the part itself failed: {type(error).__name__}: {error}", []
    return ("WRONG" if wrong else "ok"), done, wrong


def row(part, share, verdict, done, seconds):
    """Return a part's row of the table."""
    asked = f"{part.count(share):,} {part.unit}"
    return f"{verdict:6}{part.name:16}{asked:>22}  {done} ({seconds:.0f} s)"


def main(name, share):
    """Do a share of the part of this name and print its row. Returns the exit status, 0 when it is proved."""
    part = next(part for part in PARTS if part.name == name)
    began = time.monotonic()
    verdict, done, wrong = attempt(part, share)
    for sentence in wrong[:MOST_TOLD]:
        print(f"{part.name}: {sentence}")
    print(row(part, share, verdict, done, time.monotonic() - began))
    return 0 if verdict == "ok" else 1
