"""`huggable wifi`: shows a plugged-in pillow the way home without its cable, asking a person for what it needs.

Its law: the password is typed where nobody sees it, and goes from here to the bridge in a letter.
"""

import base64
import contextlib
import getpass
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from bridge import home, letter, pillows, wishes
from bridge.child import ROOT
from bridge.errors import Trouble
from bridge.household import NETWORKS, PASSWORD_LEAST
from bridge.journal import Journal, Row

T = TypeVar("T")

START_S = 20.0  # for a bridge to start and a plugged-in pillow to say hello
SCAN_S = 20.0  # an ESP32 looks around for three seconds
JOIN_S = 90.0  # joining, an address, TLS: half a minute on a bad day
POLL_S = 0.2
END_S = 5.0

WHY = {  # what the pillow says, and what that means to a person
    "no such network": "the pillow does not see {network}: bring it nearer to the access point, and mind that it knows "
    "2.4 GHz alone",
    "wrong password": "the password of {network} is wrong: enter it again",
    "no address": "{network} gave the pillow no address: restart the access point and try again",
    "bridge not reachable": "the pillow is on {network} but cannot reach this computer: put both on one network, and "
    "open the bridge's port in this computer's firewall",
}


def set_up(folder: Path, port: str, say: Callable[[str], None] = print, read: Callable[[str], str] = input) -> None:
    """Ask which network, ask for its password, have the pillow try it.

    Args:
        folder: the data folder.
        port: where the pillow is plugged in; "" to look for it.
        say: tells a person something.
        read: asks a person something.

    Raises:
        Trouble: it did not work; the sentence says why and what helps.
    """
    with at_work(folder, port):
        pillow = plugged_in(folder)
        say(f"Looking for networks, as {pillow['name']} sees them.")
        pillows.ask(folder, pillow["pillow"], "networks", {}, SCAN_S)
        network, secured = choose(networks(folder, pillow["pillow"]), say, read)
        password = getpass.getpass(f"Password of {_text(network)} (it is not shown): ") if secured else ""
        say(f"Trying {_text(network)}.")
        join(folder, pillow["pillow"], network, password)
        say(f"{pillow['name']} is on {_text(network)}. Unplug it: it stays in touch.")


def offer(folder: Path, port: str, is_person: bool, read: Callable[[str], str] = input) -> None:
    """Ask a person who has just flashed a pillow whether it is to be on Wi-Fi, and see to it. Raises Trouble."""
    if is_person and read("Show it the way home over Wi-Fi as well? [y/N] ").strip().lower() in ("y", "yes"):
        set_up(folder, port)


def join(folder: Path, pillow: str, network: bytes, password: str) -> None:
    """Have a pillow try a network. Raises Trouble."""
    if password and len(password) < PASSWORD_LEAST:
        raise Trouble(f"a Wi-Fi password has at least {PASSWORD_LEAST} characters: enter it again")
    body = {"network": base64.b64encode(network).decode(), "letter": letter.put(folder, password)}
    end = pillows.wish(folder, pillow, "wifi", body, JOIN_S)
    if end["outcome"] != wishes.APPLIED:
        why = WHY.get(end["why"], "that did not happen: " + (end["why"] or end["outcome"]))
        raise Trouble(why.format(network=_text(network)))


@contextlib.contextmanager
def at_work(folder: Path, port: str) -> Iterator[None]:
    """Have a bridge at work meanwhile: the one that runs, or one without a page. Raises Trouble."""
    if home.bridge_runs(folder):
        yield
        return
    words = [sys.executable, "-m", "bridge", "run", "--no-page", "--wifi", *(["--port", port] if port else [])]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL) as bridge:
        try:
            _until(lambda: home.bridge_runs(folder) or bridge.poll() is not None, START_S)
            if bridge.poll() is not None:
                raise Trouble("the bridge did not start: see above why")
            yield
        finally:
            bridge.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                bridge.wait(END_S)
            bridge.kill()


def plugged_in(folder: Path) -> Row:
    """Return the one pillow that is on a cable. Raises Trouble."""

    def there() -> list[Row]:
        with closing(Journal(home.journal_path(folder), read_only=True)) as journal:
            return [row for row in journal.pillows() if row["link"] == "usb"]

    found = _until(there, START_S) or []
    if len(found) != 1:
        which = "no pillow is" if not found else "several pillows are"
        raise Trouble(f"{which} plugged into this computer: plug in the one that is to be on Wi-Fi")
    return found[0]


def networks(folder: Path, pillow: str) -> list[tuple[bytes, int, bool]]:
    """Return what a pillow saw when it looked last: name, strength in dBm, whether it wants a password."""
    with closing(Journal(home.journal_path(folder), read_only=True)) as journal:
        seen = journal.settings(pillow).get(NETWORKS) or []
    return [(base64.b64decode(name), rssi, bool(secured)) for name, rssi, secured in seen]


def choose(
    seen: list[tuple[bytes, int, bool]], say: Callable[[str], None], read: Callable[[str], str]
) -> tuple[bytes, bool]:
    """Return the network that a person picks, and whether it wants a password."""
    for number, (name, rssi, secured) in enumerate(seen, 1):
        say(f"{number:3}  {_text(name)}  ({rssi} dBm{'' if secured else ', open'})")
    said = read("Which one (its number, or the name of one that is hidden)? ").strip()
    if said.isdecimal() and 0 < int(said) <= len(seen):
        name, _, secured = seen[int(said) - 1]
        return name, secured
    if not said:
        raise Trouble("no network was chosen: run this again when you know which")
    return said.encode(), next((secured for name, _, secured in seen if name == said.encode()), True)


def _text(network: bytes) -> str:
    """Return a network's name for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in network.decode(errors="replace"))


def _until(happens: Callable[[], T], seconds: float) -> T:
    """Wait until it is so, at most `seconds`. Returns what it gave last."""
    deadline_s = time.monotonic() + seconds
    while not (given := happens()) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    return given
