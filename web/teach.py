"""Teaching a pillow from its page at home: what an owner may ask, and what the card is told.

Its law: raw motion goes to an owner who has the card open, and to nobody else; making it starts nothing.
"""

from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from flask_socketio import SocketIO  # type: ignore[import-untyped]

from bridge import takes, wishes
from bridge.journal import Journal, Row
from web.guests import OWNER, Visitor
from web.lesson import Wanted, lesson_of, read
from web.press import Refusal
from web.viewers import Viewers

ROOM = "teach"  # those who have the card open
WAVES_S = 0.1  # ten times a second is smooth for a curve that scrolls
BEGIN_S = 10.0  # for a recording that the journal knows of to have a file
WATCHED = 100  # wishes whose end somebody waits for


class Teach:
    """The card's events.

    Args:
        journal: where wishes go, and what is shown.
        socketio: to tell the card.
        viewers: whose events these are.
    """

    def __init__(self, journal: Journal, socketio: SocketIO, viewers: Viewers) -> None:
        self._journal, self._socketio = journal, socketio
        self._data = Path(journal.path).parent
        self._watched: dict[int, tuple[str, Row]] = {}  # wish -> who asked, what
        self._shown: dict[str, Row] = {}  # what was told last of each pillow
        self._waving: set[int] = set()  # takes that are being told
        viewers.on("lesson", OWNER, self.open)
        viewers.on("teach", OWNER, self.ask)

    def open(self, said: Any, _visitor: Visitor, sid: str) -> dict[str, Any]:
        """Somebody opens the card (`open`: true) or closes it. Returns how teaching stands with each pillow."""
        if not isinstance(said, dict) or type(said.get("open")) is not bool:
            raise Refusal("Expected whether the card is open.")
        if not said["open"]:
            self._socketio.server.leave_room(sid, ROOM)
            return {}
        self._socketio.server.enter_room(sid, ROOM)
        return {"lessons": [lesson_of(self._journal, row) for row in self._journal.pillows()]}

    def ask(self, said: Any, visitor: Visitor, sid: str) -> dict[str, Any]:
        """Make a wish of what the card asks for. Returns `{"wish": number}`."""
        asked: Wanted = read(said, self._journal.pillows())
        wish = wishes.make(self._journal, asked.pillow, asked.kind, asked.body, visitor.name or "page", asked.seconds)
        if len(self._watched) < WATCHED:
            self._watched[wish] = (sid, {"kind": asked.kind, "until_ms": wishes.now_ms() + 1000 * asked.seconds})
        return {"wish": wish}

    # -- what is told ---------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Tell what is new since the last time; to be called whenever the journal may have changed."""
        self._tell_ends()
        if not self._is_watched():
            self._shown.clear()
            return
        for pillow in self._journal.pillows():
            lesson = lesson_of(self._journal, pillow)
            if lesson != self._shown.get(pillow["pillow"]):
                self._shown[pillow["pillow"]] = lesson
                self._socketio.emit("lesson", lesson, to=ROOM)
            if lesson["recording"] and lesson["recording"] not in self._waving:
                self._waving.add(lesson["recording"])
                self._socketio.start_background_task(self._wave, pillow["pillow"], lesson["recording"])

    def _is_watched(self) -> bool:
        return any(True for _ in self._socketio.server.manager.get_participants("/", ROOM))

    def _tell_ends(self) -> None:
        for wish, (sid, asked) in list(self._watched.items()):
            found = self._journal.wish(wish) or {"outcome": wishes.EXPIRED, "why": "it is gone"}
            outcome = found["outcome"] or (wishes.EXPIRED if wishes.now_ms() > asked["until_ms"] else "")
            if outcome:
                del self._watched[wish]
                end = {"wish": wish, "kind": asked["kind"], "outcome": outcome, "why": found["why"]}
                self._socketio.emit("taught", end, to=sid)

    def _wave(self, pillow: str, number: int) -> None:
        """Tell a recording's samples while they come."""
        offset = first = 0
        idle_s = 0.0
        while idle_s < BEGIN_S and self._is_watched():
            found = next((take for take in self._journal.takes(pillow) if take["take"] == number), None)
            if found is None:
                break
            samples, offset = self._news(found["file"], offset)
            if samples:
                told = {"pillow": pillow, "take": number, "first": first, "samples": samples}
                self._socketio.emit("waves", told, to=ROOM)
            first += len(samples)
            idle_s = 0.0 if samples else idle_s + WAVES_S
            if found["outcome"] and not samples:
                break
            gevent.sleep(WAVES_S)
        self._waving.discard(number)

    def _news(self, file: str, offset: int) -> tuple[list[takes.Sample], int]:
        try:
            return takes.tail(takes.folder(self._data) / file, offset)
        except OSError:
            return [], offset  # it went wrong, and was taken away
