"""How long a report takes from the port to a viewer, beside the least that could do it; what `make bench` prints.

Both are measured in the same run, on the same disk, by the same viewer: the bridge with its page, and a bare loop that
commits each line to SQLite and writes it to a WebSocket. Nothing is promised of a machine that does other things too.
"""

import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import serial
import wsproto
import wsproto.events
from desk import PillowOnDesk, Plug, until
from onlookers import Onlooker
from tqdm import tqdm
from whole import Whole

REPORTS = 300
PAUSE_S = 0.03  # between reports: a pillow says at most twenty lines a second
LINE = b'\n~{"report":[1,77,12345678,"hugging",90,1200,500]}*0123abcd\n'


class Stopwatch(PillowOnDesk):
    """A pillow that knows when the first byte of its last report went into the cable."""

    sent_s = 0.0

    def _write(self, data: bytes) -> None:
        if b'{"report"' in data:
            self.sent_s = time.perf_counter()
        super()._write(data)


@contextmanager
def bridge_and_page(folder: Path) -> Iterator[Callable[[], float]]:
    """Start the real programs; what is given takes one report through them and returns the seconds that took."""
    pillow = Stopwatch()
    home = Whole(folder / "home", "run", "--port", pillow.url)

    def once() -> float:
        pillow.feel("neutral" if pillow.pillow.reporter.gesture == "hugging" else "hugging")
        viewer.hear("report")
        return time.perf_counter() - pillow.sent_s

    try:
        port, key = home.page().removeprefix("http://127.0.0.1:").split("/?key=")
        until(lambda: home.shown() == "neutral", 30)
        with Onlooker(int(port), {"key": key}, query=f"&key={key}") as viewer:
            viewer.hear("state")
            yield once
    finally:
        home.stop()
        home.close()
        pillow.pull()


@contextmanager
def bare_loop(folder: Path) -> Iterator[Callable[[], float]]:
    """Start the least that could do it; what is given takes one line through it and returns the seconds that took."""
    plug = Plug()
    words = [sys.executable, __file__, plug.url, str(folder / "bare.db")]

    def once() -> float:
        sent_s = time.perf_counter()
        os.write(plug.board, LINE)
        viewer.hear("report")
        return time.perf_counter() - sent_s

    with subprocess.Popen(words, stdout=subprocess.PIPE) as program:
        try:
            with Onlooker(int(program.stdout.readline())) as viewer:
                viewer.hear("ready")
                yield once
        finally:
            program.terminate()
            plug.pull()


def be_bare(url: str, path: str) -> None:
    """The bare loop itself: a program of its own, for one viewer."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE line (text TEXT);")
    port = serial.Serial(url, 115200, timeout=0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        print(server.getsockname()[1], flush=True)
        viewer, wire = _let_in(server)
    _tell(viewer, wire, "ready", 0)
    held = b""
    while True:
        held += port.read(port.in_waiting or 1)
        *lines, held = held.split(b"\n")
        for line in filter(None, lines):
            database.execute("INSERT INTO line VALUES (?)", (line.decode(),))
            _tell(viewer, wire, "report", line.decode())


def _let_in(server: socket.socket) -> tuple:
    viewer, _ = server.accept()
    viewer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    wire.receive_data(viewer.recv(4096))
    list(wire.events())
    viewer.sendall(wire.send(wsproto.events.AcceptConnection()))
    viewer.recv(4096)  # it says that it is there
    return viewer, wire


def _tell(viewer: socket.socket, wire: wsproto.WSConnection, event: str, content) -> None:
    viewer.sendall(wire.send(wsproto.events.TextMessage("42" + json.dumps([event, content]))))


def main() -> None:
    """Measure both, turn and turn about, and print what came out."""
    took: dict[str, list[float]] = {"bare loop": [], "bridge and page": []}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        ways = [stack.enter_context(start(Path(name))) for start in (bare_loop, bridge_and_page)]
        for _ in tqdm(range(REPORTS), unit="report", leave=False, disable=None):
            for once, times in zip(ways, took.values()):
                times.append(once() * 1000)
                time.sleep(PAUSE_S)
    print(f"from the first byte on the port to a viewer, {REPORTS} reports each, ms:")
    print(f"  {'':18}{'p50':>8}{'p90':>8}{'worst':>8}")
    for name, times in took.items():
        print(f"  {name:18}{statistics.median(times):8.2f}{statistics.quantiles(times, n=10)[8]:8.2f}{max(times):8.2f}")
    bare, whole = (statistics.median(times) for times in took.values())
    print(f"p50 of bridge and page is {whole / bare:.1f} x the bare loop's")


if __name__ == "__main__":
    be_bare(*sys.argv[1:]) if len(sys.argv) > 1 else main()
