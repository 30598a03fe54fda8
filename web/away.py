"""What a page away from home does besides: collects from the queue, reads the stream, sends wishes home.

Its law: the one place that joins these parts; each is a greenlet around a core that has neither thread nor clock.
"""

import json
import random
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]

from bridge import cloudsettings, wishes
from bridge.backoff import Backoff
from bridge.bell import Bell
from bridge.cloud import Queue
from bridge.cloudsettings import Settings
from bridge.errors import Trouble
from bridge.journal import KEEP_DAYS, settled
from bridge.refusals import Denied, Unreachable
from web.collector import Collector
from web.intake import Intake
from web.pace import IDLE_MOST_S, Pace
from web.sender import IDLE_S, Sender, ask
from web.stream import LASTING, VARIABLE, Stream
from web.tail import Publisher, Tail
from web.troubles import Troubles

WATCH_S = 1.0  # how soon a machine that collects knows of a viewer on another one
TIDY_S = 60.0  # 2,000 rows a minute outrun any pillow
DAY_MS = 86_400_000
HOME, STREAM = "home", "stream"  # the outbox's topics

NO_CLOUD = (
    "there is no queue to read from: set HUGGABLE_QUEUE_URL to the queue's SAS URL, or AZURE_STORAGE_CONNECTION_STRING"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where this machine gets what it shows.

    Args:
        settings: the ways to the queues.
        collects: it takes messages out of the queue.
        redis: the address of the stream; '' for none.
    """

    settings: Settings
    collects: bool
    redis: str = field(default="", repr=False)


def read(queue: str, tail: bool, redis: str, environ: Mapping[str, str]) -> Place:
    """Return what the command line and the environment say.

    Args:
        queue: the queue's name; '' for what the environment says.
        tail: only read the stream.
        redis: the stream's address; '' for what the environment says.
        environ: has what opens the queues.

    Raises:
        Trouble: it says too little, or what cannot be.
    """
    settings = cloudsettings.read({**environ, cloudsettings.NAMED: queue} if queue else environ)
    if settings is None:
        raise Trouble(NO_CLOUD)
    if "@" in redis:
        raise Trouble(f"everybody on this machine can read a password in a command: put the address into {VARIABLE}")
    redis = redis or environ.get(VARIABLE, "").strip()
    if tail and not redis:
        raise Trouble(
            f"there is no stream to read: set {VARIABLE}, such as redis://HOST:6379/0, or use --queue instead"
        )
    return Place(settings, not tail, redis)


class Away:
    """The greenlets of a machine away from home; `start` starts them.

    Args:
        place: where it gets what it shows.
        path: the journal file.
        is_watched: says whether somebody looks at this machine's page.

    Raises:
        Trouble: the settings cannot be used.
        sqlite3.Error: the journal cannot be used.
    """

    def __init__(self, place: Place, path: Path, is_watched: Callable[[], bool]) -> None:
        self._journal = settled(path)
        self._troubles = Troubles(self._journal)
        self._intake = Intake(self._journal, self._troubles)
        self._rng = random.Random()
        self._is_watched, self._is_watched_elsewhere = is_watched, False
        self._arrived = Event()
        self._stream = Stream(place.redis, place.settings.queue) if place.redis else None
        queues = [Queue(place.settings, name) for name in (place.settings.queue, place.settings.poison)]
        self._collector = self._made(*queues) if place.collects else None
        self._wishes = Queue(place.settings, place.settings.wishes)

    def _made(self, queue: Queue, poison: Queue) -> Collector:
        publish = Publisher(self._stream) if self._stream else None
        pace = Pace(lambda: self._is_watched() or self._is_watched_elsewhere, self._rng)
        return Collector(self._intake, queue, poison, self._troubles, pace, publish)

    def arrived(self) -> None:
        """Somebody has come to look: whoever waits looks at once."""
        self._arrived.set()

    def start(self, ended: Callable[[gevent.Greenlet], None]) -> None:
        """Start; `ended` is called when one of them ends, which none should."""
        works: list[Callable[[], None]] = [self._tidy, partial(self._send, HOME, self._to_home)]
        if self._collector:
            works.append(partial(self._collect, self._collector))
        if self._stream:
            works.append(
                partial(
                    self._follow, Tail(self._intake, self._stream, self._troubles, Pace(self._is_watched, self._rng))
                )
            )
            works.append(partial(self._send, STREAM, partial(self._to_stream, self._stream)))
            works.append(partial(self._watch, self._stream))
        for work in works:
            gevent.spawn(work).link_exception(ended)

    def _collect(self, collector: Collector) -> None:
        while True:
            rest_s = collector.step(time.monotonic(), wishes.now_ms())
            if rest_s > IDLE_MOST_S:
                gevent.sleep(rest_s)  # it was refused, whoever comes
            else:
                self._arrived.wait(rest_s)
            self._arrived.clear()

    def _follow(self, tail: Tail) -> None:
        while True:
            gevent.sleep(tail.step(wishes.now_ms()))

    def _watch(self, stream: Stream) -> None:
        """Let the machines that collect know of viewers wherever they are."""
        while True:
            before, self._is_watched_elsewhere = self._is_watched_elsewhere, False
            with suppress(Unreachable, Denied):  # who reads the stream tells of it
                if self._is_watched():
                    stream.say_watched()
                self._is_watched_elsewhere = stream.is_watched()
            if self._is_watched_elsewhere and not before:
                self._arrived.set()
            gevent.sleep(WATCH_S)

    def _send(self, topic: str, send: Callable[[str, dict[str, Any]], None]) -> None:
        sender = Sender(self._journal, topic, send, self._troubles, Backoff(self._rng))
        bell = Bell(self._journal, topic)
        while True:
            rest_s = sender.step(wishes.now_ms())
            if rest_s > IDLE_S:
                gevent.sleep(rest_s)  # whatever rings
            bell.wait(IDLE_S)

    def _to_home(self, kind: str, body: dict[str, Any]) -> None:
        self._wishes.send(ask(kind, body))

    def _to_stream(self, stream: Stream, kind: str, body: dict[str, Any]) -> None:
        stream.add(LASTING, kind, json.dumps(body), 0)

    def _tidy(self) -> None:
        """Forget what is old, and give up what home has said nothing about, once a minute."""
        while True:
            now_ms = wishes.now_ms()
            with suppress(sqlite3.Error):  # a minute later is as good
                with self._journal.transaction():
                    self._journal.trim(now_ms - KEEP_DAYS * DAY_MS)
                    wishes.give_up(self._journal, now_ms)
                self._journal.purge()
            gevent.sleep(TIDY_S)
