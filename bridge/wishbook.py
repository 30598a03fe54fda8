"""What was asked of a pillow or of the bridge, and what has yet to leave this machine.

Its law: a wish has one end, whoever asks for it how often.
"""

import json
from collections.abc import Iterable
from typing import Any

from bridge.store import Row, Store

ENDED_WISHES = 1_000  # enough to look back on; those that are still good are never cut, for they may come again
FORGOTTEN = "forgotten"  # kind of a wish of which only its name and its end are left
OUTBOX_ROWS = 10_000  # waiting under one topic: far more than people ask for while a cloud is out of reach


class Wishbook(Store):
    """The part of the journal that holds wishes and what is to be sent."""

    def add_wish(
        self, pillow: str, kind: str, body: Row, who: str, made_ms: int, expires_ms: int, uid: str = ""
    ) -> int:
        """Record a wish before anybody acts on it. Returns its number.

        Args:
            uid: its name on every machine, of a wish that travels; the same uid again gives the first's number.
        """
        if uid and (known := self.wish_by_uid(uid)):
            return int(known["wish"])
        self._db.execute(
            "DELETE FROM wish WHERE outcome != '' AND expires_ms <= ? AND wish <= (SELECT max(wish) FROM wish) - ?",
            (made_ms, ENDED_WISHES),
        )
        added = self._db.execute(
            "INSERT INTO wish (pillow, kind, body, who, made_ms, expires_ms, uid) VALUES (?,?,?,?,?,?,?)",
            (pillow, kind, json.dumps(body, allow_nan=False), who, made_ms, expires_ms, uid),
        )
        return int(added.lastrowid or 0)

    def open_wishes(self) -> list[Row]:
        """Return the wishes that have not ended, oldest first; `body` is decoded."""
        return self._wishes("SELECT * FROM wish WHERE outcome = '' ORDER BY wish")

    def wish(self, wish: int) -> Row | None:
        """Return one wish, or None when there is none of that number."""
        return next(iter(self._wishes("SELECT * FROM wish WHERE wish = ?", (wish,))), None)

    def wish_by_uid(self, uid: str) -> Row | None:
        """Return the wish that travels under this name, or None."""
        return next(iter(self._wishes("SELECT * FROM wish WHERE uid = ? AND uid != ''", (uid,))), None)

    def wishes(self, pillow: str, limit: int = 20, kinds: Iterable[str] = ()) -> list[Row]:
        """Return the newest wishes about a pillow, of these kinds or of all, newest first, open or ended."""
        named = json.dumps([*kinds])
        wanted = "pillow = ? AND (? = '[]' OR kind IN (SELECT value FROM json_each(?)))"
        newest = f"SELECT * FROM wish WHERE {wanted} ORDER BY wish DESC LIMIT ?"
        return self._wishes(newest, (pillow, named, named, limit))

    def wish_stamp(self) -> tuple[Any, ...]:
        """Return what is another whenever a wish or a setting is; cheap to ask for."""
        found = self._db.execute(
            "SELECT count(*), max(wish), sum(outcome = ''), max(ended_ms), sum(pillow = ''),"
            " (SELECT sum(version) FROM setting) FROM wish"
        )
        return tuple(found.fetchone())

    def last_applied(self, pillow: str, kind: str) -> Row | None:
        """Return the wish of a kind that was applied to a pillow last, or None."""
        newest = (
            "SELECT * FROM wish WHERE pillow = ? AND kind = ? AND outcome = 'applied' ORDER BY ended_ms DESC LIMIT 1"
        )
        return next(iter(self._wishes(newest, (pillow, kind))), None)

    def end_wish(self, wish: int, outcome: str, why: str, at_ms: int) -> None:
        """Give an open wish its one end; a wish that has one keeps it."""
        self._db.execute(
            "UPDATE wish SET outcome = ?, why = ?, ended_ms = ? WHERE wish = ? AND outcome = ''",
            (outcome, why, at_ms, wish),
        )

    def forget_wishes(self, until_ms: int) -> None:
        """Forget what ended up to a moment; of what is still good the name stays, for its ask may come once more."""
        ended = "ended_ms > 0 AND ended_ms <= :until"
        self._db.execute(f"DELETE FROM wish WHERE {ended} AND (uid = '' OR expires_ms <= :until)", {"until": until_ms})
        self._db.execute(
            f"UPDATE wish SET pillow = '', kind = '{FORGOTTEN}', body = '{{}}', who = '', why = '' WHERE {ended}",
            {"until": until_ms},
        )

    def _wishes(self, sql: str, values: tuple[Any, ...] = ()) -> list[Row]:
        return [{**row, "body": json.loads(row["body"])} for row in self._rows(sql, values)]

    # -- outbox -----------------------------------------------------------------------------------------------

    def post(self, topic: str, kind: str, body: Row) -> None:
        """Have something sent: it stays until `posted` says that it was."""
        self._db.execute(
            "INSERT INTO outbox (topic, kind, body) VALUES (?, ?, ?)", (topic, kind, json.dumps(body, allow_nan=False))
        )
        self._db.execute(
            "DELETE FROM outbox WHERE topic = ? AND row <="
            " (SELECT row FROM outbox WHERE topic = ? ORDER BY row DESC LIMIT 1 OFFSET ?)",
            (topic, topic, OUTBOX_ROWS),
        )

    def outbox(self, topic: str, limit: int = 100) -> list[Row]:
        """Return what waits under a topic, oldest first: row, kind, body (decoded)."""
        rows = self._rows("SELECT row, kind, body FROM outbox WHERE topic = ? ORDER BY row LIMIT ?", (topic, limit))
        return [{**row, "body": json.loads(row["body"])} for row in rows]

    def posted(self, topic: str, row: int) -> None:
        """Everything under a topic up to `row` was sent."""
        self._db.execute("DELETE FROM outbox WHERE topic = ? AND row <= ?", (topic, row))
