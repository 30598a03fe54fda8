"""What a pillow is taught: learned from takes, sent, taken back.

Its law: a pillow's model changes only when somebody says so, and is known here as what the pillow said that it took.
"""

import contextlib
import itertools
import queue
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge import takes
from bridge.events import Granted
from bridge.journal import Journal, Row
from bridge.link import Asked, mono_ms, wall_ms
from bridge.recorder import DONE, NOT_HERE, Way
from bridge.study import Study, model_id
from bridge.wishes import APPLIED, REFUSED, End
from bridge.writer import Writer

TOLD_MS = 400  # how often the page sees how far it is
PUT_S = 10.0  # for 400 bytes, which take less than one second
NONE = b"none"  # the model of a pillow that was taught nothing
STUDY, MODEL = "study", "model"  # the settings of a pillow that this keeps
MARKS = "doubts", "before", "after"  # of a study: how well its model does
ERROR_LONGEST = 300  # characters

NO_TAKES = "there is nothing to learn from yet: record each gesture at least three times"
NO_STUDY = "nothing was learned yet: press “learn” first"
NO_BEFORE = "there is nothing before this: it was taught nothing else"
NO_ANSWER = "the pillow did not take it in time: the old one stays; plug it in, then try again"
CUT = "the bridge was stopped in the middle: learn again"


@dataclass(slots=True)
class _Sending:
    """A model on its way."""

    pillow: str
    blob: bytes
    after: Row  # what setting MODEL is then
    number: int = 0  # of the `put` wish, which is in no journal
    link: object = None
    until_ms: int = 0
    end: End | None = None


