# Runs takes through the recogniser, on CPython and MicroPython alike, and prints every verdict; on MicroPython also how
# many samples took memory, however shortly, and how much the recogniser takes:
#   gesture_program.py FIRMWARE TAKES [MODEL]
# TAKES holds a line of JSON for each: [rate_hz, has_squeeze, count], then count times seven big-endian 16-bit numbers.
import json
import sys
from array import array

from onchip import mem_total, unpacked, used

sys.path.insert(0, sys.argv[1])
from pillow.gesture import Recogniser
from pillow.model import Model


def play(file, take, rate_hz, has_squeeze, count):
    recogniser = Recogniser(rate_hz, has_squeeze, model)
    sample, frame, greedy = array("h", [0] * 6), bytearray(14), 0
    for i in range(count):
        file.readinto(frame)
        squeeze = unpacked(frame, sample)
        before = mem_total()
        is_new = recogniser.feed(sample, squeeze)
        greedy += mem_total() != before
        if is_new:
            print(take, i, recogniser.gesture, recogniser.confidence, recogniser.strength)
    return greedy


model = None
if len(sys.argv) > 3:
    with open(sys.argv[3], "rb") as file:  # noqa: PTH123
        model = Model(file.read())
before = used()
one = Recogniser(100, True, model)
size = used() - before
greedy = take = 0
with open(sys.argv[2], "rb") as file:  # noqa: PTH123 - MicroPython has no pathlib
    line = file.readline()
    while line:
        greedy += play(file, take, *json.loads(line))
        take += 1
        line = file.readline()
print("memory", greedy, size)
