"""`make flash`: puts the firmware on a board, and believes it only when the pillow says hello with the new version.

Its law: whatever is copied is hashed by the board, main.py goes last, and what is not ours on the board stays.
"""

from __future__ import annotations  # tqdm is generic to a type checker only

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from bridge import diagnosis, evidence, ports, wishes
from bridge.board import FOLDER, MAIN, SETTLE_S, Board, Found
from bridge.diagnosis import Refusal
from bridge.errors import Trouble
from bridge.home import bridge_runs, journal_path
from bridge.journal import Journal
from bridge.ports import PortGone, PortRefused, open_port
from bridge.wire import Console, Line, Lines

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
# The oldest MicroPython whose files, USB and watchdog behave as the firmware expects (FIFO of native USB, SHA-256 in
# hashlib, littlefs as it is). Asked of a real board only: the unix MicroPython of the tests is what Debian has, 1.25.
OLDEST = (1, 27)
OLDEST_ON = "esp32"
PLATFORMS = (OLDEST_ON, "linux", "darwin")  # the others are computers: the board's stand-in of the tests
RELEASE_S = 300.0  # a bridge keeps off the port for so long, should this program end without a word
ASK_S = 5.0  # a bridge lets go within a second
HELLO_S = 15.0  # reset, boot (three seconds at most) and the pillow's first hello, which comes every two seconds
AGAIN_S = 0.2  # between looks for a port that goes away while the board resets


def flash(named: str, folder: Path, *, firmware: Path = FIRMWARE, settle_s: float = SETTLE_S) -> None:
    """Put the firmware on a board and print `flashed ...` once it runs there.

    Args:
        named: the port; empty to look for the one board that is plugged in.
        folder: the data folder; a bridge that runs on it is asked to let go of the port.
        firmware: what to put there: `main.py` and `pillow/*.py`.
        settle_s: what to wait after opening the port, in seconds.

    Raises:
        Trouble: anything that went wrong, with what fixes it.
    """
    port = choose_port(named, ports.candidates())
    with released(port, folder):
        check_free(port)
        pillow, version = _flash(Board(port, settle_s), manifest(firmware), _version(firmware))
    print(f"flashed {version} on {port}: pillow {pillow} says hello", flush=True)


def _flash(board: Board, files: dict[str, Path], version: str) -> tuple[str, str]:
    """Copy what differs, start it, and return the id and version that it says."""
    bar: tqdm[NoReturn] = tqdm(total=len(files) + 4, unit="step", leave=False, disable=None)
    with bar:
        bar.set_description("looking at the board")
        found = board.look()
        check_board(board.port, found)
        bar.update()
        _copy(board, files, found, bar)
        bar.set_description("starting the pillow")
        board.reset()
        bar.update()
        bar.set_description("waiting for its hello")
        pillow = wait_for_hello(board.port, version, HELLO_S)
        bar.update()
    return pillow, version


def _copy(board: Board, files: dict[str, Path], found: Found, bar: tqdm[NoReturn]) -> None:
    """Bring the board to hold exactly `files`, main.py last, each hashed there afterwards."""
    hashes = {path: hashlib.sha256(source.read_bytes()).hexdigest() for path, source in files.items()}
    changed = [path for path, digest in hashes.items() if found.files.get(path) != digest]
    stale = sorted(path for path in found.files if path not in files)
    bar.update(len(files) - len(changed))

    def begun(path: str) -> None:
        bar.set_description(f"copying {path}")
        bar.update()

    package = {path: files[path] for path in changed if path != MAIN}
    if package or stale:
        _check(board.put(package, stale, begun), {path: hashes[path] for path in hashes if path != MAIN})
    bar.update()
    if MAIN in changed:
        _check(board.put({MAIN: files[MAIN]}, [], begun), hashes)


def _check(found: Found, hashes: dict[str, str]) -> None:
    """Raises Trouble when the board does not hold what was sent."""
    wrong = sorted(path for path, digest in hashes.items() if found.files.get(path) != digest)
    if wrong:
        raise Trouble(f"{wrong[0]} on the board is not what was sent: run `make flash` again")