class Lessons:
    """All methods are for the bridge's own thread.

    Args:
        link_of: the link on which a pillow is heard, or None.
        writer: the journal's one writer.
        journal: for looking.
        data: the data folder.
    """

    def __init__(self, link_of: Callable[[str], Way | None], writer: Writer, journal: Journal, data: Path) -> None:
        self._link_of = link_of
        self._writer = writer
        self._journal = journal
        self._data = data
        self._studies: dict[int, Study] = {}  # by wish
        self._told_ms = 0
        self._sending: dict[int, _Sending] = {}  # by wish
        self._numbers = itertools.count(-2, -2)
        writer.insist(_cut)

    # -- learning -------------------------------------------------------------------------------------------------

    def teach(self, wish: Row) -> End | None:
        """Learn from every good take of a pillow."""
        number, pillow = wish["wish"], wish["pillow"]
        if number not in self._studies:
            found = self._labelled(pillow)
            if not found:
                return REFUSED, NO_TAKES
            if self._studies:
                return REFUSED, "something is being learned already: wait for it"
            place = takes.folder(self._data)
            files = [(row["label"], place / row["file"]) for row in found]
            self._studies[number] = Study(place, files, self._in_use(pillow))
            self._keep(pillow, STUDY, {"state": "learning", "done": 0, "of": 0}, wish["who"])
        study = self._studies[number]
        if study.said is None:
            self._tell(pillow, study, wish["who"])
            return None
        del self._studies[number]
        return self._learned(pillow, study, wish["who"])

    def _labelled(self, pillow: str) -> list[Row]:
        good = [row for row in self._journal.takes(pillow) if row["outcome"] == DONE]
        return [row for row in good if row["label"] in takes.LABELS]

    def _in_use(self, pillow: str) -> bytes:
        kept = self._journal.settings(pillow).get(MODEL, {})
        return bytes.fromhex(kept.get("blob", ""))

    def _tell(self, pillow: str, study: Study, who: str) -> None:
        if mono_ms() - self._told_ms >= TOLD_MS:
            self._told_ms = mono_ms()
            done, whole = study.progress
            self._keep(pillow, STUDY, {"state": "learning", "done": done, "of": whole}, who)

    def _learned(self, pillow: str, study: Study, who: str) -> End:
        said = study.said or {}
        if "error" in said:
            why = str(said["error"])[:ERROR_LONGEST]
            self._keep(pillow, STUDY, {"state": "broken", "why": why}, who)
            print(f"Nothing was learned: {why}", file=sys.stderr)
            return REFUSED, why
        numbers = {row["file"]: row["take"] for row in self._journal.takes(pillow)}
        told = [
            {"take": numbers.get(Path(row["file"]).name, 0), "before": row["before"], "after": row["after"]}
            for row in said["takes"]
        ]
        facts = {name: said[name] for name in ("bytes", "limits", "floors", "doubts", "before", "after")}
        model = {"blob": study.model.hex(), "id": model_id(study.model)}
        self._keep(pillow, STUDY, {"state": "done", "at_ms": wall_ms(), **facts, **model, "takes": told}, who)
        return APPLIED, ""

    # -- sending --------------------------------------------------------------------------------------------------

    def use(self, wish: Row) -> End | None:
        """Send what was learned (`learned`), or what is in use, with these `floors`. Raises ValueError."""
        number, pillow, body = wish["wish"], wish["pillow"], wish["body"]
        if number in self._sending:
            return self._go_on(wish)
        if number not in self._studies:
            if self._link_of(pillow) is None:
                return REFUSED, NOT_HERE
            base = self._base(pillow, bool(body.get("learned")))
            self._studies[number] = Study(takes.folder(self._data), [], base, read_floors(body))
        study = self._studies[number]
        if study.said is None:
            return None
        del self._studies[number]
        if "error" in study.said:
            return REFUSED, str(study.said["error"])[:ERROR_LONGEST]
        marks = self._marks(pillow, bool(body.get("learned")))
        return self._send(wish, study.model, {"floors": study.said["floors"], "marks": marks})

    def _marks(self, pillow: str, learned: bool) -> Row:
        """Return how well the model does that is to be used; nothing when nobody knows."""
        kept = self._journal.settings(pillow)
        if not learned:
            return dict(kept.get(MODEL, {}).get("marks", {}))
        return {name: kept[STUDY][name] for name in MARKS if name in kept.get(STUDY, {})}

    def _base(self, pillow: str, learned: bool) -> bytes:
        if not learned:
            return self._in_use(pillow)
        kept = self._journal.settings(pillow).get(STUDY, {})
        if kept.get("state") != "done":
            raise ValueError(NO_STUDY)
        return bytes.fromhex(kept["blob"])

    def back(self, wish: Row) -> End | None:
        """Send what was in use before."""
        if wish["wish"] in self._sending:
            return self._go_on(wish)
        kept = self._journal.settings(wish["pillow"]).get(MODEL)
        if not kept:
            return REFUSED, NO_BEFORE
        return self._send(wish, bytes.fromhex(kept["before"]), kept.get("known_before", {}))

    def _send(self, wish: Row, blob: bytes, known: Row) -> End | None:
        """Send a model of which this is known: `floors`, and `marks`, how well it does."""
        kept = self._journal.settings(wish["pillow"]).get(MODEL, {})
        before = {name: kept[name] for name in ("floors", "marks") if name in kept}
        after = {"blob": blob.hex(), "id": model_id(blob), "at_ms": wall_ms(), "floors": {}, **known}
        after |= {"before": kept.get("blob", ""), "known_before": before}
        until_ms = mono_ms() + round(PUT_S * 1000)
        self._sending[wish["wish"]] = _Sending(wish["pillow"], blob or NONE, after, until_ms=until_ms)
        return self._go_on(wish)

    def _go_on(self, wish: Row) -> End | None:
        sending = self._sending[wish["wish"]]
        if sending.end is None and mono_ms() > sending.until_ms:
            sending.end = REFUSED, NO_ANSWER
        if sending.end is None:
            self._ask(sending)
            return None
        del self._sending[wish["wish"]]
        if sending.end[0] == APPLIED:
            self._keep(sending.pillow, MODEL, sending.after, wish["who"])
        else:
            print(f"What was learned is not used: {sending.end[1]}", file=sys.stderr)
        return sending.end

    def _ask(self, sending: _Sending) -> None:
        link = self._link_of(sending.pillow)
        if link and link is not sending.link:
            sending.link, sending.number = link, next(self._numbers)
            link.ask(Asked(sending.number, "put", ("model", sending.blob.hex()), PUT_S))

    def hear(self, event: Granted) -> None:
        """Take a pillow's answer."""
        for sending in self._sending.values():
            if sending.number == event.wish:
                known = "its firmware is too old to be taught: run `make flash`"
                why = known if event.why == "unknown" else f"the pillow refused it ({event.why}): the old one stays"
                sending.end = (APPLIED, "") if event.outcome == APPLIED else (REFUSED, why)

    def _keep(self, pillow: str, name: str, value: Row, who: str) -> None:
        with contextlib.suppress(queue.Full):
            self._writer.insist(
                lambda journal: journal.set_setting(pillow, name, value, who, wall_ms()), ("lesson", pillow, name)
            )

    def close(self) -> None:
        """Nothing more is learned."""
        for study in self._studies.values():
            study.end()


def read_floors(body: Row) -> dict[str, int]:
    """Return the least confidence of each gesture that is named. Raises ValueError."""
    floors = body.get("floors", {})
    for gesture, floor in floors.items():
        if gesture not in takes.GESTURES or type(floor) is not int or not 0 <= floor <= 100:
            raise ValueError(f"expected floors of 0..100 for {', '.join(takes.GESTURES)}, got {gesture!r}: {floor!r}")
    return dict(floors)


def _cut(journal: Journal) -> None:
    for known in journal.pillows():
        kept = journal.settings(known["pillow"]).get(STUDY, {})
        if kept.get("state") == "learning":
            journal.set_setting(known["pillow"], STUDY, {"state": "broken", "why": CUT}, "bridge", wall_ms())
