"""One count split over all cores: in slices, each with a seed of its own, so that it can be repeated alone."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

CORES = os.cpu_count() or 1


def processes(most=None):
    """Return a pool of so many processes, or one for each core; who waits for one that dies is told so."""
    return ProcessPoolExecutor(most or CORES, multiprocessing.get_context("spawn"))


def in_slices(run, count, slices, tick):
    """Call `run(its share of count, seed)`, which returns (done, wrong), for seeds 0 up to `slices`.

    Returns:
        (done, what went wrong).
    """
    work = [(run, -(-count // slices), seed) for seed in range(slices)]
    done, wrong = 0, []
    with processes() as pool:
        for told, found in pool.map(_one, work):
            done, wrong = done + told, wrong + found
            tick(told)
    return done, wrong


def _one(work):
    run, share, seed = work
    return run(share, seed)