def manifest(firmware: Path) -> dict[str, Path]:
    """Return where each path of the board comes from. Raises Trouble when the firmware is not all there."""
    package = {f"{FOLDER}/{source.name}": source for source in sorted((firmware / FOLDER).glob("*.py"))}
    if not package or not (firmware / MAIN).is_file():
        raise Trouble(f"there is no firmware in {firmware}: run this in a whole checkout of the project")
    return {**package, MAIN: firmware / MAIN}


def _version(firmware: Path) -> str:
    text = (firmware / FOLDER / "version.py").read_text(encoding="ascii")
    said = re.search(r'^VERSION = "([^"]+)"$', text, re.MULTILINE)
    if not said:
        raise Trouble(f"{firmware / FOLDER / 'version.py'} does not say the version: restore that file")
    return said[1]


def choose_port(named: str, there: list[str]) -> str:
    """Return the port to flash. Raises Trouble when it is not clear which."""
    if named:
        return named
    if not there:
        raise Trouble(diagnosis.sentence(evidence.facts(Refusal.NONE)))
    if len(there) > 1:
        raise Trouble(f"there are several boards ({', '.join(there)}): say which, as in `make flash PORT={there[0]}`")
    return there[0]


def check_free(port: str) -> None:
    """Raises Trouble when the port cannot be opened, and says why."""
    try:
        open_port(port).close()
    except PortRefused as refused:
        raise Trouble(diagnosis.sentence(evidence.facts(refused.refusal, port, str(refused)))) from None


def check_board(port: str, found: Found) -> None:
    """Raises Trouble when this is no board that the firmware runs on."""
    if found.platform not in PLATFORMS:
        raise Trouble(f"the board on {port} is a {found.platform}: plug in an ESP32")
    if found.platform == OLDEST_ON and found.version < OLDEST:
        here, least = (".".join(str(part) for part in version) for version in (found.version, OLDEST))
        raise Trouble(
            f"the board on {port} runs MicroPython {here}, not {least} or newer: run `make flash-micropython`"
        )


@contextmanager
def released(port: str, folder: Path) -> Iterator[None]:
    """Have a bridge that runs on this data folder keep off the port meanwhile. Raises Trouble when it does not."""
    if not bridge_runs(folder):
        yield
        return
    path = journal_path(folder)
    end = wishes.wait(path, _wish(path, port, RELEASE_S), ASK_S)
    if end["outcome"] != wishes.APPLIED:
        raise Trouble(
            f"the bridge that runs here did not let go of {port} ({end['why']}): stop it, then run this again"
        )
    try:
        yield
    finally:
        _wish(path, port, 0)


def _wish(path: Path, port: str, seconds: float) -> int:
    """Wish that the bridge keeps off a port for so long; 0: that it takes it again."""
    journal = Journal(path)
    try:
        return wishes.make(journal, "", "release", {"port": port, "seconds": seconds}, "flash", ASK_S)
    finally:
        journal.close()


def wait_for_hello(port: str, version: str, seconds: float) -> str:
    """Wait for the hello of a pillow with this version; return the pillow's id. Raises Trouble."""
    deadline = time.monotonic() + seconds
    last = "nothing"
    while time.monotonic() < deadline:
        try:
            pillow, last = _listen(port, version, deadline, last)
        except (PortRefused, PortGone):  # a board that resets may take its port with it
            time.sleep(AGAIN_S)
            continue
        if pillow:
            return pillow
    raise Trouble(
        f"the board on {port} was written but did not say hello as {version} (it said {last!r}): "
        "press its reset button, and run `make flash` again if that does not help"
    )


def _listen(port: str, version: str, deadline: float, last: str) -> tuple[str, str]:
    """Return the pillow that says hello with this version ("" at the deadline), and what was said last instead."""
    opened = open_port(port)
    lines = Lines()
    try:
        while time.monotonic() < deadline:
            for said in lines.feed(opened.read()):
                if isinstance(said, Line) and said.kind == "hello" and len(said.fields) > 5:
                    if said.fields[5] == version:
                        return str(said.fields[2]), last
                    last = f"hello as {said.fields[5]}"
                elif isinstance(said, Console):
                    last = said.text
        return "", last
    finally:
        opened.close()
