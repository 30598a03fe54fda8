"""The page as a WSGI application: what can be fetched, and the live part, behind one gate.

Its law: making it starts nothing; whoever runs it also runs `keep_telling`.
"""

import logging
import sqlite3
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import gevent  # type: ignore[import-untyped]
from flask import Flask, Response, render_template, request, send_from_directory
from flask.json.provider import JSONProvider
from flask_socketio import SocketIO  # type: ignore[import-untyped]
from werkzeug.exceptions import BadRequest, HTTPException

from bridge import wishes
from bridge.bell import Bell
from bridge.journal import PAGE_ROWS, Journal
from web import strict_json, view
from web.bucket import Bucket
from web.channel import Channel
from web.feed import SLOW_POLL_S, Feed
from web.gate import BODY_BYTES, SOCKET_IO, VISITOR, App, Environ, Gate, StartResponse
from web.guests import HUGGER, Guests
from web.household import Household
from web.owner import Owner, add_export
from web.teach import Teach
from web.viewers import TOO_MANY, Viewers
from web.wishing import Wishing

PING_S = 10  # a dead link shows on both sides within twice this
CLIENT = Path(__file__).parent / "node_modules" / "socket.io-client" / "dist"  # `make setup` brings it
LOG_BURST, LOG_PER_S = 10, 0.2  # who sends rubbish does not fill the log with it
DAY_MS_MOST = 49 * 3600 * 1000  # the longest day there is has 25 hours; twice that is a mistake


class StrictProvider(JSONProvider):
    """Flask's JSON, without NaN."""

    dumps = staticmethod(strict_json.dumps)
    loads = staticmethod(strict_json.loads)


