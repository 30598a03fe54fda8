# What programs for CPython and MicroPython alike share: numbers as recordings have them, and what takes memory.
# CPython has no such memory to look at: there everything is 0.
import gc
import sys

ON_CHIP = sys.implementation.name == "micropython"
if ON_CHIP:
    from micropython import mem_total
else:

    def mem_total():
        return 0


def used():
    if not ON_CHIP:
        return 0
    gc.collect()
    return gc.mem_alloc()


# One sample: fourteen bytes, seven big-endian numbers of 16 bits, into six and the squeeze that is returned.
def unpacked(frame, sample):
    for k in range(6):
        sample[k] = _number(frame, k)
    return _number(frame, 6)


def _number(frame, i):
    value = frame[2 * i] << 8 | frame[2 * i + 1]
    return value - 65536 if value > 32767 else value
