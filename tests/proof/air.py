"""One direction of a link as a seed has it: bytes flipped, dropped, inserted; chunks lost, doubled, overtaken."""

NOISE = (
    b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13\r\n",
    b'Traceback (most recent call last):\r\n  File "main.py", line 9, in run\r\n',
    b">>> \n~{",
    b"\x00\xff\xfe\n#",
)
MIXES = ("flip", "drop", "insert", "lose", "double", "delay", "noise")


class Direction:
    """Args: chance: the seed's random.Random. shares: how often each of MIXES happens. harmed: told each time."""

    def __init__(self, chance, shares, harmed):
        self._chance = chance
        self._shares = shares
        self._harmed = harmed
        self._flying = []  # (due_ms, order, bytes)
        self._order = 0

    def send(self, data, now_ms):
        if not data:
            return
        for copy in self._copies(data):
            late = self._happens("delay")
            self._order += 1
            self._flying.append((now_ms + (self._chance.randrange(400) if late else 0), self._order, self._harm(copy)))

    def arrive(self, now_ms):
        if not self._flying:
            return b""
        due = sorted(one for one in self._flying if one[0] <= now_ms)
        self._flying = [one for one in self._flying if one[0] > now_ms]
        return b"".join(one[2] for one in due)

    def cut(self):
        """Unplugged: what flies is cut at some byte, and nothing follows."""
        flying = b"".join(one[2] for one in sorted(self._flying))
        self._flying = []
        return flying[: self._chance.randrange(len(flying) + 1)]

    def heal(self):
        self._shares = dict.fromkeys(MIXES, 0)

    def _copies(self, data):
        if self._happens("lose"):
            return ()
        return (data, data) if self._happens("double") else (data,)

    def _harm(self, data):
        data = bytearray(data)
        at = self._chance.randrange(len(data))
        if self._happens("flip"):
            data[at] ^= 1 << self._chance.randrange(8)
        if self._happens("drop"):
            del data[at : at + self._chance.choice((1, 1, 1, 9))]
        if self._happens("insert"):
            data[at:at] = self._chance.randbytes(self._chance.choice((1, 1, 5)))
        if self._happens("noise"):
            data[at:at] = self._chance.choice(NOISE)
        return bytes(data)

    def _happens(self, name):
        share = self._shares[name]
        if not share or self._chance.random() >= share:
            return False
        self._harmed(name)
        return True
