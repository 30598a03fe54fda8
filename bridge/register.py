"""Who was invited, which motions were recorded, and what could never be sent."""

from bridge.store import Row, Store

DEAD_ROWS = 1_000  # to look at; who has more has one cause for all of them


class Register(Store):
    """The part of the journal that people keep."""

    # -- guests -----------------------------------------------------------------------------------------------

    def invite(self, guest: str, name: str, role: str, token: str, made_ms: int, expires_ms: int) -> None:
        """Keep an invitation; `token` is the SHA-256 of what its link says. The same guest again changes nothing."""
        self._db.execute(
            "INSERT INTO guest (guest, name, role, token, made_ms, expires_ms) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT DO NOTHING",
            (guest, name, role, token, made_ms, expires_ms),
        )

    def revoke(self, guest: str, at_ms: int) -> None:
        """Take an invitation back."""
        self._db.execute("UPDATE guest SET ended_ms = ? WHERE guest = ? AND ended_ms = 0", (at_ms, guest))

    def guests(self) -> list[Row]:
        """Return every invitation, the newest first."""
        return self._rows("SELECT * FROM guest ORDER BY made_ms DESC, guest")

    def guest(self, guest: str) -> Row | None:
        """Return one invitation, or None."""
        return next(iter(self._rows("SELECT * FROM guest WHERE guest = ?", (guest,))), None)

    def guest_by_token(self, token: str) -> Row | None:
        """Return the invitation whose link says what has this SHA-256, or None."""
        return next(iter(self._rows("SELECT * FROM guest WHERE token = ?", (token,))), None)

    # -- takes ------------------------------------------------------------------------------------------------

    def add_take(self, pillow: str, label: str, file: str, source: str, at_ms: int) -> int:
        """Begin a recording of motion whose samples are in `file`. Returns its number."""
        added = self._db.execute(
            "INSERT INTO take (pillow, label, file, source, at_ms) VALUES (?,?,?,?,?)",
            (pillow, label, file, source, at_ms),
        )
        return int(added.lastrowid or 0)

    def note_take(self, take: int, **facts: str | int) -> None:
        """Set columns of table take (label, samples, told, outcome)."""
        columns = ", ".join(f"{column} = :{column}" for column in facts)
        self._db.execute(f"UPDATE take SET {columns} WHERE take = :take", {**facts, "take": take})

    def takes(self, pillow: str = "") -> list[Row]:
        """Return the recordings of a pillow, or of all, oldest first."""
        return self._rows("SELECT * FROM take WHERE ? IN ('', pillow) ORDER BY take", (pillow,))

    def forget_take(self, take: int) -> None:
        """Forget a recording; its file is the caller's."""
        self._db.execute("DELETE FROM take WHERE take = ?", (take,))

    # -- dead letters -----------------------------------------------------------------------------------------

    def bury(self, what: str, why: str, content: str, at_ms: int) -> None:
        """Keep what could never be sent or taken in."""
        self._add_capped("dead", DEAD_ROWS, {"what": what, "why": why, "content": content, "at_ms": at_ms})

    def dead_letters(self, limit: int = 100) -> list[Row]:
        """Return the newest of what was buried, newest first."""
        return self._rows("SELECT * FROM dead ORDER BY row DESC LIMIT ?", (limit,))
