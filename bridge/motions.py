"""The verbs about motion: record some, replay it, carry it away.

Its law: raw motion leaves this computer only by `export`, and then without a name in it.
"""

from __future__ import annotations  # tqdm is generic to a type checker only

import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bridge import home, study, takes, wishes
from bridge.errors import Trouble
from bridge.journal import Journal, Row
from bridge.lessons import MODEL
from bridge.recorder import DONE

WHO = "command line"
BEGIN_S = 10.0  # for the pillow to send the first sample, and for the end to be on disk
LOOK_S = 0.1
NO_BRIDGE = "no bridge is running: start one with `make run` (or `make demo`), then try again"
INDEX = "file,class,source,licence,rate_hz,duration_s,has_gyro,group,note\n"


# -- record ------------------------------------------------------------------------------------------------------


def record(label: str, seconds: float, pillow: str, data: Path) -> Path:
    """Record a motion through the running bridge, with a progress bar. Returns the file.

    Args:
        label: what is done to the pillow.
        seconds: for how long.
        pillow: name or id; '' for the only one that is connected.
        data: the data folder.

    Raises:
        Trouble: it did not work.
    """
    if not home.bridge_runs(data):
        raise Trouble(NO_BRIDGE)
    path = home.journal_path(data)
    body = {"label": label, "seconds": seconds, "source": "recorded"}
    with closing(Journal(path)) as journal:
        known = _pillow(journal, pillow)
        before = {take["take"] for take in journal.takes(known)}
        wish = wishes.make(journal, known, "record", body, WHO, seconds + BEGIN_S)
        _watch(journal, known, wish, before, round(seconds * takes.RATE_HZ))
    end = wishes.wait(path, wish, LOOK_S)
    if end["outcome"] != wishes.APPLIED:
        raise Trouble(f"nothing was recorded: {end['why']}")
    with closing(Journal(path, read_only=True)) as journal:
        newest = [take for take in journal.takes(known) if take["take"] not in before]
    return takes.folder(data) / str(newest[-1]["file"])


def _pillow(journal: Journal, asked: str) -> str:
    here = [row for row in journal.pillows() if row["link"]]
    found = [row for row in here if asked in ("", row["pillow"], row["name"])]
    if not found:
        raise Trouble("there is no such pillow here: plug it in, and see `huggable status`")
    if len(found) > 1:
        names = ", ".join(row["name"] for row in found)
        raise Trouble(f"several pillows are here ({names}): say which with --pillow NAME")
    return str(found[0]["pillow"])


def _watch(journal: Journal, pillow: str, wish: int, before: set[int], most: int) -> None:
    """Show how far a recording is until its wish has ended."""
    with tqdm(total=most, unit="sample", leave=False, disable=None) as bar:
        while not (journal.wish(wish) or {"outcome": "gone"})["outcome"]:
            made = [take["samples"] for take in journal.takes(pillow) if take["take"] not in before]
            bar.update(max(0, min(most, made[-1] if made else 0) - bar.n))
            time.sleep(LOOK_S)


# -- replay ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """A recording of this home: what it has to be taken for, with which model."""

    file: Path
    label: str
    source: str
    model: bytes
    pillow: str = ""


def replay(files: Sequence[Path], model: str, interpreter: str) -> int:
    """Print what the recogniser makes of recordings. Returns the exit status: 1 when one cannot be read.

    Args:
        files: CSV.
        model: the file of what the pillow was taught; '' for nothing.
        interpreter: a Python or a MicroPython.

    Raises:
        Trouble: the interpreter cannot be run.
    """
    said = _replayed(files, Path(model) if model else None, interpreter)
    for row in said:
        print(_line(row))
    return 1 if any("error" in row for row in said) else 0


def _replayed(files: Sequence[Path], model: Path | None, interpreter: str, *words: str) -> list[Row]:
    try:
        return study.replay(files, model, interpreter or sys.executable, *words)
    except OSError as error:
        raise Trouble(f"{interpreter} cannot be run ({error.strerror}): name a Python or a MicroPython") from None


