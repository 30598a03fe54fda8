"""A radio under a virtual clock: an access point and a bridge that fail in every way, at a chip's pace."""

import hashlib
import json
from base64 import b64encode

from joined import PILLOW, RamDisk
from keyed import KEY, KnowingBridge
from pillow.air import Air
from pillow.link import Link
from pillow.report import Reporter
from pillow.spool import Spool
from pillow.wifi import JOINED, NO_ADDRESS, NO_NETWORK, WRONG_PASSWORD

from bridge.journal import Journal

CERTIFICATE = b"the certificate of this home"
JOIN_MS = 2_200  # what an ESP32 takes: scan, handshake, address
CALL_MS = 1_100  # TCP, and the chip's share of TLS
NAME_MS = 150
ADDRESS, NAME = "192.168.1.5", "huggable-1234.local"


class Ether:
    """Stands where pillow.radio.Radio stands. `ap` is there, gone, refuse or noaddress; `bridge_at` is an address."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.ap = "there"
        self.bridge_at = ADDRESS
        self.name_at = ADDRESS  # what the name's owner says; "" for nobody; several where several say they have it
        self.password = b"correct horse"
        self.other = None  # the bridge's end of the connection
        self.carries = True  # a line that is up may still carry nothing
        self.home = None  # callable() -> a bridge's end for a new connection
        self.joins = self.calls = self.finds = self.offs = 0
        self.saves_power = None
        self._joining = self._asked_ms = self._call = None
        self._answers = []
        self._is_joined = False
        self._up = b""
        self._down = b""

    # -- as the firmware sees it

    def join(self, ssid, password):
        self.joins += 1
        self._joining = self.clock(), ssid, password
        self._is_joined = False

    def status(self):
        if self.is_joined():
            return JOINED
        since_ms, ssid, password = self._joining or (0, b"", b"")
        if not self._joining or self.clock() - since_ms < JOIN_MS:
            return None
        if self.ap == "gone" or ssid != b"home":
            return NO_NETWORK
        if self.ap == "refuse" or password != self.password:
            return WRONG_PASSWORD
        self._is_joined = self.ap == "there"
        return JOINED if self._is_joined else None

    def half_joined(self):
        return NO_ADDRESS if self.ap == "noaddress" else NO_NETWORK

    def is_joined(self):
        self._is_joined = self._is_joined and self.ap != "gone"
        return self._is_joined

    def off(self):
        self.offs += 1
        self._joining, self._is_joined = None, False
        self.hang_up()

    def save_power(self, on):
        self.saves_power = on

    def find(self, name):
        self.finds += 1
        self._asked_ms = self.clock()
        self._answers = [self.name_at] if isinstance(self.name_at, str) else list(self.name_at)

    def found(self, name):
        ready = self._asked_ms is not None and self.clock() - self._asked_ms >= NAME_MS
        return self._answers.pop(0) or None if ready and self._answers and self.is_joined() else None

    def call(self, address, port, certificate):
        self.calls += 1
        self._call = self.clock(), address, certificate

    def answered(self):
        if not self._call:
            return False
        since_ms, address, certificate = self._call
        if self.clock() - since_ms < CALL_MS or not self.is_joined():
            return None
        if address != self.bridge_at or certificate != CERTIFICATE:
            return False
        self.other = self.home()
        self._up = self._down = b""
        return True

    def certificate(self):
        return hashlib.sha256(CERTIFICATE).digest()

    def read(self, buffer):
        if not self.other:
            return -1
        count = min(len(buffer), len(self._down))
        buffer[:count] = self._down[:count]
        self._down = self._down[count:]
        return count

    def can_write(self):
        return True

    def write(self, line):
        self._up += line

    def hang_up(self):
        self._call = None
        self.other = None

    # -- as time passes

    def step(self):
        if self.other and self.ap == "there" and self.carries:
            up, self._up = self._up, b""
            self._down += self.other(up)


class Sofa:
    """A pillow on a sofa, its home's access point and its bridge; `run` lets time pass."""

    def __init__(self, disk=None, step_ms=10, home=True, saves_power=False) -> None:
        self.now_ms = 0
        self.step_ms = step_ms
        self.disk = disk or RamDisk()
        if home:
            self.disk.replace("home", blob())
        self.ether = Ether(lambda: self.now_ms)
        keys = {PILLOW: (KEY,)}
        self.bridge = KnowingBridge(Journal(":memory:"), keys, self.ether.certificate(), is_cable=False)
        self.ether.home = self._answer
        self.spool = Spool(self.disk)
        self.reporter = Reporter(self.spool, 1)
        identity = (PILLOW, 1, "00000001", "1.0.0", "power")
        self.parts = self.spool, self.reporter, identity, lambda: (0, 60_000, 0), lambda *wish: None, None, None
        self.air = Air(self.parts, self, self.disk, saves_power, self.ether)
        self.cable = self.air.cable(Link(*self.parts))
        self.wired = None  # the bridge at the other end of the cable
        self.gesture = "neutral"
        self._random = 0

    def random_bytes(self, count):
        self._random += 1
        return hashlib.sha256(b"%d" % self._random).digest()[:count]

    def _answer(self):
        self.bridge.conversation.end(self.now_ms)
        self.bridge.open()
        return self._bridge_step

    def _bridge_step(self, data):
        self.bridge.receive(data, self.now_ms)
        return self.bridge.next(self.now_ms)

    def feel(self, gesture):
        self.reporter.change(self.now_ms, gesture, 90, 100)

    def run(self, ms, until=None):
        end_ms = self.now_ms + ms
        while self.now_ms < end_ms and not (until and until()):
            self.now_ms += self.step_ms
            self.cable = self.air.cable(self.cable)
            self._wire()
            self.air.step(self.now_ms, self.cable)
            self.ether.step()
        return self.now_ms

    def _wire(self):
        said = self.cable.next(self.now_ms)
        if self.wired:
            self.wired.receive(said or b"", self.now_ms)
            self.cable.receive(self.wired.next(self.now_ms), self.now_ms)

    def plug(self):
        """Put a cable to the same home's computer in; the journal and who is present are one."""
        self.wired = KnowingBridge(self.bridge.journal, {PILLOW: (KEY,)})
        self.wired.present = self.bridge.present
        self.wired.open()

    def unplug(self):
        self.wired.conversation.end(self.now_ms)
        self.wired = None

    def is_home(self):
        return self.air.link is not None and self.air.link.is_welcome

    def seqs(self):
        return [row["seq"] for row in self.bridge.journal.rows_after(0, 500)]


def blob(**other):
    said = {
        "key": KEY.hex(),
        "ssid": b64encode(b"home").decode(),
        "password": b64encode(b"correct horse").decode(),
        "certificate": b64encode(CERTIFICATE).decode(),
        "bridge": NAME,
        "address": ADDRESS,
        "port": 8443,
    }
    return json.dumps(said | other).encode()
