"""One WebSocket of one page, between Engine.IO and gevent's server.

Its law: nothing a page does or leaves undone costs more than its own connection. What the two libraries leave open
is closed here: a message is written whole or the connection ends (gevent's `send` may take a part of it, and the
rest was lost), a page that does not read is given up, what comes in has a length and a pace, and what a page says is
not compressed (it never leaves the machine, and a compressor costs 256 kB a page).
"""

import socket
import struct
import time
from typing import Any

import gevent  # type: ignore[import-untyped]
import simple_websocket  # type: ignore[import-untyped]
from engineio.async_drivers.gevent import WebSocketWSGI  # type: ignore[import-untyped]
from wsproto.utilities import ProtocolError

from web.bucket import Bucket
from web.gate import BODY_BYTES, Environ, StartResponse

SEND_S = 3.0  # a page that reads nothing for this long while there is something to read is given up
SEND_BYTES = 131_072  # what the kernel holds for one page: a page of rows; left alone it takes megabytes
FORGET = struct.pack("ii", 1, 0)  # linger on, for no time: what such a page never took is thrown away
RECEIVE_S = 30.0  # a page answers a ping within 20 s, or it is gone
KINDS = tuple("123456")  # what an Engine.IO client may say: close, ping, pong, message, upgrade, noop
NO_WEBSOCKET = b"This is no WebSocket handshake: use a current browser.\n"
MESSAGES_BURST, MESSAGES_PER_S = 100, 50  # a page says a few words a minute; an outside program a few a second


class Whole:
    """A socket that sends everything or fails, and lets others run before it receives."""

    def __init__(self, plain: Any) -> None:
        self._in, self._out = plain, plain.dup()
        self._in.settimeout(RECEIVE_S)
        self._out.settimeout(SEND_S)
        self._out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)

    def send(self, data: bytes) -> None:
        """Send all of `data`; raises OSError when it cannot, and then nothing can be sent any more."""
        try:
            self._out.sendall(data)
        except OSError:
            self._out.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, FORGET)
            self.cut()
            raise

    def recv(self, most: int) -> bytes:
        """Return up to `most` bytes, none at the end."""
        gevent.sleep(0)  # a page that never stops talking must not keep the others from their turn
        received: bytes = self._in.recv(most)
        return received

    def cut(self) -> None:
        """End the connection both ways: who waits for it wakes up."""
        try:
            self._out.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already

    def close(self) -> None:
        """Let go of the connection."""
        self.cut()
        self._in.close()
        self._out.close()


class Server(simple_websocket.Server):  # type: ignore[misc]
    """The WebSocket protocol on such a socket."""

    sock: Any

    def handshake(self) -> None:
        """Say yes to the page."""
        self.sock = Whole(self.sock)
        super().handshake()


class Channel(WebSocketWSGI):  # type: ignore[misc]
    """What Engine.IO calls a WebSocket."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Serve one page until it or the server ends it."""
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        self._pace = Bucket(MESSAGES_BURST, MESSAGES_PER_S)
        try:
            self.ws = Server(environ, max_message_size=BODY_BYTES, **self.server_args)
        except (ProtocolError, simple_websocket.ConnectionError):
            start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [NO_WEBSOCKET]
        try:
            return self.app(self)
        finally:
            self.ws.sock.close()

    def send(self, message: str | bytes) -> None:
        """Send a message whole; raises OSError when the page is gone or does not read."""
        try:
            super().send(message)
        except OSError:
            self.ws.connected = False
            raise

    def close(self) -> None:
        """Say goodbye, if anybody is there to hear it."""
        try:
            super().close()
        except (OSError, simple_websocket.ConnectionClosed):
            self.ws.connected = False

    def wait(self) -> Any:
        """Return the page's next message, None when there will be none."""
        message = super().wait()
        if message is not None and not self._is_fair(message):
            self.ws.sock.cut()
            return None
        return message

    def _is_fair(self, message: str | bytes) -> bool:
        """Say whether this is an Engine.IO packet of text, and not one too many."""
        return isinstance(message, str) and message[:1] in KINDS and self._pace.take(time.monotonic())
