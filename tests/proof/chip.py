"""Runs a program of the pillow's stages on an interpreter - MicroPython or this one - and listens to how it goes."""

import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIRMWARE = ROOT / "firmware"
GROWN_MOST = 256  # bytes of heap: numbers grow longer
PATIENCE_S = 120.0  # without a word


def run(interpreter, program, words, progress=None):
    """Run a program that says `done N` as it goes and `flat BYTES...` when all went well.

    Returns:
        (how much was done, what went wrong as sentences, the numbers of the last word)
    """
    command = [str(word) for word in (interpreter, ROOT / "tests" / "proof" / program, *words)]
    done, wrong, numbers = 0, [], []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while line := _heard(running):
            word, *rest = line.split()
            if word == "done":
                done = int(rest[0])
                if progress:
                    progress(done)
            elif word == "flat":
                numbers = [int(number) for number in rest]
            else:
                wrong.append(line.strip())
    if running.returncode or not numbers:
        wrong.append(f"ended with {running.returncode} after {done}")
    elif numbers[0] > GROWN_MOST:
        wrong.append(f"its heap grew by {numbers[0]} bytes")
    return done, wrong, numbers


def _heard(running):
    """Return the next line, or nothing at the end; a program that says nothing for too long is ended."""
    timer = threading.Timer(PATIENCE_S, running.kill)
    timer.start()
    try:
        return running.stdout.readline()
    finally:
        timer.cancel()
