"""An HTTP proxy in front of Azurite that does what networks and busy services do, and knows what really happened.

Its law: `log` is the truth: an entry is in it before the answer goes back, whatever then happens to that answer.
"""

import base64
import contextlib
import http.client
import socket
import struct
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPSTREAM_S = 60.0  # a busy Azurite
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


@dataclass(frozen=True)
class Request:
    """What came: its method, path with query, and body."""

    method: str
    path: str
    body: bytes

    @property
    def message(self) -> str:
        """The text that it puts into a queue."""
        return _text(self.body)

    @property
    def is_send(self):
        return self.method == "POST" and self.path.partition("?")[0].endswith("/messages")

    @property
    def is_receive(self):
        return self.method == "GET" and self.path.partition("?")[0].endswith("/messages")

    @property
    def is_delete(self):
        return self.method == "DELETE" and "/messages/" in self.path


@dataclass(frozen=True)
class Passed:
    """A request that reached Azurite, and its answer."""

    request: Request
    status: int
    answer: bytes
    at_s: float


# -- Faults: each is called with the exchange, and does what it is named for ------------------------------------------


@dataclass(frozen=True)
class Answers:
    """Answers by itself; Azurite hears nothing."""

    status: int
    retry_after: str = ""
    code: str = "ServerBusy"

    def __call__(self, exchange):
        headers = [("x-ms-error-code", self.code), ("Content-Type", "application/xml")]
        if self.retry_after:
            headers.append(("Retry-After", self.retry_after))
        body = f"<Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
        exchange.answer(self.status, headers, body)


class Resets:
    """Drops the connection before Azurite hears anything."""

    def __call__(self, exchange):
        exchange.reset()


class StoresAndResets:
    """Azurite does it, and the answer is lost."""

    def __call__(self, exchange):
        exchange.ask_upstream()
        exchange.reset()


class StoresAndIsSilent:
    """Azurite does it, and the answer never comes."""

    def __call__(self, exchange):
        exchange.ask_upstream()
        exchange.wait_for_the_end()


class IsSilent:
    """Takes the request, and nothing ever happens."""

    def __call__(self, exchange):
        exchange.wait_for_the_end()


@dataclass(frozen=True)
class Trickles:
    """Azurite does it, and the answer comes a byte at a time."""

    bytes_per_s: float = 1.0

    def __call__(self, exchange):
        exchange.trickle(*exchange.ask_upstream(), 1 / self.bytes_per_s)


@dataclass(frozen=True)
class Dawdles:
    """Everything works, after a while."""

    seconds: float

    def __call__(self, exchange):
        exchange.server.closing.wait(self.seconds)
        exchange.answer(*exchange.ask_upstream())


class Portal:
    """A page of somebody else's, as in a hotel."""

    def __call__(self, exchange):
        exchange.answer(200, [("Content-Type", "text/html")], b"<html>Welcome! Please sign in.</html>")


Fault = Callable[["_Exchange"], None]


class _Exchange(BaseHTTPRequestHandler):
    """One connection; each request is decided upon by itself."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            super().handle_one_request()
            return
        self.close_connection = True

    def _any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.request_was = Request(self.command, self.path, body)
        fault = self.server.choose(self.request_was)
        if fault:
            fault(self)
        else:
            self.answer(*self.ask_upstream())

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any

    def ask_upstream(self):
        """Return status, headers and body of Azurite's answer, having logged it."""
        if self.server.is_cut:
            raise OSError("no way to Azurite")
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=UPSTREAM_S)
        try:
            upstream.request(self.command, self.path, self.request_was.body, dict(self.headers.items()))
            answer = upstream.getresponse()
            body = answer.read()
        finally:
            upstream.close()
        self.server.note(Passed(self.request_was, answer.status, body, time.monotonic()))
        return answer.status, answer.getheaders(), body

    def answer(self, status, headers, body):
        self.wfile.write(_message(status, headers, body))

    def trickle(self, status, headers, body, pause_s):
        for byte in _message(status, headers, body):
            self.wfile.write(bytes([byte]))
            if self.server.closing.wait(pause_s):
                self.close_connection = True  # and only then: an answer that came is nobody's last
                break

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close_connection = True
        self.server.cut(self.connection)

    def wait_for_the_end(self):
        """Until the other side has given up, or the proxy closes."""
        self.connection.settimeout(0.1)
        while not self.server.closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    break
        self.close_connection = True

    def log_message(self, *_):
        pass


def _message(status, headers, body):
    """Return an answer as it goes over the wire, framed anew."""
    framing = ("transfer-encoding", "content-length", "connection", "keep-alive")
    lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in framing]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def cut(self, connection):
        """Close for good: the handler's own files would keep it open."""
        with contextlib.suppress(OSError):
            connection.close()

    def handle_error(self, *_):
        pass


class FaultyHttp:
    """Listens on `port` and hands everything to Azurite, unless `choose` names a fault.

    Args:
        upstream: Azurite's port.
        choose: called with each Request; returns a fault, or None for none. May be replaced at any time.
    """

    def __init__(self, upstream: int, choose: Callable[[Request], Fault | None] = lambda request: None) -> None:
        self.log: list[Passed] = []
        self.choose = choose
        self.asked = 0  # requests that came, whatever became of them
        self._upstream, self._lock = upstream, threading.Lock()
        self._server: _Server | None = None
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Take connections, again on the same port after `refuse`."""
        self._server = _Server(("127.0.0.1", self.port), _Exchange)
        self._server.upstream, self._server.is_cut, self._server.closing = self._upstream, False, threading.Event()
        self._server.choose, self._server.note = self._choose, self._note
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy", daemon=True).start()

    def refuse(self) -> None:
        """Refuse every connection from now on, and let go of those that wait."""
        self._server.closing.set()
        self._server.is_cut = True  # a connection that is kept open gets nothing through either
        self._server.shutdown()
        self._server.server_close()

    def to(self, upstream: int) -> None:
        """Lead to another Azurite from now on."""
        self._upstream = self._server.upstream = upstream

    def close(self) -> None:
        """End it."""
        self.refuse()

    def _choose(self, request: Request) -> Fault | None:
        with self._lock:
            self.asked += 1
        return self.choose(request)

    def _note(self, passed: Passed) -> None:
        with self._lock:
            self.log.append(passed)

    @property
    def stored(self) -> list[str]:
        """The messages that Azurite has taken, in the order in which it did."""
        return [one.request.message for one in list(self.log) if one.request.is_send and one.status == 201]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _text(body: bytes) -> str:
    """Return what a message says, sent in Base64 or not."""
    content = ElementTree.fromstring(body).findtext("MessageText") or ""
    return content if content.startswith("[") else base64.b64decode(content).decode()


def first(count: int, *faults: Fault, of: Callable[[Request], bool] = lambda request: request.is_send):
    """Return a `choose` that does these faults, turn about, to the first `count` requests of a kind."""
    left, lock = [count], threading.Lock()

    def choose(request: Request) -> Fault | None:
        with lock:
            if not of(request) or not left[0]:
                return None
            left[0] -= 1
            return faults[left[0] % len(faults)]

    return choose
