"""The one thread that writes the bridge's journal: whatever waits is committed together, then the bells ring.

Its law: a job's future is done only after the commit that holds it.
"""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bridge import steps
from bridge.bell import ring
from bridge.journal import Journal

T = TypeVar("T")

GROUP_JOBS = 64  # jobs in one commit: a commit costs the same for one as for many, and nobody waits long
WAITING_JOBS = 1_024  # at the limit a caller is refused at once and the pillow sends again later
AGAIN_S = 0.25  # how long a journal that could not be written is left alone
FAILS = sqlite3.Error, MemoryError  # of a commit: the second when SQLite gets no memory, in the middle of anything
AGAIN_JOBS = 256  # insisted on at once: how things stand, whose oldest is overtaken by the newer


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do inside a transaction; one that `insists` is done again when the commit fails."""

    work: Callable[[Journal], Any]
    future: "Future[Any]"
    insists: bool = False


class Writer:
    """Starts the thread; `stop()` ends it after what was submitted.

    Args:
        path: the journal file.

    Raises:
        sqlite3.Error: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._jobs: queue.Queue[Job | None] = queue.Queue(WAITING_JOBS)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Journal], T]) -> "Future[T]":
        """Have `work` done inside a transaction, once.

        Returns:
            A future with the work's result once it is on disk; with the work's own exception; or with the
            sqlite3.Error or MemoryError of the commit, after which nothing of it is kept.

        Raises:
            queue.Full: too much waits already.
        """
        return self._put(work, insists=False)

    def insist(self, work: Callable[[Journal], T]) -> "Future[T]":
        """Like `submit`, but a commit that fails is tried again, before anything submitted later."""
        return self._put(work, insists=True)

    def _put(self, work: Callable[[Journal], T], insists: bool) -> "Future[T]":
        future: Future[T] = Future()
        self._jobs.put_nowait(Job(work, future, insists))
        return future

    def stop(self) -> None:
        """Finish what waits and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        again: list[Job] = []
        while (group := self._next_group(again)) is not None:
            again = write_group(self._journal, group)[-AGAIN_JOBS:]
        self._journal.close()

    def _next_group(self, again: list[Job]) -> list[Job] | None:
        """Wait for a job and take what else is there; None when it is time to end."""
        group = list(again)
        while len(group) < GROUP_JOBS + len(again):
            try:
                job = self._jobs.get(timeout=AGAIN_S if again else None) if group == again else self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                if group == again:
                    return None
                self._jobs.put(None)  # end after this group
                break
            group.append(job)
        return group


def write_group(journal: Journal, group: list[Job]) -> list[Job]:
    """Do the jobs in one transaction, commit, ring, and only then tell each how it went.

    Returns:
        The jobs to do again, because the commit failed and they insist.
    """
    results: list[Any] = []
    again: list[Job] = []
    try:
        with journal.transaction():
            steps.passed("begin")
            results.extend(_attempt(journal, job) for job in group)
            steps.passed("commit")
        steps.passed("committed")
    except FAILS as error:
        again = [job for job in group if job.insists]
        group = [job for job in group if not job.insists]
        results = [error] * len(group)
    else:
        with contextlib.suppress(*FAILS, OSError):  # it is committed; whoever is not rung looks by himself
            ring(journal.bells())
        steps.passed("rung")
    for job, result in zip(group, results):
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
    return again


def _attempt(journal: Journal, job: Job) -> Any:
    """Return the work's result, or the exception it raised with its part undone."""
    try:
        with journal.savepoint():
            return job.work(journal)
    except (sqlite3.OperationalError, MemoryError):
        raise  # the disk, not the job: nothing of this group may count
    except Exception as error:
        return error
