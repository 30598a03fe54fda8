"""Malformed input to the pillow's parser: runs malformed_program.py on an interpreter, MicroPython or this one."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GROWN_MOST = 256  # bytes of the pillow's heap: numbers grow longer


def run_on(interpreter, count, progress=None, seed=0, firmware=ROOT / "firmware"):
    """Feed `count` malformed lines to a pillow's link. Returns (lines fed, violations as sentences)."""
    program = [interpreter, ROOT / "tests" / "proof" / "malformed_program.py", firmware, count, seed]
    done, wrong = 0, []
    with subprocess.Popen([str(word) for word in program], stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            word, _, rest = line.partition(" ")
            if word == "done":
                done = int(rest)
                if progress:
                    progress(done)
            elif word == "flat" and int(rest) <= GROWN_MOST:
                done = count
            else:
                wrong.append(f"seed {seed}: {line.strip()}")
    if done < count and not wrong:
        wrong.append(f"seed {seed}: ended with {running.returncode} after {done} lines")
    return done, wrong
