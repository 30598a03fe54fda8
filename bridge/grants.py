"""What the bridge does about each kind of wish.

Its law: a wish is acted on once, however often it is looked at before its end is on disk.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future

from bridge import virtual
from bridge.child import Child
from bridge.finder import Finder
from bridge.journal import Journal, Row
from bridge.link import Asked, Link
from bridge.wishes import APPLIED, REFUSED, SUPERSEDED, now_ms, settle
from bridge.writer import Writer

End = tuple[str, str]

REMEMBERED = 1_000  # ended wishes: far more than can be open at once
RELEASE_MOST_S = 3_600.0
EFFECTS = ("off", "glow", "breathe", "hug")
LIGHT_LIMITS = {"red": 255, "green": 255, "blue": 255, "percent": 100, "seconds": 3_600}


class Grants:
    """Called with each open wish until it has an end.

    Args:
        finder: holds the ports.
        pillow: the virtual pillow's program; None when there is none.
    """

    def __init__(self, finder: Finder, pillow: Child | None) -> None:
        self._finder = finder
        self._pillow = pillow
        self._ends: dict[int, End] = {}
        self._recording: dict[int, Future[None]] = {}  # ends that are not on disk yet
        self._handed: dict[int, Link] = {}  # wishes on their way, and over which link
        self._newest_light: dict[str, int] = {}

    def settle(self, journal: Journal, writer: Writer) -> None:
        """Look at every open wish once and have its end recorded. Raises sqlite3.OperationalError, queue.Full."""
        self._recording = {wish: future for wish, future in self._recording.items() if not future.done()}
        for wish, outcome, why in settle(journal, self, now_ms()):
            if wish not in self._recording:
                self._recording[wish] = writer.insist(_recorded(wish, outcome, why))

    def __call__(self, wish: Row) -> End | None:
        """Return a wish's end (outcome, why), or None while it has none."""
        number = wish["wish"]
        if number not in self._ends:
            try:
                end = self._act(wish)
            except ValueError as error:
                end = REFUSED, str(error)
            except (TypeError, LookupError, AttributeError) as error:
                end = REFUSED, f"a wish of kind {wish['kind']} needs more than that: {error!r}"
            if end is None:
                return None
            self._ends[number] = end
            while len(self._ends) > REMEMBERED:
                del self._ends[next(iter(self._ends))]
        return self._ends[number]

    def _act(self, wish: Row) -> End | None:
        match wish["kind"]:
            case "press":
                return self._press(wish)
            case "release":
                return self._release(wish)
            case "light":
                return self._light(wish)
        return REFUSED, f"this bridge knows no wish of kind {wish['kind']!r}: update it"

    def _press(self, wish: Row) -> End | None:
        link = self._finder.link_of(wish["pillow"]) if wish["pillow"] else None
        if self._pillow is None or (link and link.kind != "virtual"):
            return REFUSED, "this pillow is a real one: do it with your own hands, or start `make demo`"
        return (APPLIED, "") if self._pillow.say(virtual.press(wish["body"])) else None

    def _release(self, wish: Row) -> End | None:
        seconds = min(float(wish["body"]["seconds"]), RELEASE_MOST_S)
        return (APPLIED, "") if self._finder.release(str(wish["body"]["port"]), seconds, time.monotonic()) else None

    def _light(self, wish: Row) -> End | None:
        number, pillow = wish["wish"], wish["pillow"]
        fields = light(wish["body"])
        if self._newest_light.setdefault(pillow, number) < number:
            self._newest_light[pillow] = number
        if number < self._newest_light[pillow] and number not in self._handed:
            return SUPERSEDED, "a newer wish came"
        link = self._finder.link_of(pillow)
        if link and self._handed.get(number) is not link:
            self._handed = {known: way for known, way in self._handed.items() if way.ending is None}
            self._handed[number] = link
            left_s = (wish["expires_ms"] - now_ms()) / 1000
            link.ask(Asked(number, "light", (number, *fields), left_s))
        return None  # the pillow's answer ends it


def _recorded(wish: int, outcome: str, why: str) -> Callable[[Journal], None]:
    return lambda journal: journal.end_wish(wish, outcome, why, now_ms())


def light(body: Row) -> tuple[int | str, ...]:
    """Return the fields of a `light` line after its version. Raises ValueError."""
    if body["effect"] not in EFFECTS:
        raise ValueError(f"expected an effect of {', '.join(EFFECTS)}, got {body['effect']!r}")
    for name, most in LIGHT_LIMITS.items():
        if type(body[name]) is not int or not 0 <= body[name] <= most:
            raise ValueError(f"expected {name} of 0..{most}, got {body[name]!r}")
    return (body["effect"], *(body[name] for name in LIGHT_LIMITS))
