"""What each pillow's light is asked for, and when: hugs one after the other, and of lights the newest.

Its law: a pillow has one wish of its light under way at a time, the older first, so that its own look at the version
takes away what is said twice, a bridge killed in between included; and no line leaves after the wish's last moment.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bridge.finder import Finder
from bridge.journal import Journal, Row
from bridge.kinds import HUG_S, light_fields, read
from bridge.link import Asked, Way
from bridge.quiet import Hours, is_quiet, next_quiet_ms, until
from bridge.wishes import NEWER, REFUSED, SUPERSEDED, End

KINDS = ("hug", "light")
REST_MS = 600  # between two: a pillow takes half a second before it changes its light again, for no faster flashes
SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of the open wishes of one pillow's light now: those that end, and the one whose turn it is."""

    ends: Mapping[int, End]
    next: Row | None


def turn(asked: Sequence[Row], hours: Hours | None, is_now_quiet: bool, is_hug_shown: bool) -> Turn:
    """Decide about the open wishes of one pillow's light. Pure.

    Args:
        asked: the open wishes of kind hug and light, oldest first, none of which is over.
        hours: the pillow's quiet hours.
        is_now_quiet: whether it is quiet now.
        is_hug_shown: a hug has its time now, and is not cut short but for darkness.
    """
    ends: dict[int, End] = {}
    good: list[Row] = []
    for wish in asked:
        try:
            good.append({**wish, "body": read(wish["kind"], wish["body"])})
        except ValueError as error:
            ends[wish["wish"]] = REFUSED, str(error)
    newest = max((_age(wish) for wish in good if wish["kind"] == "light"), default=None)
    ready: list[Row] = []
    for wish in good:
        is_dark = wish["kind"] == "light" and wish["body"]["effect"] == "off"
        if wish["kind"] == "light" and _age(wish) != newest:
            ends[wish["wish"]] = SUPERSEDED, NEWER
        elif is_now_quiet and hours and wish["kind"] == "light" and not is_dark:
            ends[wish["wish"]] = REFUSED, until(hours)
        elif is_dark or not (is_now_quiet or is_hug_shown):
            ready.append(wish)
    return Turn(ends, ready[0] if ready else None)


def _age(wish: Row) -> tuple[int, int]:
    """Return what orders wishes: when they were made, for a queue has no order, and then their number."""
    return wish["made_ms"], wish["wish"]


@dataclass(frozen=True, slots=True)
class _Way:
    """A wish on its way to a pillow: over which link, and until when (Unix time)."""

    wish: int
    link: Way
    until_ms: int


class Lights:
    """Hands each pillow what its light is asked for.

    Args:
        finder: knows on which link a pillow is heard.
        now_ms: Unix time.
    """

    def __init__(self, finder: Finder, now_ms: Callable[[], int]) -> None:
        self._finder = finder
        self._now_ms = now_ms
        self._ways: dict[str, _Way] = {}  # of each pillow
        self._ends: Mapping[int, End] = {}

    def __call__(self, wish: Row) -> End | None:
        """Return how a wish ends now; None while it waits, or until the pillow's answer ends it."""
        return self._ends.get(wish["wish"])

    def look(self, journal: Journal, wishes: Iterable[Row]) -> None:
        """Look at all open wishes, those of other kinds included, and hand on those whose turn it is."""
        asked: dict[str, list[Row]] = {}
        now_ms = self._now_ms()
        for wish in wishes:
            if wish["kind"] in KINDS and now_ms < wish["expires_ms"]:
                asked.setdefault(wish["pillow"], []).append(wish)
        known = {row["pillow"] for row in journal.pillows()} if asked else set()
        ends: dict[int, End] = {}
        for pillow, open_wishes in asked.items():
            if pillow in known:
                ends |= self._look_at(journal, pillow, open_wishes, now_ms)
            else:
                ends |= {wish["wish"]: (REFUSED, "there is no such pillow") for wish in open_wishes}
        self._ends = ends
        self._ways = {pillow: way for pillow, way in self._ways.items() if pillow in asked}

    def _look_at(self, journal: Journal, pillow: str, asked: list[Row], now_ms: int) -> Mapping[int, End]:
        hours = journal.settings(pillow).get("quiet")
        hug_ms, light_ms = (_since(journal.last_applied(pillow, kind), now_ms) for kind in KINDS)
        now = turn(asked, hours, is_quiet(hours, now_ms), hug_ms < HUG_S * SECOND_MS)
        link = self._finder.link_of(pillow) if min(hug_ms, light_ms) >= REST_MS else None
        still = {wish["wish"] for wish in asked} - set(now.ends)
        if now.next and link and not self._is_under_way(pillow, link, still, now_ms):
            self._hand(now.next, link, next_quiet_ms(hours, now_ms), now_ms)
        return now.ends

    def _is_under_way(self, pillow: str, link: Way, still: set[int], now_ms: int) -> bool:
        way = self._ways.get(pillow)
        return way is not None and way.link is link and way.wish in still and now_ms < way.until_ms

    def _hand(self, wish: Row, link: Way, quiet_ms: int | None, now_ms: int) -> None:
        effect, red, green, blue, percent, seconds = light_fields(wish["kind"], wish["body"])
        until_ms = wish["expires_ms"]
        if quiet_ms is not None and effect != "off":
            least = seconds if wish["kind"] == "hug" else 1  # a hug has its whole time before it is quiet, or later
            seconds = min(seconds, (quiet_ms - now_ms) // SECOND_MS)
            until_ms = min(until_ms, quiet_ms - least * SECOND_MS)
        if until_ms <= now_ms:
            return
        self._ways[wish["pillow"]] = _Way(wish["wish"], link, until_ms)
        fields = (wish["wish"], effect, red, green, blue, percent, seconds)
        link.ask(Asked(wish["wish"], "light", fields, (until_ms - now_ms) / 1000))


def _since(applied: Row | None, now_ms: int) -> float:
    """Return how many ms ago that was; by the journal, so that a new bridge knows it, too."""
    return now_ms - applied["ended_ms"] if applied and applied["ended_ms"] <= now_ms else float("inf")
