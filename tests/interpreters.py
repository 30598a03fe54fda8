"""Finds the MicroPython that the tests run on; without it a person's tests are skipped, and those of CI fail."""

import os
import shutil
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parent.parent / ".cache"


def micropython() -> Path:
    """Return the MicroPython of this machine's own word size."""
    return _find("HUGGABLE_MICROPYTHON", "micropython", "python .ci/get-micropython")


def micropython32() -> Path:
    """Return a 32-bit MicroPython, whose objects are as small as the chip's."""
    return _find("HUGGABLE_MICROPYTHON32", "micropython32", "python .ci/get-micropython .cache/micropython32 i386")


def _find(variable: str, name: str, remedy: str) -> Path:
    for place in (os.environ.get(variable), CACHE / name / "micropython", shutil.which(name)):
        if place and Path(place).is_file():
            return Path(place)
    missing = f"there is no {name} here: `{remedy}` brings it"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
