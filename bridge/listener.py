"""The port that pillows on Wi-Fi call: one thread, one loop, many conversations.

Its law: nothing in this thread waits; whoever calls is read in small pieces, at a cable's pace, and is hung up on by a
clock. Threads were tried: 200 of them take three times the processor, and four times as long to answer.
"""

import asyncio
import contextlib
import errno
import socket
import sqlite3
import threading
from pathlib import Path

from bridge.caller import Caller
from bridge.certificate import Certificate
from bridge.conversation import Tell
from bridge.door import Door
from bridge.errors import Trouble
from bridge.journal import Journal
from bridge.keys import Keys
from bridge.present import Present
from bridge.proof import Trust
from bridge.troubles import Troubles
from bridge.tunnel import Tunnel
from bridge.writer import Writer

PILLOWS = 256  # that have proved a key, at once
BACKLOG = 128  # connections that the system keeps until the loop looks
READ_BYTES = 4_096  # taken from one connection before the next has its turn: 2 ms of work
TICK_S = 0.1  # a session wants to know the time ten times a second
LET_GO_S = 20.0  # of a pillow that is forgotten: for being told so, and to put its key away
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
        changes = 0
        server = await self.loop.create_server(lambda: Caller(self, Tunnel(self._context)), sock=self._socket)
        while not self._stopping.is_set():
            await asyncio.sleep(TICK_S)
            for caller in tuple(self.callers):
                caller.tick()
            if changes != self.keys.changes:
                changes = self.keys.changes
                self._close_to_old_keys()
            for pillow in [one for one, until_s in self._pretended.items() if self.loop.time() >= until_s]:
                self._clear(pillow)
        server.close()
        for caller in tuple(self.callers):
            caller.hang_up("stopped")

    def _close_to_old_keys(self) -> None:
        """Hang up on whoever came in with a key that counts no more: it may have been stolen."""
        for pillow, caller in tuple(self.pillows.items()):
            counting = self.keys.of(pillow)
            if counting and caller.key not in counting:
                caller.hang_up("its key was replaced")
            elif not counting:
                self.loop.call_later(LET_GO_S, caller.hang_up, "was let go of")

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
