"""The cable is pulled after every byte of every kind of line, in both directions, and plugged in again: no half row,
and everything that was felt is told once. The real stages of both ends, under a virtual clock.
"""

import random
from collections import Counter

from joined import START_WALL_MS, Bridge, Cable, Pillow, RamDisk
from keyed import KEY, KeyedPillow, KnowingBridge
from pillow import spool as spool_module

from bridge.journal import Journal
from bridge.report import GESTURES
from proof.checker import violations

KINDS = {
    "up": ("hello", "ok", "no", "beat", "report", "gap"),
    "down": ("who", "ping", "welcome", "ack", "need", "light"),
}
KEYED = {"up": ("hello", "ok", "proof"), "down": ("who", "prove", "welcome")}  # of a pillow that has a key
STARTS = {"up": b'\n~{"%s"', "down": b'\n#{"%s"'}
OFTEN = ("hello", "ok", "report", "ping", "ack")  # said at least twice: the second is cut as well
SMALL_SPOOL = 2, 3  # lines of a segment, segments: overflows at once
OFFLINE = 9  # reports felt before the bridge is there: more than a small spool holds, hence a gap
LOST_LINE = 3  # this report line does not arrive at first, hence a need
LIGHTS = 4
LIGHT_MS = 60_000  # their time limit
FEEL_MS = 60
FELT = 24
APPEAR_MS = 5_000  # every kind has been said by then
SETTLE_MS = 30_000
AWAY_MS = (0, 50, 700, 3_000)
STEPS_MS = (3, 5, 10)


class RefusesHalf:
    """Refuses every second light."""

    def _light(self, *wish):
        super()._light(*wish)
        return "the light rests" if wish[0] % 2 else None


class Choosy(RefusesHalf, Pillow):
    """Has no key."""


class Keyed(RefusesHalf, KeyedPillow):
    """Has a key, and a bridge that knows it."""


class Scissors:
    """One direction of a cable: cuts it after `offset` bytes of the n-th line that begins with `start`."""

    def __init__(self, start, nth, offset):
        self.length = None  # of the line that was cut
        self._start, self._nth, self._offset = start, nth, offset

    def __call__(self, data):
        if self.length is None and data.startswith(self._start):
            self._nth -= 1
            if self._nth == 0:
                self.length = len(data)
                return data[: self._offset]
        return data


class LosesOneReport(Scissors):
    """Besides."""

    _reports = 0

    def __call__(self, data):
        self._reports += data.startswith(b'\n~{"report"')
        if self._reports == LOST_LINE and data.startswith(b'\n~{"report"'):
            return b""
        return super().__call__(data)


