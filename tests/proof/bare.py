"""The bridge's own program, loaded and waiting for a line that says what PILLOW_CRASH_AT shall be: nothing, mostly.

    python bare.py HOW run --port URL

HOW is `whole`; `bare` for all but the page, which costs every core a second at each start; or the name of a seeded bug.
Its law: what runs after that line is `python -m bridge`, and it never outlives whoever holds its standard input.
"""

import os
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class NoPage:
    """Stands where the page's program would."""

    def __init__(self, *_):
        pass

    def step(self, now_s):
        pass

    def end(self):
        pass

    def wait(self, seconds):
        pass


def _end_with_parent():
    sys.stdin.buffer.read()
    os._exit(1)


def main(how, *words):
    sys.path[:1] = [str(ROOT), str(ROOT / "tests")]
    from proof import mutants

    for mutant in [mutant for mutant in mutants.MUTANTS if mutant.name == how]:
        mutants.load(mutant)
    from bridge import __main__, run, steps  # only now: they must see the mutant

    if how != "whole":
        run.Child = NoPage
    crash_at = sys.stdin.buffer.readline()
    if not crash_at.endswith(b"\n"):
        return 1
    os.environ[steps.VARIABLE] = crash_at.decode().strip()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return __main__.main(words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
