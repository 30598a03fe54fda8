"""The append-only log with its cursors: the one way to what a home keeps, joined from its parts.

Its law: a report is in it at most once, in order, and is committed with `synchronous=FULL` before anybody is told.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from bridge import steps
from bridge.hearsay import Hearsay
from bridge.register import Register
from bridge.report import Dated, Gap, Past, Report
from bridge.store import JournalNewer, Row
from bridge.strict import U32
from bridge.wishbook import Wishbook

__all__ = ["PAGE_ROWS", "Journal", "JournalNewer", "Row", "entry", "settled"]

PAGE_ROWS = 500  # rows handed out at once: about 100 kB of JSON
KEEP_DAYS = 30  # how long reports are kept; a family looks back on a month
KEEP_BYTES = 2**30  # of disk for the journal: some six million reports
MARKS = 4_096  # boots remembered of each pillow; a spool names at most some sixty, and a year has fewer
NEAR_ROWS = 8  # of earlier boots, looked at for when a boot cannot have begun: some are gaps, which know no time
OLDEST_MARK = f"SELECT boot FROM mark WHERE pillow = ? ORDER BY boot DESC LIMIT 1 OFFSET {MARKS - 1}"  # if so many
TRIM_ROWS = 2_000  # forgotten in one transaction, so that no commit waits long for it
FORGETTABLE = {  # table -> the moment that counts; wishes are forgotten in a way of their own
    "report": "heard_ms",
    "presence": "at_ms",
    "console": "at_ms",
    "dead": "at_ms",
    "take": "at_ms",
}
EXPORTED = ("pillow", "presence", "wish", "setting", "take", "console", "trouble")


class Journal(Hearsay, Wishbook, Register):
    """One connection to a journal file; see `Store` for how it is opened and changed."""

    def append(self, entries: Iterable[Dated], live: bool = True) -> dict[tuple[str, int], int]:
        """Append what comes next of each boot and pass over the rest (repeated, or behind a hole).

        Args:
            entries: what was said, in the order in which it was said.
            live: what is not late moves the face; False where the face is told in another way.

        Returns:
            For each (pillow, boot) named, the highest seq now held: what may be acknowledged after the commit.
        """
        marks: dict[tuple[str, int], int] = {}
        for entry in entries:
            said = entry.said
            stream = (said.pillow, said.boot)
            if stream not in marks:
                marks[stream] = self.mark(*stream)
            if said.first <= marks[stream] + 1 <= said.seq:
                self._insert(entry, marks[stream] + 1)
                if not marks[stream]:
                    self._close_boots(said.pillow)
                if live:
                    self._move_face(entry)
                marks[stream] = said.seq
        return marks

    def _insert(self, entry: Dated, first: int) -> None:
        said = entry.said
        self._db.execute(
            "INSERT INTO report (pillow, boot, seq, first, uptime_ms, gesture, confidence, strength, duration_ms,"
            " at_ms, err_ms, late, heard_ms, why) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(said.pillow, said.boot, said.seq, first, *_content(said, first)),
                *(entry.at_ms, entry.err_ms, entry.late, entry.heard_ms, _why(said)),
            ),
        )
        steps.passed("insert")
        self._db.execute(
            "INSERT INTO mark (pillow, boot, seq) VALUES (?,?,?) ON CONFLICT DO UPDATE SET seq = excluded.seq",
            (said.pillow, said.boot, said.seq),
        )

    def _move_face(self, entry: Dated) -> None:
        said = entry.said
        if isinstance(said, Report) and not entry.late:
            self.show(said.pillow, said.gesture, entry.at_ms)

    def mark(self, pillow: str, boot: int) -> int:
        """Return the highest seq held of a boot, 0 when none is; of a boot that is closed, the highest there can be."""
        found = self._db.execute("SELECT seq FROM mark WHERE pillow = ? AND boot = ?", (pillow, boot)).fetchone()
        if found:
            return int(found[0])
        oldest = self._db.execute(OLDEST_MARK, (pillow,)).fetchone()
        return U32 if oldest and boot < oldest[0] else 0

    def _close_boots(self, pillow: str) -> None:
        """Forget the marks of boots before the newest MARKS: nothing of them is taken any more."""
        self._db.execute(f"DELETE FROM mark WHERE pillow = ? AND boot < ({OLDEST_MARK})", (pillow, pillow))

    def recall(self, pillow: str, boot: int) -> Past:
        """Return what is held of one boot: its highest seq, its nonce, its clock."""
        earlier = self._rows(
            "SELECT at_ms - err_ms AS ms FROM report WHERE pillow = ? AND boot < ?"
            " ORDER BY boot DESC, seq DESC LIMIT ?",
            (pillow, boot, NEAR_ROWS),
        )
        not_before_ms = max((row["ms"] for row in earlier), default=0)
        has_room = self.has_room(pillow)
        found = self._rows("SELECT seq, nonce, anchors FROM mark WHERE pillow = ? AND boot = ?", (pillow, boot))
        if not found:
            return Past(self.mark(pillow, boot), not_before_ms=not_before_ms, has_room=has_room)
        anchors = tuple(tuple(anchor) for anchor in json.loads(found[0]["anchors"]))
        return Past(found[0]["seq"], found[0]["nonce"], anchors, not_before_ms, has_room)

    def note_boot(self, pillow: str, boot: int, nonce: str, anchors: list[tuple[int, int, int]]) -> None:
        """Keep a boot's nonce and clock anchors."""
        self._db.execute(
            "INSERT INTO mark (pillow, boot, seq, nonce, anchors) VALUES (?,?,0,?,?)"
            " ON CONFLICT DO UPDATE SET nonce = excluded.nonce, anchors = excluded.anchors",
            (pillow, boot, nonce, json.dumps(anchors)),
        )
        self._close_boots(pillow)

    def rows_after(self, row: int, limit: int = PAGE_ROWS) -> list[Row]:
        """Return up to `limit` reports and gaps (at most 500) after a row number, in order."""
        return self._rows("SELECT * FROM report WHERE row > ? ORDER BY row LIMIT ?", (row, min(limit, PAGE_ROWS)))

    def export(self, table: str) -> list[Row]:
        """Return a whole table of those in EXPORTED, none of which is long; reports are had by `rows_after`.

        Raises:
            ValueError: the table is none of them.
        """
        if table not in EXPORTED:
            raise ValueError(f"expected one of {', '.join(EXPORTED)}, got {table!r}")
        return self._rows(f"SELECT * FROM {table}")

    def rows_between(self, start_ms: int, end_ms: int, limit: int = 5_000) -> list[Row]:
        """Return the newest `limit` reports that happened in [start_ms, end_ms), in the order they happened."""
        newest = self._rows(
            "SELECT * FROM report WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms DESC, row DESC LIMIT ?",
            (start_ms, end_ms, limit),
        )
        return newest[::-1]

    def newest_row(self) -> int:
        """Return the number of the newest row ever written, 0 when there was none."""
        found = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'report'").fetchone()
        return int(found[0]) if found else 0

    def oldest_row(self) -> int:
        """Return the number of the oldest row still kept, or one more than the newest when none is."""
        found = self._db.execute("SELECT min(row) FROM report").fetchone()[0]
        return self.newest_row() + 1 if found is None else int(found)

    def start_rows_after(self, row: int) -> None:
        """Number the rows of a new journal from here on."""
        self._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('report', ?)", (row,))

    # -- cursors and retention ------------------------------------------------------------------------------------

    def cursor(self, name: str) -> int:
        """Return the row up to which a reader is done, 0 when it has not begun."""
        found = self._db.execute("SELECT row FROM cursor WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def move_cursor(self, name: str, row: int, at_ms: int) -> None:
        """A reader is done with everything up to `row`; a cursor never goes back."""
        self._db.execute(
            "INSERT INTO cursor VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
            " SET row = excluded.row, moved_ms = excluded.moved_ms WHERE excluded.row > row",
            (name, row, at_ms),
        )

    def forget_cursor(self, name: str) -> None:
        """A reader will not come back: nothing is kept for it any more."""
        self._db.execute("DELETE FROM cursor WHERE name = ?", (name,))

    def behind(self, name: str) -> int | None:
        """Return how many rows a reader has yet to pass, None when there is no such reader."""
        found = self._db.execute("SELECT row FROM cursor WHERE name = ?", (name,)).fetchone()
        return max(0, self.newest_row() - max(int(found[0]), self.oldest_row() - 1)) if found else None

    def trim(self, before_ms: int, most_bytes: int = KEEP_BYTES) -> int:
        """Forget the oldest reports, a few thousand at a time: those heard before a moment, or beyond a size.

        What a cursor has yet to pass goes only for the size, and only when nothing else is left. Marks stay for ever.

        Args:
            before_ms: Unix time; what was heard earlier is old.
            most_bytes: what the journal may take on disk.

        Returns:
            How many were forgotten.
        """
        passed = self._db.execute("SELECT min(row) FROM cursor").fetchone()[0]
        done = self.newest_row() if passed is None else int(passed)
        forgotten = self._forget("row <= ? AND heard_ms < ?", (done, before_ms))
        if not forgotten and self._bytes_used() > most_bytes:
            forgotten = self._forget("row <= ?", (done,)) or self._forget("true", ())
        return forgotten

    def forget_before(self, until_ms: int) -> None:
        """Forget what was felt, asked and said up to a moment (Unix time in ms), because its owner wants that.

        Marks stay: they are numbers, and without them what a pillow sends again would count as new.
        """
        for table, moment in FORGETTABLE.items():
            self._db.execute(f"DELETE FROM {table} WHERE {moment} <= ?", (until_ms,))
        self.forget_wishes(until_ms)

    def _forget(self, where: str, values: tuple[int, ...]) -> int:
        oldest = f"SELECT row FROM report WHERE {where} ORDER BY row LIMIT {TRIM_ROWS}"
        return self._db.execute(f"DELETE FROM report WHERE row IN ({oldest})", values).rowcount

    def _bytes_used(self) -> int:
        counts = [
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        ]
        return int((counts[0] - counts[1]) * counts[2])


def entry(row: Row) -> Dated:
    """Return a row of table report as what was appended."""
    pillow, boot, seq = row["pillow"], row["boot"], row["seq"]
    said: Report | Gap
    if row["gesture"] == "gap":
        said = Gap(pillow, boot, row["first"], seq, row["why"], row["strength"])
    else:
        fields = (row[name] for name in ("uptime_ms", "gesture", "confidence", "strength", "duration_ms"))
        said = Report(pillow, boot, seq, *fields)
    return Dated(said, row["at_ms"], row["err_ms"], bool(row["late"]), row["heard_ms"])


def _content(said: Report | Gap, first: int) -> tuple[int, str, int, int, int]:
    """Return uptime_ms, gesture, confidence, strength, duration_ms as the table has them."""
    if isinstance(said, Gap):
        older = said.older if first == said.first else 0  # was told with the part that is held already
        return (0, "gap", 0, older, 0)
    return (said.uptime_ms, said.gesture, said.confidence, said.strength, said.ended_ms)


def _why(said: Report | Gap) -> str:
    return said.why if isinstance(said, Gap) else ""


def settled(path: Path) -> Journal:
    """Open the journal for the one program that writes reports, with what is in its log written to the file itself.

    A program that ended because the disk failed may have left commits in the log that the system holds and the disk
    does not, and never will; what was committed after them would be lost with them when power goes away.

    Raises:
        JournalNewer, sqlite3.Error: it cannot be used.
    """
    journal = Journal(path)
    try:
        journal.purge()
    except BaseException:
        journal.close()
        raise
    return journal
