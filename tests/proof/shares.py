"""One count split over all cores: in slices, each with a seed of its own, so that it can be repeated alone."""

import multiprocessing
import os

CORES = os.cpu_count() or 1


def in_slices(run, count, slices, tick):
    """Call `run(its share of count, seed)`, which returns (done, wrong), for seeds 0 up to `slices`.

    Returns:
        (done, what went wrong).
    """
    work = [(run, -(-count // slices), seed) for seed in range(slices)]
    done, wrong = 0, []
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        for told, found in pool.imap(_one, work):
            done, wrong = done + told, wrong + found
            tick(told)
    return done, wrong


def _one(work):
    run, share, seed = work
    return run(share, seed)
