"""What only an owner may do: invite and take back, carry everything home, have everything forgotten.

Its law: what leaves by the export holds no key and no token.
"""

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden

from bridge import wishes
from bridge.journal import EXPORTED, PAGE_ROWS, Journal, Row
from bridge.kinds import LASTS_S
from web import strict_json
from web.gate import VISITOR
from web.guests import OWNER, Guests, Visitor, read_invitation
from web.press import Refusal
from web.viewers import Viewers

SHOWN = ("guest", "name", "role", "made_ms", "expires_ms", "ended_ms")  # of an invitation: never its token
STREAM = "stream"  # the outbox topic by which other page machines learn of invitations


class Owner:
    """The owner's events on the page.

    Args:
        journal: holds the invitations.
        guests: makes them.
        viewers: whose events these are.
        origin: where guests find the page; '' where none can come.
        is_away: there is no bridge here: wishes travel.
        shares: other page machines have to know, too.
    """

    def __init__(
        self,
        journal: Journal,
        guests: Guests,
        viewers: Viewers,
        origin: str = "",
        is_away: bool = False,
        shares: bool = False,
    ) -> None:
        self._journal, self._guests, self._origin = journal, guests, origin
        self._is_away, self._shares = is_away, shares
        viewers.on("guests", OWNER, self.list)
        viewers.on("invite", OWNER, self.invite)
        viewers.on("revoke", OWNER, self.revoke)
        viewers.on("forget", OWNER, self.forget)

    def list(self, _said: Any, _visitor: Visitor, _sid: str) -> dict[str, Any]:
        """Return every invitation, the newest first, and where they lead."""
        guests = [{name: row[name] for name in SHOWN} for row in self._journal.guests()]
        return {"guests": guests, "origin": self._origin}

    def invite(self, said: Any, visitor: Visitor, sid: str) -> dict[str, Any]:
        """Make an invitation. Returns the list, and the link's key, which nobody can read again."""
        row, token = self._guests.invite(read_invitation(said))
        with self._journal.transaction():
            self._journal.invite(**row)
            self._share("guest", row)
        return {"key": token, **self.list(None, visitor, sid)}

    def revoke(self, said: Any, visitor: Visitor, sid: str) -> dict[str, Any]:
        """Take an invitation back. Returns the list."""
        guest = said.get("guest") if isinstance(said, dict) else None
        if not isinstance(guest, str) or self._journal.guest(guest) is None:
            raise Refusal("There is no such invitation.")
        at_ms = self._guests.now_ms()
        with self._journal.transaction():
            self._journal.revoke(guest, at_ms)
            self._share("revoke", {"guest": guest, "at_ms": at_ms})
        return self.list(None, visitor, sid)

    def forget(self, _said: Any, visitor: Visitor, _sid: str) -> dict[str, Any]:
        """Wish that everything up to now is forgotten, at home and wherever it was sent. Returns `{"wish": number}`."""
        who = visitor.name or "page"
        seconds = LASTS_S["forget"]
        return {"wish": wishes.make(self._journal, "", "forget", {}, who, seconds, from_away=self._is_away)}

    def _share(self, kind: str, body: Row) -> None:
        if self._shares:
            self._journal.post(STREAM, kind, body)


def add_export(app: Flask, journal: Journal) -> None:
    """Add what an owner carries home: everything, a JSON object in each line."""

    @app.get("/api/export")
    def export() -> Response:
        if not request.environ[VISITOR].may(OWNER):
            raise Forbidden("Only an owner may do that.")
        headers = {"Content-Disposition": 'attachment; filename="huggable-cloud.jsonl"'}
        return Response(_lines(journal), content_type="application/x-ndjson", headers=headers)


def _lines(journal: Journal) -> Iterator[str]:
    for table in EXPORTED:
        for row in journal.export(table):
            yield strict_json.dumps({"table": table, **row}) + "\n"
    after = 0
    while page := journal.rows_after(after, PAGE_ROWS):
        after = page[-1]["row"]
        yield "".join(strict_json.dumps({"table": "report", **found}) + "\n" for found in page)
