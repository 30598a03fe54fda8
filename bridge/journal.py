"""The append-only log with its cursors, and how things stand now: the one file that knows SQL.

Its law: a report is in it at most once, in order, and is committed with `synchronous=FULL` before anybody is told.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge import steps
from bridge.report import Dated, Gap, Past, Report
from bridge.schema import STEPS

Row = dict[str, Any]

BUSY_MS = 2_000  # another program may hold the file for a moment (a backup, a wish); longer is a trouble to tell
WAL_AGAIN_MS = 20
PAGE_ROWS = 500  # rows handed out at once: about 100 kB of JSON
KEEP_DAYS = 30  # how long reports are kept; a family looks back on a month
KEEP_BYTES = 2**30  # of disk for the journal: some six million reports
TRIM_ROWS = 2_000  # forgotten in one transaction, so that no commit waits long for it
CONSOLE_ROWS = 1_000  # the console is for looking at what just happened
PRESENCE_ROWS = 10_000  # a month of a link that comes and goes every five minutes
ENDED_WISHES = 1_000  # enough to look back on; the open ones are never cut


class JournalNewer(Exception):
    """The file was written by a newer version of this program."""


class Journal:
    """One connection to a journal file.

    Args:
        path: the database file; made when it is not there.
        read_only: open for looking only.

    Raises:
        JournalNewer: the file's `user_version` is above what this program knows.
        sqlite3.Error: the file cannot be opened or is no database.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(read_only)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        self._switch_to_wal()
        self._db.execute("PRAGMA synchronous=FULL")
        self._build()
        if read_only:
            self._db.execute("PRAGMA query_only=1")

    def _switch_to_wal(self) -> None:
        """A new file is switched once; that does not wait for others who switch it, so it is tried again."""
        for _ in range(BUSY_MS // WAL_AGAIN_MS):
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode=WAL")
                return
            time.sleep(WAL_AGAIN_MS / 1000)
        self._db.execute("PRAGMA journal_mode=WAL")

    def _build(self) -> None:
        """Bring an older file up to date, each step in one transaction."""
        if self._version() > len(STEPS):
            raise JournalNewer(f"{self.path} was written by a newer version: update this program")
        while (version := self._version()) < len(STEPS):
            begin = f"BEGIN IMMEDIATE; PRAGMA user_version={version + 1};"
            try:
                self._db.executescript(begin + STEPS[version] + "; COMMIT;")
            except sqlite3.OperationalError:
                self._db.rollback()
                if self._version() == version:  # not just another program that built it first
                    raise

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection; the journal stays as it is."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commit at the end, roll back on any exception (which goes on to the caller)."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: undo only this part when it raises (the exception goes on to the caller)."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO part")
            raise
        finally:
            if self._db.in_transaction:
                self._db.execute("RELEASE part")

    # -- reports ----------------------------------------------------------------------------------------------

    def append(self, entries: Iterable[Dated]) -> dict[tuple[str, int], int]:
        """Append what comes next of each boot and pass over the rest (repeated, or behind a hole).

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
        if isinstance(said, Report) and not entry.late:
            self.show(said.pillow, said.gesture, entry.at_ms)

    def mark(self, pillow: str, boot: int) -> int:
        """Return the highest seq held of a boot, 0 when none is."""
        found = self._db.execute("SELECT seq FROM mark WHERE pillow = ? AND boot = ?", (pillow, boot)).fetchone()
        return int(found[0]) if found else 0

    def recall(self, pillow: str, boot: int) -> Past:
        """Return what is held of one boot: its highest seq, its nonce, its clock."""
        before = self._db.execute(
            "SELECT max(at_ms - err_ms) FROM report WHERE pillow = ? AND boot < ?", (pillow, boot)
        )
        not_before_ms = before.fetchone()[0] or 0
        found = self._rows("SELECT seq, nonce, anchors FROM mark WHERE pillow = ? AND boot = ?", (pillow, boot))
        if not found:
            return Past(not_before_ms=not_before_ms)
        anchors = tuple(tuple(anchor) for anchor in json.loads(found[0]["anchors"]))
        return Past(found[0]["seq"], found[0]["nonce"], anchors, not_before_ms)

    def note_boot(self, pillow: str, boot: int, nonce: str, anchors: list[tuple[int, int, int]]) -> None:
        """Keep a boot's nonce and clock anchors."""
        self._db.execute(
            "INSERT INTO mark (pillow, boot, seq, nonce, anchors) VALUES (?,?,0,?,?)"
            " ON CONFLICT DO UPDATE SET nonce = excluded.nonce, anchors = excluded.anchors",
            (pillow, boot, nonce, json.dumps(anchors)),
        )

    def rows_after(self, row: int, limit: int = PAGE_ROWS) -> list[Row]:
        """Return up to `limit` reports and gaps (at most 500) after a row number, in order."""
        return self._rows("SELECT * FROM report WHERE row > ? ORDER BY row LIMIT ?", (row, min(limit, PAGE_ROWS)))

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

    def _forget(self, where: str, values: tuple[int, ...]) -> int:
        oldest = f"SELECT row FROM report WHERE {where} ORDER BY row LIMIT {TRIM_ROWS}"
        return self._db.execute(f"DELETE FROM report WHERE row IN ({oldest})", values).rowcount

    def _bytes_used(self) -> int:
        counts = [
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        ]
        return int((counts[0] - counts[1]) * counts[2])

    # -- how each pillow is now -------------------------------------------------------------------------------

    def arrive(self, pillow: str, link: str, at_ms: int, **facts: str | int) -> None:
        """A pillow is heard on a link; `facts` are columns of table pillow (boot, version, cause)."""
        self._db.execute(
            "INSERT INTO pillow (pillow, name, gesture, since_ms, last_seen_ms, link)"
            " VALUES (?, ?, 'notconnected', ?, ?, '') ON CONFLICT DO NOTHING",
            (pillow, f"cloud {pillow[:4]}", at_ms, at_ms),
        )
        (before,) = self._rows("SELECT link, boot FROM pillow WHERE pillow = ?", (pillow,))
        self.note(pillow, link=link, last_seen_ms=at_ms, **facts)
        if not before["link"]:
            self._presence(pillow, at_ms, here=1)
        if not before["link"] or facts.get("boot", before["boot"]) != before["boot"]:
            self.show(pillow, "neutral", at_ms)  # until it says how it is

    def leave(self, pillow: str, at_ms: int) -> None:
        """A pillow is not heard any more: it shows as `notconnected`."""
        changed = self._db.execute(
            "UPDATE pillow SET gesture = 'notconnected', since_ms = ?, last_seen_ms = ?, link = '', late = 0"
            " WHERE pillow = ? AND link != ''",
            (at_ms, at_ms, pillow),
        )
        if changed.rowcount:
            self._presence(pillow, at_ms, here=0)

    def leave_all(self, at_ms: int) -> None:
        """Nothing is connected: what a bridge says when it starts."""
        for pillow in self.pillows():
            self.leave(pillow["pillow"], at_ms)

    def show(self, pillow: str, gesture: str, since_ms: int) -> None:
        """Make `gesture` what a connected pillow shows; nothing changes when it shows that already."""
        self._db.execute(
            "UPDATE pillow SET gesture = ?, since_ms = ? WHERE pillow = ? AND gesture != ? AND link != ''",
            (gesture, since_ms, pillow, gesture),
        )

    def note(self, pillow: str, **facts: str | int) -> None:
        """Set columns of table pillow (name, late, boot, version, cause, missed, free, garbled)."""
        if facts:
            columns = ", ".join(f"{column} = :{column}" for column in facts)
            self._db.execute(f"UPDATE pillow SET {columns} WHERE pillow = :id", {**facts, "id": pillow})

    def pillows(self) -> list[Row]:
        """Return every pillow ever met, as rows of table pillow, by name."""
        return self._rows("SELECT * FROM pillow ORDER BY name, pillow")

    def _presence(self, pillow: str, at_ms: int, here: int) -> None:
        self._add_capped("presence", PRESENCE_ROWS, {"pillow": pillow, "at_ms": at_ms, "here": here})

    def presence_between(self, start_ms: int, end_ms: int) -> list[Row]:
        """Return the comings (here = 1) and goings (0) in [start_ms, end_ms), in order."""
        return self._rows(
            "SELECT pillow, at_ms, here FROM presence WHERE at_ms >= ? AND at_ms < ? ORDER BY row",
            (start_ms, end_ms),
        )

    # -- console, troubles, cursors, bells --------------------------------------------------------------------

    def say(self, source: str, text: str, at_ms: int) -> None:
        """Keep a line of console (not of the wire) from a port."""
        self._add_capped("console", CONSOLE_ROWS, {"at_ms": at_ms, "source": source, "text": text})

    def console_tail(self, limit: int = 100) -> list[Row]:
        """Return the newest console lines, oldest first."""
        return self._rows("SELECT * FROM console ORDER BY row DESC LIMIT ?", (limit,))[::-1]

    def trouble(self, name: str, sentence: str | None, at_ms: int) -> None:
        """Something stalls (a sentence that says what, and the one thing that fixes it), or no more (None)."""
        if sentence is None:
            self._db.execute("DELETE FROM trouble WHERE name = ?", (name,))
        else:
            self._db.execute(
                "INSERT INTO trouble VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sentence = excluded.sentence",
                (name, at_ms, sentence),
            )

    def troubles(self) -> list[Row]:
        """Return what stalls now: name, since_ms, sentence."""
        return self._rows("SELECT * FROM trouble ORDER BY since_ms, name")

    def clear_troubles(self) -> None:
        """Forget every trouble: what a bridge does when it starts."""
        self._db.execute("DELETE FROM trouble")

    def hang_bell(self, name: str, port: int) -> None:
        """Register a doorbell's UDP port on 127.0.0.1 under a name."""
        self._db.execute(
            "INSERT INTO bell VALUES (?, ?) ON CONFLICT DO UPDATE SET port = excluded.port",
            (name, port),
        )

    def bells(self) -> Mapping[str, int]:
        """Return the UDP port of each named doorbell."""
        return {row["name"]: row["port"] for row in self._rows("SELECT name, port FROM bell")}

    # -- wishes -----------------------------------------------------------------------------------------------

    def add_wish(self, pillow: str, kind: str, body: Row, who: str, made_ms: int, expires_ms: int) -> int:
        """Record a wish before anybody acts on it. Returns its number."""
        self._db.execute(
            "DELETE FROM wish WHERE outcome != '' AND wish <= (SELECT max(wish) FROM wish) - ?",
            (ENDED_WISHES,),
        )
        added = self._db.execute(
            "INSERT INTO wish (pillow, kind, body, who, made_ms, expires_ms) VALUES (?,?,?,?,?,?)",
            (pillow, kind, json.dumps(body, allow_nan=False), who, made_ms, expires_ms),
        )
        return int(added.lastrowid or 0)

    def open_wishes(self) -> list[Row]:
        """Return the wishes that have not ended, oldest first; `body` is decoded."""
        return self._wishes("SELECT * FROM wish WHERE outcome = '' ORDER BY wish")

    def wish(self, wish: int) -> Row | None:
        """Return one wish, or None when there is none of that number."""
        return next(iter(self._wishes("SELECT * FROM wish WHERE wish = ?", (wish,))), None)

    def end_wish(self, wish: int, outcome: str, why: str, at_ms: int) -> None:
        """Give an open wish its one end; a wish that has one keeps it."""
        self._db.execute(
            "UPDATE wish SET outcome = ?, why = ?, ended_ms = ? WHERE wish = ? AND outcome = ''",
            (outcome, why, at_ms, wish),
        )

    def _wishes(self, sql: str, values: tuple[Any, ...] = ()) -> list[Row]:
        return [{**row, "body": json.loads(row["body"])} for row in self._rows(sql, values)]

    # -- plumbing ---------------------------------------------------------------------------------------------

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Row]:
        return [dict(row) for row in self._db.execute(sql, values)]

    def _add_capped(self, table: str, cap: int, values: Row) -> None:
        """Insert into a table that keeps only its newest `cap` rows."""
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        added = self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
        self._db.execute(f"DELETE FROM {table} WHERE row <= ?", (int(added.lastrowid or 0) - cap,))


def _content(said: Report | Gap, first: int) -> tuple[int, str, int, int, int]:
    """Return uptime_ms, gesture, confidence, strength, duration_ms as the table has them."""
    if isinstance(said, Gap):
        older = said.older if first == said.first else 0  # was told with the part that is held already
        return (0, "gap", 0, older, 0)
    return (said.uptime_ms, said.gesture, said.confidence, said.strength, said.ended_ms)


def _why(said: Report | Gap) -> str:
    return said.why if isinstance(said, Gap) else ""
