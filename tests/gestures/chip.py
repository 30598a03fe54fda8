"""What a sample costs on the chip, and that every interpreter reports the same of every recording."""

import hashlib
import subprocess
import sys
from array import array

from interpreters import micropython, micropython32
from pillow.gesture import Recogniser
from takes import GESTURES, HERE, generated, index

US_PER_OPCODE = 1.3  # 1,602 pystones/s of an ESP32 (micropython issue 6565), 497 bytecodes each, counted alike
ASKED_MS = 1.5
REPLAY = HERE.parent / "firmware" / "virtual" / "replay.py"


def opcodes(act, seed, has_squeeze=True):
    """The bytecodes of each sample of a take, as CPython counts them."""
    take, recogniser, sample = generated(act, seed, seconds=3), Recogniser(100, has_squeeze), array("h", [0] * 6)
    counts = []
    for values, squeeze in zip(take.samples, take.squeezes):
        sample[:] = array("h", values)
        counts.append(_counted(lambda q=squeeze: recogniser.feed(sample, q)))
    return counts


def _counted(call):
    count = 0

    def trace(frame, event, _):
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    sys.settrace(trace)
    call()
    sys.settrace(None)
    return count


def worst_act():
    """(mean, greatest) bytecodes a sample, of the act that costs most."""
    taken = [opcodes(act, 40_000) for act in GESTURES]
    return max((sum(counts) / len(counts), max(counts)) for counts in taken)


def reports(place, *command):
    """A digest of every report of every recording, and how many lines there were."""
    files = [str(place / row["file"]) for row in index(place)]
    done = subprocess.run(
        [*map(str, command), str(REPLAY), "--still", *files], capture_output=True, timeout=600, check=True
    )
    return hashlib.sha256(done.stdout).hexdigest()[:16], done.stdout.count(b"\n")


def everywhere(place):
    """interpreter -> (digest, lines)."""
    heap = "-X", "heapsize=8m"
    return {
        "CPython": reports(place, sys.executable),
        "MicroPython, 64 bit": reports(place, micropython(), *heap),
        "MicroPython, 32 bit": reports(place, micropython32(), *heap),
    }
