"""Wishes: something asked of a pillow or of the bridge, recorded before it is acted on, ended exactly once.

Their law: a wish ends as applied, superseded, refused or expired, and never silently.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge import kinds
from bridge.bell import ring
from bridge.cloudevents import Wished
from bridge.journal import Journal, Row

BRIDGE = "bridge"  # the name of the bell that the bridge listens to
TEACHING = ("record", "keep-last", "take", "teach", "model", "model-back")  # see teaching.py; they never travel
HOUSEHOLD = ("adopt", "networks", "wifi", "rekey", "disown")  # whose pillows they are: of this computer alone
KINDS = ("press", "release", *TEACHING, *HOUSEHOLD, *kinds.LEAST_ROLE)
APPLIED, SUPERSEDED, REFUSED, EXPIRED = "applied", "superseded", "refused", "expired"
OPEN_MOST = 200  # wishes that wait; more is a flood
POLL_S = 0.05  # how often a program that waits for an outcome looks
UID_BYTES = 12  # of a wish's name on every machine: nobody meets one twice
HOME, AWAY = "home", "away"  # topics of the outbox: wishes on their way home, and how they stand there
UNHEARD_MS = 24 * 3600 * 1000  # after its expiry: by then the word about its end has come, or is lost

LATE = "nobody could do it in time"
NEWER = "a newer wish came"
NO_WORD = "no word came from home"

End = tuple[str, str]  # outcome, why


def now_ms() -> int:
    """Return Unix time in ms: a wish is made and expires by the clock on the wall."""
    return time.time_ns() // 1_000_000


# -- Made --------------------------------------------------------------------------------------------------------


def make(
    journal: Journal, pillow: str, kind: str, body: Row, who: str, seconds: float, *, from_away: bool = False
) -> int:
    """Record a wish that expires in `seconds`, ring the bridge, and return the wish's number.

    Args:
        journal: of this machine.
        pillow: which; '' for the bridge itself.
        kind: one of KINDS.
        body: what exactly; see `kinds.read`.
        who: asks, for people to read.
        seconds: how long it is good.
        from_away: there is no bridge here: it is posted, to travel home.

    Raises:
        ValueError: `kind` is not one of KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)}, got {kind!r}")
    made = now_ms()
    asked: Row = {"pillow": pillow, "kind": kind, "body": body, "who": who, "made_ms": made}
    travels = kind in kinds.LEAST_ROLE
    asked |= {"expires_ms": made + round(seconds * 1000), "uid": secrets.token_hex(UID_BYTES) if travels else ""}
    with journal.transaction():
        wish = journal.add_wish(**asked)
        if from_away:
            journal.post(HOME, "ask", asked)
        elif travels:
            tell_away(journal, wish)
    ring(journal.bells())
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
            end(journal, wish, EXPIRED, "nobody answered in time", now_ms())
        return journal.wish(wish) or {"wish": wish, "outcome": EXPIRED, "why": "it is gone"}
    finally:
        journal.close()


# -- Ended -------------------------------------------------------------------------------------------------------


def end(journal: Journal, wish: int, outcome: str, why: str, at_ms: int) -> None:
    """Give an open wish its one end, and do what goes with it, inside the caller's transaction.

    A setting that is applied is set; the end of a wish that people know away from home is posted, to travel there.
    """
    found = journal.wish(wish)
    if found is None or found["outcome"]:
        return
    if outcome == APPLIED:
        outcome, why = _forget(journal, found) if found["kind"] == "forget" else _set(journal, found)
    journal.end_wish(wish, outcome, why, at_ms)
    if found["uid"]:
        tell_away(journal, wish)


def tell_away(journal: Journal, wish: int) -> None:
    """Have every machine away from home told how a wish stands when that leaves, inside the caller's transaction."""
    journal.post(AWAY, "wish", {"wish": wish})


def hear(journal: Journal, said: Wished) -> None:
    """Away: take in how a wish stands at home, wherever it was made, inside the caller's transaction.

    Raises:
        ValueError: it is not known here, and says nothing that its kind can say.
    """
    ask = said.ask
    found = journal.wish_by_uid(ask.uid)
    if found is None:
        body = kinds.read(ask.kind, ask.body)
        wish = journal.add_wish(ask.pillow, ask.kind, body, ask.who, ask.made_ms, ask.expires_ms, ask.uid)
        found = journal.wish(wish)
    if found is None or found["outcome"] or not said.outcome:
        return
    if said.outcome == APPLIED:
        _set(journal, found)
    journal.end_wish(found["wish"], said.outcome, said.why, said.ended_ms)


def give_up(journal: Journal, at_ms: int) -> None:
    """Away: end what home has said nothing about, a day after it was over there, inside the caller's transaction."""
    for wish in journal.open_wishes():
        if wish["uid"] and wish["expires_ms"] + UNHEARD_MS <= at_ms:
            journal.end_wish(wish["wish"], EXPIRED, NO_WORD, at_ms)


def _forget(journal: Journal, wish: Row) -> End:
    """Forget everything up to the moment in which that was wished, here and on every machine away."""
    upto_ms = min(wish["made_ms"], now_ms())
    journal.forget_before(upto_ms)
    journal.post(AWAY, "forget", {"upto_ms": upto_ms})
    return APPLIED, ""


def _set(journal: Journal, wish: Row) -> End:
    """Set what a wish sets, unless something newer was set already. Returns how the wish ends."""
    if wish["kind"] not in SETTINGS:
        return APPLIED, ""
    pillow, kind, made_ms, body = wish["pillow"], wish["kind"], wish["made_ms"], kinds.read(wish["kind"], wish["body"])
    before = journal.setting(pillow, kind)
    if before and made_ms < before["at_ms"] <= now_ms():
        return SUPERSEDED, NEWER
    journal.set_setting(pillow, kind, SETTINGS[kind](body), wish["who"], made_ms)
    if kind == "name":
        journal.note(pillow, name=body["name"])
    return APPLIED, ""


SETTINGS: Mapping[str, Callable[[Row], object]] = {  # kind of wish -> what table setting keeps of it
    "quiet": lambda body: None if body["from"] is None else body,
    "name": lambda body: body["name"],
}
