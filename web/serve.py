"""The page's composition root: one journal, one bell, one listening socket, one stop."""

import argparse
import os
import signal
import socket
import sqlite3
import sys
import time
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.os import tp_read  # type: ignore[import-untyped]
from gevent.pywsgi import WSGIHandler, WSGIServer  # type: ignore[import-untyped]

from bridge import home
from bridge.bell import Bell
from bridge.errors import Trouble
from bridge.journal import Journal, JournalNewer
from web.app import CLIENT, create_app, keep_telling

LOOPBACK = "127.0.0.1"  # nobody else: pages for other machines need more than a key in an address
PORT = 8080
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
        """Answer what is asked on one connection."""
        self.socket.settimeout(IDLE_S)
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
        port = _port(asked.port or environ.get("HUGGABLE_HTTP_PORT", ""))
        if not (CLIENT / "socket.io.min.js").is_file():
            raise Trouble("the page's socket.io-client is not there: run `make setup`")
        folder = asked.data or home.data_folder(environ)
        journal, key = _journal(home.journal_path(folder)), home.key(folder)
        with _listener(port) as listener:
            _run(journal, listener, key, asked, environ)
    except Trouble as trouble:
        print(f"page: {trouble}", file=sys.stderr)
        return 2
    return 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m web", description="Show the pillow's face on a page.")
    parser.add_argument("--data", type=Path, help="the data folder (default: HUGGABLE_DATA, or the platform's)")
    parser.add_argument("--port", help=f"the page's port, 0 for any (default: HUGGABLE_HTTP_PORT, or {PORT})")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument("--child", action="store_true", help="end when standard input ends")
    return parser.parse_args(arguments)


def _port(said: str) -> int:
    if not said:
        return PORT
    if not said.isdecimal() or int(said) > 65535:
        raise Trouble(f"the port {said!r} is none: set HUGGABLE_HTTP_PORT to a number from 0 to 65535 (0 = any)")
    return int(said)


def _journal(path: Path) -> Journal:
    try:
        return Journal(path)
    except JournalNewer as newer:
        raise Trouble(str(newer)) from None
    except sqlite3.Error as error:
        raise Trouble(f"the journal {path} cannot be used ({error}): move it away to begin a new one") from None


def _listener(port: int) -> socket.socket:
    """Listen, once whoever just ends has let go of the port."""
    deadline_s = time.monotonic() + LET_GO_S
    while True:
        try:
            return socket.create_server((LOOPBACK, port), backlog=BACKLOG)
        except OSError as error:
            if time.monotonic() >= deadline_s:
                raise Trouble(
                    f"port {port} cannot be used ({os.strerror(error.errno or 0)}): "
                    "stop the program that has it, or set HUGGABLE_HTTP_PORT to another (0 = any)"
                ) from None
            time.sleep(LET_GO_POLL_S)


def _run(
    journal: Journal, listener: socket.socket, key: str, asked: argparse.Namespace, environ: Mapping[str, str]
) -> None:
    """Serve until SIGTERM, SIGINT or (as a child) the end of standard input."""
    port = listener.getsockname()[1]
    hosts = [f"{name}:{port}" for name in (LOOPBACK, "localhost", "[::1]")]
    app = create_app(journal, hosts=hosts, key=key, cookie=f"huggable_{port}")
    server = WSGIServer(listener, app, log=None, spawn=CONNECTIONS, handler_class=Visit)
    over = _over(child=asked.child)
    gevent.spawn(keep_telling, app, Bell(journal, BELL))
    server.start()
    address = f"http://{LOOPBACK}:{port}/?key={key}"
    print(f"page: {address}", flush=True)
    if asked.open and _has_display(environ):
        gevent.get_hub().threadpool.spawn(webbrowser.open, address)
    over.wait()
    server.stop(STOP_S)


def _over(*, child: bool) -> Event:
    """Return what is set when it is time to end: by SIGTERM, SIGINT or (as a child) the end of standard input."""
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, over.set)
    if child:
        gevent.spawn(_end_of_input, over)
    return over


def _end_of_input(over: Event) -> None:
    while tp_read(sys.stdin.fileno(), 1024):
        continue
    over.set()


def _has_display(environ: Mapping[str, str]) -> bool:
    """Say whether a browser would open in a window, and is wanted."""
    if environ.get("HUGGABLE_NO_BROWSER") == "1":
        return False
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
