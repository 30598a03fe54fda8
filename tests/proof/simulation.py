"""Many seeds of the simulated world, and every seeded bug hunted with them, on all cores."""

import multiprocessing
from collections import Counter

from proof import mutants, post
from proof.shares import processes as pool_of

BATCH = 40  # seeds handed to the cores at once
SEEDS_PER_MUTANT = 500  # a rig that needs more to see a bug does not see it; most are seen in the first ten
CONSEQUENCES = ("overflow", "forgotten")  # what comes of faults; counted, but no faults themselves


def one_seed(seed):
    """In a process of a pool: one world, and now and then a day apart. Returns (seed, wrong, reports, harms)."""
    from proof import day, world

    try:
        wrong, reports, harms = world.run(seed)
        if seed % mutants.DAY_EVERY == 0:
            wrong = wrong + day.run(seed)
    except Exception as error:  # a bug that ends the program is one, too, and the other seeds go on
        return seed, [f"{type(error).__name__}: {error}"], 0, Counter()
    return seed, wrong, reports, harms


def simulate(reports, faults, processes=None, progress=lambda done: None):
    """Run seeds from 0 until both counts are reached.

    Returns:
        (number of seeds, reports, faults, [(seed, what went wrong), ...])
    """
    seeds, told, harms, failures = 0, 0, Counter(), []
    with pool_of(processes) as pool:
        while told < reports or total(harms) < faults:
            before = told
            for seed, wrong, felt, done in pool.map(one_seed, range(seeds, seeds + BATCH)):
                told, harms = told + felt, harms + done
                failures += [(seed, wrong)] if wrong else []
                progress(felt)
            seeds += BATCH
            if told == before:  # nothing runs any more: to go on would be for ever
                break
    return seeds, told, total(harms), failures


def one_diary(seed):
    """In a process of a pool: one home and its way through a queue. Returns (seed, wrong, reports, harms)."""
    from proof import diary

    try:
        return seed, *diary.run(seed)
    except Exception as error:
        return seed, [f"{type(error).__name__}: {error}"], 0, Counter()


def send(answers, processes=None, progress=lambda done: None):
    """Run homes with a queue, from seed 0, until so many of its answers were faulty.

    Returns:
        (number of seeds, reports, Counter of harms, [(seed, what went wrong), ...])
    """
    seeds, told, harms, failures = 0, 0, Counter(), []
    with pool_of(processes) as pool:
        while faulty(harms) < answers:
            before = told
            for seed, wrong, reports, done in pool.map(one_diary, range(seeds, seeds + BATCH)):
                told, harms = told + reports, harms + done
                failures += [(seed, wrong)] if wrong else []
                progress(faulty(done))
            seeds += BATCH
            if told == before:
                break
    return seeds, told, harms, failures


def faulty(harms):
    """How many answers of a queue were not as they should be."""
    return sum(count for kind, count in harms.items() if kind in post.SHARES)


def total(harms):
    """How many faults were injected."""
    return sum(count for kind, count in harms.items() if kind not in CONSEQUENCES)


def one_mutant(number):
    """In a process of its own: hunt one seeded bug. Returns (its name, what gave it away or None)."""
    mutant = mutants.MUTANTS[number]
    try:
        return mutant.name, mutants.hunt(mutant, range(SEEDS_PER_MUTANT))
    except LookupError as error:  # the product's source is not as the mutant says
        return str(error.args[0]), None


def hunt_all(processes=None, progress=lambda done: None):
    """Hunt every seeded bug. Returns ([(name, (seed, violation)), ...] of the caught, [names] of the missed)."""
    caught, missed = [], []
    with multiprocessing.get_context("spawn").Pool(processes, maxtasksperchild=1) as pool:
        for name, found in pool.imap(one_mutant, range(len(mutants.MUTANTS)), chunksize=1):
            (caught.append((name, found)) if found else missed.append(name))
            progress(1)
    return caught, missed
