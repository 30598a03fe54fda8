"""Whose pillows they are: adopting one, showing it the way home over Wi-Fi, giving it another key, letting it go.

Its law: a pillow is given a key and told a network only on its cable, for who holds the cable is the owner; a password
is in memory from its letter to the pillow's answer, and nowhere else.
"""

import base64
import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from bridge import letter
from bridge.errors import Trouble
from bridge.events import Event, Proved, Seen
from bridge.journal import Journal, Row
from bridge.link import Asked, Link, Way
from bridge.troubles import Troubles
from bridge.wifi import SETTING, Wifi
from bridge.wishes import APPLIED, REFUSED, End, now_ms
from bridge.writer import Writer

NETWORKS = "networks"  # the setting with what a pillow sees: base64 name, strength in dBm, whether it wants a password
KEY = "key"  # the setting that says how a pillow on a cable stands: `none`, `proved`, `lost`
SEEN_MOST = 20  # networks: a street has more, and nobody scrolls
SEEN_S = 600.0  # then they are forgotten: they say where a home is
SSID_BYTES, PASSWORD_BYTES = 32, 63  # what WPA2 has room for
PASSWORD_LEAST = 8  # characters of WPA2; none for an open network
LETTING_GO_S = 30.0  # for a pillow that was let go of to be gone
ON_CABLE = "plug it into this computer with its cable first"

Act = Callable[[Row], End | None]


class Ports(Protocol):
    """What this needs of the finder."""

    def link_of(self, pillow: str) -> Way | None:
        """Return the link on which a pillow is heard."""

    def links(self) -> list[Link]:
        """Return the links that hold, or may hold, their port."""


