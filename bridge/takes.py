"""Recordings of motion on this computer: samples as they come off the wire into CSV files, and out of them again.

Its law: the files are this user's alone, there is a cap on everything, and half a line is never read.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge.errors import Trouble

GESTURES = ("hugging", "punching", "shaking", "spinning", "throwing")
LABELS = (*GESTURES, "neutral")

RATE_HZ = 100  # the pillow's own
CHANNELS = 7  # ax ay az milli-g, gx gy gz 0.1 degrees a second, squeeze per mille
SAMPLE = struct.Struct(f"<{CHANNELS}h")
HEADER = "t_s,ax_g,ay_g,az_g,gx_dps,gy_dps,gz_dps,squeeze\n"
LONGEST_S = 120  # one motion; a longer one is several
TAKES_MOST = 500  # five of everything for twenty people
FOLDER_BYTES = 64 * 2**20  # 500 takes of 25 s are 60 MB
SECOND_BYTES = 6_000  # of CSV, with every number at its longest

Sample = tuple[int, ...]  # CHANNELS whole numbers


def folder(data: Path) -> Path:
    """Return the folder of a home's recordings, made when it is not there.

    Raises:
        Trouble: it cannot be made.
    """
    place = data / "takes"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Trouble(f"recordings cannot be kept in {place} ({error.strerror}): free some space on its disk") from None
    return place


def samples_of(data: bytes) -> list[Sample]:
    """Return the samples of a piece off the wire."""
    return list(SAMPLE.iter_unpack(data[: len(data) // SAMPLE.size * SAMPLE.size]))


def line_of(index: int, sample: Sample) -> str:
    """Return a sample as a line of CSV; `index` counts from the beginning of the recording."""
    ax, ay, az, gx, gy, gz, squeeze = sample
    push = f"{ax / 1000:.3f},{ay / 1000:.3f},{az / 1000:.3f}"
    return f"{index / RATE_HZ:.2f},{push},{gx / 10:.1f},{gy / 10:.1f},{gz / 10:.1f},{squeeze}\n"


class TakeFile:
    """A recording that grows.

    Args:
        path: where; nothing may be there yet.

    Raises:
        OSError: it cannot be written, here and later.
    """

    def __init__(self, path: Path) -> None:
        self.samples = 0
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii")
        self._file.write(HEADER)
        self._file.flush()

    def add(self, samples: Sequence[Sample]) -> None:
        """Add samples, each a hundredth of a second after the one before."""
        for sample in samples:
            self._file.write(line_of(self.samples, sample))
            self.samples += 1
        self._file.flush()

    def close(self) -> None:
        """Write it out; nothing can be added any more."""
        self._file.close()


def tail(path: Path, offset: int) -> tuple[list[Sample], int]:
    """Return what was added to a recording of this program's since `offset` bytes, and the offset to go on from.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(SECOND_BYTES * LONGEST_S)
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.decode("ascii", "replace").splitlines()
    return list(_samples_in(lines[1:] if offset == 0 else lines)), offset + len(whole)


def is_squeezed(path: Path) -> bool:
    """Return whether a recording felt any squeeze; one that cannot be read did not."""
    try:
        return any(sample[-1] for sample in tail(path, 0)[0])
    except (OSError, ValueError):
        return False


def _samples_in(lines: Sequence[str]) -> Iterator[Sample]:
    for line in lines:
        fields = line.split(",")
        if len(fields) == 1 + CHANNELS:
            numbers = [float(field) for field in fields[1:]]
            scaled = (*(1000 * number for number in numbers[:3]), *(10 * number for number in numbers[3:6]), numbers[6])
            yield tuple(round(number) for number in scaled)


def why_full(place: Path) -> str:
    """Return the sentence that says why no more can be recorded, or nothing when there is room."""
    files = list(place.glob("*.csv"))
    size = sum(file.stat().st_size for file in files)
    if len(files) >= TAKES_MOST or size + SECOND_BYTES * LONGEST_S > FOLDER_BYTES:
        return f"there are {len(files)} recordings of {size / 2**20:.0f} MB: discard some first"
    return ""
