"""The whole program as a person starts it, and what a test sees of it from outside."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from soon import SOON_S, START_S, until

ROOT = Path(__file__).resolve().parent.parent


class Whole:
    """`huggable WORDS` without a terminal, on an empty data folder."""

    def __init__(self, folder: Path, *words: str, **environment: str) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "HUGGABLE_DATA": str(folder),
            "HUGGABLE_HTTP_PORT": "0",
            "HUGGABLE_NO_BROWSER": "1",
            **environment,
        }
        self.out: list[str] = []
        self.err: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._keep, args=(stream, lines))
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def _keep(self, stream, lines: list) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))

    def page(self) -> str:
        """Return the page's address."""
        line = until(lambda: next((line for line in self.out if line.startswith("page: ")), None))
        return line.removeprefix("page: ")

    def ask(self, path: str):
        """Return what the page's API answers."""
        address, _, key = self.page().partition("?")
        with urllib.request.urlopen(
            f"{address}{path.lstrip('/')}{'&' if '?' in path else '?'}{key}", timeout=SOON_S
        ) as said:
            return json.load(said)

    def shown(self) -> str:
        """Return the gesture of the only pillow; empty before there is one."""
        return next((pillow["gesture"] for pillow in self.ask("/api/state")["pillows"]), "")

    def huggable(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "bridge", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_S,
        )

    def children(self) -> list[int]:
        """Return the process numbers of the programs beside the bridge."""
        said = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        rows = [[int(word) for word in row.split()] for row in said.splitlines()]
        return [pid for pid, parent in rows if parent == self.process.pid]

    def stop(self, how: int = signal.SIGTERM) -> float:
        """End it and return how long that took, in seconds."""
        begun = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(START_S)
        took = time.monotonic() - begun
        for reader in self._readers:
            reader.join(START_S)
        return took

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGKILL)
        self.process.stdout.close()
        self.process.stderr.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended (one that only waits to be noticed has)."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return said == "" or said.startswith("Z")


@pytest.fixture
def start(tmp_path):
    """Starts programs over one data folder; they end with the test."""
    started = []

    def start(*words, **environment):
        started.append(Whole(tmp_path / "data", *words, **environment))
        return started[-1]

    yield start
    for whole in started:
        whole.close()
