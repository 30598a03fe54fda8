"""From the home's journal through the queue to a journal far away: the product's own forwarder and collector, with a
queue that does harm between them, and both programs killed at any of their steps.
"""

import random
from contextlib import contextmanager
from dataclasses import dataclass

from bridge import steps
from bridge.forwarder import Forwarder
from bridge.outgoing import AWAY
from proof.checker import carried
from proof.post import SHARES, PostOffice
from proof.shaky import Killed, ShakyJournal
from web.collector import Collector
from web.intake import Intake
from web.pace import Pace

AWAY_SHARES = {"away is killed": 0.1, "away's disk": 0.3, "forwarder is killed": 0.05, "queue gets rubbish": 0.01}
STEPS = 8  # passed before a kill that is not aimed, at most
AIMS = {"forwarder is killed": steps.CLOUD, "away is killed": ("taken", "deleted")}  # nothing is published here
AIM_STEPS = 3  # an aimed kill falls when its step is passed for the n-th time, up to this
RUBBISH = ("", "[", "\x00\xff", '{"a":1}', "[1,2,", "x" * 5_000)
GRAVES = 1_000  # more than are ever buried
SLOW_MS = 15_000  # as long as a call may take
PEACE_MS = 4 * 3_600_000  # by then everything must have arrived: both sides may have backed off, and locks of 30 s
EARLIEST_MS = 20  # nobody turns faster than that


@dataclass
class Doom:
    """A kill that is due: when one of these steps (none: any) was passed so many times more."""

    names: tuple[str, ...]
    left: int


class Told:
    """Troubles that nobody reads."""

    def tell(self, name, sentence):
        pass

    def clear(self, name):
        pass


