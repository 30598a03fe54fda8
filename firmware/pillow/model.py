# What this pillow was taught: a blob of a few dozen bytes, read by the same file on the chip and on the computer.
#
# Its law: a blob is taken whole or not at all, and what is wrong with it is one sentence. Little-endian:
#   "hm", version, how many limits; 5 bytes: the least confidence of each gesture, 0..100; the limits, 2 bytes each;
#   CRC-32 of all of it.
from binascii import crc32

VERSION = 1
GESTURES = ("hugging", "punching", "shaking", "spinning", "throwing")

# What may be taught, in this order; the figures are those of a pillow that was taught nothing.
GRIP, LET_GO, BLOW, SWAY, SPIN, FALL = range(6)
LIMITS = (430, 250, 1400, 460, 60, 450)  # per mille, per mille, milli-g, milli-g, degrees a second, milli-g
LEAST = (60, 30, 700, 250, 40, 300)
GREATEST = (950, 900, 6000, 2500, 600, 600)
HEAD = 9


class Model:
    def __init__(self, blob=None):
        self.limits = LIMITS
        self.floors = bytes(len(GESTURES))
        if blob is not None:
            self._read(bytes(blob))

    def _read(self, blob):
        if blob[:2] != b"hm" or len(blob) < HEAD:
            raise ValueError("this is no model")
        if blob[2] != VERSION:
            raise ValueError("the model is of version %d, this firmware reads version %d" % (blob[2], VERSION))
        end = HEAD + 2 * blob[3]
        if len(blob) != end + 4:
            raise ValueError("the model has %d bytes instead of %d" % (len(blob), end + 4))
        if crc32(blob[:end]) != int.from_bytes(blob[end:], "little"):
            raise ValueError("the model is damaged")
        limits = [blob[i] | blob[i + 1] << 8 for i in range(HEAD, end, 2)]
        floors = blob[4:HEAD]
        if len(limits) != len(LIMITS) or not all(map(_is_within, LEAST, limits, GREATEST)) or max(floors) > 100:
            raise ValueError("the model asks for what no pillow can feel")
        self.limits, self.floors = tuple(limits), floors

    def floor(self, gesture):
        return self.floors[GESTURES.index(gesture)]


def _is_within(least, value, greatest):
    return least <= value <= greatest
