"""How things stand now: each pillow, what stalls, what a board said, who wants to be rung, what was set."""

import json
from collections.abc import Mapping

from bridge.store import Row, Store

WAKES = "wakes"  # the setting that says when a pillow that sleeps should be heard again, Unix time in ms
CONSOLE_ROWS = 1_000  # the console is for looking at what just happened
PILLOWS = 256  # known to one home: far more than there are, and a bound for one that lies about who it is
PRESENCE_ROWS = 10_000  # a month of a link that comes and goes every five minutes


class Standing(Store):
    """The part of the journal that is overwritten."""

    # -- how each pillow is now -------------------------------------------------------------------------------

    def arrive(self, pillow: str, link: str, at_ms: int, **facts: str | int) -> None:
        """A pillow is heard on a link; `facts` are columns of table pillow (boot, version, cause).

        What it does is shown when it says so. One that is not known is passed over when there is no room.
        """
        if not self.has_room(pillow):
            return
        self._db.execute(
            "INSERT INTO pillow (pillow, name, gesture, since_ms, last_seen_ms, link)"
            " VALUES (?, ?, 'notconnected', ?, ?, '') ON CONFLICT DO NOTHING",
            (pillow, f"cloud {pillow[:4]}", at_ms, at_ms),
        )
        (before,) = self._rows("SELECT link, boot FROM pillow WHERE pillow = ?", (pillow,))
        self.note(pillow, link=link, last_seen_ms=at_ms, **facts)
        if not before["link"]:
            self._presence(pillow, at_ms, here=1)
        elif facts.get("boot", before["boot"]) != before["boot"]:
            self.show(pillow, "notconnected", at_ms)

    def has_room(self, pillow: str) -> bool:
        """Say whether a pillow is known, or one more can be."""
        if self._rows("SELECT 1 FROM pillow WHERE pillow = ?", (pillow,)):
            return True
        return int(self._db.execute("SELECT count(*) FROM pillow").fetchone()[0]) < PILLOWS

    def leave(self, pillow: str, at_ms: int) -> None:
        """A pillow is not heard any more: it shows as `notconnected`."""
        changed = self._db.execute(
            "UPDATE pillow SET gesture = 'notconnected', since_ms = ?, last_seen_ms = ?, link = '', late = 0"
            " WHERE pillow = ? AND link != ''",
            (at_ms, at_ms, pillow),
        )
        if changed.rowcount:
            self._presence(pillow, at_ms, here=0)

    def sleep(self, pillow: str, at_ms: int, wakes_ms: int) -> None:
        """A pillow went to sleep: it shows as `sleeping` until it is heard again, or has not woken when it should."""
        self.set_setting(pillow, WAKES, wakes_ms, "bridge", at_ms)
        self.leave(pillow, at_ms)
        self._db.execute("UPDATE pillow SET gesture = 'sleeping' WHERE pillow = ? AND link = ''", (pillow,))

    def oversleep(self, now_ms: int) -> None:
        """What should have woken before now and was not heard is not sleeping: it shows as `notconnected`."""
        self._db.execute(
            "UPDATE pillow SET gesture = 'notconnected', since_ms = ? WHERE gesture = 'sleeping' AND pillow NOT IN"
            " (SELECT pillow FROM setting WHERE name = ? AND CAST(value AS INTEGER) > ?)",
            (now_ms, WAKES, now_ms),
        )

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
        """Set columns of table pillow (name, late, boot, version, cause, missed, free, garbled, model)."""
        if facts:
            columns = ", ".join(f"{column} = :{column}" for column in facts)
            self._db.execute(f"UPDATE pillow SET {columns} WHERE pillow = :id", {**facts, "id": pillow})

    def pillows(self) -> list[Row]:
        """Return every pillow ever met, as rows of table pillow, by name."""
        return self._rows("SELECT * FROM pillow ORDER BY name, pillow")

    def disown(self, pillow: str) -> None:
        """A pillow that is not connected is of this home no more: it is in no list, and nothing is set of it."""
        gone = self._db.execute("DELETE FROM pillow WHERE pillow = ? AND link = ''", (pillow,))
        if gone.rowcount:
            self._db.execute("DELETE FROM setting WHERE pillow = ?", (pillow,))

    def _presence(self, pillow: str, at_ms: int, here: int) -> None:
        self._add_capped("presence", PRESENCE_ROWS, {"pillow": pillow, "at_ms": at_ms, "here": here})

    def presence_between(self, start_ms: int, end_ms: int) -> list[Row]:
        """Return the comings (here = 1) and goings (0) in [start_ms, end_ms), in order."""
        return self._rows(
            "SELECT pillow, at_ms, here FROM presence WHERE at_ms >= ? AND at_ms < ? ORDER BY row",
            (start_ms, end_ms),
        )

    # -- console, troubles, bells --------------------------------------------------------------------

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
        """Return what stalls now: name, since_ms, sentence; of several with the same sentence, the first."""
        return self._rows(
            "SELECT name, min(since_ms) AS since_ms, sentence FROM trouble GROUP BY sentence ORDER BY since_ms, name"
        )

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

    # -- settings ---------------------------------------------------------------------------------------------

    def set_setting(self, pillow: str, name: str, value: object, who: str, at_ms: int) -> int:
        """Keep what somebody set of a pillow ('' for the home). Returns its version, which rises with each."""
        found = self._rows("SELECT version FROM setting WHERE pillow = ? AND name = ?", (pillow, name))
        version = int(found[0]["version"]) + 1 if found else 1
        self._db.execute(
            "INSERT OR REPLACE INTO setting (pillow, name, value, version, who, at_ms) VALUES (?,?,?,?,?,?)",
            (pillow, name, json.dumps(value, allow_nan=False), version, who, at_ms),
        )
        return version

    def setting(self, pillow: str, name: str) -> Row | None:
        """Return one setting as a row of table setting, its value decoded; None when it was never set."""
        rows = self._rows("SELECT * FROM setting WHERE pillow = ? AND name = ?", (pillow, name))
        return {**rows[0], "value": json.loads(rows[0]["value"])} if rows else None

    def settings(self, pillow: str) -> Row:
        """Return what is set of a pillow: name -> value."""
        rows = self._rows("SELECT name, value FROM setting WHERE pillow = ? ORDER BY name", (pillow,))
        return {row["name"]: json.loads(row["value"]) for row in rows}

    def each_setting(self, name: str) -> Row:
        """Return what is set under this name of each pillow: pillow -> value."""
        rows = self._rows("SELECT pillow, value FROM setting WHERE name = ? ORDER BY pillow", (name,))
        return {row["pillow"]: json.loads(row["value"]) for row in rows}
