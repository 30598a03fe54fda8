# Puts samples into the pillow's ring and reads them back, on CPython and MicroPython alike; prints what came back as a
# checksum, and on MicroPython how many samples took memory, how much the ring takes, and its time for one sample:
#   samples_program.py FIRMWARE FILE
# FILE holds seven big-endian 16-bit numbers for each sample.
import sys
import time
from array import array
from binascii import crc32

from onchip import ON_CHIP, mem_total, unpacked, used

sys.path.insert(0, sys.argv[1])
from pillow.recall import Recall
from pillow.samples import MOST, Samples


def fill(ring, file):
    sample, frame, greedy = array("h", [0] * 6), bytearray(14), 0
    while file.readinto(frame) == 14:
        squeeze = unpacked(frame, sample)
        before = mem_total()
        ring.add(sample, squeeze)
        greedy += mem_total() != before
    return greedy


def told(ring):
    check, at = 0, ring.first
    while True:
        first, data = Recall(ring).read(at, 10)
        if not data:
            return check
        check = crc32(data, check)
        at = first + len(data) // 14


def micros(ring):
    sample = array("h", [0] * 6)
    began = time.ticks_us() if ON_CHIP else 0
    for i in range(MOST):
        sample[2] = 1000 + i * 37 % 60
        ring.add(sample, i % 1000)
    return (time.ticks_us() - began) / MOST if ON_CHIP else 0


before = used()
ring = Samples()
size = used() - before
with open(sys.argv[2], "rb") as file:  # noqa: PTH123 - MicroPython has no pathlib
    greedy = fill(ring, file)
print(ring.first, ring.end, told(ring), greedy, size, micros(ring))
