"""The one thread that writes the bridge's journal: whatever waits is committed together, then the bells ring.

Its law: a job's future is done only after the commit that holds it.
"""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from bridge import steps
from bridge.bell import ring
from bridge.journal import Journal, settled
from bridge.store import JournalDamaged, is_damage
from bridge.waiting import Job, Waiting
from bridge.wishes import BRIDGE

T = TypeVar("T")

GROUP_JOBS = 64  # jobs in one commit: a commit costs the same for one as for many, and nobody waits long
AGAIN_S = 0.25  # how long a journal that could not be written is left alone
FAILS = sqlite3.Error, MemoryError  # of a commit: the second when SQLite gets no memory, in the middle of anything


class Writer:
    """Starts the thread; `stop()` ends it after what was submitted.

    Args:
        path: the journal file.

    Attributes:
        failure: what ended the thread by itself; None while it lives. Nothing is written any more then.

    Raises:
        sqlite3.Error: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.failure: BaseException | None = None
        self._path = path
        self._journal = settled(path)
        self._file = _file(path)
        self._waiting = Waiting()
        self._changed = threading.Condition()
        self._stopping = self._failed = False
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
        return self._put(work, None)

    def insist(self, work: Callable[[Journal], T], key: Hashable | None = None) -> "Future[T]":
        """Like `submit`, but a commit that fails is tried again, before anything submitted later.

        Args:
            work: what to do.
            key: what it is about: while it waits, a newer one with the same key takes its place, and its future is
                cancelled. None: it is about itself alone.
        """
        return self._put(work, object() if key is None else key)

    def _put(self, work: Callable[[Journal], T], key: Hashable | None) -> "Future[T]":
        future: Future[T] = Future()
        with self._changed:
            if self.failure:
                raise queue.Full
            self._waiting.add(Job(work, future, key))
            self._changed.notify()
        return future

    def give_up(self, failure: BaseException) -> None:
        """Write nothing any more: somebody found that the journal cannot be used."""
        with self._changed:
            self.failure = self.failure or failure
            self._changed.notify()

    def stop(self) -> None:
        """Finish what waits and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while group := self._next_group():
                if _file(self._path) != self._file:
                    raise JournalDamaged("its file was taken away")
                again = write_group(self._journal, group)
                with self._changed:
                    self._failed = bool(again)
                    self._waiting.put_back(again)
        except BaseException as error:  # whoever runs the bridge must know, whatever it is
            self.give_up(error)
        finally:
            with contextlib.suppress(*FAILS):
                self._journal.close()

    def _next_group(self) -> list[Job]:
        """Wait for jobs and take what is there; nothing when it is time to end."""
        with self._changed:
            if self._failed and not self._stopping:
                self._changed.wait(AGAIN_S)
            while not (self._waiting or self._stopping or self.failure):
                self._changed.wait()
            is_over = self.failure or (self._failed and self._stopping)
            return [] if is_over else self._waiting.take(GROUP_JOBS)


def _file(path: Path) -> tuple[int, int] | None:
    """Return which file a path is, None for none: what is written to a file that was removed is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def write_group(journal: Journal, group: list[Job]) -> list[Job]:
    """Do the jobs in one transaction, commit, ring, and only then tell each how it went.

    Returns:
        The jobs to do again, because the commit failed and they insist.

    Raises:
        sqlite3.DatabaseError: the journal is damaged; nobody was told anything.
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
        if is_damage(error):
            raise
        again = [job for job in group if job.key is not None]
        group = [job for job in group if job.key is None]
        results = [error] * len(group)
    else:
        with contextlib.suppress(*FAILS, OSError):  # it is committed; whoever is not rung looks by himself
            ring({name: port for name, port in journal.bells().items() if name != BRIDGE})  # who is the bridge itself
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
        if is_damage(error):
            raise
        return error
