"""Why there is no pillow on a port, said in one sentence with the one thing that helps.

Its law: it only decides; what it decides from is gathered by bridge/ports.py.
"""

import enum
from dataclasses import dataclass

CHIPS = {  # USB ids of the serial chips on ESP32 boards, by several independent lists
    (0x10C4, 0xEA60): "CP210x",
    (0x1A86, 0x7523): "CH340",
    (0x1A86, 0x55D4): "CH9102",
    (0x1A86, 0x55D3): "CH343",
    (0x0403, 0x6001): "FTDI",
    (0x0403, 0x6010): "FTDI",
    (0x0403, 0x6014): "FTDI",
    (0x0403, 0x6015): "FTDI",
    (0x303A, 0x1001): "ESP32 USB",
    (0x303A, 0x4001): "MicroPython USB",
}


class Refusal(enum.Enum):
    """How a port, or the lack of one, kept us out."""

    NONE = "no port that a pillow could be on"
    ABSENT = "the port asked for is not there"
    FORBIDDEN = "the system does not let this user in"
    BUSY = "another program holds it"
    UNREACHABLE = "nobody answers at that address"
    UNREADABLE = "that is no way to write a port"
    STRANGER = "whatever is there does not speak as a pillow"
    BROKEN = "the system cannot open it"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a refusal.

    Args:
        refusal: how it was refused.
        url: the port; empty when none was asked for.
        system: `sys.platform`.
        reason: the system's own words.
        holder: who holds the port, such as `minicom (process 1234)`; empty when unknown.
        group: the group that may open the port; empty when unknown.
        member: this user is in that group already, though not since this login.
        orphans: serial chips that are plugged in and have no port.
        others: ports that are there instead.
        programs: names of programs that run here.
    """

    refusal: Refusal
    url: str = ""
    system: str = "linux"
    reason: str = ""
    holder: str = ""
    group: str = ""
    member: bool = False
    orphans: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    programs: frozenset[str] = frozenset()


def sentence(facts: Facts) -> str:
    """Return the sentence for these facts."""
    return _SENTENCES[facts.refusal](facts)


def _none(facts: Facts) -> str:
    if not facts.orphans:
        return "no pillow is plugged in: use a USB cable that carries data (a charge-only cable shows nothing here)"
    chip = facts.orphans[0]
    if "brltty" in facts.programs:
        return f"brltty took the port of the {chip} that is plugged in: `sudo apt remove brltty`, then plug it in again"
    return f"the {chip} that is plugged in has no port because its driver is missing: install the driver of that chip"


def _absent(facts: Facts) -> str:
    if "brltty" in facts.programs and facts.orphans:
        return _none(facts)
    there = f" (there is {', '.join(facts.others)})" if facts.others else ""
    return f"there is no port {facts.url}{there}: plug the pillow in, or leave out --port and it is looked for"


def _forbidden(facts: Facts) -> str:
    refused = f"you may not open {facts.url}"
    if facts.member:
        return f"{refused} before you log in again: log out and in (you are in group {facts.group} only since then)"
    if facts.group in ("", "root", "wheel"):
        return f"{refused}: `sudo chmod a+rw {facts.url}`"
    return f"{refused}: `sudo usermod -aG {facts.group} $USER`, then log out and in"


def _busy(facts: Facts) -> str:
    if facts.holder.startswith("ModemManager") or (not facts.holder and "ModemManager" in facts.programs):
        return f"ModemManager holds {facts.url}: `sudo systemctl disable --now ModemManager`"
    return f"{facts.url} is in use by {facts.holder or 'another program'}: close that program"


def _unreachable(facts: Facts) -> str:
    return f"nobody answers at {facts.url} ({facts.reason}): start what should listen there, or correct the address"


def _unreadable(facts: Facts) -> str:
    return f"{facts.url!r} is not a port: write it as /dev/ttyUSB0, COM3 or socket://host:port"


def _stranger(facts: Facts) -> str:
    return f"what is on {facts.url} does not answer as a pillow: if it is one, run `make flash`"


def _broken(facts: Facts) -> str:
    return f"{facts.url} cannot be opened ({facts.reason}): unplug it and plug it in again"


_SENTENCES = {
    Refusal.NONE: _none,
    Refusal.ABSENT: _absent,
    Refusal.FORBIDDEN: _forbidden,
    Refusal.BUSY: _busy,
    Refusal.UNREACHABLE: _unreachable,
    Refusal.UNREADABLE: _unreadable,
    Refusal.STRANGER: _stranger,
    Refusal.BROKEN: _broken,
}
