# Runs takes through the recogniser, on CPython and MicroPython alike, and prints every verdict; on MicroPython also how
# many samples took memory, however shortly, and how much the recogniser takes:
#   gesture_program.py FIRMWARE TAKES
# TAKES holds a line of JSON for each: [rate_hz, has_squeeze, count], then count times seven big-endian 16-bit numbers.
import gc
import json
import sys
from array import array

sys.path.insert(0, sys.argv[1])
from pillow.gesture import Recogniser

ON_CHIP = sys.implementation.name == "micropython"
if ON_CHIP:
    from micropython import mem_total
else:

    def mem_total():
        return 0


def number(frame, i):
    value = frame[2 * i] << 8 | frame[2 * i + 1]
    return value - 65536 if value > 32767 else value


def used():
    if not ON_CHIP:
        return 0
    gc.collect()
    return gc.mem_alloc()


def play(file, take, rate_hz, has_squeeze, count):
    recogniser = Recogniser(rate_hz, has_squeeze)
    sample, frame, greedy = array("h", [0] * 6), bytearray(14), 0
    for i in range(count):
        file.readinto(frame)
        for k in range(6):
            sample[k] = number(frame, k)
        squeeze = number(frame, 6)
        before = mem_total()
        is_new = recogniser.feed(sample, squeeze)
        greedy += mem_total() != before
        if is_new:
            print(take, i, recogniser.gesture, recogniser.confidence, recogniser.strength)
    return greedy


before = used()
one = Recogniser(100, True)
size = used() - before
greedy = take = 0
with open(sys.argv[2], "rb") as file:  # noqa: PTH123 - MicroPython has no pathlib
    line = file.readline()
    while line:
        greedy += play(file, take, *json.loads(line))
        take += 1
        line = file.readline()
print("memory", greedy, size)
