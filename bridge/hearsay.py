"""How things stand at a home that is elsewhere, as far as word of it has come."""

from bridge.cloudevents import State
from bridge.standing import Standing
from bridge.store import Row


class Hearsay(Standing):
    """The part of the journal that only a machine away from home needs."""

    def believe(self, state: State, heard_ms: int) -> bool:
        """Take in how a pillow is, unless a newer word of it has come. Returns whether it was taken in.

        Args:
            state: by its home.
            heard_ms: when the home said so, by this side's clock.
        """
        known = self._rows("SELECT link, since_ms, stamp FROM pillow WHERE pillow = ?", (state.pillow,))
        before: Row = known[0] if known else {"link": "", "since_ms": 0, "stamp": 0}
        if state.stamp < before["stamp"] or not self.has_room(state.pillow):
            return False
        last_seen_ms = heard_ms if state.link else state.last_seen_ms
        self._db.execute(
            "INSERT INTO pillow (pillow, name, gesture, since_ms, last_seen_ms, link, late, version, stamp)"
            " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET name = excluded.name, gesture = excluded.gesture,"
            " since_ms = excluded.since_ms, last_seen_ms = excluded.last_seen_ms, link = excluded.link,"
            " late = excluded.late, version = excluded.version, stamp = excluded.stamp",
            (
                *(state.pillow, state.name, state.gesture, state.since_ms, last_seen_ms),
                *(state.link, state.late, state.version, state.stamp),
            ),
        )
        if self.settings(state.pillow).get("quiet") != state.quiet:
            self.set_setting(state.pillow, "quiet", state.quiet, "home", heard_ms)
        if bool(state.link) != bool(before["link"]):
            self._presence(state.pillow, max(state.since_ms, before["since_ms"]), here=int(bool(state.link)))
        return True

    def fall_silent(self, before_ms: int) -> None:
        """What was last heard of before a moment is not known any more: it shows as `notconnected` since then."""
        for pillow in self.pillows():
            if pillow["link"] and pillow["last_seen_ms"] < before_ms:
                self.leave(pillow["pillow"], pillow["last_seen_ms"])

    def row_of(self, pillow: str, boot: int, seq: int) -> int:
        """Return the row of a report here, 0 when there is none: on each machine rows have numbers of their own."""
        found = self._rows("SELECT row FROM report WHERE pillow = ? AND boot = ? AND seq = ?", (pillow, boot, seq))
        return int(found[0]["row"]) if found else 0

    def is_new(self, pillow: str) -> bool:
        """Say whether no report of a pillow was ever held."""
        return not self._rows("SELECT 1 FROM mark WHERE pillow = ? LIMIT 1", (pillow,))

    def begin(self, pillow: str, boot: int, seq: int) -> None:
        """Begin the history of a new pillow behind a report: what came before was never for this journal."""
        self._db.execute("INSERT INTO mark (pillow, boot, seq) VALUES (?,?,?)", (pillow, boot, seq))
