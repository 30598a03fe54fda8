"""What a page may ask of the virtual pillow: read from what a browser sent, believed in nothing. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ACTS = ("hug", "punch", "shake", "spin", "throw", "nothing", "unplug", "plug")
SECONDS, MOST_SECONDS = 5.0, 60.0  # of a hug without a word about it; of the longest that a button can ask for


class Refusal(Exception):
    """What was asked cannot be wished for; its text is a sentence for the page."""


@dataclass(frozen=True)
class Asked:
    """A press: on which pillow, what, and for how many seconds."""

    pillow: str
    act: str
    seconds: float


def read(said: Any, pillows: Iterable[Mapping[str, Any]]) -> Asked:
    """Return what a page asked for.

    Args:
        said: the event's content, anything at all.
        pillows: the journal's pillows, the only ones that can be pressed.

    Raises:
        Refusal: it is not a press, or names an unknown act or pillow.
    """
    said = said if isinstance(said, dict) else {}
    act, pillow, seconds = said.get("act"), said.get("pillow"), said.get("seconds", SECONDS)
    if act not in ACTS:
        raise Refusal(f"Expected one of {', '.join(ACTS)}.")
    if not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SECONDS:
        raise Refusal(f"Expected seconds between 0 and {MOST_SECONDS:.0f}.")
    if pillow not in [known["pillow"] for known in pillows]:
        raise Refusal("There is no such pillow.")
    return Asked(pillow, act, float(seconds))
