# Reads what samples.py keeps. A file of its own: only a pillow that is asked for samples needs it.
from array import array

from .samples import CHANNELS, MOST, RUN, SAMPLE


class Recall:
    def __init__(self, samples):
        self._samples = samples
        self._read = array("h", [0] * CHANNELS)
        self._next = 0  # the sample after the one that is in _read

    # -> index of the first one, and up to `most` samples from there as CHANNELS little-endian int16 each
    def read(self, first, most):
        first = max(first, self._samples.first)
        count = max(0, min(most, (self._samples.end & -2) - first))  # the last one may lack half of its squeeze
        data = bytearray(2 * CHANNELS * count)
        for i in range(count):
            self._seek(first + i)
            for k in range(CHANNELS):
                value = self._read[k]
                data[2 * (CHANNELS * i + k)] = value & 255
                data[2 * (CHANNELS * i + k) + 1] = value >> 8 & 255
        return first, data

    def _seek(self, index):
        if index < self._next or index // RUN != (self._next - 1) // RUN:
            self._next = index // RUN * RUN
            start = index % MOST // RUN * 6
            for k in range(6):
                self._read[k] = self._samples.starts[start + k]
        while self._next <= index:
            self._step(self._samples.runs[self._next % MOST // RUN], self._next % RUN * SAMPLE)
            self._next += 1

    def _step(self, kept, i):
        read = self._read
        coarse, turn = kept[i] & 15, kept[i] >> 4
        for k in range(3):
            read[k] += ((kept[i + 1 + k] ^ 128) - 128) << coarse
        read[3] += ((kept[i + 4] >> 4 ^ 8) - 8) << turn
        read[4] += ((kept[i + 4] & 15 ^ 8) - 8) << turn
        read[5] += ((kept[i + 5] >> 4 ^ 8) - 8) << turn
        if i // SAMPLE & 1 == 0:
            read[6] = (kept[i + 5] & 15) << 6 | (kept[i + 5 + SAMPLE] & 15) << 2
