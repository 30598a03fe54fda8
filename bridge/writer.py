"""The one thread that writes the bridge's journal: whatever waits is committed together, then the bells ring.

Its law: a job's future is done only after the commit that holds it.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from bridge import steps
from bridge.bell import ring
from bridge.journal import Journal

T = TypeVar("T")
Job = tuple[Callable[[Journal], Any], "Future[Any]"]

GROUP_JOBS = 64  # jobs in one commit: a commit costs the same for one as for many, and nobody waits long
WAITING_JOBS = 1_024  # at the limit a caller is refused at once and the pillow sends again later


class Writer:
    """Starts the thread; `stop()` ends it after what was submitted.

    Args:
        path: the journal file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.Queue[Job | None] = queue.Queue(WAITING_JOBS)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[Journal], T]) -> "Future[T]":
        """Have `job` done inside a transaction.

        Returns:
            A future with the job's result once it is on disk; with the job's own exception; or with the
            sqlite3.Error of the commit, after which nothing of it is kept.

        Raises:
            queue.Full: too much waits already.
        """
        future: Future[T] = Future()
        self._jobs.put_nowait((job, future))
        return future

    def stop(self) -> None:
        """Finish what waits and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        journal = Journal(self._path)
        while (group := self._next_group()) is not None:
            write_group(journal, group)
        journal.close()

    def _next_group(self) -> list[Job] | None:
        """Wait for a job and take what else is there; None when it is time to end."""
        first = self._jobs.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP_JOBS:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)  # end after this group
                break
            group.append(job)
        return group


def write_group(journal: Journal, group: list[Job]) -> None:
    """Do the jobs in one transaction, commit, ring, and only then tell each how it went."""
    results: list[Any] = []
    try:
        with journal.transaction():
            steps.passed("begin")
            results.extend(_attempt(journal, job) for job, _ in group)
            steps.passed("commit")
        steps.passed("committed")
        ring(journal.bells())
        steps.passed("rung")
    except sqlite3.Error as error:
        results = [error] * len(group)
    for (_, future), result in zip(group, results):
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def _attempt(journal: Journal, job: Callable[[Journal], Any]) -> Any:
    """Return the job's result, or the exception it raised with its part undone."""
    try:
        with journal.savepoint():
            return job(journal)
    except sqlite3.OperationalError:
        raise  # the disk, not the job: nothing of this group may count
    except Exception as error:
        return error
