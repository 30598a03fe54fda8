"""`make flash-micropython`: puts MicroPython itself on a board, with esptool as a program.

Its law: nothing is erased before a person said yes, and nothing is written that is not known to be what it should be.
"""

import hashlib
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge import ports
from bridge.board import run
from bridge.errors import Trouble
from bridge.flash import check_free, choose_port, released

ESPTOOL = (sys.executable, "-m", "esptool")
LOOK_S = 60.0  # esptool tries to connect seven times, with two ways of resetting each
WRITE_S = 600.0  # erasing 16 MB takes a minute, 2 MB at 115200 baud three
FETCH_S = 60.0  # without a byte
IMAGE_MOST = 16 << 20  # bytes; the largest flash of these boards
IMAGE_LEAST = 64 << 10  # bytes; a download page saved by mistake is smaller
MAGIC = 0xE9  # first byte of anything an ESP32 boots
PLACE = "https://micropython.org/resources/firmware/"


@dataclass(frozen=True, slots=True)
class Image:
    """MicroPython for one kind of chip.

    Args:
        offset: where in the flash it begins.
        name: the file's name at micropython.org.
        sha256: of that file, in hex; empty while no maintainer has downloaded and checked it.
    """

    offset: int
    name: str
    sha256: str


# Offsets: board.json of each board in MicroPython's sources. micropython.org publishes no checksums, so those here have
# to be taken, with the names, from a real download that was seen to run. Until one is filled in, only BIN= is accepted
# for that chip.
IMAGES = {
    "ESP32": Image(0x1000, "ESP32_GENERIC-20260824-v1.29.0.bin", ""),
    "ESP32-S2": Image(0x1000, "ESP32_GENERIC_S2-20260824-v1.29.0.bin", ""),
    "ESP32-S3": Image(0x0, "ESP32_GENERIC_S3-20260824-v1.29.0.bin", ""),
    "ESP32-C3": Image(0x0, "ESP32_GENERIC_C3-20260824-v1.29.0.bin", ""),
    "ESP32-C6": Image(0x0, "ESP32_GENERIC_C6-20260824-v1.29.0.bin", ""),
}


def flash_micropython(
    named: str,
    image: str,
    folder: Path,
    *,
    ask: Callable[[str], str] = input,
    esptool: Sequence[str] = ESPTOOL,
) -> None:
    """Erase a board and put MicroPython on it, after a yes.

    Args:
        named: the port; empty to look for the one board that is plugged in.
        image: a file with MicroPython for this chip; empty to fetch the one that is pinned here.
        folder: the data folder; a bridge that runs on it is asked to let go of the port.
        ask: shows a question and returns the answer.
        esptool: the words that run esptool.

    Raises:
        Trouble: anything that went wrong, with what fixes it.
    """
    port = choose_port(named, ports.candidates())
    with released(port, folder), TemporaryDirectory() as scratch:
        check_free(port)
        chip = chip_on(port, esptool)
        known = image_for(chip)
        source = check_image(Path(image)) if image else fetch(chip, known, Path(scratch))
        if not _is_yes(ask, f"This erases everything on the {chip} on {port}, its settings too. Go on? [y/N] "):
            raise Trouble("nothing was changed: run it again and answer y to erase the board")
        _write(port, known.offset, source, esptool)
    print(f"MicroPython is on {port}: now run `make flash`", flush=True)


def chip_on(port: str, esptool: Sequence[str]) -> str:
    """Return the kind of chip on a port, such as `ESP32-S3`. Raises Trouble."""
    code, said = run([*esptool, "--port", port, "flash-id"], LOOK_S)
    if "No module named" in said:
        raise Trouble("esptool is not installed: run `make setup`")
    found = re.search(r"^Connected to (\S+) on ", said, re.MULTILINE)
    if code != 0 or not found:
        raise Trouble(
            f"no chip answers on {port}: hold the board's BOOT button, press RESET, let go, and run this again"
        )
    return found[1]


def image_for(chip: str) -> Image:
    """Return what is known about MicroPython for a chip. Raises Trouble when nothing is."""
    if chip not in IMAGES:
        raise Trouble(f"the board has an {chip}, which the pillow does not run on: use one of {', '.join(IMAGES)}")
    return IMAGES[chip]


def check_image(path: Path) -> Path:
    """Return the path of an image that can be one. Raises Trouble."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(1)
    except OSError as error:
        raise Trouble(
            f"{path} cannot be read ({error.strerror}): give BIN= the MicroPython image for this chip"
        ) from None
    if first != bytes([MAGIC]) or not IMAGE_LEAST <= size <= IMAGE_MOST:
        raise Trouble(f"{path} is not an image for an ESP32: download the .bin from https://micropython.org/download/")
    return path


def fetch(chip: str, image: Image, folder: Path, place: str = PLACE) -> Path:
    """Download a pinned image into `folder` and return its path. Raises Trouble when it is not what is pinned."""
    if not image.sha256:
        raise Trouble(
            f"no MicroPython for {chip} is pinned in this version of the project: download {image.name} from "
            "https://micropython.org/download/ and run `make flash-micropython BIN=` with that file"
        )
    try:
        with urllib.request.urlopen(place + image.name, timeout=FETCH_S) as answer:
            data = answer.read(IMAGE_MOST)
    except (urllib.error.URLError, OSError) as error:
        raise Trouble(
            f"{image.name} cannot be downloaded ({error}): download it elsewhere and give it as BIN="
        ) from None
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise Trouble(f"the downloaded {image.name} is not the one that was checked: run this again")
    path = folder / image.name
    path.write_bytes(data)
    return path


def _is_yes(ask: Callable[[str], str], question: str) -> bool:
    try:
        return ask(question).strip().lower() in ("y", "yes")
    except EOFError:  # nobody there to ask
        return False


def _write(port: str, offset: int, image: Path, esptool: Sequence[str]) -> None:
    """Erase all and write; esptool compares what it wrote, and shows its own progress."""
    words = [*esptool, "--port", port, "write-flash", "--erase-all", hex(offset), str(image)]
    try:
        code = subprocess.run(words, timeout=WRITE_S, check=False).returncode
    except subprocess.TimeoutExpired:
        code = None
    if code != 0:
        raise Trouble(
            f"MicroPython was not written whole to {port}, see above: unplug it, plug it in and run this again"
        )
