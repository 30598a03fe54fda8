"""One seed, one run: the pillow's own spool, reports and link and the bridge's own session, conversation, journal and
writer, joined by a harmful link under a virtual clock. Faults, then peace, then the checker's verdict.
"""

import random
import tempfile
from collections import Counter, deque
from concurrent.futures import Future
from pathlib import Path

from joined import PILLOW, START_WALL_MS, Pillow
from pillow import spool as spool_module
from pillow.uptime import Uptime

from bridge import steps
from bridge.conversation import Conversation
from bridge.present import Present
from bridge.report import GESTURES
from bridge.session import Session
from bridge.waiting import Job, Waiting
from bridge.writer import GROUP_JOBS, write_group
from proof.air import MIXES, Direction
from proof.checker import violations
from proof.flash import Flash, PowerCut
from proof.guest import Guest
from proof.shaky import Killed, ShakyJournal
from proof.sky import Sky, all_rows

MEMORY = "/dev/shm"  # where a journal costs no disk; the rigs with real processes use a real one
FACE_MS = 8_000  # a report is news for 2.5 s; where every line is delayed, the greeting takes as long again
REPORTS = 200  # per run: long enough for several resets, kills and overflows
TICKS = 1 << 30  # where ticks_ms starts again
LOCKED_MS = 1_500  # a backup program at the wrong moment
PEACE_MS = 240_000  # by then everything must have arrived
SPOOL = spool_module.SEGMENT_LINES, spool_module.SEGMENTS  # as shipped; a seed may make it small, to overflow soon
GUEST_EVERY = 8  # in one of so many there are two pillows
CLOUD_EVERY = 4  # of so many seeds one sends on what it has
AIM_EVERY = 8  # in one of so many, kills wait for a step that is drawn by its name: most steps are `read`
HARMS = ("unplug", "reset", "kill", "disk", "cut", "rot", "flash", "jump", "away")


def guest_seed(number):
    """The seed of the world of this number, of those that have two pillows."""
    return number * GUEST_EVERY + GUEST_EVERY - 3


