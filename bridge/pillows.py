"""`huggable pillows`: which there are, and what is done about one of them from a terminal.

Its law: a bridge that runs does it, through a wish; without one only what needs no pillow is done.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

from bridge import home, kinds, wishes
from bridge.errors import Trouble
from bridge.journal import Journal, Row
from bridge.keys import Keys

WHO = "command line"
ASK_S = 30.0  # a pillow that is there answers within a second; one that is away for a moment is waited for
LINKS = {"usb": "on USB", "wifi": "on Wi-Fi", "virtual": "virtual", "": "not connected"}
KEYS = {True: "has its key", False: "no key yet"}


def sentences(folder: Path) -> list[str]:
    """Return a line for each pillow: id, name, how it is connected, whether it has its key."""
    keys = Keys(folder)
    rows = [
        (row["pillow"], row["name"], LINKS.get(row["link"], "connected"), KEYS[keys.is_ours(row["pillow"])])
        for row in _pillows(folder)
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]


def find(folder: Path, said: str) -> str:
    """Return the id of the pillow that is meant: its id, the beginning of it, or its name. Raises Trouble."""
    rows = _pillows(folder)
    exact = [row["pillow"] for row in rows if said in (row["pillow"], row["name"])]
    found = exact or [row["pillow"] for row in rows if said and row["pillow"].startswith(said)]
    if len(found) != 1:
        which = "no pillow" if not found else "more than one pillow"
        raise Trouble(f"there is {which} called {said!r}: see `huggable pillows`")
    return str(found[0])


def ids(folder: Path) -> list[str]:
    """Return the id of every pillow that was ever met."""
    return [str(row["pillow"]) for row in _pillows(folder)]


def _pillows(folder: Path) -> list[Row]:
    path = home.journal_path(folder)
    if not path.exists():
        return []
    with closing(Journal(path, read_only=True)) as journal:
        return journal.pillows()


def rename(folder: Path, pillow: str, name: str) -> None:
    """Give a pillow another name. Raises Trouble."""
    try:
        body = kinds.read("name", {"name": name})
    except ValueError as error:
        raise Trouble(str(error)) from None
    if home.bridge_runs(folder):
        ask(folder, pillow, "name", body)
        return
    with closing(Journal(home.journal_path(folder))) as journal:
        wish = wishes.make(journal, pillow, "name", body, WHO, ASK_S)
        with journal.transaction():
            wishes.end(journal, wish, wishes.APPLIED, "", wishes.now_ms())


def forget(folder: Path, pillow: str) -> None:
    """Let go of a pillow: its key opens nothing any more. Raises Trouble."""
    if home.bridge_runs(folder):
        ask(folder, pillow, "disown", {})
        return
    Keys(folder).forget(pillow)
    with closing(Journal(home.journal_path(folder))) as journal, journal.transaction():
        journal.leave(pillow, wishes.now_ms())
        journal.disown(pillow)


def ask(folder: Path, pillow: str, kind: str, body: dict[str, Any], seconds: float = ASK_S) -> None:
    """Have the bridge do something with a pillow, and wait for it.

    Raises:
        Trouble: no bridge runs, or it was not done; the sentence says why.
    """
    end = wish(folder, pillow, kind, body, seconds)
    if end["outcome"] != wishes.APPLIED:
        raise Trouble(f"that did not happen: {end['why'] or end['outcome']}")


def wish(folder: Path, pillow: str, kind: str, body: dict[str, Any], seconds: float) -> Row:
    """Wish something of a pillow and return the wish as it ended. Raises Trouble when no bridge runs."""
    if not home.bridge_runs(folder):
        raise Trouble("no bridge is running: start one with `make run`")
    path = home.journal_path(folder)
    with closing(Journal(path)) as journal:
        number = wishes.make(journal, pillow, kind, body, WHO, seconds)
    return wishes.wait(path, number, seconds)
