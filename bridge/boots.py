"""How far a pillow's boots were heard: what is taken in, what is on disk, and when it happened.

Its law: pure; a report is taken only when it is the next of its boot, acknowledged only when told it is on disk, and a
hole is asked for, never skipped.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.clock import Clock, bounded
from bridge.events import Anchored, Beaten, Event, Missed, Repeated, Said
from bridge.owed import Owed
from bridge.report import Beat, Dated, Gap, Hello, Past, Report

NEED_MS = 300  # a hole is asked for once per flight of reports, not once per report behind it
LATE_MS = 2_500  # as long as it takes to notice silence: what comes later than this is no news for the face
BOOTS = 128  # in mind at once: a full spool names half as many


@dataclass(slots=True)
class _Boot:
    """Where one boot's reports stand in this conversation."""

    accepted: int  # highest seq taken in
    committed: int  # highest seq on disk
    clock: Clock
    not_before_ms: int
    told_need_ms: int | None = None


class Boots:
    """The boots of the pillow that is there, as far as this conversation has to do with them.

    Args:
        recall: what the journal holds of (pillow, boot); asked once per boot.
        owed: where it puts which reports are to be acknowledged, and which are asked for.
    """

    def __init__(self, recall: Callable[[str, int], Past], owed: Owed) -> None:
        self._recall = recall
        self._owed = owed
        self._hello: Hello | None = None
        self._boots: dict[int, _Boot] = {}
        self._beaten_seq = 0  # the newest report's seq as the beat before said it

    def __len__(self) -> int:
        return len(self._boots)

    def greet(self, hello: Hello) -> None:
        """This pillow is there, in this boot, and believed."""
        if self._hello is None or (self._hello.pillow, self._hello.boot) != (hello.pillow, hello.boot):
            self._boots.clear()
            self._beaten_seq = 0
        self._hello = hello
        for number, boot in self._boots.items():  # what went over another link meanwhile is in the journal
            boot.committed = max(boot.committed, self._recall(hello.pillow, number).seq)
            boot.accepted = max(boot.accepted, boot.committed)

    # -- reports --------------------------------------------------------------------------------------------------

    def take(self, said: Report | Gap, mono_ms: int, wall_ms: int) -> list[Event]:
        """Take in what a pillow says of this boot or an earlier one, if it is the next."""
        boot = self._boot(said.boot)
        if said.seq <= boot.accepted:
            self._owed.acks[said.boot] = boot.committed
            return [Repeated(said.boot, said.seq)]
        if said.first > boot.accepted + 1:
            self._need(said.boot, boot, mono_ms)
            return [Missed(said.boot, said.first - boot.accepted - 1)]
        dated = self._date(said, boot, wall_ms)
        if dated is None:
            return []  # its clock is not known yet; it will come again
        self._owed.needs.pop(said.boot, None)
        boot.accepted = said.seq
        return [Said(dated)]

    def committed(self, number: int, seq: int) -> None:
        """The journal holds everything of a boot up to `seq` on disk: acknowledge it."""
        boot = self._boot(number)
        boot.committed = max(boot.committed, seq)
        boot.accepted = max(boot.accepted, seq)
        self._owed.acks[number] = boot.committed

    def uncommitted(self, number: int) -> None:
        """Something taken in of a boot could not be committed: take it again when it comes again."""
        boot = self._boot(number)
        boot.accepted = boot.committed
        self._owed.needs.pop(number, None)

    def accepted(self, number: int) -> int:
        """Return the highest seq of a boot that was taken in."""
        return self._boot(number).accepted

    def beat(self, beat: Beat) -> Beaten:
        """Compare the pillow's newest report with what was heard: a beat may overtake the newest, not two of them."""
        behind = self._beaten_seq > self.accepted(beat.boot)
        self._beaten_seq = beat.seq
        return Beaten(beat, behind)

    def _boot(self, number: int) -> _Boot:
        if number not in self._boots:
            past = self._recall(self._hello.pillow, number) if self._hello else Past()
            self._boots[number] = _Boot(past.seq, past.seq, Clock(past.anchors), past.not_before_ms)
        boot = self._boots[number] = self._boots.pop(number)  # the one asked for last is forgotten last
        if len(self._boots) > BOOTS:
            self._forget(next(iter(self._boots)))
        return boot

    def _forget(self, number: int) -> None:
        """The journal knows it as well."""
        del self._boots[number]
        self._owed.acks.pop(number, None)
        self._owed.needs.pop(number, None)

    def _need(self, number: int, boot: _Boot, mono_ms: int) -> None:
        if boot.told_need_ms is None or mono_ms - boot.told_need_ms >= NEED_MS:
            boot.told_need_ms = mono_ms
            self._owed.needs[number] = boot.accepted + 1

    # -- time -----------------------------------------------------------------------------------------------------

    def anchor(self, uptime_ms: int, wall_ms: int, round_trip_ms: int) -> list[Event]:
        """Learn when this boot was from an answer; its arguments are those of `Clock.sample`."""
        if self._hello is None:
            return []
        clock = self._boot(self._hello.boot).clock
        return [Anchored(self._hello, clock.anchors)] if clock.sample(uptime_ms, wall_ms, round_trip_ms) else []

    def _date(self, said: Report | Gap, boot: _Boot, wall_ms: int) -> Dated | None:
        """Say when it happened; None while this boot's clock is not known."""
        hello = self._hello
        greeted = self._boot(hello.boot).clock.date(hello.uptime_ms) if hello else None
        if hello is None or greeted is None:
            return None
        is_now = said.boot == hello.boot
        booted_ms = greeted[0] - hello.uptime_ms
        when = boot.clock.date(said.uptime_ms) if isinstance(said, Report) else None
        if when is None:
            span = (booted_ms, wall_ms) if is_now else (boot.not_before_ms, booted_ms)
            when = bounded(*span, greeted[1])
        late = not is_now or isinstance(said, Gap) or wall_ms - when[0] > LATE_MS
        return Dated(said, *when, late, wall_ms)
