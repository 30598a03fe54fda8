"""Wishes: something asked of a pillow or of the bridge, recorded before it is acted on, ended exactly once.

Their law: a wish ends as applied, superseded, refused or expired, and never silently.
"""

import time
from collections.abc import Callable
from pathlib import Path

from bridge.bell import ring
from bridge.journal import Journal, Row

BRIDGE = "bridge"  # the name of the bell that the bridge listens to
KINDS = ("press", "release", "light")
APPLIED, SUPERSEDED, REFUSED, EXPIRED = "applied", "superseded", "refused", "expired"
POLL_S = 0.05  # how often a program that waits for an outcome looks

Grant = Callable[[Row], tuple[str, str] | None]  # wish -> (outcome, why), or None for "not yet"


def now_ms() -> int:
    """Return Unix time in ms: a wish is made and expires by the clock on the wall."""
    return time.time_ns() // 1_000_000


def make(journal: Journal, pillow: str, kind: str, body: Row, who: str, seconds: float) -> int:
    """Record a wish that expires in `seconds`, ring the bridge, and return the wish's number.

    Raises:
        ValueError: `kind` is not one of KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)}, got {kind!r}")
    made = now_ms()
    with journal.transaction():
        wish = journal.add_wish(pillow, kind, body, who, made, made + round(seconds * 1000))
    ring(journal.bells(), BRIDGE)
    return wish


def wait(path: Path, wish: int, seconds: float) -> Row:
    """Wait for a wish's end, at most `seconds`; then it counts as expired. Returns the wish."""
    journal = Journal(path)
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            found = journal.wish(wish)
            if found is None or found["outcome"]:
                break
            time.sleep(POLL_S)
        with journal.transaction():
            journal.end_wish(wish, EXPIRED, "nobody answered in time", now_ms())
        return journal.wish(wish) or {"wish": wish, "outcome": EXPIRED, "why": "it is gone"}
    finally:
        journal.close()


def settle(journal: Journal, grant: Grant, at_ms: int) -> list[tuple[int, str, str]]:
    """Ask `grant` about each open wish. Returns (wish, outcome, why) of those that end now, to be recorded."""
    ends = []
    for wish in journal.open_wishes():
        if wish["expires_ms"] <= at_ms:
            ends.append((wish["wish"], EXPIRED, "nobody could do it in time"))
        elif end := grant(wish):
            ends.append((wish["wish"], *end))
    return ends