def _line(row: Row) -> str:
    if "error" in row:
        return f"{row['file'] or 'replay'}: {row['error']}"
    if "file" not in row:
        return f"{row['t_ms'] / 1000:8.2f} s  {row['gesture']:9} {row['confidence']:3} %  {row['strength']:5} mg"
    told = ", ".join(row["gestures"]) or "neutral"
    trouble = f"; {row['trouble']}" if row.get("trouble") else ""
    return f"{row['file']}: {told} ({row['ms'] / 1000:.1f} s){trouble}"


def replay_home(data: Path, interpreter: str) -> int:
    """Replay every recording of this home against the model in use. Returns 1 when one of them is taken wrongly.

    Raises:
        Trouble: there is none, or the interpreter cannot be run.
    """
    cases = _cases(data)
    if not cases:
        raise Trouble("there are no recordings yet: make one with `huggable record` or on the page")
    right = 0
    # A pillow that never felt a squeeze has no sense for it.
    squeezed = {case.pillow for case in cases if takes.is_squeezed(case.file)}
    with tempfile.TemporaryDirectory() as place:
        for case in tqdm(cases, unit="take", leave=False, disable=None):
            words = () if case.pillow in squeezed else ("--no-squeeze",)
            is_right, told = _judge(case, Path(place), interpreter, *words)
            right += is_right
            tqdm.write(f"{'right' if is_right else 'WRONG'}  {case.label:9} {case.source:8} {case.file.name}  {told}")
    print(f"{right} of {len(cases)} right")
    return 0 if right == len(cases) else 1


def _cases(data: Path) -> list[_Case]:
    place = takes.folder(data)
    if not home.journal_path(data).exists():
        return []
    with closing(Journal(home.journal_path(data), read_only=True)) as journal:
        rows = [row for row in journal.takes() if row["outcome"] == DONE and row["label"] in takes.LABELS]
        models = {row["pillow"]: journal.settings(row["pillow"]).get(MODEL, {}).get("blob", "") for row in rows}
    return [
        _Case(place / row["file"], row["label"], row["source"], bytes.fromhex(models[row["pillow"]]), row["pillow"])
        for row in rows
    ]


def _judge(case: _Case, place: Path, interpreter: str, *words: str) -> tuple[bool, str]:
    model = place / "model" if case.model else None
    if model:
        model.write_bytes(case.model)
    last = _replayed([case.file], model, interpreter, *words)[-1]
    if "error" in last:
        return False, str(last["error"])
    told = last["gestures"] or ["neutral"]
    return told == [case.label], ", ".join(told)


# -- export ------------------------------------------------------------------------------------------------------


def export(target: Path, data: Path) -> int:
    """Put every recording of this home into a ZIP file, with nothing in it that says whose it is. Returns how many.

    Raises:
        Trouble: there is none, or the file cannot be written.
    """
    cases = _cases(data)
    if not cases:
        raise Trouble("there are no recordings yet: make one with `huggable record` or on the page")
    try:
        with (
            os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as pack,
        ):
            return _pack(pack, cases)
    except OSError as error:
        raise Trouble(f"{target} cannot be written ({error.strerror}): name another file") from None


def _pack(pack: zipfile.ZipFile, cases: Iterable[_Case]) -> int:
    index, count = INDEX, 0
    for case in cases:
        if not case.file.is_file():
            continue
        count += 1
        name = f"{case.label}/take-{count:03}.csv"
        text = case.file.read_text(encoding="ascii")
        seconds = (text.count("\n") - 1) / takes.RATE_HZ
        pack.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)  # no date either
        index += f"{name},{case.label},pillow,,{takes.RATE_HZ},{seconds:.2f},1,home,{case.source}\n"
    pack.writestr(zipfile.ZipInfo("INDEX.csv"), index, zipfile.ZIP_DEFLATED)
    return count
