"""One connection at the port that pillows on Wi-Fi call, and the link that wishes are asked on.

Its law: what `Visitor` decides is done with a socket, in the loop's thread; whatever goes wrong ends this one alone.
"""

import asyncio
import contextlib
import queue
import secrets
import socket
import sqlite3
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from bridge.conversation import WIFI, Conversation
from bridge.journal import Journal
from bridge.link import NO_JOURNAL, SESSION_BYTES, TOO_MUCH, Asked, Ending, mono_ms, wall_ms
from bridge.session import Session
from bridge.store import is_damage
from bridge.tunnel import Tunnel
from bridge.visitor import Visitor
from bridge.wishes import REFUSED
from bridge.wishes import end as end_wish

if TYPE_CHECKING:
    from bridge.listener import Listener

T = TypeVar("T")

UNSENT_BYTES = 4_096  # more than this waiting to be sent is somebody who does not read
SEND_BUFFER_BYTES = 16_384  # what the system keeps besides


class Caller(asyncio.BufferedProtocol):
    """Args: listener: whose connection it is. tunnel: its TLS."""

    kind = WIFI

    def __init__(self, listener: "Listener", tunnel: Tunnel) -> None:
        self.ending: Ending | None = None
        self.pillow = ""  # once it has proved to be it
        self._listener = listener
        self._visitor = Visitor(tunnel, self._converse, mono_ms())
        self._transport: asyncio.Transport | None = None
        self._address = ""
        self._is_strange = False  # counts at the door
        self._is_woken = False

    @property
    def refusal(self) -> str:
        """Why the pillow that is there is not spoken with; empty when it is."""
        return self._visitor.over

    @property
    def key(self) -> bytes | None:
        """The key that was proved."""
        return self._visitor.conversation.session.key if self._visitor.conversation else None

    def ask(self, asked: Asked) -> None:
        """Ask something of the pillow, from any thread; the wish's end is recorded when it answers."""
        with contextlib.suppress(RuntimeError):  # the listener has ended: the wish is asked again elsewhere, or expires
            self._listener.loop.call_soon_threadsafe(self._ask, asked)

    def _ask(self, asked: Asked) -> None:
        said, until_ms = self._visitor.conversation, mono_ms() + round(asked.seconds * 1000)
        if said is None or self.ending:
            return  # it is asked again on the next link, or expires
        if not said.session.wish(asked.wish, asked.kind, asked.fields, until_ms):
            self._refuse(asked.wish)
        with self._guarded():
            self._say()

    def _refuse(self, wish: int) -> None:
        with contextlib.suppress(queue.Full):  # then it expires
            self.insist(lambda journal: end_wish(journal, wish, REFUSED, TOO_MUCH, wall_ms()), ("refusal", wish))

    def _converse(self) -> Conversation:
        listener = self._listener
        if listener.journal is None:
            raise RuntimeError("a caller before the journal")
        session = Session(listener.journal.recall, secrets.token_hex(SESSION_BYTES), listener.trust)
        return Conversation(session, self, self.kind, "", listener.present, listener.tell)

    # -- what asyncio calls ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is at the door."""
        self._transport = transport  # type: ignore[assignment]
        self._address = str(transport.get_extra_info("peername", [""])[0])
        if not self._listener.door.admit(self._address, mono_ms() / 1000):
            self.hang_up("not let in")
            return
        self._is_strange = True
        self._listener.callers.add(self)
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Say where the next bytes go: into the one place, for they are taken at once."""
        return self._listener.buffer

    def buffer_updated(self, count: int) -> None:
        """Take what came."""
        with self._guarded():
            rest_s = self._visitor.hear(bytes(self._listener.buffer[:count]), mono_ms(), wall_ms())
            self._look()
            self._say()
            if rest_s and self._transport and not self.ending:
                self._transport.pause_reading()
                self._listener.loop.call_later(rest_s, self._read_on)

    def _read_on(self) -> None:
        if self._transport and not self.ending:
            self._transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        """The other end is gone, or was hung up on."""
        self.hang_up("hung up")

    # -- moved on -------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Let time pass."""
        with self._guarded():
            self._visitor.step(mono_ms(), wall_ms())
            self._look()
            self._say()

    def _look(self) -> None:
        """Notice what the visitor has become."""
        if not self.pillow and (pillow := self._visitor.pillow):
            self.pillow = pillow
            self._admitted()
            self._listener.proved(pillow, self)

    def _say(self) -> None:
        data = self._visitor.say(mono_ms())
        if self._transport and data and not self.ending:
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > UNSENT_BYTES:
                self.hang_up("does not read")
        if self._visitor.over:
            self.hang_up(self._visitor.over)

    def hang_up(self, why: str) -> None:
        """End it."""
        if self.ending:
            return
        self.ending = Ending(None, why)
        self._admitted()
        self._listener.gone(self)
        if self._visitor.conversation:
            self._visitor.conversation.end(wall_ms())
            self._tell()
        if self._transport:
            self._transport.abort()
        self._visitor.close()

    def _admitted(self) -> None:
        """It counts as a stranger no more."""
        if self._is_strange:
            self._is_strange = False
            self._listener.door.leave(self._address)

    def _tell(self) -> None:
        """Say that somebody calls as a pillow of this home and cannot prove it."""
        said = self._visitor.conversation
        claim = said.session.claim if said else None
        if said and said.refusal and claim and claim.pillow in self._listener.keys.known():
            self._listener.pretended(claim.pillow)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Whatever goes wrong with one caller ends that one alone."""
        try:
            yield
        except sqlite3.Error as error:
            if is_damage(error):
                self._listener.writer.give_up(error)
            self.hang_up(f"the journal cannot be read: {error}")
        except Exception:
            self.hang_up("this program failed")
            raise

    # -- what the conversation asks -------------------------------------------------------------------------------

    def submit(self, work: Callable[[Journal], T]) -> "Future[T]":
        """Have the conversation's reports committed; the end of it wakes the loop."""
        future = self._listener.writer.submit(work)
        future.add_done_callback(self._committed)
        return future

    def insist(self, work: Callable[[Journal], None], key: Hashable) -> None:
        """Have the journal say how things stand, as soon as it can be written."""
        self._listener.writer.insist(work, key)

    def _committed(self, future: "Future[T]") -> None:
        """A commit ended, well or not; called in the writer's thread."""
        if error := future.exception():
            self._listener.troubles.tell("journal", f"the journal cannot be written ({error}): {NO_JOURNAL}")
        else:
            self._listener.troubles.clear("journal")
        if not self._is_woken:
            self._is_woken = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._listener.loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._is_woken = False
        with self._guarded():
            self._say()
