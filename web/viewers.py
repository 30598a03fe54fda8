"""Everybody who looks on: who is let in, what each still has to be told, what each may ask for.

Its law: a viewer is told every row once and in order; one who cannot keep up is sent away and resumes from its row.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent  # type: ignore[import-untyped]
from flask import request
from flask_socketio import (  # type: ignore[import-untyped]
    ConnectionRefusedError,
    SocketIO,
)

from bridge import wishes
from bridge.journal import Journal
from web.bucket import Bucket
from web.feed import Feed
from web.gate import NO_KEY, VISITOR
from web.guests import OWNER, Guests, Visitor
from web.press import Asked, Refusal, read

LIVE = "live"  # the room of those who have been told everything
VIEWERS = 64  # a home has fewer screens than this
STRANGERS = 16  # connected and no key said yet: programs, for less than a second, and whoever means no good
WAITING_PACKETS = 32  # more than this unsent is a page that does not read; a packet is a page of rows at most
REPLAY_PACKETS = 4  # a replay waits until no more than these are unsent
REPLAY_WAIT_S = 0.01
REPLAY_STALL_S = 10.0  # a page that takes none of its replay for this long is gone
REPLAY_ROWS = 50_000  # about 8 MB; who was away longer is told that it is cut
INTRODUCE_S = 5.0  # time to say the key after connecting
PRESS_BURST, PRESS_PER_S = 10, 2  # fingers are slower
WISH_S = 5.0  # a press that the bridge did not take up by then is over
WISHES_WATCHED = 100  # per program; more are made only by a flood, and then nobody reads the answers

TOO_MANY = "Too many pages are open: close one."
BUSY = "The journal is busy: press again in a moment."
TOO_FAST = "That was too fast: press again in a moment."


Act = Callable[[Any, Visitor, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Viewer:
    visitor: Visitor
    pace: Bucket


class Viewers:
    """The viewers of one page.

    Args:
        socketio: the server that they are connected to.
        journal: where their wishes go.
        feed: what they are told.
        guests: knows who may come in.
    """

    def __init__(self, socketio: SocketIO, journal: Journal, feed: Feed, guests: Guests) -> None:
        self._socketio, self._journal, self._feed, self._guests = socketio, journal, feed, guests
        self._here: dict[str, _Viewer] = {}  # everybody who was let in
        self._strangers: dict[str, float] = {}  # Engine.IO session -> when it must have said its key
        self._watched: dict[int, tuple[str, int]] = {}  # wish -> who asked, when it expires
        self.arrived: Callable[[], None] = lambda: None  # called when somebody was let in
        socketio.on_event("connect", self.admit)
        socketio.on_event("disconnect", self.dismiss)

    def admit(self, auth: Any = None) -> None:
        """Let a viewer in who knows the key, and begin to tell it what it missed.

        Raises:
            ConnectionRefusedError: the key is wrong or missing, or too many are here.
        """
        said = auth if isinstance(auth, dict) else {}
        visitor = self._guests.with_key(said["key"]) if "key" in said else request.environ.get(VISITOR)
        if visitor is None:
            raise ConnectionRefusedError(NO_KEY)
        if len(self._here) >= VIEWERS:
            raise ConnectionRefusedError(TOO_MANY)
        sid = request.sid  # type: ignore[attr-defined]
        self._here[sid] = _Viewer(visitor, Bucket(PRESS_BURST, PRESS_PER_S))
        self._socketio.start_background_task(self._catch_up, sid, said.get("after"), said.get("last"))
        self.arrived()

    def dismiss(self, *_reason: str) -> None:
        """Forget a viewer."""
        self._here.pop(request.sid, None)  # type: ignore[attr-defined]

    def _catch_up(self, sid: str, after: Any, last: Any) -> None:
        """Tell one viewer how things stand and what it missed, then let it hear what all hear."""
        start = self._feed.row
        if here := self._here.get(sid):
            self._socketio.emit("me", {"name": here.visitor.name, "role": here.visitor.role}, to=sid)
        self._socketio.emit("state", self._feed.state(), to=sid)
        self._socketio.emit("wishes", self._feed.wishes(), to=sid)
        self._socketio.emit("health", self._feed.health(), to=sid)
        if isinstance(after, int) and not isinstance(after, bool) and after >= 0:
            start, trimmed = self._feed.start_of_replay(self._feed.row_here(after, last), REPLAY_ROWS)
            if trimmed:
                self._socketio.emit("trimmed", {"trimmed": trimmed}, to=sid)
        row = start
        while page := self._feed.page_after(row):
            if not self._has_room(sid):
                return self._send_away(sid)
            row = page[-1]["row"]
            self._socketio.emit("report", page, to=sid)
        if sid in self._here:  # nothing has run since the last look: the next row is told to the room
            self._socketio.server.enter_room(sid, LIVE)
            if row > start:  # it took a while, and things may stand otherwise by now
                self._socketio.emit("state", self._feed.state(), to=sid)
                self._socketio.emit("wishes", self._feed.wishes(), to=sid)
        return None

    def _has_room(self, sid: str) -> bool:
        """Wait until a viewer has taken nearly all that it was sent; False when it does not."""
        deadline = time.monotonic() + REPLAY_STALL_S
        while self._unsent(sid) >= REPLAY_PACKETS:
            if time.monotonic() > deadline:
                return False
            gevent.sleep(REPLAY_WAIT_S)
        return sid in self._here

    def _unsent(self, sid: str) -> int:
        session = self._sessions.get(self._session_of(sid))
        return session.queue.qsize() if session else 0

    @property
    def _sessions(self) -> dict[str, Any]:
        sessions: dict[str, Any] = self._socketio.server.eio.sockets
        return sessions

    def _session_of(self, sid: str) -> str:
        """Return the name of the Engine.IO session of a viewer, nothing when it has gone."""
        found: str | None = self._socketio.server.manager.eio_sid_from_sid(sid, "/")
        return found or ""

    def _send_away(self, sid: str) -> None:
        session = self._sessions.get(self._session_of(sid))
        if session:
            session.close(wait=False, abort=True)

    # -- for all ----------------------------------------------------------------------------------------------

    def tell(self, event: str, told: Any) -> None:
        """Tell everybody who has caught up; first send away who does not read."""
        for session in list(self._sessions.values()):
            if session.queue.qsize() > WAITING_PACKETS:
                session.close(wait=False, abort=True)
        self._socketio.emit(event, told, to=LIVE)

    def tidy(self, now_s: float) -> None:
        """Send away who connected and never said a key, and who is no guest any more; `now_s` is monotonic."""
        for sid, here in list(self._here.items()):
            if self._guests.again(here.visitor) is None:
                self._send_away(sid)
        known = {self._session_of(sid) for sid in self._here}
        strangers = [name for name in self._sessions if name not in known]
        self._strangers = {name: self._strangers.get(name, now_s + INTRODUCE_S) for name in strangers}
        for name, until_s in self._strangers.items():
            if now_s > until_s and (session := self._sessions.get(name)):
                session.close(wait=False, abort=True)

    def is_watched(self) -> bool:
        """Say whether anybody is here."""
        return bool(self._here)

    def is_full(self, is_known: bool) -> bool:
        """Say whether nobody more may connect; those who have said no key yet must not take the place of others."""
        strangers = len(self._sessions) - len(self._here)
        return len(self._here) >= VIEWERS or strangers >= (VIEWERS if is_known else STRANGERS)

    def on(self, event: str, least: str, act: Act) -> None:
        """Have `act(what was said, who, sid)` answer an event of those who have at least a role.

        Its answer goes back to the page; a Refusal, or a journal that is busy, as `{"error": sentence}`.
        """

        def answer(said: Any = None) -> dict[str, Any]:
            sid = request.sid  # type: ignore[attr-defined]
            try:
                return act(said, self._asking(sid, least), sid)
            except Refusal as refusal:
                return {"error": str(refusal)}
            except sqlite3.OperationalError:
                return {"error": BUSY}

        self._socketio.on_event(event, answer)

    def _asking(self, sid: str, least: str) -> Visitor:
        """Return who asks. Raises Refusal."""
        here = self._here.get(sid)
        visitor = self._guests.again(here.visitor) if here else None
        if here is None or visitor is None or not here.pace.take(time.monotonic()):
            raise Refusal(TOO_FAST)
        if not visitor.may(least):
            raise Refusal(f"Only a{'n' if least == OWNER else ''} {least} may do that.")
        return visitor

    # -- wishes -----------------------------------------------------------------------------------------------

    def press(self, said: Any, visitor: Visitor, sid: str) -> dict[str, Any]:
        """Make a wish of a press on the virtual pillow. Returns `{"wish": number}`."""
        return {"wish": self._wish(read(said, self._journal.pillows()), sid)}

    def _wish(self, asked: Asked, sid: str) -> int:
        body = {"act": asked.act, "seconds": asked.seconds}
        wish = wishes.make(self._journal, asked.pillow, "press", body, "page", WISH_S)
        if len(self._watched) < WISHES_WATCHED:
            self._watched[wish] = (sid, wishes.now_ms() + round(WISH_S * 1000))
        return wish

    def tell_ends(self) -> None:
        """Tell each who wished something that did not come true why not."""
        for wish, (sid, until_ms) in list(self._watched.items()):
            found = self._journal.wish(wish) or {"outcome": wishes.EXPIRED, "why": "it is gone"}
            if not found["outcome"] and wishes.now_ms() <= until_ms:
                continue
            del self._watched[wish]
            outcome = found["outcome"] or wishes.EXPIRED
            self._socketio.emit("wish", {"wish": wish, "outcome": outcome, "why": found["why"]}, to=sid)
