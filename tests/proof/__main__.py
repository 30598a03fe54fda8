"""The whole proof, as `make prove` runs it: what was asked, what was done, and what went wrong, which must be nothing.

Every part says its seeds, so that anyone can repeat it. `--only NAME` runs one part, `--share 0.01` a hundredth.
Its law: each part is a process of its own, so that none takes others with it, and what was not proved is said.
"""

import argparse
import platform
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from proof import parts
from proof.parts import PARTS, row
from proof.shares import CORES

MOST_S = 7_200.0  # of one part: on one slow core the longest takes half an hour, and a stuck one takes for ever


def main():
    """Run the parts and print the table; the exit status is 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="huggable prove", description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=[part.name for part in PARTS])
    parser.add_argument("--share", type=float, default=1.0, help="of the full count (default: all)")
    parser.add_argument("--alone", help=argparse.SUPPRESS)  # this part in this process, as `_is_proved` starts it
    said = parser.parse_args()
    if said.alone:
        return parts.main(said.alone, said.share)
    chosen = [part for part in PARTS if not said.only or part.name in said.only]
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {CORES} cores")
    print(f"{'':6}{'part':16}{'asked':>22}  done", flush=True)
    began = time.monotonic()
    unproved = _unproved(chosen, said.share)
    print(_verdict(chosen, unproved, time.monotonic() - began))
    return 1 if unproved else 0


def _unproved(chosen, share):
    """Run parts, those that take all cores one after another. Returns the names of those that are not proved."""
    proved = {part.name: _is_proved(part, share) for part in chosen if not part.is_narrow}
    narrow = [part for part in chosen if part.is_narrow]
    with ThreadPoolExecutor(CORES) as pool:
        proved |= zip((part.name for part in narrow), pool.map(lambda part: _is_proved(part, share), narrow))
    return [name for name, is_proved in proved.items() if not is_proved]


def _verdict(chosen, unproved, seconds):
    minutes = f"in {seconds / 60:.0f} minutes" if seconds >= 90 else f"in {seconds:.0f} seconds"
    if unproved:
        return f"NOT proved: {', '.join(unproved)} ({minutes})"
    return f"proved: all of {len(chosen)} parts, {minutes}"


def _is_proved(part, share):
    """Run a part in a process of its own and print its row at once, for who ends the proof early."""
    began = time.monotonic()
    words = [sys.executable, "-m", "proof", "--alone", part.name, "--share", str(share)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        try:
            said, _ = running.communicate(timeout=MOST_S)
        except subprocess.TimeoutExpired:
            running.kill()
            said, _ = running.communicate()
    if not said:  # it had no time to say anything
        said = row(part, share, "WRONG", f"it ended with {running.returncode}", time.monotonic() - began) + "\n"
    print(said, end="", flush=True)
    return running.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
