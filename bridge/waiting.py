"""What waits to be written to the journal, in the order in which it was said.

Its law: what was taken is not dropped; of two jobs about the same thing (the same key) only the newer one stays.
"""

import queue
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bridge.journal import Journal

WAITING_JOBS = 1_024  # at the limit a caller is refused at once and the pillow sends again later
INSISTED_JOBS = 4_096  # the insisted ones may fill more: 256 pillows with a dozen things to be said of each


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do inside a transaction.

    Args:
        work: what.
        future: told how it went.
        key: what it is about, of a job that insists: when the commit fails it is done again, unless a newer one with
            the same key has come. None: it is done once.
    """

    work: Callable[[Journal], Any]
    future: "Future[Any]"
    key: Hashable | None = None


class Waiting:
    """The line of jobs; whoever uses it from several threads holds a lock."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Let a job wait behind all others; an older one with its key goes. Raises queue.Full."""
        place = object() if job.key is None else job.key
        older = self._jobs.pop(place, None)
        if older:
            older.future.cancel()
        elif len(self._jobs) >= (WAITING_JOBS if job.key is None else INSISTED_JOBS):
            raise queue.Full
        self._jobs[place] = job

    def take(self, most: int) -> list[Job]:
        """Return the first `most` jobs, which wait no more."""
        places = list(islice(self._jobs, most))
        return [self._jobs.pop(place) for place in places]

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Let jobs that could not be committed wait before all others, unless a newer one has come."""
        before: dict[Hashable, Job] = {}
        for job in jobs:
            if job.key in self._jobs:
                job.future.cancel()
            else:
                before[job.key] = job
        self._jobs = before | self._jobs
