# Whether a word that is about to be told is what it was here before: this home's own examples against the word.
#
# Its law: integers that fit 30 bits, no allocation; it can make the pillow quieter, never tell what no sign says.
from array import array

from .model import FELT, GESTURES
from .rest import root

OWN, OTHER = 3, 4  # nearer than three quarters to what was something else: else the sign is right
ROSE_MOST = 31  # samples


class Doubt:
    def __init__(self, model, rest, blow, sway, embrace):
        self.feelings = model.feelings
        self.rest, self.blow, self.sway, self.embrace = rest, blow, sway, embrace
        self.felt = array("h", [0] * FELT)
        self.nearer = 0
        self.sign = None  # the one that is on, but in doubt; it stays so until it is over

    # The sign of a word, if any, while this gesture is told. -> the sign that is believed, or None
    def about(self, sign, gesture):
        if sign is None or sign.name == gesture:
            self.sign = None
        elif sign is self.sign or self._is_other(sign):
            self.sign = sign
            # A hug that was told goes on under what is no blow.
            return self.embrace if gesture == self.embrace.name and self.embrace.on else None
        else:
            self.sign = None
        return sign

    def _is_other(self, sign):
        self.feel(sign)
        return self.is_other(3 * FELT * GESTURES.index(sign.name))

    # What is felt is clearly nearer to what was no such gesture than to what was one; from `at` on is what is known.
    def is_other(self, at):
        self.nearer = 0
        for k in range(FELT):
            self._weigh(k, at + k)
        return self.nearer > 0

    # In small steps: MicroPython has room for eleven values without allocating.
    def _weigh(self, k, at):
        own = OWN * abs(self.felt[k] - self.feelings[at])
        own -= OTHER * abs(self.felt[k] - self.feelings[at + FELT])
        self.nearer += self.feelings[at + 2 * FELT] * own

    # How hard, how lively, how it turns and goes up and down and to and fro; how the last blow came; how it is held.
    def feel(self, sign):
        felt, sway = self.felt, self.sway
        felt[0] = abs(getattr(sign, "peak", self.rest.push))
        felt[0] = root(4 * felt[0], 64)
        felt[1] = root(self.embrace.band, 64)
        felt[2] = root(64 * sway.turned // max(1, sway.blocks), 64)
        felt[3] = 200 * sway.along // max(1, sway.sum)
        felt[4] = root(4 * sway.sum // max(1, sway.blocks), 64)
        felt[5] = self.blow.spun >> 6
        felt[6] = 8 * min(ROSE_MOST, self.blow.rose)
        felt[7] = self.embrace.squeeze >> 2
