"""Microsoft's own emulator of the queue service, started and stopped by the tests; see tests/azurite/package.json."""

import base64
import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "azurite"
PROGRAM = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "queue" / "main.js"
QUIET = FOLDER / "quiet.cjs"
WORDS = ("--inMemoryPersistence", "--disableTelemetry", "--silent", "--queuePort")
START_S = 180.0  # a second where nobody else is busy
LISTENS = re.compile(r"successfully listens on http://127\.0\.0\.1:(\d+)")


class Azurite:
    """One that runs, on a free port, with an account and a key of its own; what it holds goes with it.

    Args:
        port: 0 for any; the one it had, to start it again.
        account: its name and key; None for new ones.
    """

    def __init__(self, port: int = 0, account: tuple[str, str] | None = None) -> None:
        self.account, self.key = account or ("huggable", base64.b64encode(secrets.token_bytes(64)).decode())
        self._folder = tempfile.TemporaryDirectory(prefix="azurite-")
        self.process = subprocess.Popen(
            [node(), "--require", str(QUIET), str(PROGRAM), *WORDS, str(port)],
            cwd=self._folder.name,
            env=os.environ | {"AZURITE_ACCOUNTS": f"{self.account}:{self.key}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self.port = self._listening()
        except BaseException:
            self.kill()
            raise

    def _listening(self) -> int:
        said = []
        watch = threading.Timer(START_S, self.process.kill)
        watch.start()
        try:
            for line in self.process.stdout:
                said.append(line)
                if found := LISTENS.search(line):
                    return int(found[1])
        finally:
            watch.cancel()
        raise RuntimeError(f"Azurite did not start: {''.join(said)}")

    @property
    def url(self) -> str:
        """The address of the account."""
        return self.at(self.port)

    def at(self, port: int) -> str:
        """Return the address of the account when it is reached through a proxy on another port."""
        return f"http://127.0.0.1:{port}/{self.account}"

    def connection_string(self, port: int = 0, key: str = "") -> str:
        """Return what AZURE_STORAGE_CONNECTION_STRING is to be, through a proxy's port or with another key."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.account};AccountKey={key or self.key};"
            f"QueueEndpoint={self.at(port or self.port)};"
        )

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        with contextlib.suppress(OSError):
            self._folder.cleanup()


def node() -> str:
    """Return the program that runs it: the machine's own, or the one beside this Python."""
    return shutil.which("node", path=os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)])) or ""


def missing() -> str:
    """Return why there can be no Azurite here, empty when there can."""
    return "" if PROGRAM.exists() and node() else "Azurite is not installed: `make test` brings it"


def new_queue() -> str:
    """Return the name of a queue that nobody else uses."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def azurite():
    """One for all tests of this process; each takes a queue of its own. Skips where it is not installed."""
    if why := missing():
        pytest.skip(why)
    running = Azurite()
    yield running
    running.kill()


@pytest.fixture
def queue_name():
    return new_queue()
