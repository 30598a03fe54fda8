"""How long `make demo` takes, when it has been set up, from its start to a face that is live."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from onlookers import Onlooker
from whole import ROOT

STARTS = 3  # the first fills the folder and caches, and does not count
PATIENCE_S = 30.0
LIVE = ("neutral", "hugging", "punching", "shaking", "spinning", "throwing")


def measure(folder: Path) -> tuple[str, float]:
    """Return what was started, and the seconds that its slowest start took but for the first.

    Args:
        folder: the data folder, new.
    """
    command = _command()
    took = [_start(command, folder) for _ in range(STARTS)]
    return "make demo" if command[0] == "make" else "huggable demo", max(took[1:])


def _command() -> list[str]:
    """Return `make demo`, or the line it ends in where make has not set anything up."""
    make = shutil.which("make")
    is_set_up = make and subprocess.run([make, "-q", "setup"], cwd=ROOT, capture_output=True).returncode == 0
    return ["make", "demo"] if is_set_up else [sys.executable, "-m", "bridge", "demo"]


def _start(command: list[str], folder: Path) -> float:
    environment = {"HUGGABLE_DATA": str(folder), "HUGGABLE_HTTP_PORT": "0", "HUGGABLE_NO_BROWSER": "1"}
    begun_s = time.perf_counter()
    demo = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _see(demo.stdout)
        return time.perf_counter() - begun_s
    finally:
        os.killpg(demo.pid, signal.SIGTERM)
        demo.communicate(timeout=PATIENCE_S)


def _see(out: IO[str]) -> None:
    """Come back once a viewer was told that the pillow feels something."""
    line = next(line for line in out if line.startswith("page: "))
    port, _, key = line.strip().removeprefix("page: http://127.0.0.1:").partition("/?key=")
    with Onlooker(int(port), {"key": key}, query=f"&key={key}") as viewer:
        while not any(pillow["gesture"] in LIVE for pillow in viewer.hear("state", PATIENCE_S)["pillows"]):
            continue