class World:
    """Everything of one run."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.harms = Counter()
        self.truth = []
        self.now_ms = 0
        self.step_ms = self.chance.choice((5, 10, 20))
        self.mix = {name: self._share(name) for name in (*MIXES, *HARMS)}
        self.skew = self.chance.randrange(-200, 201) / 1e6
        self.wall_offset_ms = 0
        spool_module.SEGMENT_LINES = self.chance.choice((2, 4, 32))
        spool_module.SEGMENTS = self.chance.choice((3, 8, 32))
        self.guest = Guest(seed) if seed == guest_seed(seed // GUEST_EVERY) else None
        shares = {name: 0.0 if self.guest else self.mix[name] for name in MIXES}  # so that each is known by its hello
        self.up = Direction(self.chance, shares, self._harmed)
        self.down = Direction(self.chance, shares, self._harmed)
        self.flash = Flash(self.chance, self._harmed)
        self.flash.cut_share, self.flash.fail_share = self.mix["cut"], self.mix["flash"]
        self.pillow = Pillow(self.flash)
        self.peace = False
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).is_dir() else None)
        is_sent = seed % CLOUD_EVERY == CLOUD_EVERY - 1
        self.sky = Sky(seed, self.harms, f"{self.folder.name}/away.db", START_WALL_MS) if is_sent else None
        self.start_bridge()
        self.felt = deque()  # (until_ms, gesture): what the face may show
        self.wrong = []
        self.sessions = 0
        self.plugged_ms = 0  # when the cable is back
        self.bridge_ms = 0  # when the bridge is back
        self.conversation = None
        self.healed_ms = 0  # until then the journal cannot be written
        self.kill_in = None
        self.kill_at = None  # only passing this step counts; None: any
        self.is_aimed = seed % AIM_EVERY == AIM_EVERY - 2

    def _share(self, name):
        """A swarm: each seed has its own few faults, some mild and some mean."""
        if self.chance.random() < 0.6:
            return 0.0
        most = {"unplug": 0.004, "reset": 0.003, "kill": 0.02, "jump": 0.0005, "rot": 0.001, "away": 0.002, "cut": 0.2}
        return self.chance.choice((0.1, 0.5, 1.0)) * most.get(name, 0.6)

    def _harmed(self, kind):
        self.harms[kind] += 1

    def _happens(self, kind):
        share = 0.0 if self.peace else self.mix[kind]
        if not share or self.chance.random() >= share:
            return False
        self._harmed(kind)
        return True

    # -- the pillow -----------------------------------------------------------------------------------------------

    def boot(self):
        self.flash.power_on()
        self.ticks = (TICKS - self.chance.randrange(60_000)) % TICKS  # ticks_ms wraps within the first minute
        self.uptime = Uptime(self.ticks)
        if self.pillow.boots:
            self.felt.append((self.now_ms + FACE_MS, self.pillow.reporter.gesture))
        while True:
            try:
                self.pillow.boot(self.now_ms)
                return
            except PowerCut:
                continue

    def pillow_ms(self):
        """The pillow's clock: its crystal is off by a seed's share."""
        passed = self.now_ms - self.pillow.booted_ms
        return self.pillow.booted_ms + self.uptime.at((self.ticks + passed + int(passed * self.skew)) % TICKS)

    def on_pillow(self, act, *arguments):
        """Have the firmware do something; power may go away while it does."""
        try:
            return act(*arguments)
        except PowerCut:
            self.boot()
            return b""

    def feel(self):
        reporter, at_ms = self.pillow.reporter, self.pillow_ms()
        gesture = self.chance.choice([one for one in GESTURES if one != reporter.gesture])
        seq, boot = reporter.seq + 1, reporter.boot
        one = {"boot": boot, "seq": seq, "gesture": gesture, "uptime_ms": at_ms - self.pillow.booted_ms, "sure": False}
        self.truth.append({**one, "wall_ms": START_WALL_MS + self.now_ms})
        if len(self.pillow.spool._segments) == spool_module.SEGMENTS:
            self.harms["overflow"] = 1  # a state, not a fault that is injected: counted once
        self.felt.append((self.now_ms + FACE_MS, reporter.gesture))
        try:
            self.pillow.feel(gesture, at_ms)
            self.truth[-1]["sure"] = True
        except PowerCut:
            self.boot()

    # -- the bridge -----------------------------------------------------------------------------------------------

    def _disk_fails(self):
        if self.now_ms < self.healed_ms:
            return "locked"
        return self.chance.choice(("locked", "full", "io")) if self._happens("disk") else None

    def submit(self, work):
        future = Future()
        self.waiting.add(Job(work, future))
        return future

    def insist(self, work, key):
        self.waiting.add(Job(work, Future(), key))

    def _passed(self, name):
        if self.kill_in is not None and self.kill_at in (None, name):
            self.kill_in -= 1
            if self.kill_in < 0:
                self.kill_in = None
                raise Killed(name)

    def wall_ms(self):
        return START_WALL_MS + self.now_ms + self.wall_offset_ms

    def open_link(self):
        self.sessions += 1
        session = Session(self.journal.recall, f"{self.sessions:016x}")
        self.conversation = Conversation(session, self, "usb", "cable", self.present)

    def start_bridge(self):
        self.waiting, self.present = Waiting(), Present()
        self.journal = ShakyJournal(f"{self.folder.name}/journal.db")
        with self.journal.transaction():
            self.journal.leave_all(self.wall_ms())
        self.journal.fail = self._disk_fails
        if self.sky:
            self.sky.start_home(self.journal, self.insist)

    def kill_bridge(self):
        self.journal.close()  # what was not committed is rolled back, as after any crash
        self.start_bridge()
        self.conversation = None
        self.bridge_ms = self.now_ms + self.chance.randrange(3_000)

    def run_bridge(self, data):
        """One pass of the bridge over what arrived; returns what it writes, cut where it was killed."""
        if (self.kill_in is None or not self.is_aimed) and self._happens("kill"):
            self.kill_in = self.chance.randrange(3 if self.is_aimed else 12)
            self.kill_at = self.chance.choice(steps.NAMES[:-1]) if self.is_aimed else None  # `sent` is half a line cut
        said = b""
        try:
            steps.passed("read")
            self.conversation.hear(data, self.now_ms, self.wall_ms())
            if self.waiting and self.chance.random() < 0.7:
                group = self.waiting.take(self.chance.choice((1, GROUP_JOBS)))
                self.waiting.put_back(write_group(self.journal, group))
                self._look_at_face()
                if self.sky:
                    self.sky.rung = True
            said = self.conversation.say(self.now_ms)
            if said:
                steps.passed("ack")
            if self.sky:
                self.sky.home_step(self.now_ms, self.wall_ms())
            return said
        except Killed:
            self.kill_bridge()
            return said[: self.chance.randrange(len(said) + 1)]

    # -- time -----------------------------------------------------------------------------------------------------

    def step(self):
        self.now_ms += self.step_ms
        if self._happens("reset"):
            self.boot()
        if self._happens("rot"):
            self.harms["rot"] -= 1  # counted when something was there to rot
            self.flash.rot()
        if self._happens("jump"):
            self.wall_offset_ms += self.chance.choice((-1, 1)) * self.chance.choice((3_600_000, 10**9, 31_536_000_000))
        self._unplug()
        is_guest = self._swap()
        said = self.on_pillow(self.pillow.next, self.pillow_ms())
        plugged = self.now_ms >= self.plugged_ms
        if is_guest:
            self.up.send(self.guest.say(self.now_ms, feels=not self.peace), self.now_ms)
        elif plugged:
            self.up.send(said, self.now_ms)
        self._bridge_step(plugged or is_guest)
        if self.sky:
            self.sky.away_step(self.now_ms)
        if is_guest:
            self.guest.pillow.receive(self.down.arrive(self.now_ms), self.now_ms)
        elif plugged:
            self.on_pillow(self.pillow.receive, self.down.arrive(self.now_ms), self.pillow_ms())

    def _swap(self):
        """Whether the other pillow is on the cable; the bridge's port stays open all the while."""
        if not self.guest:
            return False
        was_here = self.guest.was_here
        if not self.peace and self.now_ms >= self.plugged_ms and self.guest.comes(self.now_ms):
            self._harmed("swap")
        is_here = self.guest.was_here = self.guest.is_here(self.now_ms)
        if is_here != was_here:
            self.down.cut()
            self.up.cut()
            self.plugged_ms = max(self.plugged_ms, self.guest.until_ms)
            if was_here:
                self.boot()  # power came with the cable
        return is_here

    def _bridge_step(self, plugged):
        if self.now_ms < self.bridge_ms:
            self.up.cut()
            return
        if self.conversation is None:
            self.open_link()
        heard = self.up.arrive(self.now_ms) if plugged else b""
        said = self.run_bridge(heard)
        if plugged:
            self.down.send(said, self.now_ms)

    def _unplug(self):
        if self.now_ms >= self.plugged_ms and self._happens("unplug"):
            self._pull(self.chance.choice((50, 500, 5_000, 30_000)))

    def _pull(self, away_ms):
        """The cable is out for so long; what was on it is cut at some byte."""
        self.plugged_ms = self.now_ms + away_ms
        self.on_pillow(self.pillow.receive, self.down.cut(), self.pillow_ms())
        half = self.up.cut()
        if self.conversation and self.chance.random() < 0.7:  # otherwise only silence tells
            self.conversation.hear(half, self.now_ms, self.wall_ms())
            self.conversation.end(self.wall_ms())
            self.conversation = None

    # -- the run --------------------------------------------------------------------------------------------------

    def run(self, reports=REPORTS):
        """Faults, then peace. Returns the checker's violations."""
        steps.watch_with(self._passed)
        self.boot()
        every_ms = self.chance.choice((40, 150, 600))
        due_ms = 0
        while len(self.truth) < reports:
            self.step()
            if self._happens("away"):
                self._pull(100 * every_ms)
            if self.now_ms >= due_ms:
                self.feel()
                due_ms = self.now_ms + self.chance.randrange(2 * every_ms)
        return self.settle()

    def settle(self):
        self.peace = True
        self.kill_in = None
        self.up.heal()
        self.down.heal()
        self.flash.cut_share = self.flash.fail_share = 0.0
        self.feel()
        self.healed_ms = self.now_ms + (
            LOCKED_MS if self.mix["disk"] else 0
        )  # so that the very last report is hit, too
        self._hear_guest()
        until_ms = self.now_ms + PEACE_MS
        while self.now_ms < until_ms and not self._is_settled():
            self.step()
        wrong = self.wrong if self._is_settled() else [f"stuck: {self.pillow.spool.oldest()} is never acknowledged"]
        rows = all_rows(self.journal)
        own = [row for row in rows if row["pillow"] == PILLOW]
        wrong += violations(self.truth, own, self.harms, timed=not self.harms["jump"])
        wrong += self.guest.violations(rows) if self.guest else []
        wrong += self._face()
        return wrong + (self.sky.settle(self.now_ms, self._turn) if self.sky else [])

    def _hear_guest(self):
        """The other pillow says what it still has to say."""
        if self.guest and self.guest.felt:
            self.guest.stay(self.now_ms, PEACE_MS)
            while self.guest.is_here(self.now_ms):
                self.step()
                if self.guest.pillow.spool.oldest() is None:
                    self.guest.until_ms = self.plugged_ms = self.now_ms

    def _turn(self, now_ms):
        """A turn of the bridge's writer alone."""
        self.now_ms = now_ms
        self.waiting.put_back(write_group(self.journal, self.waiting.take(GROUP_JOBS)))
        return self.wall_ms()

    def _is_settled(self):
        reporter = self.pillow.reporter
        return (
            self.pillow.spool.oldest() is None
            and not self.waiting
            and self.journal.mark(PILLOW, reporter.boot) == reporter.seq
        )

    def _look_at_face(self):
        """The face shows what is, or was a moment ago; never old news."""
        while self.felt and self.felt[0][0] < self.now_ms:
            self.felt.popleft()
        fitting = {gesture for _, gesture in self.felt} | {self.pillow.reporter.gesture, "notconnected"}
        shown = set(self._shown())
        if not shown <= fitting and not self.harms["jump"] and not self.wrong:
            self.wrong.append(f"the face lies: {shown} instead of {fitting} at {self.now_ms} ms")

    def _shown(self):
        return [pillow["gesture"] for pillow in self.journal.pillows() if pillow["pillow"] == PILLOW]

    def _face(self):
        """At peace the face is the pillow's gesture, two beats later at the latest."""
        if self.sky:
            self.sky.spare_home()  # a bridge that is down shows nothing
        until_ms = max(self.now_ms, self.bridge_ms) + 3_000
        while self.now_ms < until_ms:
            self.step()
        shown = self._shown()
        felt = [self.pillow.reporter.gesture]
        return [] if shown == felt else [f"the face lies: {shown} instead of {felt}"]


def run(seed, reports=REPORTS):
    """Returns (violations, reports felt, Counter of harms done)."""
    world = World(seed)
    try:
        wrong = world.run(reports)
    finally:
        steps.watch_with(None)
        world.journal.close()
        if world.sky:
            world.sky.close()
        world.folder.cleanup()
        spool_module.SEGMENT_LINES, spool_module.SEGMENTS = SPOOL
    return wrong, len(world.truth), world.harms
