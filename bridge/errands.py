"""The thread around `asking`: looks into the queue of wishes, rests, and looks again.

Its law: whatever the network does to this thread, nobody waits for it.
"""

import queue
import random
import sqlite3
import threading
import time
from pathlib import Path

from bridge.asking import Asking
from bridge.bell import ring
from bridge.cloud import Queue
from bridge.journal import Journal
from bridge.troubles import Troubles
from bridge.wishes import BRIDGE, now_ms
from bridge.writer import Writer

AGAIN_S = 5.0  # after the journal could not be read or written
LOOK_S = 0.5  # how often it is seen whether something has happened here
STUMBLED_S = 60.0
STUMBLED = "no wish comes home from the cloud, because of a mistake in this program ({}): update it"
END_S = 0.1  # one that waits for the network is left behind; what it took and did not record comes again


class Errands:
    """Starts the thread; `stop()` ends it.

    Args:
        path: the journal file, read through a connection of its own.
        inbox: the queue of wishes; its only user.
        writer: where they are recorded.
        troubles: told what stalls.
    """

    def __init__(self, path: Path, inbox: Queue, writer: Writer, troubles: Troubles) -> None:
        self._path, self._inbox, self._troubles = path, inbox, troubles
        self._asking = Asking(inbox, writer.submit, troubles, random.Random())
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="errands", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end and give it a moment."""
        self._stopping.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._ask()
            except (sqlite3.Error, queue.Full, TimeoutError):  # who writes the journal tells of it
                self._stopping.wait(AGAIN_S)
            except Exception as error:  # whatever it is, the home goes on, and somebody must know
                self._troubles.tell("wishes", STUMBLED.format(type(error).__name__))
                self._stopping.wait(STUMBLED_S)
        self._inbox.close()

    def _ask(self) -> None:
        journal = Journal(self._path, read_only=True)
        try:
            row = journal.newest_row()
            while not self._stopping.is_set():
                count = self._asking.count
                rest_s = self._asking.step(time.monotonic(), now_ms())
                if self._asking.count > count:
                    ring(journal.bells(), BRIDGE)  # the writer rings everybody else
                row = self._rest(journal, row, rest_s)
        finally:
            journal.close()

    def _rest(self, journal: Journal, row: int, rest_s: float) -> int:
        """Rest, less when something happens meanwhile. Returns the newest row."""
        until_s = time.monotonic() + rest_s
        while (left_s := until_s - time.monotonic()) > 0 and not self._stopping.wait(min(left_s, LOOK_S)):
            if (newest := journal.newest_row()) > row:
                row = newest
                until_s = min(until_s, time.monotonic() + self._asking.stir(time.monotonic()))
        return row
