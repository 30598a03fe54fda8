"""What this computer can tell about a port that was refused: its group, who holds it, what else runs and is plugged in.

Its law: it only looks; what cannot be found out is left empty.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bridge import ports
from bridge.diagnosis import CHIPS, Facts, Refusal


def facts(refusal: Refusal, url: str = "", reason: str = "") -> Facts:
    """Gather what a sentence about this refusal may need; what cannot be found out is left empty."""
    group, member = _group(url) if refusal is Refusal.FORBIDDEN else ("", False)
    return Facts(
        refusal,
        url,
        sys.platform,
        reason,
        holder=holder(url) if refusal is Refusal.BUSY else "",
        group=group,
        member=member,
        orphans=tuple(orphans()) if refusal in (Refusal.NONE, Refusal.ABSENT) else (),
        others=tuple(ports.candidates()) if refusal is Refusal.ABSENT else (),
        programs=frozenset(name for _, name in _programs(Path("/proc"))),
    )


def _group(url: str) -> tuple[str, bool]:
    """Return the group that may open a port, and whether this user is in it by now."""
    if sys.platform == "win32":
        return "", False
    import grp
    import pwd

    try:
        entry = grp.getgrgid(Path(url).stat().st_gid)
        return entry.gr_name, pwd.getpwuid(os.getuid()).pw_name in entry.gr_mem
    except (OSError, KeyError):
        return "", False


def _programs(proc: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folder and name of every program that runs here; nothing where there is no /proc."""
    for folder in proc.glob("[0-9]*"):
        try:
            yield folder, (folder / "comm").read_text().strip()
        except OSError:
            continue  # it just ended


def holder(url: str, proc: Path = Path("/proc")) -> str:
    """Return who has a port open, such as `minicom (process 1234)`; empty when that cannot be seen."""
    device = Path(url).resolve()
    for folder, name in _programs(proc):
        if folder.name != str(os.getpid()) and _has_open(folder, device):
            return f"{'another bridge' if _is_bridge(folder) else name} (process {folder.name})"
    return ""


def _has_open(folder: Path, device: Path) -> bool:
    try:
        return any(entry.readlink() == device for entry in (folder / "fd").iterdir())
    except OSError:
        return False  # another user's program, or it just ended


def _is_bridge(folder: Path) -> bool:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"bridge" in words or any(word.endswith(b"/huggable") for word in words)


def orphans(devices: Path = Path("/sys/bus/usb/devices")) -> list[str]:
    """Return the serial chips that are plugged in but have no port, such as `CH340 (1a86:7523)`; on Linux alone."""
    found = []
    for device in sorted(devices.glob("*")):
        try:
            ids = [int((device / name).read_text(), 16) for name in ("idVendor", "idProduct")]
        except (OSError, ValueError):
            continue  # not a device but one of its interfaces
        chip = CHIPS.get((ids[0], ids[1]))
        if chip and not any(device.glob("*/tty*")):
            found.append(f"{chip} ({ids[0]:04x}:{ids[1]:04x})")
    return found
