"""The bridge on the home's network: its port, its name, the certificate and the keys, and when they are open.

Its law: nothing listens before somebody has asked for Wi-Fi; what goes wrong is one trouble and is tried again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge import certificate, discovery, letter
from bridge.conversation import Tell
from bridge.discovery import Discovery
from bridge.errors import Trouble
from bridge.keys import Keys
from bridge.link import Way
from bridge.listener import Listener
from bridge.present import Present
from bridge.proof import Trust
from bridge.troubles import Troubles
from bridge.writer import Writer

PORT = 4844  # "HUGG" on a telephone
LOOPBACK = "127.0.0.1"
AGAIN_S = 5.0  # before a port that could not be used is tried again
SETTING = "wifi"  # of the home: somebody has set up a pillow for Wi-Fi


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen.

    Args:
        port: 0 for any.
        address: one of this computer's; "" for all of them, of which only the home's own network is let in.
    """

    port: int = PORT
    address: str = ""


def place(environ: Mapping[str, str]) -> Place:
    """Return where to listen, from HUGGABLE_WIFI_PORT and HUGGABLE_WIFI_ADDRESS.

    Raises:
        Trouble: the port is no number of a port.
    """
    said = environ.get("HUGGABLE_WIFI_PORT", "") or str(PORT)
    if not said.isdecimal() or int(said) > 65_535:
        raise Trouble(f"HUGGABLE_WIFI_PORT is {said!r}: set it to a number from 1024 to 65535")
    return Place(int(said), environ.get("HUGGABLE_WIFI_ADDRESS", ""))


class Wifi:
    """Moved on by `step`.

    Args:
        folder: the data folder.
        place: where to listen, once it is opened.
        writer: the journal's one writer.
        path: the journal file.
        troubles: where it is told that the port cannot be used.
        present: who speaks for each pillow of this bridge.
        tell: told of what is not for the journal; see `Conversation`.
        look: returns this computer's addresses.

    Raises:
        Trouble: the certificate or the keys cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        place: Place,
        writer: Writer,
        path: Path,
        troubles: Troubles,
        present: Present,
        tell: Tell,
        look: Callable[[], list[str]] = discovery.addresses,
    ) -> None:
        letter.sweep(folder)
        self.certificate = certificate.of_home(folder)
        self.keys = Keys(folder)
        self.trust = Trust(self.keys.of, self.keys.is_ours)  # of whoever is on a cable
        self._place, self._troubles, self._look = place, troubles, look
        self._writer, self._path, self._present, self._tell = writer, path, present, tell
        self._is_wanted = False
        self._listener: Listener | None = None
        self._discovery: Discovery | None = None
        self._port = place.port  # stays the same for as long as this bridge lives
        self._due_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether pillows can call."""
        return self._listener is not None

    @property
    def port(self) -> int:
        """Where pillows call; 0 while that is not known."""
        return self._port

    def open(self) -> None:
        """Have pillows call, from the next step on."""
        self._is_wanted = True

    def link_of(self, pillow: str) -> Way | None:
        """Return the connection on which a pillow is heard, or None."""
        return self._listener.link_of(pillow) if self._listener else None

    def way(self) -> Mapping[str, str | int]:
        """Return what a pillow is told of the way home: the bridge's name, its address now, and its port."""
        there = [self._place.address] if self._place.address else self._look()
        return {"bridge": f"{self.certificate.host}.local", "address": (there or [""])[0], "port": self._port}

    def step(self, now_s: float) -> None:
        """Open the port when it is wanted and closed. `now_s` is of a clock that never jumps."""
        if self._listener and not self._listener.is_alive:
            self._close()
        if self._is_wanted and not self._listener and now_s >= self._due_s:
            self._due_s = now_s + AGAIN_S
            try:
                self._begin()
            except Trouble as trouble:
                self._troubles.tell("wifi", str(trouble))

    def _begin(self) -> None:
        told = self._writer, self._path, self._troubles, self._present, self._tell
        self._listener = Listener(self._place.address, self._port, self.certificate, self.keys, *told)
        self._listener.start()
        self._port = self._listener.port
        self._troubles.clear("wifi")
        if self._place.address == "":
            self._discovery = Discovery(self.certificate.host, self._port, self._look)
            self._discovery.start()

    def _close(self) -> None:
        if self._discovery:
            self._discovery.stop(0.0)
        self._listener = self._discovery = None

    def stop(self, seconds: float) -> None:
        """Hang up on everybody, within `seconds`."""
        if self._listener:
            self._listener.stop()
        if self._discovery:
            self._discovery.stop(seconds / 2)
        if self._listener:
            self._listener.join(seconds / 2)
