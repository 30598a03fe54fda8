"""Looks for pillows: opens what may be one, again and again, and keeps the links that are.

Its law: a pillow is known by its hello, never by the name of its port; what is wrong is told once per cause.
"""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bridge import diagnosis, evidence, ports
from bridge.diagnosis import Refusal
from bridge.link import Ending, Link, Way
from bridge.troubles import Troubles

LOOK_S = 1.0  # how often the system is asked which ports there are: there is no event for it
AGAIN_S = 0.25  # first pause before a port is tried again ...
AGAIN_MOST_S = 5.0  # ... doubling up to this
STRANGER_S = 30.0  # between tries of what is no pillow: each may reset it, and it may get firmware meanwhile
GRACE_S = 3.0  # a board that resets takes its port away for a moment; only after this is there none
KINDS = {"socket": "wifi"}  # kind of link by the URL's scheme; anything else is a cable


@dataclass(slots=True)
class Place:
    """One port: the link on it, if any, and when it may be tried again."""

    link: Link | None = None
    begun_s: float = 0.0  # when the link was started
    pause_s: float = AGAIN_S
    due_s: float = 0.0
    missing_since_s: float | None = None


Open = Callable[[str, str], Link]  # (url, kind) -> a link that is not started yet


class Finder:
    """Moved on by `step`; everything else that takes time happens in the links' own threads.

    Args:
        open_link: makes a link.
        troubles: where what is wrong is told.
        urls: these ports and no others; empty: look.
        virtual: the port of the virtual pillow, if there is one: tried often, for it can only be a pillow.
        candidates: says which ports there are to look at.
        elsewhere: says on which other way a pillow is heard that is on no port.
    """

    def __init__(
        self,
        open_link: Open,
        troubles: Troubles,
        urls: Iterable[str] = (),
        virtual: str = "",
        candidates: Callable[[], Iterable[str]] = ports.candidates,
        elsewhere: Callable[[str], Way | None] = lambda pillow: None,
    ) -> None:
        self._open_link = open_link
        self._troubles = troubles
        self._urls = tuple(urls) or ((virtual,) if virtual else ())
        self._virtual = virtual
        self._candidates = candidates
        self._elsewhere = elsewhere
        self._places: dict[str, Place] = {}
        self._look_s = 0.0
        self._none_since_s: float | None = None

    # -- for the wishes -------------------------------------------------------------------------------------------

    def link_of(self, pillow: str) -> Way | None:
        """Return the link on which a pillow is heard, a cable before anything else; None when it is not heard."""
        return next((link for link in self.links() if link.pillow == pillow), None) or self._elsewhere(pillow)

    def links(self) -> list[Link]:
        """Return the links that hold, or may hold, their port."""
        return [place.link for place in self._places.values() if place.link]

    def release(self, url: str, seconds: float, now_s: float) -> bool:
        """Let go of a port and leave it alone for `seconds` (0: take it again now).

        Returns:
            True once it is closed; ask again until then.
        """
        place = self._places.setdefault(self._name(url), Place())
        place.due_s, place.pause_s = now_s + seconds, AGAIN_S
        if seconds > 0 and place.link and place.link.ending is None:
            place.link.stop()
            return False
        return True

    def _name(self, url: str) -> str:
        """Return the name under which we know a port: the same device may have several."""
        return next((known for known in self._places if _same(known, url)), url)

    def stop(self, seconds: float) -> None:
        """End all links; whatever hangs for longer than `seconds` is left behind."""
        for link in self.links():
            link.stop()
        deadline_s = time.monotonic() + seconds
        for link in self.links():
            link.join(max(0.0, deadline_s - time.monotonic()))

    # -- moved on -------------------------------------------------------------------------------------------------

    def step(self, now_s: float) -> None:
        """Clear away what ended, look for ports, and start what is due."""
        for url, place in self._places.items():
            if place.link and place.link.ending:
                self._ended(url, place, place.link.ending, now_s)
            elif place.link:
                self._watch(url, place, place.link)
        self._end_doubles()
        if self._urls or now_s >= self._look_s:
            self._look_s = now_s + LOOK_S
            self._look(now_s)

    def _watch(self, url: str, place: Place, link: Link) -> None:
        if link.refusal:
            self._troubles.tell(url, link.refusal)
        elif link.pillow:
            place.pause_s = AGAIN_S
            self._troubles.clear(url)

    def _end_doubles(self) -> None:
        """Of several links to one pillow only the newest counts."""
        newest: dict[str, Link] = {}
        for place in sorted(self._places.values(), key=lambda place: place.begun_s):
            if place.link and (pillow := place.link.pillow):
                if older := newest.get(pillow):
                    older.is_replaced = True
                    older.stop()
                newest[pillow] = place.link

    def _ended(self, url: str, place: Place, ending: Ending, now_s: float) -> None:
        is_stranger = ending.refusal is Refusal.STRANGER and url != self._virtual
        is_double = place.link is not None and place.link.is_replaced
        if place.link and place.link.pillow:
            place.pause_s = AGAIN_S  # a loose plug: however short it was there, a pillow comes back soon
        place.link = None
        if ending.refusal:
            self._troubles.tell(url, diagnosis.sentence(evidence.facts(ending.refusal, url, ending.reason)))
        pause_s = STRANGER_S if is_stranger or is_double else place.pause_s
        place.pause_s = min(2 * place.pause_s, AGAIN_MOST_S)
        place.due_s = max(place.due_s, now_s + pause_s)

    def _look(self, now_s: float) -> None:
        there = list(self._urls or self._candidates())
        self._tell_none(there, now_s)
        for url in [known for known in self._places if known not in there]:
            self._forget(url, now_s)
        for url in there:
            place = self._places.setdefault(url, Place())
            if place.link is None and now_s >= place.due_s:
                self._try(url, place, now_s)

    def _try(self, url: str, place: Place, now_s: float) -> None:
        if _is_missing(url):  # cheaper than opening it, so it can be looked for more often
            self._miss(url, place, now_s)
            return
        place.missing_since_s = None
        place.begun_s = now_s
        place.link = self._open_link(url, self._kind(url))
        place.link.start()

    def _miss(self, url: str, place: Place, now_s: float) -> None:
        place.due_s = now_s + AGAIN_S
        if place.missing_since_s is None:
            place.missing_since_s = now_s
        if url != self._virtual and now_s - place.missing_since_s >= GRACE_S:
            self._troubles.tell(url, diagnosis.sentence(evidence.facts(Refusal.ABSENT, url)))

    def _kind(self, url: str) -> str:
        return "virtual" if url == self._virtual else KINDS.get(url.partition("://")[0], "usb")

    def _forget(self, url: str, now_s: float) -> None:
        """The system shows this port no more: what was wrong with it is over."""
        place = self._places[url]
        if place.link is None and now_s >= place.due_s:
            del self._places[url]
            self._troubles.clear(url)

    def _tell_none(self, there: list[str], now_s: float) -> None:
        if there:
            self._none_since_s = None
            self._troubles.clear("ports")
            return
        if self._none_since_s is None:
            self._none_since_s = now_s
        if now_s - self._none_since_s >= GRACE_S:
            self._troubles.tell("ports", diagnosis.sentence(evidence.facts(Refusal.NONE)))


def _is_missing(url: str) -> bool:
    return sys.platform != "win32" and url.startswith("/") and not Path(url).exists()


def _same(one: str, other: str) -> bool:
    return one == other or (one.startswith("/") and Path(one).resolve() == Path(other).resolve())
