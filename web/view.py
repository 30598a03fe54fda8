"""How the journal looks from outside: the shapes that /api and Socket.IO hand out, and nothing that is not theirs."""

from collections.abc import Collection
from typing import Any

from bridge.journal import Journal, Row

REPORT = ("row", "pillow", "boot", "seq", "gesture", "at_ms", "err_ms", "late", "duration_ms", "confidence")
GAP = ("first", "why")  # what a gap says besides: reports first..seq will never come
FACTS = ("link", "boot", "version", "cause", "missed", "free", "garbled")
WISHES = 12  # told of each pillow, the newest
WISHED = ("hug", "light", "quiet", "name")  # what people wish; the rest is the programs' own
WISH = ("wish", "kind", "body", "who", "made_ms", "expires_ms", "outcome", "why", "ended_ms")
CONSOLE_LINES = 60  # what a person reads in a panel; the journal keeps more


def report_of(row: Row) -> dict[str, Any]:
    """Return a journal row as it is told: a gap also says `first`, `why` and how many `older` reports it lost."""
    told = {name: row[name] for name in REPORT}
    told["late"] = bool(row["late"])
    if row["gesture"] == "gap":
        told.update({name: row[name] for name in GAP}, older=row["strength"])
    return told


def state_of(journal: Journal, row: int, now_ms: int) -> dict[str, Any]:
    """Return how every pillow is now, as of journal row `row`.

    Args:
        now_ms: when a connected pillow was last seen: Unix time in ms.
    """
    return {"pillows": [_pillow(known, now_ms) for known in journal.pillows()], "row": row}


def _pillow(known: Row, now_ms: int) -> dict[str, Any]:
    return {
        "id": known["pillow"],
        "name": known["name"],
        "gesture": known["gesture"],
        "since": known["since_ms"],
        "last_seen": now_ms if known["link"] else known["last_seen_ms"],
        "link": known["link"],
        "late": bool(known["late"]),
    }


def health_of(journal: Journal, virtual: Collection[str], is_away: bool = False) -> dict[str, Any]:
    """Return what the health panel shows: facts of each pillow, what stalls, and the end of the console.

    Args:
        virtual: the ids of the pillows that can be pressed on the page.
        is_away: the pillows are at a home that is elsewhere.
    """
    return {
        "away": is_away,
        "pillows": [_facts(known, virtual) for known in journal.pillows()],
        "troubles": [{"since": t["since_ms"], "sentence": t["sentence"]} for t in journal.troubles()],
        "console": [
            {"at": line["at_ms"], "source": line["source"], "text": line["text"]}
            for line in journal.console_tail(CONSOLE_LINES)
        ],
    }


def _facts(known: Row, virtual: Collection[str]) -> dict[str, Any]:
    facts = {fact: known[fact] for fact in FACTS}
    return {"id": known["pillow"], "virtual": known["pillow"] in virtual, **facts}


def day_of(journal: Journal, start_ms: int, end_ms: int) -> dict[str, Any]:
    """Return the reports, comings and goings of [start_ms, end_ms), for the strip."""
    return {
        "reports": [report_of(row) for row in journal.rows_between(start_ms, end_ms)],
        "presence": journal.presence_between(start_ms, end_ms),
    }


def wishes_of(journal: Journal, now_ms: int) -> dict[str, Any]:
    """Return the newest wishes about each pillow, the newest first, its quiet hours, and when this is said."""
    return {"now_ms": now_ms, "pillows": [_wishes_about(journal, known["pillow"]) for known in journal.pillows()]}


def _wishes_about(journal: Journal, pillow: str) -> dict[str, Any]:
    newest = [{name: wish[name] for name in WISH} for wish in journal.wishes(pillow, WISHES, WISHED)]
    return {"id": pillow, "quiet": journal.settings(pillow).get("quiet"), "wishes": newest}
