"""Malformed input to the pillow's parser, on the real MicroPython or on this interpreter."""

from proof import chip


def slice_on(interpreter, count, seed):
    """`run_on`, as a slice of a greater count. Returns the same."""
    return run_on(interpreter, count, seed=seed)


def run_on(interpreter, count, progress=None, seed=0, firmware=chip.FIRMWARE):
    """Feed `count` malformed lines to a pillow's link. Returns (lines fed, violations as sentences)."""
    done, wrong, _ = chip.run(interpreter, "malformed_program.py", (firmware, count, seed), progress)
    return (done, [f"seed {seed}: {sentence}" for sentence in wrong]) if wrong else (count, [])