class Household:
    """Moved on by `step`; `acts` are its wishes, `hear` what links tell.

    Args:
        folder: the data folder.
        wifi: the bridge on the network, with the keys.
        writer: the journal's one writer.
        troubles: where a key that cannot be kept is told.
    """

    def __init__(self, folder: Path, wifi: Wifi, writer: Writer, troubles: Troubles) -> None:
        self.acts: Mapping[str, Act] = {
            "adopt": self._adopt,
            "networks": self._look,
            "wifi": self._join,
            "rekey": self._rekey,
            "disown": self._disown,
        }
        self.ports: Ports | None = None  # set before the first step
        self._folder, self._wifi, self._writer, self._troubles = folder, wifi, writer, troubles
        self._handed: dict[int, Way] = {}  # wishes on their way, and over which link
        self._blobs: dict[int, bytes] = {}  # what they say
        self._looking = ""  # the pillow that was asked last what it sees
        self._seen: list[tuple[str, int, bool]] = []
        self._forget_s: dict[str, float] = {}  # when the networks that a pillow saw are forgotten
        self._letting_go: dict[str, float] = {}
        self._standing: dict[str, str] = {}  # setting KEY as last written
        self._lock = threading.Lock()
        self._now_s = 0.0

    # -- what links tell, from any thread -------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Take in a key that was proved, or a network that is seen."""
        if isinstance(event, Proved):
            try:
                self._wifi.keys.proved(event.pillow, event.key)
            except Trouble as trouble:
                self._troubles.tell("keys", str(trouble))
        elif isinstance(event, Seen):
            self._saw(event)

    def _saw(self, event: Seen) -> None:
        with self._lock:
            if not self._looking or not event.ssid:
                return
            name = base64.b64encode(event.ssid).decode()
            seen = [one for one in self._seen if one[0] != name or one[1] > event.rssi]
            if all(one[0] != name for one in seen):  # of several access points with one name, the strongest
                seen.append((name, event.rssi, event.secured))
            self._seen = sorted(seen, key=lambda one: -one[1])[:SEEN_MOST]
            self._set(self._looking, NETWORKS, self._seen)

    def _set(self, pillow: str, name: str, value: object) -> None:
        with contextlib.suppress(queue.Full):
            self._writer.insist(
                lambda journal: journal.set_setting(pillow, name, value, "bridge", now_ms()), (name, pillow)
            )

    # -- moved on -------------------------------------------------------------------------------------------------

    def begin(self, journal: Journal, is_wanted: bool) -> None:
        """Open the port if Wi-Fi was ever set up, or is wanted; forget what pillows saw before this bridge began."""
        if is_wanted or journal.settings("").get(SETTING):
            self._wifi.open()
        for pillow, networks in journal.each_setting(NETWORKS).items():
            if networks:
                self._set(pillow, NETWORKS, [])
        self._standing = journal.each_setting(KEY)

    def step(self, journal: Journal, now_s: float) -> None:
        """Let time pass: notice who is on a cable without a key, and forget what is no more."""
        self._now_s = now_s
        self._wifi.step(now_s)
        self._handed = {wish: way for wish, way in self._handed.items() if way.ending is None}
        for pillow, at_s in tuple(self._forget_s.items()):
            if now_s >= at_s:
                del self._forget_s[pillow]
                self._set(pillow, NETWORKS, [])
        for pillow, until_s in tuple(self._letting_go.items()):
            self._let_go(pillow, until_s)
        self._note_keys(journal)

    def _let_go(self, pillow: str, until_s: float) -> None:
        if self._ports.link_of(pillow) is None:
            with contextlib.suppress(queue.Full):
                self._writer.insist(lambda journal: journal.disown(pillow), ("disown", pillow))
                del self._letting_go[pillow]
        elif self._now_s >= until_s:
            del self._letting_go[pillow]

    def _note_keys(self, journal: Journal) -> None:
        """Write down how whoever is on a cable stands, for the page."""
        stands = {pillow: "proved" for pillow in self._wifi.keys.known() if self._wifi.keys.is_ours(pillow)}
        for link in self._cables():
            if (claim := link.claim) and not claim.key:
                stands[claim.pillow] = "lost" if claim.pillow in stands else "none"
        changed = {pillow: how for pillow, how in stands.items() if self._standing.get(pillow) != how}
        changed |= {pillow: "" for pillow, how in self._standing.items() if how == "proved" and pillow not in stands}
        if changed:
            known = {row["pillow"] for row in journal.pillows()}
            for pillow in known & set(changed):
                self._standing[pillow] = changed[pillow]
                self._set(pillow, KEY, changed[pillow])

    @property
    def _ports(self) -> Ports:
        if self.ports is None:
            raise RuntimeError("a household without ports")
        return self.ports

    def _cables(self) -> Iterable[Link]:
        return (link for link in self._ports.links() if link.kind == "usb" and link.ending is None)

    def _cable_of(self, pillow: str) -> Link | None:
        """Return the cable at whose end somebody says that it is this pillow, believed or not."""
        return next((link for link in self._cables() if link.claim and link.claim.pillow == pillow), None)

    # -- wishes ---------------------------------------------------------------------------------------------------

    def _adopt(self, wish: Row) -> End | None:
        """Give a pillow on its cable a key. Raises ValueError."""
        pillow, keys = wish["pillow"], self._wifi.keys
        link = self._cable_of(pillow)
        if link is None or link.claim is None:
            return self._refuse(wish, ON_CABLE)
        if link.claim.key and link.pillow == pillow and keys.is_ours(pillow):
            return APPLIED, ""
        if link.claim.key and not keys.of(pillow):
            return self._refuse(wish, "it has the key of another home: erase it with `make flash-micropython` first")
        if keys.is_ours(pillow):
            self._forget(pillow)  # it lost it; who holds the cable says that it is ours
        return self._hand(wish, link, {KEY: self._offer(pillow)})

    def _look(self, wish: Row) -> End | None:
        """Have a pillow on its cable say which networks it sees."""
        number, pillow = wish["wish"], wish["pillow"]
        link = self._cable_of(pillow)
        if link is None:
            return self._refuse(wish, ON_CABLE)
        if self._handed.get(number) is not link and link.pillow == pillow:
            with self._lock:
                self._looking, self._seen = pillow, []
            self._set(pillow, NETWORKS, [])
            self._forget_s[pillow] = self._now_s + SEEN_S
            self._handed[number] = link
            link.ask(Asked(number, "scan", (), self._left_s(wish)))
        return None

    def _join(self, wish: Row) -> End | None:
        """Have a pillow on its cable try a network, and keep it if it leads home. Raises ValueError."""
        number, pillow, keys = wish["wish"], wish["pillow"], self._wifi.keys
        link = self._cable_of(pillow)
        if link is None:
            return self._refuse(wish, ON_CABLE)
        self._wifi.open()
        if not self._wifi.is_open or link.pillow != pillow:
            return None  # the port is being opened; or it has just been adopted and begins anew
        if number not in self._blobs:
            members = self._way_home(wish["body"])
            if not keys.is_ours(pillow):
                members[KEY] = self._offer(pillow)
            self._set("", SETTING, True)
            self._blobs = {number: json.dumps(members).encode()}  # of the newest only: what is over is forgotten
        return self._hand(wish, link, None)

    def _way_home(self, body: Row) -> dict[str, str | int]:
        ssid, password = base64.b64decode(str(body["network"])), letter.take(self._folder, str(body["letter"]))
        if not 0 < len(ssid) <= SSID_BYTES:
            raise ValueError(f"a network's name has 1 to {SSID_BYTES} bytes")
        if password and not PASSWORD_LEAST <= len(password.encode()) <= PASSWORD_BYTES:
            raise ValueError(f"a Wi-Fi password has {PASSWORD_LEAST} to {PASSWORD_BYTES} characters")
        return {
            "ssid": base64.b64encode(ssid).decode(),
            "password": base64.b64encode(password.encode()).decode(),
            "certificate": base64.b64encode(self._wifi.certificate.der).decode(),
            **self._wifi.way(),
        }

    def _rekey(self, wish: Row) -> End | None:
        """Give a pillow on its cable another key; the one that it has counts until it has proved the new one.

        Over the air it could be whoever has stolen the old key that gets the new one. Raises ValueError.
        """
        pillow, keys = wish["pillow"], self._wifi.keys
        if not keys.is_ours(pillow):
            return REFUSED, f"it has no key yet: {ON_CABLE}, and press adopt"
        link = self._cable_of(pillow)
        if link is None:
            return self._refuse(wish, ON_CABLE)
        return self._hand(wish, link, {KEY: self._offer(pillow)})

    def _disown(self, wish: Row) -> End | None:
        """Let go of a pillow: from here on its key opens nothing."""
        pillow = wish["pillow"]
        link = self._ports.link_of(pillow)
        self._letting_go[pillow] = self._now_s + LETTING_GO_S
        self._forget(pillow)
        return self._hand(wish, link, {}) if link else (APPLIED, "")

    def _offer(self, pillow: str) -> str:
        """Return the key that a pillow is to be given, in hex. Raises ValueError."""
        try:
            return self._wifi.keys.offer(pillow).hex()
        except Trouble as trouble:
            raise ValueError(str(trouble)) from None

    def _forget(self, pillow: str) -> None:
        """Forget a pillow's keys. Raises ValueError."""
        try:
            self._wifi.keys.forget(pillow)
        except Trouble as trouble:
            raise ValueError(str(trouble)) from None

    def _hand(self, wish: Row, link: Way, members: Mapping[str, str | int] | None) -> End | None:
        """Give the pillow a new `home`, once per link; its answer ends the wish."""
        number = wish["wish"]
        if self._handed.get(number) is link or link.pillow != wish["pillow"]:
            return None  # it was told; or it is not spoken with yet
        blob = self._blobs[number] if members is None else json.dumps(members).encode()
        self._handed[number] = link
        link.ask(Asked(number, "put", ("home", blob.hex()), self._left_s(wish)))
        return None

    def _left_s(self, wish: Row) -> float:
        return max(0.0, float(wish["expires_ms"] - now_ms()) / 1000)

    def _refuse(self, wish: Row, why: str) -> End | None:
        """Refuse what was not handed on yet; what was, waits for its pillow to come back."""
        return None if wish["wish"] in self._handed or wish["wish"] in self._blobs else (REFUSED, why)
