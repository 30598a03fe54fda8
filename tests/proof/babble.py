"""Lines that no pillow says, of all sorts: noise, broken frames, and whole frames with the wrong thing inside."""

from binascii import crc32

U32 = 2**32 - 1
U53 = 2**53 - 1
GESTURES = ("neutral", "hugging", "punching", "shaking", "spinning", "throwing", "sensorfault")

# What stands in a field: no JSON at all, a number that is no integer, what is right nowhere, what is right somewhere.
INVALID = (
    "",
    "01",
    "+1",
    "1.",
    ".5",
    "0x10",
    "1_0",
    "'a'",
    '"',
    '"\\x"',
    "nul",
    "[",
    "]",
    "{",
    "}",
    ":",
    "1 2",
    "\x01",
)
FLOATS = ("1.5", "1e3", "-0.0", "1e400", "NaN", "Infinity", "-Infinity")
WRONG = (
    *("-1", "null", "true", "false", "[]", "{}", "[[]]", "[1,2]", '{"a":1}', "[" * 60 + "]" * 60, '""', "9" * 150),
    *('"\\u0000"', '"\\ud800"', '"<script>"', '"hugging "', '"HUGGING"', '"' + "x" * 130 + '"', "18446744073709551616"),
)
RIGHT = (
    *("0", "1", "2", "3", "4", "5", "7", "8", "100", "101", "9999", "10000", "99999", "100000", str(U32), str(U32 + 1)),
    *(
        str(U53),
        str(U53 + 1),
        '"full"',
        '"acked"',
        '"1.0.0"',
        '"power"',
        '"00112233aabbccdd"',
        '"00112233"',
        '"0011223g"',
    ),
    *(f'"{gesture}"' for gesture in GESTURES),
)
NEVER = INVALID + FLOATS + WRONG
ANY = NEVER + RIGHT * 2
KINDS = ("report", "gap", "beat", "ok", "no", "light", "", "REPORT", "\\ud800", "report\\u0000")
SHAPES = (
    *("", "null", "5", '"report"', "[]", "{}", "[[1,2,3]]", '{"report":5}', '{"report":"1234567"}', '{"report":{}}'),
    *('{"report":[1,1,1,"neutral",1,1,1],"gap":[]}', '{"report":null}', '{"hello":{"0":1}}', '{"a":[],"b":[]}'),
    *('{"report":[1,1,1,"neutral",1,1,1]', '"report":[1,1,1,"neutral",1,1,1]}', '{"x":' * 35 + "1" + "}" * 35),
)
NOISE = (
    b"ets Jul 29 2019 12:21:46\r",
    b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r",
    b'  File "main.py", line 9, in run\r',
    b">>> ",
    b"~",
    b"~{}*",
    b"~*00000000",
    b"\x03\x04\x00\x7f",
    b"\xc3\x28\xed\xa0\x80",
    b"\r\r\0  \r",
)
BITES = b'0123456789-+.eE"\\{}[],:~*abcxyz\x00\x7f\x80\xff'


def frame(body):
    """Return a body as a line with the right CRC, without its newlines."""
    marked = b"~" + (body if isinstance(body, bytes) else body.encode())
    return b"%s*%08x" % (marked, crc32(marked))


class Babble:
    """Args: chance: a random.Random. held: boot -> how far the listener is, so that some lines are almost right."""

    def __init__(self, chance, held):
        self._chance = chance
        self._held = held
        self._sorts = (
            *(self._fields, self._fields, self._almost, self._almost, self._almost, self._more, self._bitten),
            *(self._broken, self._broken, self._cut, self._shape, self._noise, self._long, self._padded),
        )

    def lines(self, count):
        """Return so many lines without their newlines; one may turn out to be right, and noise to be several."""
        return [sort() for sort in self._chance.choices(self._sorts, k=count)]

    def _right(self):
        """Return the kind and the fields of something right, and often of what comes next."""
        chance = self._chance
        boot = chance.choice((1, 2, 3, 7, chance.randrange(1_000_000)))
        seq = self._held.get(boot, 0) + chance.choice((0, 1, 1, 2))
        sort = chance.randrange(8)
        if sort < 4:
            return "report", [str(boot), str(seq), "1000", f'"{chance.choice(GESTURES)}"', "90", "100", "0"]
        if sort < 6:
            return "gap", [str(boot), str(max(1, seq - 1)), str(seq + 1), '"full"', "0"]
        if sort < 7:
            return "beat", [str(U32), "1000", '"neutral"', str(seq), "0", "60000"]
        return "hello", ["0", "1", '"00112233aabbccdd"', str(U32), '"00000007"', '"1.0.0"', '"power"', "1000"]

    def _fields(self):
        tokens = self._chance.choices(ANY, k=self._chance.randrange(10))
        return frame('{"%s":[%s]}' % (self._chance.choice(KINDS), ",".join(tokens)))

    def _almost(self):
        kind, tokens = self._right()
        wrong = NEVER if kind == "hello" else ANY  # another good hello would be another conversation
        tokens[self._chance.randrange(len(tokens))] = self._chance.choice(wrong)
        return frame('{"%s":[%s]}' % (kind, ",".join(tokens)))

    def _more(self):
        kind, tokens = self._right()
        if kind == "hello" or self._chance.random() < 0.3:
            del tokens[self._chance.randrange(len(tokens)) :]
        else:
            tokens += self._chance.choices(ANY, k=self._chance.randrange(3))
        return frame('{"%s":[%s]}' % (kind, ",".join(tokens)))

    def _bitten(self):
        kind, tokens = self._right()
        body = bytearray(('{"%s":[%s]}' % (kind, ",".join(tokens))).encode())
        if kind != "hello":
            self._bite(body)
        else:
            del body[-1]
        return frame(bytes(body))

    def _bite(self, data):
        at, how = self._chance.randrange(len(data)), self._chance.randrange(3)
        if how == 0:
            del data[at]
        elif how == 1:
            data[at] = self._chance.choice(BITES)
        else:
            data.insert(at, self._chance.choice(BITES))

    def _broken(self):
        kind, tokens = self._right()
        line = bytearray(frame('{"%s":[%s]}' % (kind, ",".join(tokens))))
        for _ in range(self._chance.choice((1, 1, 2, 5))):
            self._bite(line)
        return bytes(line) if self._chance.random() < 0.9 else bytes(line).upper()

    def _cut(self):
        kind, tokens = self._right()
        line = frame('{"%s":[%s]}' % (kind, ",".join(tokens)))
        at = self._chance.randrange(1, len(line))
        return line[:at] if self._chance.random() < 0.5 else line[at:] + line[:at]

    def _shape(self):
        return frame(self._chance.choice(SHAPES))

    def _noise(self):
        if self._chance.random() < 0.5:
            return self._chance.choice(NOISE)
        return self._chance.randbytes(self._chance.randrange(60))

    def _long(self):
        return self._chance.choice((b"~", b"x", b"~{", b"\0")) * self._chance.choice((130, 241, 401, 3_000))

    def _padded(self):
        """As long as a line may be, or a byte or so longer."""
        kind, tokens = self._right()
        if kind == "hello":
            return b"~"
        length = self._chance.randrange(236, 245) - len(frame('{"%s":[%s,""]}' % (kind, ",".join(tokens))))
        return frame('{"%s":[%s,"%s"]}' % (kind, ",".join(tokens), "x" * length))
