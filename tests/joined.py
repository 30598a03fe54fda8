"""A real pillow's link and a real bridge's session and journal, joined by a virtual cable and a virtual clock."""

from concurrent.futures import Future

from pillow.link import Link
from pillow.report import Reporter
from pillow.spool import Spool

from bridge.conversation import Conversation
from bridge.journal import Journal
from bridge.present import Present
from bridge.session import Session
from bridge.waiting import Job
from bridge.writer import write_group

PILLOW = "00112233aabbccdd"
START_WALL_MS = 1_800_000_000_000


class RamDisk:
    """The pillow's flash: what is in it outlives the pillow's resets."""

    def __init__(self):
        self.files = {}

    def names(self):
        return list(self.files)

    def read(self, name):
        if name not in self.files:
            raise OSError(2)
        return self.files[name]

    def append(self, name, data):
        self.files[name] = self.files.get(name, b"") + data

    def replace(self, name, data):
        self.files[name] = data

    def remove(self, name):
        if self.files.pop(name, None) is None:
            raise OSError(2)


class Pillow:
    """The firmware's stages from report to link; `boot()` is what a reset does."""

    def __init__(self, disk, pillow=PILLOW):
        self.disk = disk
        self.id = pillow
        self.boots = 0
        self.booted_ms = 0
        self.lights = []

    def boot(self, now_ms):
        self.boots += 1
        self.booted_ms = now_ms
        self.spool = Spool(self.disk)
        self.reporter = Reporter(self.spool, self.boots)
        identity = (self.id, self.boots, f"{self.boots:08x}", "1.0.0", "power")
        self.link = Link(self.spool, self.reporter, identity, lambda: (0, 60_000), self._light)

    def _light(self, *wish):
        self.lights.append(wish)

    def feel(self, gesture, now_ms, confidence=90, strength=100):
        self.reporter.change(now_ms - self.booted_ms, gesture, confidence, strength)

    def receive(self, data, now_ms):
        self.link.receive(data, now_ms - self.booted_ms)

    def next(self, now_ms):
        return self.link.next(now_ms - self.booted_ms) or b""


class Bridge:
    """The bridge's stages from session to journal; a commit takes no time."""

    def __init__(self, journal):
        self.journal = journal
        self.events = []
        self.sessions = 0
        self.present = Present()
        self.open()

    def open(self):
        self.sessions += 1
        self.session = Session(self.journal.recall, f"{self.sessions:016x}")
        self.session.receive = self._listening_in(self.session.receive)
        self.session.tick = self._listening_in(self.session.tick)
        self.conversation = Conversation(self.session, self, "usb", "cable", self.present)

    def _listening_in(self, ask):
        def asked(*question):
            events = ask(*question)
            self.events += events
            return events

        return asked

    def insist(self, work, key):
        write_group(self.journal, [Job(work, Future(), key)])

    def submit(self, work):
        future = Future()
        write_group(self.journal, [Job(work, future)])
        return future

    def receive(self, data, now_ms):
        self.conversation.hear(data, now_ms, START_WALL_MS + now_ms)

    def next(self, now_ms):
        return self.conversation.say(now_ms)


class Cable:
    """Both ways between a pillow and a bridge, `step_ms` at a time; `carry(data)` may be replaced to do harm."""

    def __init__(self, pillow, bridge, step_ms=5):
        self.pillow, self.bridge, self.step_ms = pillow, bridge, step_ms
        self.now_ms = 0
        self.plugged = True
        self.up = self.down = lambda data: data

    def run(self, milliseconds):
        end_ms = self.now_ms + milliseconds
        while self.now_ms < end_ms:
            self.step()

    def step(self):
        self.now_ms += self.step_ms
        said = self.pillow.next(self.now_ms)
        asked = self.bridge.next(self.now_ms)
        if not self.plugged:
            said = asked = b""
        self.bridge.receive(self.up(said), self.now_ms)
        self.pillow.receive(self.down(asked), self.now_ms)


def join(step_ms=5):
    """A pillow that has just booted, on a cable to a bridge with an empty journal."""
    cable = Cable(Pillow(RamDisk()), Bridge(Journal(":memory:")), step_ms)
    cable.pillow.boot(0)
    return cable
