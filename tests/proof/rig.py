"""A home made of real processes: a lively pillow, a cable that does harm, a data folder on a disk, and bridges that
come and go. What its pillow wrote down is compared with the journal as it lies on the disk.

Its law: every wait has an end, and no process outlives the home.
"""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from soon import until
from whole import is_gone

from proof.checker import violations
from proof.proxy import Proxy

HERE = Path(__file__).resolve().parent
SETTLE_S = 60.0  # by then everything must have arrived; two seconds do when nothing else runs
END_S = 20.0  # a killed process ends within this, however busy the computer is
REACT_S = 0.005  # what the pillow has read it has written down by then
HEAP = "400k"  # MicroPython's: four chips' worth, for words twice as long
FILES = ("journal.db", "journal.db-wal", "journal.db-journal")


class Lively:
    """The pillow's process; `said` and `ear` are its two pipes. Its flash outlives its resets."""

    def __init__(self, folder, interpreter, every_ms, room, segments):
        self.boot = 0
        self._folder = folder
        self._interpreter = str(interpreter)
        self._numbers = every_ms, room, segments
        self._process = None

    def start(self):
        self.boot += 1
        is_micro = "micropython" in Path(self._interpreter).name
        words = [self._interpreter, *(("-X", "heapsize=" + HEAP) if is_micro else ("-E", "-S"))]
        words += [HERE / "lively.py", self._folder / "truth", self._folder / "flash", self.boot, *self._numbers]
        with (self._folder / "pillow.err").open("ab") as err:
            self._process = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err
            )
        self.said, self.ear = self._process.stdout.fileno(), self._process.stdin.fileno()

    def reset(self):
        """Cut off whatever it does and start it again."""
        self.end()
        self.start()

    def end(self):
        self._process.kill()
        self._process.wait(END_S)
        self._process.stdin.close()
        self._process.stdout.close()


class Bridge:
    """One life of the bridge: its program is loaded at once and runs from `go` on."""

    def __init__(self, folder, how):
        self._how = how
        environment = {"HUGGABLE_DATA": folder / "data", "HUGGABLE_HTTP_PORT": 0, "HUGGABLE_NO_BROWSER": 1}
        words = [sys.executable, HERE / "bare.py", how, "run", "--port", folder / "tty"]
        with (folder / "bridge.err").open("ab") as err:
            self._process = subprocess.Popen(
                [str(word) for word in words],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=err,
                env=os.environ | {name: str(value) for name, value in environment.items()},
            )

    def go(self, crash_at=""):
        self._process.stdin.write(crash_at.encode() + b"\n")
        self._process.stdin.flush()

    def status(self):
        """Return how it ended, None while it runs."""
        return self._process.poll()

    def kill(self):
        children = _children(self._process.pid) if self._how == "whole" else []
        self._process.kill()
        self._process.wait(END_S)
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        until(lambda: all(is_gone(child) for child in children), END_S)


def _children(parent):
    said = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, timeout=END_S).stdout
    rows = [[int(word) for word in row.split()] for row in said.splitlines()]
    return [pid for pid, of in rows if of == parent]


class Truth:
    """What the pillow wrote down, as far as `look` has read it."""

    def __init__(self, path):
        self.path = path
        self.felt = []  # as proof.checker wants it
        self.acked = {}  # boot -> highest seq
        self.rests = 0  # the boot that feels nothing any more
        self._read = 0

    def look(self):
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode().splitlines():
            self._note(*line.split())

    def _note(self, kind, boot, seq, *more):
        boot, seq = int(boot), int(seq)
        if kind == "felt":
            self.felt.append({"boot": boot, "seq": seq, "uptime_ms": int(more[0]), "gesture": more[1], "sure": False})
        elif kind == "kept":
            self.felt[-1]["sure"] = True
        elif kind == "acked":
            self.acked[boot] = max(seq, self.acked.get(boot, 0))
        else:
            self.rests = boot

    def is_told(self):
        """Whether everything that was written to the flash is acknowledged."""
        last = {one["boot"]: one["seq"] for one in self.felt if one["sure"]}
        return all(self.acked.get(boot, 0) >= seq for boot, seq in last.items())


