# Whether a word that is about to be told is what it was here before: this home's own examples against the word.
#
# Its law: integers that fit 30 bits, no allocation; it can make the pillow quieter, never tell what no sign says.
from array import array

from .model import FELT, GESTURES
from .rest import root

CLEARLY = 3, 4  # so much nearer to what was something else: in doubt the sign is right
ROSE_MOST = 31  # samples


# What is felt is clearly nearer to what was no such gesture than to what was one; from `at` on is what is known of it.
def is_other(feelings, at, felt):
    own = other = 0
    for value in felt:
        weight = feelings[at + 2 * FELT]
        own += weight * abs(value - feelings[at])
        other += weight * abs(value - feelings[at + FELT])
        at += 1
    return other * CLEARLY[1] < own * CLEARLY[0]


class Doubt:
    def __init__(self, model, rest, blow, sway, embrace):
        self.feelings = model.feelings
        self.parts = rest, blow, sway, embrace
        self.felt = array("h", [0] * FELT)
        self.sign = None  # the one that is on, but in doubt; it stays so until it is over

    # The sign of a word, if any, while this gesture is told. -> the sign that is believed, or None
    def about(self, sign, gesture):
        if sign is None or sign.name == gesture:
            self.sign = None
        elif sign is self.sign or is_other(self.feelings, 3 * FELT * GESTURES.index(sign.name), self.feel(sign)):
            self.sign = sign
            # A hug that was told goes on under what is no blow.
            embrace = self.parts[3]
            return embrace if gesture == embrace.name and embrace.on else None
        else:
            self.sign = None
        return sign

    # How hard, how lively, how it turns and goes up and down and to and fro; how the last blow came; how it is held.
    def feel(self, sign):
        rest, blow, sway, embrace = self.parts
        felt = self.felt
        felt[0] = root(4 * abs(getattr(sign, "peak", rest.push)), 64)
        felt[1] = root(embrace.band, 64)
        felt[2] = root(64 * sway.turned // max(1, sway.blocks), 64)
        felt[3] = 200 * sway.along // max(1, sway.sum)
        felt[4] = root(4 * sway.sum // max(1, sway.blocks), 64)
        felt[5] = blow.spun >> 6
        felt[6] = 8 * min(ROSE_MOST, blow.rose)
        felt[7] = embrace.squeeze >> 2
        return felt
