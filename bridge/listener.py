"""The port that pillows on Wi-Fi call: one thread, one loop, many conversations.

Its law: nothing in this thread waits; whoever calls is read in small pieces, at a cable's pace, and is hung up on by a
clock. Threads were tried: 200 of them take three times the processor, and four times as long to answer.
"""

import asyncio
import contextlib
import errno
import queue
import secrets
import socket
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from bridge.certificate import Certificate
from bridge.conversation import WIFI, Conversation, Tell
from bridge.door import Door
from bridge.errors import Trouble
from bridge.journal import Journal
from bridge.keys import Keys
from bridge.link import NO_JOURNAL, SESSION_BYTES, TOO_MUCH, Asked, Ending, mono_ms, wall_ms
from bridge.present import Present
from bridge.proof import Trust
from bridge.session import Session
from bridge.store import is_damage
from bridge.troubles import Troubles
from bridge.tunnel import Tunnel
from bridge.visitor import Visitor
from bridge.wishes import REFUSED
from bridge.wishes import end as end_wish
from bridge.writer import Writer

T = TypeVar("T")

PILLOWS = 256  # that have proved a key, at once
BACKLOG = 128  # connections that the system keeps until the loop looks
READ_BYTES = 4_096  # taken from one connection before the next has its turn: 2 ms of work
UNSENT_BYTES = 4_096  # more than this waiting to be sent is somebody who does not read
SEND_BUFFER_BYTES = 16_384  # what the system keeps besides
TICK_S = 0.1  # a session wants to know the time ten times a second
PRETENDED = (
    "somebody on the network says it is pillow {pillow} and cannot prove it: if it is yours, plug it in and press adopt"
)
PRETENDED_S = 600.0  # after the last time: then it is over


class Listener:
    """Starts with `start`; all other methods are for other threads.

    Args:
        address: where to listen: "" for every address of this computer, of which only the home's own network is let in.
        port: 0 for any.
        certificate: the home's.
        keys: the pillows'.
        writer: the journal's one writer.
        path: the journal file, for looking up what is held of a pillow.
        troubles: where a pillow that cannot prove its key is told.
        present: who speaks for each pillow of this bridge.
        tell: told of what is not for the journal; see `Conversation`. Called in the loop's thread.

    Raises:
        Trouble: the port cannot be used.
    """

    def __init__(
        self,
        address: str,
        port: int,
        certificate: Certificate,
        keys: Keys,
        writer: Writer,
        path: Path,
        troubles: Troubles,
        present: Present,
        tell: Tell,
    ) -> None:
        self.keys = keys
        self.trust = Trust(keys.of, keys.is_ours, certificate.digest, is_cable=False)
        self.tell = tell
        self.writer, self.path, self.troubles, self.present = writer, path, troubles, present
        self.door = Door()
        self.buffer = bytearray(READ_BYTES)
        self.journal: Journal | None = None
        self.callers: set[Caller] = set()  # connections, of the loop's thread alone
        self.pillows: dict[str, Caller] = {}  # the newest that has proved to be this pillow
        self._pretended: dict[str, float] = {}  # pillows that somebody said to be, and until when that is told
        self._context = certificate.context()
        self._socket = _bound(address, port)
        self.port: int = self._socket.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it still listens."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to let callers in."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody and let go of the port, soon."""
        self._stopping.set()
        with contextlib.suppress(RuntimeError):  # it has ended already
            self.loop.call_soon_threadsafe(lambda: None)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, at most `seconds`."""
        self._thread.join(seconds)

    def link_of(self, pillow: str) -> "Caller | None":
        """Return the connection on which a pillow is heard, or None."""
        return self.pillows.get(pillow)

    # -- in the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            with contextlib.closing(self.loop), self._socket:
                self.journal = Journal(self.path, read_only=True)
                try:
                    self.loop.run_until_complete(self._listen())
                finally:
                    self.journal.close()
        except sqlite3.Error as error:
            self.troubles.tell("wifi", f"the journal cannot be read ({error}): start the bridge again")

    async def _listen(self) -> None:
        server = await self.loop.create_server(lambda: Caller(self, Tunnel(self._context)), sock=self._socket)
        while not self._stopping.is_set():
            await asyncio.sleep(TICK_S)
            for caller in tuple(self.callers):
                caller.tick()
            for pillow in [one for one, until_s in self._pretended.items() if self.loop.time() >= until_s]:
                self._clear(pillow)
        server.close()
        for caller in tuple(self.callers):
            caller.hang_up("stopped")

    def proved(self, pillow: str, caller: "Caller") -> None:
        """A caller has shown to be this pillow: an older connection of it is over."""
        older = self.pillows.get(pillow)
        if older is None and len(self.pillows) >= PILLOWS:
            caller.hang_up("too many pillows")
            return
        self.pillows[pillow] = caller
        self._clear(pillow)
        if older:
            older.hang_up("it called again")

    def pretended(self, pillow: str) -> None:
        """Somebody said to be this pillow and could not prove it: one sentence, however often and whatever it says."""
        if pillow not in self._pretended:
            self.troubles.tell(f"wifi {pillow}", PRETENDED.format(pillow=pillow))
        self._pretended[pillow] = self.loop.time() + PRETENDED_S

    def _clear(self, pillow: str) -> None:
        if self._pretended.pop(pillow, None) is not None:
            self.troubles.clear(f"wifi {pillow}")

    def gone(self, caller: "Caller") -> None:
        """A connection is over."""
        self.callers.discard(caller)
        for pillow, newest in tuple(self.pillows.items()):
            if newest is caller:
                del self.pillows[pillow]


def _bound(address: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises Trouble."""
    try:
        return socket.create_server((address, port), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Trouble(f"port {port} for the pillows' Wi-Fi is in use: set HUGGABLE_WIFI_PORT to another") from None
        reason = error.strerror or str(error)
        raise Trouble(f"port {port} for the pillows' Wi-Fi cannot be used ({reason}): set HUGGABLE_WIFI_PORT") from None
    except OverflowError:
        raise Trouble(f"there is no port {port}: set HUGGABLE_WIFI_PORT to one from 1024 to 65535") from None


class Caller(asyncio.BufferedProtocol):
    """One connection: what `Visitor` decides, done with a socket. It is also the link that wishes are asked on."""

    kind = WIFI

    def __init__(self, listener: Listener, tunnel: Tunnel) -> None:
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
