"""The pillow's flash as a seed has it: power may go away inside any write, writes may fail, bits may rot."""

from joined import RamDisk


class PowerCut(BaseException):
    """Power went away here: nothing of the firmware runs on, whatever it catches."""


class Flash(RamDisk):
    """Args: chance: the seed's random.Random. harmed: called with the kind of harm, each time some is done."""

    def __init__(self, chance, harmed):
        super().__init__()
        self._chance = chance
        self._harmed = harmed
        self.cut_share = 0.0  # of the writes that lose power half way
        self.fail_share = 0.0  # of the writes that fail with an error
        self._untold = False  # a gap could not be written down

    def append(self, name, data):
        self._fail(name, data)
        if self._cut():
            kept = data[: self._chance.randrange(len(data))]
            rubbish = self._chance.randbytes(self._chance.choice((0, 0, 3, 40)))
            super().append(name, kept + rubbish)
            raise PowerCut
        super().append(name, data)

    def replace(self, name, data):
        self._untold = True
        self._fail(name, b"")
        if self._cut():  # littlefs renames atomically: the old file or the new one
            if self._chance.random() < 0.5:
                super().replace(name, data)
            else:
                self.files[name + ".new"] = data[: len(data) // 2]
            raise PowerCut
        super().replace(name, data)
        self._untold = False

    def remove(self, name):
        if self._cut():
            if self._chance.random() < 0.5:
                super().remove(name)
            raise PowerCut
        super().remove(name)

    def power_on(self):
        """A gap that could not be written down before power went away is known to nobody."""
        if self._untold:
            self._harmed("forgotten")
        self._untold = False

    def rot(self):
        """Flip a bit somewhere in what is kept, or leave a file half erased."""
        names = [name for name in self.files if self.files[name] and name != "gaps"]
        if not names:
            return
        name = self._chance.choice(sorted(names))
        data = bytearray(self.files[name])
        at = self._chance.randrange(len(data))
        if self._chance.random() < 0.3:
            data[at:] = b"\xff" * (len(data) - at)
        else:
            data[at] ^= 1 << self._chance.randrange(8)
        self.files[name] = bytes(data)
        self._harmed("rot")

    def _cut(self):
        if self._chance.random() >= self.cut_share:
            return False
        self._harmed("cut")
        return True

    def _fail(self, name, data):
        if self._chance.random() < self.fail_share:
            self._harmed("flash")
            if data:
                super().append(name, data[: self._chance.randrange(len(data))])
            raise OSError(28)
