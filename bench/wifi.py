"""Many pillows on Wi-Fi at one bridge: how long a report takes from the bridge to a face, with and without a flood.

Its law: real TLS, the real programs and the firmware's own stages; what is not in the journal at the end is lost.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

from fleet import identity
from onlookers import Onlooker
from whole import Whole

from bridge.journal import Journal
from bridge.keys import Keys

PILLOWS = 200
FEW = 40  # beside a flood: what is measured is the bridge, not how busy two cores are
RATE = 10.0  # changes a second of each: as quick as hands can be
SECONDS = 20.0
FLOOD = 10_000  # lines a second of the one that babbles
FLEET = Path(__file__).resolve().parent.parent / "tests" / "fleet.py"
START_S = 120.0
FIRST_S = 2.0  # not counted


class Watcher(threading.Thread):
    """Looks on, and notes when each row was told."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.told_ms: dict[int, int] = {}
        self._over = threading.Event()
        port, key = address.removeprefix("http://127.0.0.1:").split("/?key=")
        self._viewer = Onlooker(int(port), {"key": key}, query=f"&key={key}")

    def run(self) -> None:
        """Listen until told to end."""
        with self._viewer as viewer:
            while not self._over.is_set():
                try:
                    rows = viewer.hear("report", 1.0)
                except (AssertionError, TimeoutError):
                    continue
                now_ms = time.time_ns() // 1_000_000
                self.told_ms.update({row["row"]: now_ms for row in rows})

    def end(self) -> None:
        """Look away."""
        self._over.set()
        self.join()


@contextmanager
def home_on_wifi(folder: Path, pillows: int):
    """A whole home whose bridge listens, with a key for each pillow. Gives the program and the port."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = Keys(folder)
    for number in range(pillows):
        keys.offer(identity(number))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = {"HUGGABLE_WIFI_PORT": str(port), "HUGGABLE_WIFI_ADDRESS": "127.0.0.1"}
    home = Whole(folder, "run", "--wifi", "--port", str(folder / "no-cable"), **place)
    try:
        yield home, port
    finally:
        home.stop()
        home.close()


def measure(folder: Path, pillows: int = PILLOWS, rate: float = RATE, seconds: float = SECONDS, flood: int = 0):
    """Return (reports lost, reports, ms from the bridge to the viewer of each, calls that had to be repeated).

    With a flood, those of all but the last pillow, which says so many lines a second as well.
    """
    with home_on_wifi(folder, pillows) as (home, port):
        watcher = Watcher(home.page())
        watcher.start()
        said = [sys.executable, str(FLEET), *map(str, (port, folder, pillows, rate, seconds, flood))]
        ways = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(said, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ways) as fleet:
            welcome = json.loads(fleet.stdout.readline())["welcome"]
            if welcome != pillows:
                raise RuntimeError(f"{welcome} of {pillows} pillows are welcome")
            began_ms = time.time_ns() // 1_000_000
            fleet.stdin.write("go\n")
            fleet.stdin.flush()
            told = json.loads(fleet.stdout.readline())
        time.sleep(2.0)
        watcher.end()
    return judge(folder, told, watcher.told_ms, began_ms)


def judge(folder: Path, told, shown_ms, began_ms: int):
    """Compare what was felt with what is in the journal, and when it was there with when it was shown."""
    babbler = identity(len(told["felt"]) - 1) if told["babbles"] else ""
    with closing(Journal(folder / "journal.db", read_only=True)) as journal:
        row, rows = 0, []
        while page := journal.rows_after(row):
            row, rows = page[-1]["row"], rows + page
    held = {(row["pillow"], row["seq"]) for row in rows if row["gesture"] != "gap"}
    felt = {(one, seq) for one, count in told["felt"].items() if one != babbler for seq in range(1, count + 1)}
    first_ms = began_ms + FIRST_S * 1000
    times = sorted(
        shown_ms[row["row"]] - row["heard_ms"]
        for row in rows
        if row["row"] in shown_ms and row["heard_ms"] >= first_ms and row["pillow"] != babbler
    )
    return len(felt - held), len(felt), times, told["called again"]


def p99(times) -> float:
    """Return the time that one in a hundred exceeds."""
    return times[len(times) * 99 // 100]
