"""How teaching a pillow stands, as its card shows it; and what the card may ask for, believed in nothing. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.journal import Journal, Row
from bridge.takes import GESTURES, LABELS, LONGEST_S
from web.press import Refusal

TAKE = ("take", "label", "source", "at_ms", "samples", "told", "outcome")
TAKES_SHOWN = 200  # the newest; more than anybody looks through
WORK_S = 15.0  # a take is labelled, a model sent
STUDY_S = 300.0  # a hundred takes are learned from in one
SLACK_S = 10.0  # for a recording to begin, and to be written


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wish to be made: for which pillow, of which kind, what, and for how many seconds it is good."""

    pillow: str
    kind: str
    body: Row
    seconds: float


def lesson_of(journal: Journal, known: Row) -> Row:
    """Return how teaching stands with one pillow, a row of the journal's."""
    pillow = known["pillow"]
    kept, rows = journal.settings(pillow), journal.takes(pillow)
    model, study = kept.get("model", {}), kept.get("study", {})
    return {
        "pillow": pillow,
        "here": bool(known["link"]),
        "in_use": known["model"],  # as the pillow says
        "model": {name: model[name] for name in ("id", "at_ms", "floors", "marks") if name in model},
        "back": bool(model),
        "study": {name: value for name, value in study.items() if name != "blob"},
        "recording": next((row["take"] for row in rows if row["outcome"] == ""), 0),
        "takes": [{name: row[name] for name in TAKE} for row in rows[-TAKES_SHOWN:]],
    }


def read(said: Any, pillows: Iterable[Mapping[str, Any]]) -> Wanted:
    """Return what the card asked for.

    Args:
        said: the event's content, anything at all.
        pillows: the journal's pillows.

    Raises:
        Refusal: it is nothing that can be wished for.
    """
    said = said if isinstance(said, dict) else {}
    kind, pillow = said.get("kind"), said.get("pillow")
    if pillow not in [known["pillow"] for known in pillows]:
        raise Refusal("There is no such pillow.")
    if not isinstance(kind, str) or kind not in _READERS:
        raise Refusal(f"Expected one of {', '.join(_READERS)}.")
    body, seconds = _READERS[kind](said)
    return Wanted(pillow, kind, body, seconds)


def _record(said: Mapping[str, Any]) -> tuple[Row, float]:
    if said.get("stop") is True:
        return {"stop": True}, WORK_S
    label, seconds = said.get("label"), said.get("seconds")
    if label not in LABELS:
        raise Refusal(f"Expected a label of {', '.join(LABELS)}.")
    if type(seconds) is not int or not 1 <= seconds <= LONGEST_S:
        raise Refusal(f"Expected 1 to {LONGEST_S} whole seconds.")
    return {"label": label, "seconds": seconds, "source": "taught"}, seconds + SLACK_S


def _edit(said: Mapping[str, Any]) -> tuple[Row, float]:
    take, label = said.get("take"), said.get("label")
    if type(take) is not int or not 0 < take < 2**53:
        raise Refusal("Expected the number of a recording.")
    if said.get("discard") is True:
        return {"take": take, "discard": True}, WORK_S
    if label not in LABELS:
        raise Refusal(f"Expected a label of {', '.join(LABELS)}.")
    return {"take": take, "label": label}, WORK_S


def _model(said: Mapping[str, Any]) -> tuple[Row, float]:
    floors = said.get("floors", {})
    if not isinstance(floors, dict) or not all(
        gesture in GESTURES and type(floor) is int and 0 <= floor <= 100 for gesture, floor in floors.items()
    ):
        raise Refusal("Expected floors from 0 to 100.")
    return {"learned": said.get("learned") is True, "floors": floors}, WORK_S + SLACK_S


_READERS: Mapping[str, Callable[[Mapping[str, Any]], tuple[Row, float]]] = {
    "record": _record,
    "keep-last": lambda said: ({}, WORK_S + SLACK_S),
    "take": _edit,
    "teach": lambda said: ({}, STUDY_S),
    "model": _model,
    "model-back": lambda said: ({}, WORK_S + SLACK_S),
}
