"""A pillow without a pillow: the firmware on this computer behind a serial port that is none, moved by presses."""

import sys
from pathlib import Path

from bridge.child import ROOT, Child
from bridge.errors import Trouble
from bridge.journal import Row
from bridge.troubles import Troubles

PLUG = ROOT / "firmware" / "virtual" / "plug.py"
LASTING = ("hug", "shake", "spin")  # these go on for as long as they are asked to
ACTS = (*LASTING, "punch", "throw", "nothing", "unplug", "plug")
PILLOWS = ("weak",)  # kinds of it besides the usual one; see motion.py
SECONDS = 5.0  # of a lasting act without a word about it: enough to look from the terminal to the page
MOST_SECONDS = 3_600.0


def port(folder: Path) -> str:
    """Return the name of the virtual pillow's serial port in a data folder."""
    return str(folder / "virtual" / "tty")


def pillow(folder: Path, interpreter: str, troubles: Troubles, kind: str = "") -> Child:
    """Return the virtual pillow's program, not started yet.

    Args:
        folder: the data folder; the pillow's flash is in it.
        interpreter: what runs the firmware: a Python or a MicroPython.
        troubles: where its end is told.
        kind: one of PILLOWS, or '' for the usual one.

    Raises:
        Trouble: this system has no pseudo terminals.
    """
    if sys.platform == "win32":
        raise Trouble("the virtual pillow needs Linux or macOS: use `huggable run` with a real one here")
    place = folder / "virtual"
    place.mkdir(mode=0o700, exist_ok=True)
    words = ["--link", port(folder), "--flash", str(place / "flash"), "--interpreter", interpreter]
    words += ["--pillow", kind]
    return Child("virtual pillow", [sys.executable, str(PLUG), *words], troubles)


def press(body: Row) -> str:
    """Return the line that tells the virtual pillow what is done to it.

    Args:
        body: of a wish: `act`, and for a lasting one `seconds`.

    Raises:
        ValueError: there is no such act, or it cannot take so long; the text is for a person.
    """
    act, seconds = body.get("act"), body.get("seconds", SECONDS)
    if act not in ACTS:
        raise ValueError(f"there is no {act!r}: use {', '.join(ACTS)}")
    if act not in LASTING:
        return str(act)
    if not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SECONDS:
        raise ValueError(f"{act} takes more than 0 and at most {MOST_SECONDS:.0f} seconds, not {seconds!r}")
    return f"{act} {seconds:g}"