class Sky:
    """Args: seed: its own chance. harms: a Counter. path: of the journal away. wall_ms: Unix time at 0. watched: the
    share of seeds in which somebody looks at the page away, so that the queue is asked more often. is_aimed: whether
    each kill waits for a step that is drawn by its name.
    """

    def __init__(self, seed, harms, path, wall_ms, watched=0.5, is_aimed=False):
        self.chance = random.Random(f"sky {seed}")
        self.harms = harms
        self.peace = False
        self.rung = True  # the home's journal has something new
        self._shares = {kind: self._share(most) for kind, most in (SHARES | AWAY_SHARES).items()}
        self._path, self._wall_ms = path, wall_ms
        self.office = PostOffice(self.chance, self._happens, wall_ms)
        self.poison = PostOffice(self.chance, self._happens, wall_ms, "huggable-poison")
        self.rubbish = set()
        self.wrong = []
        self._stamps = {}  # of each pillow's newest word away
        self._is_aimed = is_aimed
        self._dooms = {}  # kills that were drawn and wait for their step
        self._home_ms = self._away_ms = 0  # when either side looks again
        self._watched = self.chance.random() < watched
        self.start_away()

    def _share(self, most):
        return 0.0 if self.chance.random() < 0.5 else self.chance.choice((0.1, 0.5, 1.0)) * most

    def _happens(self, kind):
        if not self._is_drawn(kind):
            return False
        self.harms[kind] += 1
        return True

    def _is_drawn(self, kind):
        share = 0.0 if self.peace else self._shares[kind]
        return bool(share) and self.chance.random() < share

    @property
    def due_ms(self):
        """When either side looks again."""
        return min(self._home_ms, self._away_ms)

    # -- both ends ------------------------------------------------------------------------------------------------

    def start_home(self, journal, record):
        """A bridge begins. Args: journal: it reads. record: `Writer.insist`."""
        self.journal = journal
        self._home_ms, self.rung = 0, True
        self.forwarder = Forwarder(journal, self.office.send, record, Told(), random.Random(self.chance.random()))

    def spare_home(self):
        """From here on the bridge is not killed any more."""
        self._shares["forwarder is killed"] = 0.0
        self._dooms.pop("forwarder is killed", None)

    def start_away(self):
        self.away = ShakyJournal(self._path)
        self.away.fail = lambda: self.chance.choice(("locked", "full", "io")) if self._happens("away's disk") else None
        pace = Pace(lambda: self._watched, random.Random(self.chance.random()))
        self.collector = Collector(Intake(self.away, Told()), self.office, self.poison, Told(), pace)

    def home_step(self, now_ms, wall_ms):
        """Let the bridge forward. Raises Killed."""
        if now_ms < self._home_ms and not self.rung:
            return
        self.office.now_ms, self.rung = now_ms, False
        with self._dying("forwarder is killed"):
            rest_s = self.forwarder.step(now_ms, wall_ms)
        slow_ms = self.chance.randrange(SLOW_MS) if self._happens("queue is slow") else 0
        self._home_ms = now_ms + max(EARLIEST_MS, round(1000 * rest_s), slow_ms)

    def away_step(self, now_ms):
        if now_ms < self._away_ms:
            return
        self.office.now_ms = self.poison.now_ms = now_ms
        if self._happens("queue gets rubbish"):
            self.rubbish.add(self.chance.choice(RUBBISH))
            self.office.put(self.chance.choice(sorted(self.rubbish)))
        try:
            with self._dying("away is killed"):
                rest_s = self.collector.step(now_ms / 1000, self._wall_ms + now_ms)
        except Killed:
            self.away.close()
            self.start_away()
            rest_s = self.chance.uniform(0.0, 60.0)
        self._look_at_faces()
        slow_ms = self.chance.randrange(SLOW_MS) if self._happens("queue is slow") else 0
        self._away_ms = now_ms + max(EARLIEST_MS, round(1000 * rest_s), slow_ms)

    @contextmanager
    def _dying(self, kind):
        """What runs inside may be killed at one of its steps; counted when it is."""
        doom = self._dooms.pop(kind, None) or self._doom(kind)
        if not doom:
            yield
            return
        watching = list(steps._watch)

        def passed(name):
            doom.left -= not doom.names or name in doom.names
            if doom.left < 0:
                self.harms[kind] += 1
                raise Killed(name)

        steps.watch_with(passed)
        try:
            yield
        finally:
            steps._watch[:] = watching
        if self._is_aimed:
            self._dooms[kind] = doom

    def _doom(self, kind):
        """Draw whether a kill is due, and which."""
        if not self._is_drawn(kind):
            return None
        if self._is_aimed:
            return Doom((self.chance.choice(AIMS[kind]),), self.chance.randrange(AIM_STEPS))
        return Doom((), self.chance.randrange(STEPS))

    # -- the end --------------------------------------------------------------------------------------------------

    def settle(self, now_ms, turn):
        """Peace: whatever was sent must arrive.

        Args:
            now_ms: the world's time.
            turn: called with the time at each step: has the home's writer write what waits, and says its wall clock.

        Returns:
            What went wrong, as sentences.
        """
        self.peace = True
        self._dooms.clear()
        self.office.wake()
        self.poison.wake()
        end_ms = now_ms + PEACE_MS
        while now_ms < end_ms and not (self.office.is_empty and self._is_told()):
            wall_ms = turn(now_ms)
            self.home_step(now_ms, wall_ms)
            self.away_step(now_ms)
            now_ms = max(now_ms + 1, self.due_ms)
        wrong = self.wrong if self.office.is_empty else ["stuck: the queue still has messages"]
        wrong += carried(all_rows(self.journal), all_rows(self.away))
        kept = {*self.poison.texts, *(row["content"] for row in self.away.dead_letters(GRAVES))}  # it may refuse them
        if lost := {text for text in self.office.texts if text in RUBBISH} - kept:
            wrong.append(f"lost: rubbish that is neither in the poison queue nor in the journal: {lost}")
        return wrong + self._faces()

    def _look_at_faces(self):
        """A newer word about a pillow is never followed by an older one."""
        for pillow in self.away.pillows():
            newest = self._stamps.get(pillow["pillow"], 0)
            if pillow["stamp"] < newest and not self.wrong:
                self.wrong.append(f"the face away goes back from {newest} to {pillow['stamp']}")
            self._stamps[pillow["pillow"]] = max(newest, pillow["stamp"])

    def _is_told(self):
        if self.journal.outbox(AWAY, 1) or self._faces():
            return False
        return not carried(all_rows(self.journal), all_rows(self.away))

    def _faces(self):
        home, away = ({one["pillow"]: one["gesture"] for one in side.pillows()} for side in (self.journal, self.away))
        return [] if home == away else [f"the face away lies: {away} instead of {home}"]

    def close(self):
        self.away.close()


def all_rows(journal):
    """Every row of a journal, in order."""
    rows, after = [], 0
    while page := journal.rows_after(after):
        rows += page
        after = page[-1]["row"]
    return rows
