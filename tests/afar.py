"""A page away from home as a process of its own, a real Redis, and home's end of the queue."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from onlookers import Onlooker
from soon import START_S, until
from unruly import report

from bridge import cloudsettings
from bridge.cloud import Queue
from bridge.cloudevents import State
from bridge.journal import Journal
from bridge.packing import encode, pack
from bridge.wishes import now_ms
from web import strict_json

ROOT = Path(__file__).parent.parent
REDIS = shutil.which("redis-server") or ""
KEY = "key-of-all-machines"
# The page, but it waits seconds for what it waits for minutes.
HURRIED = """
import sys
from gevent import monkey
monkey.patch_all()
from web import collector, __main__
collector.Collector.__init__.__defaults__ = (None, 2)
collector.HOLD_S = 4
sys.exit(__main__.main())
"""


class Far:
    """`python -m web WORDS` on a data folder of its own; `start` again after `kill` is the same machine."""

    def __init__(
        self, folder: Path, *words: str, port: str | None = "0", hurried: bool = False, cwd: Path = ROOT, **environ: str
    ) -> None:
        self.command = [sys.executable, *(("-c", HURRIED) if hurried else ("-m", "web")), "--data", str(folder), *words]
        self.command += ["--port", port] if port else []
        self.folder, self._cwd = folder, cwd
        self.environ = os.environ | {"HUGGABLE_KEY": KEY, "HUGGABLE_NO_BROWSER": "1"} | environ
        self.err: list[str] = []
        self.process = None
        self.start()

    def start(self, **environ: str) -> None:
        self._close()
        self.process = subprocess.Popen(
            self.command,
            cwd=self._cwd,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._keep, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        watch = threading.Timer(START_S, self.process.kill)
        watch.start()
        self.said = self.process.stdout.readline()
        watch.cancel()
        assert self.said.startswith("page: "), self.err
        self.port = int("".join(re.findall(r"127.0.0.1:(\d+)/", self.said)) or self.command[-1])

    def _close(self) -> None:
        if self.process:
            self._reader.join(START_S)
            self.process.stdout.close()
            self.process.stderr.close()

    def _keep(self, stream) -> None:
        for line in stream:
            self.err.append(line)

    def get(self, path: str, key: str = KEY, **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and text of an answer."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)) as connection:
            connection.request("GET", path, headers={"X-Key": key, **headers})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()

    def ask(self, path: str):
        return strict_json.loads(self.get(path)[2])

    def rows(self) -> list[dict]:
        """Everything that its journal holds."""
        with contextlib.closing(Journal(self.folder / "journal.db", read_only=True)) as journal:
            found, row = [], 0
            while page := journal.rows_after(row):
                found += page
                row = page[-1]["row"]
        return found

    def seqs(self) -> list[tuple[int, int]]:
        return [(row["boot"], row["seq"]) for row in self.rows() if row["gesture"] != "gap"]

    def face(self) -> str:
        return next((pillow["gesture"] for pillow in self.ask("/api/state")["pillows"]), "")

    def troubles(self) -> list[str]:
        with contextlib.closing(Journal(self.folder / "journal.db", read_only=True)) as journal:
            return [trouble["sentence"] for trouble in journal.troubles()]

    def viewer(self, **say) -> Onlooker:
        return Onlooker(self.port, {"key": KEY, **say}, X_Key=KEY)

    def stop(self, how: int = signal.SIGTERM) -> float:
        """End it; gives the seconds that took."""
        begun_s = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(START_S)
        return time.monotonic() - begun_s

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self._close()


def free_port() -> int:
    """A port that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class RedisServer:
    """A real Redis that writes every command to its disk before it answers."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="redis-")
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder.name, "--save", ""]
        words += ["--appendonly", "yes", "--appendfsync", "always"]
        self.process = subprocess.Popen([REDIS, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as there:
            there.sendall(b"PING\r\n")
            return there.recv(16).startswith(b"+PONG")
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        self._folder.cleanup()


@pytest.fixture
def redis():
    if not REDIS:
        pytest.skip("there is no redis-server here: install Redis")
    server = RedisServer()
    yield server
    server.close()


class Sending:
    """Home's end of a queue, without a home: says reports and how the pillow is."""

    def __init__(self, connection: str, queue: str) -> None:
        environ = {cloudsettings.CONNECTION: connection, cloudsettings.NAMED: queue}
        self.settings = cloudsettings.read(environ)
        self.queue, self.wishes, self.poison = (
            Queue(self.settings, name) for name in (queue, self.settings.wishes, self.settings.poison)
        )
        self.seq, self.boot, self.stamp = 0, 1, 0
        self.sent: list[tuple[int, int]] = []

    def feel(self, *gestures: str, link: str = "usb") -> None:
        """One message with these reports and the face after them."""
        events = []
        for gesture in gestures:
            self.seq += 1
            self.sent.append((self.boot, self.seq))
            events.append(report(self.seq, self.boot, gesture=gesture, heard_ms=now_ms()))
        self.stamp = max(self.stamp + 1, now_ms())
        face = gestures[-1] if gestures else "neutral"
        events.append(State(report(1).said.pillow, "Cirrus", face, now_ms(), link, False, "1", now_ms(), self.stamp))
        for text, _ in pack(map(encode, events)):
            self.queue.send(text)

    def close(self) -> None:
        for one in (self.queue, self.wishes, self.poison):
            one.close()


def environment(connection: str, **more: str) -> dict[str, str]:
    return {"AZURE_STORAGE_CONNECTION_STRING": connection, **more}
