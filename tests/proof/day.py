"""A day without a computer: what happened in it must be told within 50 ms of when it did, whatever the crystals do."""

import random

from joined import START_WALL_MS, Bridge, Cable, Pillow, RamDisk

from bridge.journal import Journal

DAY_MS = 86_400_000
BOUND_MS = 50  # what the project promises over USB
NEWS_MS = 2_600  # what is told later than this is late
FELT = 40
JITTER_MS = 6  # of a line on a USB cable, at most: one step


class DriftingPillow(Pillow):
    """Its crystal is up to 200 ppm off, steadily."""

    skew = 0.0

    def feel(self, gesture, now_ms):
        super().feel(gesture, self._own(now_ms))

    def receive(self, data, now_ms):
        super().receive(data, self._own(now_ms))

    def next(self, now_ms):
        return super().next(self._own(now_ms))

    def _own(self, now_ms):
        return now_ms + int((now_ms - self.booted_ms) * self.skew)


class Jitter:
    """Lets what is said through at once, or a step later."""

    def __init__(self, chance):
        self._chance, self._held = chance, b""

    def __call__(self, data):
        data, self._held = self._held + data, b""
        if self._chance.random() < 0.5:
            data, self._held = b"", data
        return data


def run(seed):
    """Ten minutes together, a day apart, ten seconds together. Returns what went wrong, as sentences."""
    chance = random.Random(seed)
    pillow = DriftingPillow(RamDisk())
    pillow.skew = chance.uniform(-200e-6, 200e-6)
    journal = Journal(":memory:")
    cable = Cable(pillow, Bridge(journal), step_ms=chance.choice((3, 5, JITTER_MS)))
    cable.up, cable.down = Jitter(chance), Jitter(chance)
    pillow.boot(0)
    cable.run(chance.randrange(2_000, 600_000, 1_000))
    felt = _apart(chance, cable)
    cable.run(10_000)
    rows = journal.rows_after(0)
    journal.close()
    return list(_misdated(felt, rows))


def _apart(chance, cable):
    """Feels things at random moments of a day; nobody is there. Returns the wall times of each."""
    cable.plugged = False
    cable.run(4_000)
    start_ms, felt = cable.now_ms, []
    for moment in sorted(chance.randrange(DAY_MS) for _ in range(FELT)):
        cable.now_ms = start_ms + moment
        cable.pillow.feel("hugging" if len(felt) % 2 else "neutral", cable.now_ms)
        felt.append(START_WALL_MS + cable.now_ms)
    cable.now_ms = start_ms + DAY_MS
    cable.plugged = True
    return felt


def _misdated(felt, rows):
    if len(rows) != len(felt):
        yield f"{len(felt)} were felt, {len(rows)} are told"
    for row, at_ms in zip(rows, felt):
        off_ms = abs(row["at_ms"] - at_ms)
        is_old = row["heard_ms"] - at_ms > NEWS_MS
        if off_ms > min(BOUND_MS, row["err_ms"]) or row["late"] < is_old:
            yield f"a day apart: {row['seq']} is {off_ms} ms off, bound {row['err_ms']}, late {row['late']}"
