"""The page's composition root: one journal, one bell, one listening socket, one stop."""

import argparse
import contextlib
import os
import signal
import socket
import sqlite3
import sys
import time
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.os import tp_read  # type: ignore[import-untyped]
from gevent.pywsgi import WSGIHandler, WSGIServer  # type: ignore[import-untyped]

from bridge import home, steps
from bridge.bell import Bell
from bridge.errors import Trouble
from bridge.journal import Journal, JournalNewer
from web import front
from web.app import CLIENT, Page, create_app, keep_telling
from web.front import LOOPBACK, PORT, Front

if TYPE_CHECKING:
    from web.away import Place

BELL = "web"
CONNECTIONS = 192  # 64 viewers with a few connections each while they open the page
BACKLOG = 64
LET_GO_S = 1.0  # a page whose bridge was killed needs less to end
LET_GO_POLL_S = 0.05
IDLE_S = 20.0  # a connection on which nobody asks for anything is given up
STOP_S = 0.3  # for answers that are under way; the promise is to be gone within a second


class Visit(WSGIHandler):  # type: ignore[misc]
    """A connection that does not wait for ever."""

    def handle(self) -> None:
        """Answer what is asked on one connection; who has gone before the answer leaves no traceback."""
        self.socket.settimeout(IDLE_S)
        with contextlib.suppress(ConnectionError):
            super().handle()

    def read_request(self, raw_requestline: str) -> bool:
        """Read a request's head; one that stops half-way ends its connection, without a traceback."""
        try:
            return bool(super().read_request(raw_requestline))
        except OSError:
            return False


def serve(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the page until it is told to stop. Returns the exit status."""
    asked = _asked(arguments)
    try:
        if not (CLIENT / "socket.io.min.js").is_file():
            raise Trouble("the page's socket.io-client is not there: run `make setup`")
        with contextlib.ExitStack() as stack:
            return _serve(asked, environ, stack)
    except Trouble as trouble:
        print(f"page: {trouble}", file=sys.stderr)
        return 2


def _serve(asked: argparse.Namespace, environ: Mapping[str, str], stack: contextlib.ExitStack) -> int:
    """Put everything together and run it. Returns the exit status. Raises Trouble."""
    is_away = asked.tail or asked.queue is not None
    place = _place(asked, environ) if is_away else None
    address = front.read(asked.host, asked.port or "", is_away, environ)
    folder = home.data_folder({**environ, "HUGGABLE_DATA": str(asked.data)} if asked.data else environ)
    if place:
        steps.crash_when_told(environ)
        stack.enter_context(home.only_bridge(folder))
    path = home.journal_path(folder)
    journal, key = _journal(path), address.key or home.key(folder)
    listener = stack.enter_context(_listener(address))
    app = _page(journal, address, listener.getsockname()[1], key, place)
    over = Over(child=asked.child)
    if place:
        _start_away(place, path, app, over)
    where = address.address(listener.getsockname()[1], key)
    _run(app, listener, Bell(journal, BELL), over, lambda: _show(where, asked.open and _has_display(environ)))
    return over.status


def _place(asked: argparse.Namespace, environ: Mapping[str, str]) -> "Place":
    from web import away  # and with it azure and redis, which the page at home starts without

    return away.read(asked.queue or "", asked.tail, asked.redis, environ)


def _page(journal: Journal, address: Front, port: int, key: str, place: "Place | None") -> Page:
    return create_app(
        journal,
        hosts=[f"{name}:{port}" for name in (LOOPBACK, "localhost", "[::1]")],
        key=key,
        cookie="huggable" if address.public else f"huggable_{port}",
        public=address.public,
        is_away=place is not None,
        shares=bool(place and place.redis),
    )


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m web", description="Show the pillow's face on a page.")
    parser.add_argument("--data", type=Path, help="the data folder (default: HUGGABLE_DATA, or the platform's)")
    parser.add_argument("--port", help=f"the page's port, 0 for any (default: HUGGABLE_HTTP_PORT, or {PORT})")
    parser.add_argument("--host", default=LOOPBACK, help=f"the address to listen on (default: {LOOPBACK})")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument("--child", action="store_true", help="end when standard input ends")
    afar = parser.add_argument_group("away from home")
    afar.add_argument("--queue", nargs="?", const="", metavar="NAME", help="take in what home sends (HUGGABLE_QUEUE)")
    afar.add_argument("--tail", action="store_true", help="take in only what other machines put into the stream")
    afar.add_argument("--redis", default="", metavar="URL", help="the stream, without a password (HUGGABLE_REDIS)")
    return parser.parse_args(arguments)


def _journal(path: Path) -> Journal:
    try:
        return Journal(path)
    except JournalNewer as newer:
        raise Trouble(str(newer)) from None
    except sqlite3.Error as error:
        raise Trouble(f"the journal {path} cannot be used ({error}): move it away to begin a new one") from None


def _listener(address: Front) -> socket.socket:
    """Listen, once whoever just ends has let go of the port."""
    deadline_s = time.monotonic() + LET_GO_S
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    while True:
        try:
            return socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
        except OSError as error:
            if time.monotonic() >= deadline_s:
                raise Trouble(
                    f"port {address.port} cannot be used ({os.strerror(error.errno or 0)}): "
                    "stop the program that has it, or set HUGGABLE_HTTP_PORT to another (0 = any)"
                ) from None
            time.sleep(LET_GO_POLL_S)


class Over(Event):  # type: ignore[misc]
    """Set when it is time to end: by SIGTERM, SIGINT or (as a child) the end of standard input, or when all is lost.

    Attributes:
        status: the exit status.
    """

    def __init__(self, *, child: bool) -> None:
        super().__init__()
        self.status = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self.set)
        if child:
            gevent.spawn(self._end_of_input)

    def _end_of_input(self) -> None:
        while tp_read(sys.stdin.fileno(), 1024):
            continue
        self.set()

    def all_is_lost(self, _greenlet: gevent.Greenlet) -> None:
        """Something that should never end has; gevent has printed why. Whoever started this starts it again."""
        self.status = 1
        self.set()


def _start_away(place: "Place", path: Path, app: Page, over: Over) -> None:
    from web import away

    others = away.Away(place, path, app.viewers.is_watched)
    app.viewers.arrived = others.arrived
    others.start(over.all_is_lost)


def _run(app: Page, listener: socket.socket, bell: Bell, over: Over, show: Callable[[], None]) -> None:
    """Serve until it is over."""
    server = WSGIServer(listener, app, log=None, spawn=CONNECTIONS, handler_class=Visit)
    gevent.spawn(keep_telling, app, bell).link_exception(over.all_is_lost)
    server.start()
    show()
    over.wait()
    server.stop(STOP_S)


def _show(address: str, wants_browser: bool) -> None:
    """Say where the page is, and open it."""
    print(f"page: {address}", flush=True)
    if wants_browser:
        gevent.get_hub().threadpool.spawn(webbrowser.open, address)


def _has_display(environ: Mapping[str, str]) -> bool:
    """Say whether a browser would open in a window, and is wanted."""
    if environ.get("HUGGABLE_NO_BROWSER") == "1":
        return False
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
