"""What the bridge does about each kind of wish: the composition of its acts.

Its law: a wish is acted on once, however often it is looked at before its end is on disk.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import MappingProxyType

from bridge import virtual
from bridge.child import Child
from bridge.finder import Finder
from bridge.journal import Journal, Row
from bridge.kinds import read
from bridge.lights import Lights
from bridge.wishes import APPLIED, EXPIRED, LATE, REFUSED, End, end, now_ms
from bridge.writer import Writer

REMEMBERED = 1_000  # ended wishes: far more than can be open at once
RELEASE_MOST_S = 3_600.0

Act = Callable[[Row], End | None]  # wish -> (outcome, why), or None for "not yet"


class Grants:
    """Called with each open wish until it has an end.

    Args:
        finder: holds the ports.
        pillow: the virtual pillow's program; None when there is none.
        clock: Unix time in ms.
        more: acts of other kinds of wish, by kind.
    """

    def __init__(
        self,
        finder: Finder,
        pillow: Child | None,
        clock: Callable[[], int] = now_ms,
        more: Mapping[str, Act] = MappingProxyType({}),
    ) -> None:
        self._finder = finder
        self._pillow = pillow
        self._clock = clock
        self._lights = Lights(finder, clock)
        self._acts: Mapping[str, Act] = {
            "press": self._press,
            "release": self._release,
            "hug": self._lights,
            "light": self._lights,
            "quiet": _set,
            "name": _set,
            "forget": _set,
            **more,
        }
        self._ends: dict[int, End] = {}
        self._recording: dict[int, Future[None]] = {}  # ends that are not on disk yet

    def settle(self, journal: Journal, writer: Writer) -> None:
        """Look at every open wish once and have its end recorded. Raises sqlite3.OperationalError, queue.Full."""
        self._recording = {wish: future for wish, future in self._recording.items() if not future.done()}
        for wish, (outcome, why) in self.ends(journal).items():
            if wish not in self._recording:
                self._recording[wish] = writer.insist(_recorded(wish, outcome, why, self._clock()), ("wish", wish))

    def ends(self, journal: Journal) -> dict[int, End]:
        """Look at every open wish once. Returns the ends of those that have one now, to be recorded."""
        wishes = journal.open_wishes()
        self._lights.look(journal, wishes)
        found = {wish["wish"]: self._end_of(wish) for wish in wishes}
        return {wish: end for wish, end in found.items() if end}

    def _end_of(self, wish: Row) -> End | None:
        """Return a wish's end, or None while it has none."""
        number = wish["wish"]
        if number in self._ends:
            return self._ends[number]
        found = (EXPIRED, LATE) if wish["expires_ms"] <= self._clock() else self._act(wish)
        if found:
            self._ends[number] = found
            while len(self._ends) > REMEMBERED:
                del self._ends[next(iter(self._ends))]
        return found

    def _act(self, wish: Row) -> End | None:
        act = self._acts.get(wish["kind"])
        if act is None:
            return REFUSED, f"this bridge knows no wish of kind {wish['kind']!r}: update it"
        try:
            return act(wish)
        except ValueError as error:
            return REFUSED, str(error)
        except (TypeError, LookupError, AttributeError) as error:
            return REFUSED, f"a wish of kind {wish['kind']} needs more than that: {error!r}"

    def _press(self, wish: Row) -> End | None:
        link = self._finder.link_of(wish["pillow"]) if wish["pillow"] else None
        if self._pillow is None or (link and link.kind != "virtual"):
            return REFUSED, "this pillow is a real one: do it with your own hands, or start `make demo`"
        return (APPLIED, "") if self._pillow.say(virtual.press(wish["body"])) else None

    def _release(self, wish: Row) -> End | None:
        seconds = min(float(wish["body"]["seconds"]), RELEASE_MOST_S)
        return (APPLIED, "") if self._finder.release(str(wish["body"]["port"]), seconds, time.monotonic()) else None


def _set(wish: Row) -> End:
    """A setting is set in the moment in which its end is recorded; see `wishes.end`."""
    read(wish["kind"], wish["body"])
    return APPLIED, ""


def _recorded(wish: int, outcome: str, why: str, at_ms: int) -> Callable[[Journal], None]:
    return lambda journal: end(journal, wish, outcome, why, at_ms)
