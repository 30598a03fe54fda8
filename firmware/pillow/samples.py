# The last ten seconds of what the pillow felt, for whoever asks: to teach it, or because it was wrong.
#
# Its law: everything is made at the start, and adding a sample allocates nothing. Six bytes a sample instead of
# fourteen: the change since the sample before, in whole steps of 1, 2, 4 ... units, the finest that it fits. What was
# rounded off is made up for by the next sample, so errors never add up. Calm is kept to the last bit (below 128 milli-g
# and 0.8 degrees a second from one sample to the next); in a blow the error is a 250th of its steepest step, of the
# turn rate a 15th.
from array import array

CHANNELS = 7  # ax ay az in milli-g, gx gy gz in tenths of a degree a second, squeeze per mille
SAMPLE = 6  # bytes: how coarse, three changes of 8 bits, three of 4 and half of the squeeze
RUN = 40  # samples after which the whole numbers are kept: where reading can begin
RUNS = 26  # ten seconds and the run that is being overwritten
MOST = RUN * RUNS
PUSH, TURN = 127, 7  # what 8 and 4 bits hold


class Samples:
    def __init__(self):
        self.runs = [bytearray(SAMPLE * RUN) for _ in range(RUNS)]  # in pieces: a heap in use has no large holes
        self.starts = array("h", [0] * (6 * RUNS))  # before the first sample of each run
        self._now = array("h", [0] * 6)  # as a reader will have it
        self._bits = 0  # how coarse the changes are that are being kept
        self._squeeze = 0  # in quarters; half of it in each of two samples
        self.first = self.end = 0  # these are kept: first <= i < end; counted since boot
        self.is_frozen = False

    # Forget all of it, such as samples before a pause; the count goes on.
    def clear(self):
        self.first = self.end = (self.end + RUN - 1) // RUN * RUN

    # Frozen, nothing is added; afterwards it begins anew.
    def freeze(self, on):
        if self.is_frozen and not on:
            self.clear()
        self.is_frozen = on

    # sample: six numbers as of the sensor; squeeze 0..1000. Small steps: a large frame would be taken from the heap.
    def add(self, sample, squeeze):
        if self.is_frozen:
            return
        i = self.end % MOST
        if i % RUN == 0:
            self._begin(i // RUN * 6)
        kept = self.runs[i // RUN]
        i = i % RUN * SAMPLE
        self._keep_push(kept, sample, i)
        self._keep_turn(kept, sample, i)
        kept[i + 5] |= self._half(squeeze)
        self.end += 1

    def _keep_push(self, kept, sample, i):
        self._fit(sample, 0, PUSH)
        kept[i] = self._bits
        kept[i + 1] = self._put(sample[0], 0, PUSH) & 255
        kept[i + 2] = self._put(sample[1], 1, PUSH) & 255
        kept[i + 3] = self._put(sample[2], 2, PUSH) & 255

    def _keep_turn(self, kept, sample, i):
        self._fit(sample, 3, TURN)
        kept[i] |= self._bits << 4
        change = self._put(sample[3], 3, TURN) & 15
        kept[i + 4] = change << 4
        change = self._put(sample[4], 4, TURN) & 15
        kept[i + 4] |= change
        change = self._put(sample[5], 5, TURN) & 15
        kept[i + 5] = change << 4

    # How many bits to drop, so that each of three changes fits `most`.
    def _fit(self, sample, k, most):
        self._bits = 0
        self._widen(sample[k] - self._now[k], most)
        self._widen(sample[k + 1] - self._now[k + 1], most)
        self._widen(sample[k + 2] - self._now[k + 2], most)

    def _widen(self, change, most):
        if change < 0:
            change = -change
        while change + (1 << self._bits >> 1) >> self._bits > most:
            self._bits += 1

    # -> the change as it is kept, rounded; what a reader will have is in _now.
    def _put(self, value, k, most):
        change = value - self._now[k] + (1 << self._bits >> 1) >> self._bits
        if change > most:
            change = most
        value = self._now[k] + (change << self._bits)
        if not -32768 <= value <= 32767:  # rounded out of 16 bits
            change += 1 if value < 0 else -1
            value = self._now[k] + (change << self._bits)
        self._now[k] = value
        return change

    # A run begins: what was there ten seconds ago is forgotten.
    def _begin(self, start):
        for k in range(6):
            self.starts[start + k] = self._now[k]
        if self.end - self.first > MOST - RUN:
            self.first += RUN

    def _half(self, squeeze):
        if self.end & 1:
            return self._squeeze & 15
        self._squeeze = squeeze >> 2
        return self._squeeze >> 4