class Doorway:
    """Between the gate and Socket.IO: new sessions only while there is room for them."""

    def __init__(self, inner: App, viewers: Viewers) -> None:
        self._inner, self._viewers = inner, viewers

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer 503 to one too many."""
        knocks = environ["PATH_INFO"].startswith(SOCKET_IO)
        is_new = knocks and "sid" not in parse_qs(environ.get("QUERY_STRING", ""))
        if is_new and self._viewers.is_full(environ[VISITOR] is not None):
            start_response("503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8")])
            return [TOO_MANY.encode()]
        return self._inner(environ, start_response)


class Page(Flask):
    """The page with its parts in the open, for whoever runs it."""

    socketio: SocketIO
    feed: Feed
    viewers: Viewers
    teach: Teach | None  # at home


def create_app(
    journal: Journal,
    *,
    hosts: Iterable[str],
    key: str,
    cookie: str = "huggable",
    public: str = "",
    is_away: bool = False,
    shares: bool = False,
) -> Page:
    """Return the page.

    Args:
        journal: read through this connection, and wishes are written through it.
        hosts: every `host:port` by which the page may be called.
        key: what opens it for an owner.
        cookie: the name of the cookie by which a browser is known again; one per port.
        public: the origin of a proxy with TLS in front of it, such as `https://cloud.example`; '' for none.
        is_away: there is no bridge on this machine: wishes travel.
        shares: other page machines have to know of invitations, too.
    """
    app = Page(__name__)
    app.json = StrictProvider(app)
    app.socketio = _socketio(app)
    app.feed = Feed(journal, is_away)
    guests = Guests(journal, key)
    gate = Gate(app.wsgi_app, hosts, guests, cookie, public)
    app.viewers = Viewers(app.socketio, journal, app.feed, guests)
    Owner(journal, guests, app.viewers, public, is_away, shares)
    Wishing(journal, app.viewers, is_away)
    if not is_away:  # away there is no bridge to do any of this
        app.viewers.on("press", HUGGER, app.viewers.press)
        Household(journal, app.viewers)
    app.teach = None if is_away else Teach(journal, app.socketio, app.viewers)
    gate.inner = Doorway(app.wsgi_app, app.viewers)
    app.wsgi_app = gate  # type: ignore[method-assign]
    _add_pages(app, journal)
    add_export(app, journal)
    app.register_error_handler(HTTPException, _in_words)
    return app


def _socketio(app: Flask) -> SocketIO:
    """Return the Socket.IO server; its engine gets our WebSocket (its own loses what a slow page does not take)."""
    log = _quiet_log()
    socketio = SocketIO(
        app,
        async_mode="gevent",
        json=strict_json,
        cors_allowed_origins="*",  # the gate in front has checked; the library's own check trusts the Host header
        max_http_buffer_size=BODY_BYTES,
        ping_interval=PING_S,
        ping_timeout=PING_S,
        http_compression=False,
        logger=log,
        engineio_logger=log,
        manage_session=False,
    )
    engine = socketio.server.eio
    engine._async = {**engine._async, "websocket": Channel}
    return socketio


def _quiet_log() -> logging.Logger:
    """Return a log that tells a fault of a message in one line: a bad message is foreseen, and is no traceback."""
    log = logging.getLogger("huggable.page")
    log.propagate = False
    log.setLevel(logging.ERROR)
    if not log.handlers:
        log.addHandler(logging.StreamHandler(sys.stderr))
        log.addFilter(_in_one_line)
    return log


_LOG_PACE = Bucket(LOG_BURST, LOG_PER_S)


def _in_one_line(record: logging.LogRecord) -> bool:
    if not _LOG_PACE.take(time.monotonic()):
        return False
    if record.exc_info and record.exc_info[1]:
        record.msg, record.args = f"page: {record.getMessage()}: {record.exc_info[1]!r}", ()
        record.exc_info = None
    return True


def _add_pages(app: Page, journal: Journal) -> None:
    """Add what can be fetched."""

    @app.get("/")
    def page() -> str:
        return render_template("page.html", at_home=app.teach is not None)

    @app.get("/vendor/socket.io.js")
    def client() -> Response:
        return send_from_directory(CLIENT, "socket.io.min.js")

    @app.get("/api/state")
    def state() -> dict[str, Any]:
        return view.state_of(journal, journal.newest_row(), wishes.now_ms())

    @app.get("/api/reports")
    def reports() -> list[dict[str, Any]]:
        after, limit = _number("after", 0), _number("limit", PAGE_ROWS)
        return [view.report_of(row) for row in journal.rows_after(after, limit)]

    @app.get("/api/day")
    def day() -> dict[str, Any]:
        start, end = _number("start"), _number("end")
        if not start <= end <= start + DAY_MS_MOST:
            raise BadRequest("Expected start and end of one day, as Unix time in ms.")
        return view.day_of(journal, start, end)


def _number(name: str, default: int | None = None) -> int:
    """Return a whole number from the query.

    Raises:
        BadRequest: it is no number from 0 to 2^53, or is missing without a default.
    """
    said = request.args.get(name, default)
    try:
        number = int(str(said)[:17])
    except ValueError:
        number = -1
    if not 0 <= number <= 2**53:
        raise BadRequest(f"Expected {name}=NUMBER, got {said!r}.")
    return number


def _in_words(error: HTTPException) -> tuple[str, int, dict[str, str]]:
    """Answer an error with its sentence, never with a page of somebody else's."""
    return f"{error.description}\n", error.code or 500, {"Content-Type": "text/plain; charset=utf-8"}


def keep_telling(app: Page, bell: Bell) -> None:
    """Tell the viewers what is new, for ever: at each ring of the bell, and now and then without."""
    while True:
        bell.wait(SLOW_POLL_S)
        try:
            _tell_news(app)
        except sqlite3.Error as error:
            print(f"page: the journal cannot be read ({error}); trying again", file=sys.stderr)
            gevent.sleep(SLOW_POLL_S)
        app.viewers.tidy(time.monotonic())


def _tell_news(app: Page) -> None:
    """Tell what is new, resting after each piece for as long as it took: what is queued must also be sent."""
    began_s = time.monotonic()
    for event, told in app.feed.news():
        app.viewers.tell(event, told)
        gevent.sleep(time.monotonic() - began_s)
        began_s = time.monotonic()
    app.viewers.tell_ends()
    if app.teach:
        app.teach.tell()
