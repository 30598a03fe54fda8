"""The child programs that know the recogniser: one learns a model from takes, one replays recordings.

Its law: the bridge never imports the firmware; what it knows of a model is its bytes.
"""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bridge.child import ROOT

STUDY = ROOT / "firmware" / "virtual" / "study.py"
REPLAY = ROOT / "firmware" / "virtual" / "replay.py"
STUDY_S = 300.0  # of learning: a hundred takes of ten seconds take one of them
FAILED = "it could not be learned ({}): see the console of the bridge"

Said = dict[str, Any]


def model_id(blob: bytes) -> int:
    """Return by which number a pillow names the model that it uses; 0 for none."""
    return int.from_bytes(blob[-4:], "little") if blob else 0


class Study:
    """A program that learns, in the background.

    Args:
        place: a folder for its files.
        takes: (label, file) of each.
        old: the model before this one; b"" for none.
        floors: the least confidence of each gesture.

    Attributes:
        progress: how many steps are done, of how many.
        said: what came of it, None while it runs; `error` is why nothing did.
        model: what it learned.
    """

    def __init__(
        self, place: Path, takes: Sequence[tuple[str, Path]], old: bytes, floors: Mapping[str, int] | None = None
    ) -> None:
        self.progress = 0, 0
        self.said: Said | None = None
        self.model = b""
        self._path = place / "model.learned"
        words = [str(self._path), *(f"{label}={file}" for label, file in takes)]
        if old:
            before = place / "model.old"
            before.write_bytes(old)
            words += ["--old", str(before)]
        for gesture, floor in (floors or {}).items():
            words += ["--floor", f"{gesture}={floor}"]
        self._child = subprocess.Popen(
            [sys.executable, str(STUDY), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._deadline = threading.Timer(STUDY_S, self._child.kill)
        self._thread = threading.Thread(target=self._listen, name="study", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Give it up."""
        with contextlib.suppress(OSError):
            self._child.kill()

    def wait(self, seconds: float) -> None:
        """Wait until something came of it."""
        self._thread.join(seconds)

    def _listen(self) -> None:
        self._deadline.start()
        last = self._follow()
        out = self._child.stdout.read() if self._child.stdout else ""
        status = self._child.wait()
        self._deadline.cancel()
        said = _json(out.strip().rpartition("\n")[2])
        if said is None:
            said = {"error": FAILED.format(last or f"exit {status}")}
        if "error" not in said:
            try:
                self.model = self._path.read_bytes()
            except OSError as error:
                said = {"error": FAILED.format(error.strerror)}
        for stream in (self._child.stdout, self._child.stderr):
            if stream:
                stream.close()
        self.said = said

    def _follow(self) -> str:
        """Take what it says of its progress. Returns the last line that was none."""
        last = ""
        for line in self._child.stderr or ():
            done, _, whole = line.strip().partition(" ")
            if done.isdecimal() and whole.isdecimal():
                self.progress = int(done), int(whole)
            else:
                last = line.strip()[:200] or last
                print(f"study: {line.rstrip()}", file=sys.stderr)
        return last


def _json(text: str) -> Said | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def replay(files: Sequence[Path], model: Path | None, interpreter: str, *words: str) -> list[Said]:
    """Run recordings through the recogniser.

    Args:
        files: CSV.
        model: what the pillow was taught; None for nothing.
        interpreter: a Python or a MicroPython.
        words: more for the program.

    Returns:
        What it said, in order: reports, and after those of each file what became of it.

    Raises:
        OSError: the interpreter cannot be run.
    """
    heap = ["-X", "heapsize=16m"] if "micropython" in Path(interpreter).name else []
    command = [interpreter, *heap, str(REPLAY), *map(str, files), *words]
    done = subprocess.run(
        [*command, *(["--model", str(model)] if model else [])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STUDY_S,
    )
    said = [found for line in done.stdout.splitlines() if (found := _json(line)) is not None]
    if not said and done.returncode:
        said = [{"file": "", "error": (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]}]
    return said
