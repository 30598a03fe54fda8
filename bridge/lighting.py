"""`huggable hug` and `huggable light`: the same wishes as on the page, from a terminal.

Its law: what waits goes on waiting when the terminal is closed.
"""

import time
from contextlib import closing
from pathlib import Path
from typing import Any

from bridge import home, kinds, pillows, quiet, wishes
from bridge.errors import Trouble
from bridge.journal import Journal

LOOK_S = 3.0  # for an answer: a pillow that is there glows within a quarter of a second


def send(folder: Path, pillow: str, kind: str, said: dict[str, Any]) -> str:
    """Wish a hug or a light.

    Args:
        folder: the data folder.
        pillow: its id, the beginning of it, or its name; '' for the only one.
        kind: hug or light.
        said: what exactly; see `kinds.read`.

    Returns:
        What became of it so far, as a sentence.

    Raises:
        Trouble: it cannot be wished, or was refused.
    """
    try:
        body = kinds.read(kind, said)
    except ValueError as error:
        raise Trouble(str(error)) from None
    meant = pillows.find(folder, pillow) if pillow else _only(folder)
    with closing(Journal(home.journal_path(folder))) as journal:
        wish = wishes.make(journal, meant, kind, body, pillows.WHO, kinds.LASTS_S[kind])
        end = _look(journal, wish)
        if end["outcome"] in ("", wishes.APPLIED):
            return "it glows" if end["outcome"] else _waits(journal, meant)
    raise Trouble(f"that did not happen: {end['why']}")


def _waits(journal: Journal, pillow: str) -> str:
    """Return what it is that a wish waits for."""
    if not any(known["link"] for known in journal.pillows() if known["pillow"] == pillow):
        return "it waits until the pillow is here again"
    hours = journal.settings(pillow).get("quiet")
    if hours and quiet.is_quiet(hours, wishes.now_ms()):
        return f"it waits: {quiet.until(hours)}"
    return "it waits its turn"


def _only(folder: Path) -> str:
    found = pillows.ids(folder)
    if not found:
        raise Trouble("there is no pillow yet: plug one in, or start `make demo`")
    if len(found) > 1:
        raise Trouble("there are several pillows: say which with --pillow, as `huggable pillows` lists them")
    return found[0]


def _look(journal: Journal, wish: int) -> dict[str, Any]:
    """Return the wish once it has ended, or as it is after a moment."""
    deadline_s = time.monotonic() + LOOK_S
    while True:
        found = journal.wish(wish) or {"outcome": wishes.EXPIRED, "why": "it is gone"}
        if found["outcome"] or time.monotonic() >= deadline_s:
            return found
        time.sleep(wishes.POLL_S)