class Cut:
    """One run. Args: chance: draws what is not said. way, kind, offset: where the cable is cut. is_keyed: has a key."""

    def __init__(self, chance, way, kind, offset, is_keyed=False):
        self._chance = chance
        self._journal = Journal(":memory:")
        pillow = Keyed(RamDisk()) if is_keyed else Choosy(RamDisk())
        bridge = KnowingBridge(self._journal, {pillow.id: (KEY,)}) if is_keyed else Bridge(self._journal)
        self._cable = Cable(pillow, bridge, chance.choice(STEPS_MS))
        nth = chance.choice((1, 2)) if kind in OFTEN else 1
        start = STARTS[way] % kind.encode()
        self._up = LosesOneReport(start if way == "up" else b"none", nth, offset)
        self._down = Scissors(start if way == "down" else b"none", nth, offset)
        self._scissors = self._up if way == "up" else self._down
        self._truth = []

    @property
    def length(self):
        """Bytes of the line that was cut; None when it was never said."""
        return self._scissors.length

    def run(self):
        """Returns what went wrong, as sentences."""
        self._be_alone()
        self._talk_until(lambda: self.length is not None, APPEAR_MS)
        if self.length is None:
            return ["it was never said"]
        self._pull_and_plug()
        is_settled = self._talk_until(self._is_settled, SETTLE_MS)
        wrong = [] if is_settled else [f"stuck: {self._cable.pillow.spool.oldest()} is never acknowledged"]
        wrong += violations(self._truth, self._journal.rows_after(0), Counter(overflow=1), timed=True)
        self._journal.close()
        return wrong

    def _feel(self):
        cable, reporter = self._cable, self._cable.pillow.reporter
        gesture = GESTURES[reporter.seq % 2]
        uptime_ms = cable.now_ms - cable.pillow.booted_ms
        one = {"boot": reporter.boot, "seq": reporter.seq + 1, "gesture": gesture, "uptime_ms": uptime_ms}
        self._truth.append(one | {"wall_ms": START_WALL_MS + cable.now_ms, "sure": True})
        cable.pillow.feel(gesture, cable.now_ms)

    def _be_alone(self):
        """The pillow feels more than it can keep, before the bridge is there."""
        as_shipped = spool_module.SEGMENT_LINES, spool_module.SEGMENTS
        spool_module.SEGMENT_LINES, spool_module.SEGMENTS = SMALL_SPOOL
        self._cable.pillow.boot(0)
        for _ in range(OFFLINE):
            self._cable.now_ms += FEEL_MS
            self._feel()
        spool_module.SEGMENT_LINES, spool_module.SEGMENTS = as_shipped
        self._cable.up, self._cable.down = self._up, self._down
        for number in range(1, LIGHTS + 1):
            self._cable.bridge.session.wish(number, "light", (number, "glow", 1, 2, 3, 40, 5), LIGHT_MS)

    def _talk_until(self, happens, most_ms):
        cable = self._cable
        end_ms = cable.now_ms + most_ms
        due_ms = cable.now_ms
        while not happens():
            if cable.now_ms >= end_ms:
                return False
            if cable.now_ms >= due_ms and len(self._truth) < FELT:
                due_ms = cable.now_ms + FEEL_MS
                self._feel()
            cable.step()
        return True

    def _pull_and_plug(self):
        """Whether the bridge notices, and whether the pillow has power meanwhile, is drawn."""
        cable, chance = self._cable, self._chance
        is_noticed, has_power = chance.random() < 0.6, chance.random() < 0.5
        cable.plugged = False
        cable.run(cable.step_ms)
        if is_noticed:
            cable.bridge.conversation.end(START_WALL_MS + cable.now_ms)
        cable.run(chance.choice(AWAY_MS))
        self._feel()
        if not has_power:
            cable.pillow.boot(cable.now_ms)
        if is_noticed:
            cable.bridge.open()
        cable.plugged = True

    def _is_settled(self):
        reporter = self._cable.pillow.reporter
        return (
            len(self._truth) >= FELT
            and self._cable.pillow.spool.oldest() is None
            and self._journal.mark(self._cable.pillow.id, reporter.boot) == reporter.seq
        )


def offsets(seeds, progress=lambda done: None):
    """Cut at every byte of every kind, once for each seed, which draws everything else.

    Args:
        seeds: a range.
        progress: called with how many more were done.

    Returns:
        (cuts done, what went wrong as sentences, facts as a Counter).
    """
    wrong, facts = [], Counter()
    for seed in seeds:
        for is_keyed, table in ((False, KINDS), (True, KEYED)):
            for way, kind in [(way, kind) for way, kinds in table.items() for kind in kinds]:
                before = facts.total()
                wrong += _every_byte(seed, way, kind, facts, is_keyed)
                progress(facts.total() - before)
    return facts.total(), wrong, facts


def _every_byte(seed, way, kind, facts, is_keyed):
    offset, is_over = 0, False
    while not is_over:
        cut = Cut(random.Random(f"{seed} {kind} {offset}"), way, kind, offset, is_keyed)
        for sentence in cut.run():
            yield f"seed {seed}, {'keyed ' * is_keyed}{kind} cut after {offset} bytes: {sentence}"
        facts[f"{way} {kind}"] += 1
        is_over = offset >= (cut.length or 0)
        offset += 1
