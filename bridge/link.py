"""The thread that owns one port: what it reads goes to the conversation, what that has to say is written.

Its law: it never waits for the journal (a stalled disk costs no beat; a commit wakes it), and any fault of the port
ends it cleanly, with the pillow shown as not connected at once.
"""

import contextlib
import queue
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from bridge import steps
from bridge.conversation import Conversation, Tell
from bridge.diagnosis import Refusal
from bridge.journal import Journal
from bridge.ports import Port, PortGone, PortRefused, open_port
from bridge.present import Present
from bridge.proof import Trust
from bridge.report import Hello
from bridge.session import Session
from bridge.store import is_damage
from bridge.troubles import Troubles
from bridge.wishes import REFUSED
from bridge.wishes import end as end_wish
from bridge.writer import Writer

T = TypeVar("T")

MUTE_MS = 10_000  # a pillow says something every two seconds; a port as mute as this hangs and is opened anew
SESSION_BYTES = 8  # 16 hex digits on the wire
TOO_MUCH = "this pillow was asked too much at once: ask again in a moment"
NO_JOURNAL = "free some space on its disk (meanwhile the pillow keeps what happens)"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a link ended.

    Args:
        refusal: why nothing came of it; None when it was there and then went away, or was stopped.
        reason: the system's own words.
    """

    refusal: Refusal | None
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish on its way to the pillow: its number, kind and fields, and how long it is still good."""

    wish: int
    kind: str
    fields: tuple[int | str, ...]
    seconds: float


class Way(Protocol):
    """A link to a pillow, whatever its kind, as whoever asks something of the pillow sees it."""

    @property
    def kind(self) -> str:
        """`usb`, `wifi` or `virtual`."""

    @property
    def pillow(self) -> str:
        """The id of the pillow that is there; empty before it is believed."""

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it has not."""

    def ask(self, asked: Asked) -> None:
        """Ask something of the pillow; the wish's end is recorded when it answers."""


def mono_ms() -> int:
    """Return ms of a clock that never jumps and, where there is such a one, goes on while the computer sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000


def wall_ms() -> int:
    """Return Unix time in ms."""
    return time.time_ns() // 1_000_000


class Link:
    """One port, from opening it to letting go of it. All methods are for other threads.

    Args:
        url: the port; see `open_port`.
        kind: `usb`, `wifi` or `virtual`.
        writer: the journal's one writer.
        path: the journal file, for looking up what is held of a pillow.
        troubles: where a journal that cannot be written is told.
        present: who speaks for each pillow of this bridge.
        trust: which pillow must prove a key.
        tell: told of what is not for the journal; see `Conversation`.
    """

    def __init__(
        self,
        url: str,
        kind: str,
        writer: Writer,
        path: Path,
        troubles: Troubles,
        present: Present,
        trust: Trust | None = None,
        tell: Tell = lambda event: None,
    ) -> None:
        self.url = url
        self.kind = kind
        self.ending: Ending | None = None  # None while the port is, or may be, held
        self.is_replaced = False  # the same pillow is heard on a newer link
        self._writer = writer
        self._path = path
        self._troubles = troubles
        self._present = present
        self._trust = trust
        self._tell = tell
        self._port: Port | None = None
        self._conversation: Conversation | None = None
        self._asked: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"link {url}", daemon=True)

    @property
    def pillow(self) -> str:
        """The id of the pillow that is there; empty before its hello."""
        return self._conversation.pillow if self._conversation else ""

    @property
    def claim(self) -> Hello | None:
        """What is there says that it is this, believed or not; None before its hello."""
        return self._conversation.session.claim if self._conversation else None

    @property
    def refusal(self) -> str:
        """Why the pillow that is there is not spoken with; empty when it is."""
        return self._conversation.refusal if self._conversation else ""

    def start(self) -> None:
        """Open the port and begin."""
        self._thread.start()

    def stop(self) -> None:
        """Have the port closed soon; `ending` says when it is."""
        self._stopping.set()
        self._wake()

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, at most `seconds`."""
        self._thread.join(seconds)

    def ask(self, asked: Asked) -> None:
        """Ask something of the pillow; the wish's end is recorded when it answers."""
        self._asked.put(asked)
        self._wake()

    def _wake(self) -> None:
        if port := self._port:
            port.wake()

    # -- in the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        ending = Ending(None, "this program failed")  # with a traceback: unless it is replaced below, that is a bug
        try:
            ending = self._open_and_talk()
        except PortRefused as refused:
            ending = Ending(refused.refusal, str(refused))
        except PortGone as gone:
            ending = Ending(None, str(gone))
        except sqlite3.Error as error:
            ending = Ending(None, f"the journal cannot be read: {error}")
            if is_damage(error):
                self._writer.give_up(error)
        finally:
            self.ending = ending

    def _open_and_talk(self) -> Ending:
        port = open_port(self.url)
        journal = None
        try:
            journal = Journal(self._path, read_only=True)
            session = Session(journal.recall, secrets.token_hex(SESSION_BYTES), self._trust)
            self._conversation = Conversation(session, self, self.kind, self.url, self._present, self._tell)
            self._port = port
            return self._talk(port, self._conversation)
        finally:
            port.close()
            if journal:
                journal.close()
            if self._conversation:
                self._conversation.end(wall_ms())

    def submit(self, work: Callable[[Journal], T]) -> "Future[T]":
        """Have the conversation's reports committed; the end of it wakes this thread."""
        future = self._writer.submit(work)
        future.add_done_callback(self._committed)
        return future

    def insist(self, work: Callable[[Journal], None], key: Hashable) -> None:
        """Have the journal say how things stand, as soon as it can be written."""
        self._writer.insist(work, key)

    def _committed(self, future: "Future[T]") -> None:
        """A commit ended, well or not; called in the writer's thread."""
        self._wake()
        if error := future.exception():
            self._troubles.tell("journal", f"the journal cannot be written ({error}): {NO_JOURNAL}")
        else:
            self._troubles.clear("journal")

    def _talk(self, port: Port, conversation: Conversation) -> Ending:
        heard_ms = mono_ms()
        while not self._stopping.is_set():
            data = port.read()
            now_ms = mono_ms()
            if data:
                steps.passed("read")
                heard_ms = now_ms
            conversation.hear(data, now_ms, wall_ms())
            if conversation.is_stranger:
                return Ending(Refusal.STRANGER, "")
            if now_ms - heard_ms > MUTE_MS:
                raise PortGone("nothing was heard any more")
            self._pass_on(conversation.session, now_ms)
            self._write(port, conversation.say(now_ms))
        return Ending(None, "stopped")

    def _pass_on(self, session: Session, now_ms: int) -> None:
        """Hand the session what was asked of its pillow."""
        while not self._asked.empty():
            asked = self._asked.get()
            if not session.wish(asked.wish, asked.kind, asked.fields, now_ms + round(asked.seconds * 1000)):
                self._refuse(asked.wish, TOO_MUCH)

    def _refuse(self, wish: int, why: str) -> None:
        with contextlib.suppress(queue.Full):  # then it expires
            self._writer.insist(lambda journal: end_wish(journal, wish, REFUSED, why, wall_ms()), ("refusal", wish))

    def _write(self, port: Port, line: bytes) -> None:
        if line:
            if b'{"ack"' in line:
                steps.passed("ack")
            port.write(line)
            steps.passed("sent")