class Home:
    """Args: seed: of its harms. interpreter: what the pillow runs on. how: see bare.py. The numbers: see lively.py."""

    def __init__(self, seed, interpreter=sys.executable, how="bare", every_ms=8, room=100, segments=32):
        self._scratch = tempfile.TemporaryDirectory()  # on a real disk: what is committed there is synced
        self.folder = Path(self._scratch.name)
        (self.folder / "data").mkdir(0o700)
        self.chance = random.Random(seed)
        self.harms = Counter()
        self.truth = Truth(self.folder / "truth")
        self.pillow = Lively(self.folder, interpreter, every_ms, room, segments)
        self.pillow.start()
        self.cable = Proxy(self.folder / "tty", self.pillow, self.chance, self.harms)
        self._bridges = []
        self._held = {}  # boot -> highest seq in the journal when it was looked at last
        self._how = how
        self._bridge = Bridge(self.folder, how)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for bridge in (*self._bridges, self._bridge):
            bridge.kill()
        self.pillow.end()
        self.cable.port.unplug()
        self._scratch.cleanup()

    def bridge(self, crash_at="", is_whole=False):
        """Start a bridge; the next one is loaded meanwhile."""
        bridge = Bridge(self.folder, "whole") if is_whole else self._bridge
        self._bridges = [bridge]  # the one before has ended
        bridge.go(crash_at)
        if not is_whole:
            self._bridge = Bridge(self.folder, self._how)
        return bridge

    def pump(self, seconds, enough=lambda: False):
        """Relay until it is enough or the time is over. Returns whether it was enough."""
        end_s = time.monotonic() + seconds
        while not enough():
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return False
            self.cable.turn(left_s)
        return True

    # -- what became of it ----------------------------------------------------------------------------------------

    def rows(self):
        """Return the journal's rows as they lie on the disk, from a copy: the next bridge finds it untouched."""
        with tempfile.TemporaryDirectory() as folder:
            for name in FILES:
                if (self.folder / "data" / name).exists():
                    shutil.copyfile(self.folder / "data" / name, f"{folder}/{name}")
            with contextlib.closing(sqlite3.connect(f"{folder}/journal.db")) as found:
                found.row_factory = sqlite3.Row
                if not found.execute("SELECT count(*) FROM sqlite_master WHERE name = 'report'").fetchone()[0]:
                    return []
                return [dict(row) for row in found.execute("SELECT * FROM report ORDER BY row")]

    def unkept(self):
        """Between two lives: what was acknowledged and is not there, once and in order.

        Returns:
            What is wrong, as sentences; and whether the last life committed something whose acknowledgement did not
            arrive any more.
        """
        self.pump(END_S, lambda: self.cable.is_empty)
        time.sleep(REACT_S)
        self.truth.look()
        before, held, wrong = self._held, {}, []
        for row in self.rows():
            if row["first"] != held.get(row["boot"], 0) + 1:
                wrong.append(f"out of order: {row['boot']}/{row['first']} after {held.get(row['boot'], 0)}")
            held[row["boot"]] = row["seq"]
        acked = self.truth.acked
        wrong += [f"lost: {boot}/{seq} was acknowledged" for boot, seq in acked.items() if seq > held.get(boot, 0)]
        self._held = held
        return wrong, any(seq > max(before.get(boot, 0), acked.get(boot, 0)) for boot, seq in held.items())

    def settle(self, bridge=None):
        """No more harm: everything arrives, at this bridge or a new one. Returns what is wrong then, as sentences."""
        self.cable.share = 0.0
        (self.folder / "truth.rest").touch()
        bridge = bridge or self.bridge()
        wrong = [] if self.pump(SETTLE_S, self._is_all_told) else ["stuck: not everything was acknowledged"]
        bridge.kill()
        self.truth.look()
        wrong += violations(self.truth.felt, self.rows(), self.harms, timed=False)
        for name in ("bridge.err", "pillow.err"):
            said = (self.folder / name).read_text()
            wrong += [f"{name}: {said}"] if "Traceback" in said else []
        return wrong

    def _is_all_told(self):
        self.truth.look()
        return self.truth.rests == self.pillow.boot and self.truth.is_told()
