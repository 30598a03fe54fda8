"""A home whose journal grows - many pillows, boots, gaps and wishes, in hours and days of virtual time - and the way of
all that through a queue that does harm. One seed, one run.
"""

import random
import sqlite3
import tempfile
from collections import Counter
from concurrent.futures import Future
from pathlib import Path

from joined import START_WALL_MS

from bridge import wishes
from bridge.report import GESTURES, Dated, Gap, Report
from bridge.waiting import Job, Waiting
from bridge.writer import GROUP_JOBS, write_group
from proof.shaky import Killed, ShakyJournal
from proof.sky import Sky

MEMORY = "/dev/shm"
PILLOWS = ("00112233aabbccdd", "ffeeddccbbaa9988", "0000000000000001")
ENTRIES = 40  # things that happen in one run; most are several reports
PAUSES_MS = (0, 20, 500, 5_000, 90_000, 900_000)
BURST = (1, 2, 5, 40)
BACKLOG = 900  # now and then: more than fits one message
NEW_BOOT_SHARE, GAP_SHARE, WISH_SHARE, BACKLOG_SHARE = 0.05, 0.05, 0.2, 0.01


class Diary:
    """Everything of one run."""

    def __init__(self, seed):
        self.chance = random.Random(f"diary {seed}")
        self.harms = Counter()
        self.now_ms = self.told = 0
        self.asked = []  # wishes that came from away, by their names
        self.boots = dict.fromkeys(PILLOWS, 1)
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None)
        self.sky = Sky(seed, self.harms, f"{self.folder.name}/away.db", START_WALL_MS, watched=0.05, is_aimed=True)
        self.start_bridge()

    def start_bridge(self):
        self.journal, self.waiting = ShakyJournal(f"{self.folder.name}/journal.db"), Waiting()
        self.sky.start_home(self.journal, self.insist)

    def insist(self, work, key):
        self.waiting.add(Job(work, Future(), key))

    def wall_ms(self):
        return START_WALL_MS + self.now_ms

    # -- what happens at home -------------------------------------------------------------------------------------

    def happen(self):
        pillow = self.chance.choice(PILLOWS)
        if self.chance.random() < WISH_SHARE:
            return self._wish(pillow)
        if self.chance.random() < NEW_BOOT_SHARE:
            self.boots[pillow] += 1
        count = BACKLOG if self.chance.random() < BACKLOG_SHARE else self.chance.choice(BURST)
        said, seq, boot = [], self.journal.mark(pillow, self.boots[pillow]), self.boots[pillow]
        for _ in range(count):
            said.append(self._entry(pillow, boot, seq + 1))
            seq = said[-1].said.seq
        gesture = said[-1].said.gesture if isinstance(said[-1].said, Report) else "neutral"
        self.insist(lambda journal: self._keep(journal, pillow, said, gesture), ("reports", pillow))
        self.told += count
        return None

    def _keep(self, journal, pillow, said, gesture):
        journal.append(said)
        journal.arrive(pillow, "usb", said[-1].heard_ms, boot=self.boots[pillow], version="1.0.0", cause="power")
        journal.show(pillow, gesture, said[-1].at_ms)

    def _entry(self, pillow, boot, seq):
        heard_ms = self.wall_ms()
        if self.chance.random() < GAP_SHARE:
            return Dated(Gap(pillow, boot, seq, seq + self.chance.randrange(9), "full", 3), heard_ms, 9, True, heard_ms)
        numbers = self.chance.randrange(101), self.chance.randrange(4_000), self.chance.randrange(60_000)
        return Dated(
            Report(pillow, boot, seq, seq * 1000, self.chance.choice(GESTURES), *numbers),
            heard_ms - self.chance.randrange(5_000),
            self.chance.randrange(50),
            self.chance.random() < 0.2,
            heard_ms,
        )

    def _wish(self, pillow):
        """Something that was asked from away ends here."""
        uid, made_ms = f"{len(self.asked):024x}", self.wall_ms()
        self.asked.append(uid)
        for journal in (self.sky.away, self.journal):
            with super(ShakyJournal, journal).transaction():
                journal.add_wish(pillow, "hug", {}, "away", made_ms, made_ms + 10**9, uid)

        def end(journal):
            wishes.end(journal, journal.wish_by_uid(uid)["wish"], wishes.REFUSED, "it sleeps", made_ms)

        self.insist(end, ("wish", uid))

    # -- time -----------------------------------------------------------------------------------------------------

    def turn(self, now_ms):
        """The writer writes what waits. Returns the wall clock."""
        self.now_ms = now_ms
        while self.waiting:
            self.waiting.put_back(write_group(self.journal, self.waiting.take(GROUP_JOBS)))
            self.sky.rung = True
        return self.wall_ms()

    def step(self):
        try:
            self.sky.home_step(self.now_ms, self.turn(self.now_ms))
        except Killed:
            self.journal.close()
            self.start_bridge()
        self.sky.away_step(self.now_ms)

    def run(self):
        """Returns what went wrong, as sentences."""
        for _ in range(ENTRIES):
            self.happen()
            until_ms = self.now_ms + self.chance.choice(PAUSES_MS)
            while True:
                self.step()
                if self.sky.due_ms >= until_ms:
                    break
                self.now_ms = max(self.now_ms + 1, self.sky.due_ms)
            self.now_ms = until_ms
        wrong = self.sky.settle(self.now_ms, self.turn)
        ended = [(self.sky.away.wish_by_uid(uid) or {}).get("outcome") for uid in self.asked]
        return wrong + [f"no end of wish {number} came" for number, end in enumerate(ended) if end != wishes.REFUSED]

    def close(self):
        self.journal.close()
        self.sky.close()
        self.folder.cleanup()


def run(seed):
    """Returns (violations, reports told, Counter of harms done)."""
    diary = Diary(seed)
    try:
        return diary.run(), diary.told, diary.harms
    except sqlite3.Error as error:
        return [f"{type(error).__name__}: {error}"], diary.told, diary.harms
    finally:
        diary.close()
