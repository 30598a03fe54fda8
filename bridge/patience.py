"""Calls that may take for ever, made by another thread: whoever asks has an answer in time, or knows there is none.

Its law: a time-out of a socket counts from the last byte, and a name may be looked up for minutes; this counts it all.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

LEFT_MOST = 4  # threads that still wait for something nobody wants any more; as many megabytes


class Late(Exception):
    """There is no answer in time. The call goes on by itself; what it does may yet be done."""


class Patience:
    """Makes one call at a time.

    Args:
        seconds: how long a call may take.
        name: of the thread.
    """

    def __init__(self, seconds: float, name: str) -> None:
        self._seconds, self._name = seconds, name
        self._worker: _Worker | None = None
        self._left: list[_Worker] = []

    def do(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, or raise what it raises.

        Raises:
            Late: it takes too long, or too many before it still do.
        """
        self._left = [worker for worker in self._left if worker.is_busy]
        if len(self._left) >= LEFT_MOST:
            raise Late
        self._worker = self._worker or _Worker(self._name)
        future: Future[T] = Future()
        self._worker.calls.put((call, future))
        try:
            return future.result(self._seconds)
        except TimeoutError:
            if future.done():
                return future.result()  # just in time, or it says so itself
            self._left.append(self._worker)
            self.end()
            raise Late from None

    def end(self) -> None:
        """Let the thread end, as soon as it has nothing to do."""
        if self._worker:
            self._worker.calls.put(None)
            self._worker = None


class _Worker:
    def __init__(self, name: str) -> None:
        self.calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while asked := self.calls.get():
            call, future = asked
            try:
                future.set_result(call())
            except BaseException as error:  # it is the asker's
                future.set_exception(error)
            del call, future, asked  # an error holds what it was about
