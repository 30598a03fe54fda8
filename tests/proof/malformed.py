"""Malformed input to the bridge's parser: everything from the port to the journal's door, fed with what no pillow says.

A round is a hundred bad lines with a good one among them, cut anywhere. What the session makes of it is compared with a
second, much simpler reading, a regular expression: it never raises, accepts nothing else, and holds no more.
"""

import random
import re
from binascii import crc32

from bridge.boots import BOOTS
from bridge.events import Said
from bridge.report import Past
from bridge.session import Session
from bridge.wire import LONGEST_CONSOLE
from proof.babble import GESTURES, U32, U53, WRONG, Babble, frame

PILLOW = "00112233aabbccdd"
GOOD_BOOT = 4_000_000_000  # of the good lines: no bad one names it
NOW = U32  # the boot that the pillow is in: what it tells of can only be of this one or of one before
ROUND = 100
EVERY = 100  # rounds between two words on how far it is
ROUND_MS = 10
START_MS = 1_800_000_000_000
WHYS = ("full", "damaged", "flash", "acked")
LONGEST = 240

NUMBER = rb"(-?0|[1-9][0-9]*)"
WORD = rb'"([a-z]*)"'
LITERALS = b"|".join(re.escape(token.encode()) for token in WRONG)
MORE = rb'(?:,(?:-?(?:0|[1-9][0-9]*)|"[^"\\\x00-\x1f\x80-\xff]*"|' + LITERALS + rb"))*"
END = MORE + rb"\]\}\*([0-9a-f]{8})"
REPORT = re.compile(rb'~\{"report":\[' + b",".join([NUMBER, NUMBER, NUMBER, WORD, NUMBER, NUMBER, NUMBER]) + END)
GAP = re.compile(rb'~\{"gap":\[' + b",".join([NUMBER, NUMBER, NUMBER, WORD, NUMBER]) + END)


def reading(raw):
    """Return what a line says to a simple mind, (boot, first, last, ...), or None: nothing that counts."""
    raw = raw.strip(b"\r\0 ")
    if len(raw) > LONGEST or raw[-8:] != b"%08x" % crc32(raw[:-9]):
        return None
    if found := REPORT.fullmatch(raw):
        boot, seq, uptime, confidence, strength, ended = (int(found[number]) for number in (1, 2, 3, 5, 6, 7))
        gesture = found[4].decode()
        right = max(uptime, ended) <= U53 and confidence <= 100 and strength <= 99_999 and gesture in GESTURES
        return (
            (boot, seq, seq, gesture, uptime, confidence, strength, ended)
            if right and boot <= U32 >= seq >= 1
            else None
        )
    if found := GAP.fullmatch(raw):
        boot, first, last, older = (int(found[number]) for number in (1, 2, 3, 5))
        why = found[4].decode()
        right = max(boot, last, older) <= U32 and 1 <= first <= last and why in WHYS
        return (boot, first, last, why, older) if right else None
    return None


def content(said):
    """Return what the session accepted in the form of `reading`."""
    if hasattr(said, "why"):
        return said.boot, said.first, said.seq, said.why, said.older
    rest = said.uptime_ms, said.confidence, said.strength, said.ended_ms
    return said.boot, said.first, said.seq, said.gesture, *rest


class Listener:
    """A session with a pillow at the other end that answers what it is asked and babbles otherwise."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.committed = {}  # boot -> seq
        self.held = {}  # the same, with what was accepted in this round
        self.now_ms = 0
        self.tail = 0  # bytes, at its longest
        self.session = Session(self._recall, "0123456789abcdef")
        self.babble = Babble(self.chance, self.held)
        self._receive(b"\n" + frame(f'{{"hello":[0,1,"{PILLOW}",{NOW},"00000007","1.0.0","power",0]}}') + b"\n")
        for _ in range(3):
            self.answer()

    def _recall(self, pillow, boot):
        return Past(self.committed.get(boot, 0))

    def _receive(self, data):
        events = self.session.receive(data, self.now_ms, START_MS + self.now_ms)
        self.tail = max(self.tail, len(self.session._lines._tail))
        return events

    def answer(self):
        """Have the session say what it wants, and answer as a good pillow does."""
        self.now_ms += ROUND_MS
        said = self.session.outgoing(self.now_ms)
        if said:
            number = int(re.match(rb'\n#\{"[a-z]+":\[(\d+)', said)[1])
            kind = (
                f'"hello":[{number},1,"{PILLOW}",{NOW},"00000007","1.0.0","power",'
                if b'"who"' in said
                else f'"ok":[{number},{NOW},'
            )
            self._receive(b"\n" + frame("{%s%d]}" % (kind, self.now_ms)) + b"\n")

    def round(self):
        """Babble for a while. Returns what is wrong, or None."""
        lines = self.babble.lines(ROUND)
        seq = self.held.get(GOOD_BOOT, 0) + 1
        good = f'{{"report":[{GOOD_BOOT},{seq},5,"hugging",90,100,{seq}]}}'
        lines.insert(self.chance.randrange(ROUND), b"\n" + frame(good) + b"\r")
        wrong = self._hear(b"\n".join(lines) + b"\n")
        self.answer()
        if not wrong and self.held.get(GOOD_BOOT) != seq:
            return f"passed over a good line: {seq}"
        return wrong or self.swollen()

    def _hear(self, sent):
        try:
            events = [event for part in self._parts(sent) for event in self._receive(part)]
        except Exception as error:
            return f"raised {error!r} on {sent!r}"
        accepted = [content(event.dated.said) for event in events if isinstance(event, Said)]
        expected = list(self._expected(sent))
        self._settle({boot for boot, *_ in expected})
        return None if accepted == expected else f"accepted {accepted}, not {expected}"

    def _parts(self, data):
        """Cut what is sent as reads from a port do."""
        if self.chance.random() < 0.9:
            return [data]
        size = self.chance.choices((1, 7, 64, 600), (1, 5, 47, 47))[0]
        return [data[at : at + size] for at in range(0, len(data), size)]

    def _expected(self, sent):
        """Read along, and yield what has to be accepted, in order."""
        for raw in sent.split(b"\n"):
            said = reading(raw) if b'"report"' in raw or b'"gap"' in raw else None
            if said and said[1] <= self.held.get(said[0], 0) + 1 <= said[2]:
                self.held[said[0]] = said[2]
                yield said

    def _settle(self, boots):
        """Commit what was accepted, or - seldom - fail to."""
        fails = self.chance.random() < 0.1
        for boot in boots:
            if fails and boot != GOOD_BOOT:
                self.session.uncommitted(boot)
                self.held[boot] = self.committed.get(boot, 0)
            else:
                self.session.committed(boot, self.held[boot])
                self.committed[boot] = self.held[boot]

    def swollen(self):
        session = self.session
        sizes = self.tail, len(session._boots), len(session._owed.acks), len(session._owed.needs)
        most = LONGEST_CONSOLE, BOOTS, BOOTS, BOOTS
        return f"it holds {sizes}, more than {most}" if any(map(int.__gt__, sizes, most)) else None


def run(count, seed=0, progress=None):
    """Feed `count` malformed lines to the bridge's parser. Returns (lines fed, violations as sentences)."""
    listener = Listener(seed)
    for number in range(-(-count // ROUND)):
        if number % EVERY == 0 and progress:
            progress(number * ROUND)
        if wrong := listener.round():
            return number * ROUND, [f"malformed, seed {seed}, round {number}: {wrong}"]
    return -(-count // ROUND) * ROUND, []
