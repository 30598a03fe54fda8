# What this pillow was taught: a blob of a few dozen bytes, read by the same file on the chip and on the computer.
#
# Its law: a blob is taken whole or not at all, and what is wrong with it is one sentence. Little-endian:
#   "hm", version, how many limits; 5 bytes: the least confidence of each gesture, 0..100; the limits, 2 bytes each;
#   of version 2: of each gesture how it feels when it is one and when it is none, and how much that tells, FELT bytes
#   each; CRC-32 of all of it. One of version 1 is read as what it is: one that knows no feelings.
from binascii import crc32

VERSION = 2
GESTURES = ("hugging", "punching", "shaking", "spinning", "throwing")

# What may be taught, in this order; the figures are those of a pillow that was taught nothing.
GRIP, LET_GO, BLOW, SWAY, SPIN, FALL = range(6)
LIMITS = (430, 250, 1400, 460, 60, 450)  # per mille, per mille, milli-g, milli-g, degrees a second, milli-g
LEAST = (60, 30, 700, 250, 40, 300)
GREATEST = (950, 900, 6000, 2500, 600, 600)
HEAD = 9
FELT = 8  # what is felt when a word is about to be told; doubt.py says what
FEELINGS = 3 * FELT * len(GESTURES)


class Model:
    def __init__(self, blob=None):
        self.limits = LIMITS
        self.floors = bytes(len(GESTURES))
        self.feelings = b""
        if blob is not None:
            self._read(bytes(blob))

    def _read(self, blob):
        if blob[:2] != b"hm" or len(blob) < HEAD:
            raise ValueError("this is no model")
        if not 1 <= blob[2] <= VERSION:
            raise ValueError("the model is of version %d, this firmware reads version %d" % (blob[2], VERSION))
        middle = HEAD + 2 * blob[3]
        end = middle + FEELINGS * (blob[2] - 1)
        if len(blob) != end + 4:
            raise ValueError("the model has %d bytes instead of %d" % (len(blob), end + 4))
        if crc32(blob[:end]) != int.from_bytes(blob[end:], "little"):
            raise ValueError("the model is damaged")
        limits = [blob[i] | blob[i + 1] << 8 for i in range(HEAD, middle, 2)]
        floors = blob[4:HEAD]
        if len(limits) != len(LIMITS) or not all(map(_is_within, LEAST, limits, GREATEST)) or max(floors) > 100:
            raise ValueError("the model asks for what no pillow can feel")
        self.limits, self.floors, self.feelings = tuple(limits), floors, blob[middle:end]

    def floor(self, gesture):
        return self.floors[GESTURES.index(gesture)]


def _is_within(least, value, greatest):
    return least <= value <= greatest
