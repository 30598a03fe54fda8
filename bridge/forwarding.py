"""The thread around the forwarder: waits for the doorbell, and calls.

Its law: whatever the network does to this thread, nobody waits for it.
"""

import random
import sqlite3
import threading
import time
from pathlib import Path

from bridge.bell import Bell, ring
from bridge.cloud import Queue
from bridge.forwarder import Forwarder
from bridge.journal import Journal
from bridge.outgoing import CURSOR
from bridge.troubles import Troubles
from bridge.writer import Writer

AGAIN_S = 1.0  # after the journal could not be read
MANNERS_S = 0.005  # the page at home goes first: two threads of one program hinder each other for about as long
LOOK_S = 1.0  # a bell that was not heard costs no more than that
STUMBLED_S = 60.0
STUMBLED = "nothing is forwarded to the cloud, because of a mistake in this program ({}): update it"


class Forwarding:
    """Starts the thread; `stop()` ends it.

    Args:
        journal: where the bell is hung up.
        path: the journal file, read through a connection of its own.
        cloud: the queue; its only user.
        writer: where the cursor is moved.
        troubles: told what stalls.
    """

    def __init__(self, journal: Journal, path: Path, cloud: Queue, writer: Writer, troubles: Troubles) -> None:
        self._path, self._cloud, self._writer, self._troubles = path, cloud, writer, troubles
        self._bell = Bell(journal, CURSOR)
        self._port = self._bell.socket.getsockname()[1]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end, and do not wait: while links and pages end it writes down how far it is.

        If that does not come in time, or the thread is waiting for the network, a second of reports is sent again.
        """
        self._stopping.set()
        ring({CURSOR: self._port})

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._forward()
            except sqlite3.Error:  # who writes the journal tells of it
                self._stopping.wait(AGAIN_S)
            except Exception as error:  # whatever it is, the home goes on, and somebody must know
                self._troubles.tell("cloud", STUMBLED.format(type(error).__name__))
                self._stopping.wait(STUMBLED_S)
        self._bell.close()
        self._cloud.close()

    def _forward(self) -> None:
        """Forward until it is time to end. Raises sqlite3.Error."""
        journal = Journal(self._path, read_only=True)
        try:
            forwarder = Forwarder(journal, self._cloud.send, self._writer.insist, self._troubles, random.Random())
            while not self._stopping.is_set():
                wait_s = forwarder.step(time.monotonic_ns() // 1_000_000, _wall_ms())
                if wait_s and self._bell.wait(min(wait_s, LOOK_S)):
                    self._stopping.wait(MANNERS_S)
            forwarder.record(_wall_ms())
        finally:
            journal.close()


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
