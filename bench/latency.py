"""How long a report takes from the first byte on the port to a viewer: the real programs beside the bare loop.

Its law: both are asked turn and turn about, in the same run, on the same disk, by the same viewer.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from desk import PillowOnDesk, Plug
from onlookers import Onlooker
from soon import until
from tqdm import tqdm
from whole import Whole

REPORTS = 300  # enough for a p99 that means three of them
FIRST = 20  # not counted: files and caches are new to both
PAUSE_S = 0.03  # between reports: a pillow says at most twenty lines a second
LINE = b'\n~{"report":[1,77,12345678,"hugging",90,1200,500]}*0123abcd\n'  # as long as a real one

Once = Callable[[], float]  # takes one report from the port to the viewer; returns the seconds that took


def measure(folder: Path) -> tuple[list[float], list[float]]:
    """Return the times in ms of the bare loop and of bridge and page.

    Args:
        folder: where both keep their databases.
    """
    took: tuple[list[float], list[float]] = ([], [])
    with ExitStack() as stack:
        ways = [stack.enter_context(start(folder)) for start in (_bare_loop, bridge_and_page)]
        for _ in tqdm(range(FIRST + REPORTS), desc="from port to viewer", leave=False, disable=None):
            for once, times in zip(ways, took):
                times.append(once() * 1000)
                time.sleep(PAUSE_S)
    return took[0][FIRST:], took[1][FIRST:]


class Stopwatch(PillowOnDesk):
    """A pillow that knows when the first byte of its last report went into the cable."""

    sent_s = 0.0

    def _write(self, data: bytes) -> None:
        if b'{"report"' in data:
            self.sent_s = time.perf_counter()
        super()._write(data)


@contextmanager
def bridge_and_page(folder: Path, name: str = "home", **environment: str) -> Iterator[Once]:
    """Run both, with a pillow at a port and a viewer.

    Args:
        folder: where its data folder is made.
        name: of the data folder.
        environment: what the bridge is told besides.
    """
    pillow = Stopwatch()
    home = Whole(folder / name, "run", "--port", pillow.url, **environment)

    def once() -> float:
        pillow.feel("neutral" if pillow.pillow.reporter.gesture == "hugging" else "hugging")
        viewer.hear("report")
        return time.perf_counter() - pillow.sent_s

    try:
        port, key = home.page().removeprefix("http://127.0.0.1:").split("/?key=")
        until(lambda: home.shown() == "neutral", 30)
        with Onlooker(int(port), {"key": key}, query=f"&key={key}") as viewer:
            viewer.hear("state")
            yield once
    finally:
        home.stop()
        home.close()
        pillow.pull()


@contextmanager
def _bare_loop(folder: Path) -> Iterator[Once]:
    plug = Plug()
    words = [sys.executable, str(Path(__file__).with_name("bare.py")), plug.url, str(folder / "bare.db")]

    def once() -> float:
        sent_s = time.perf_counter()
        os.write(plug.board, LINE)
        viewer.hear("report")
        return time.perf_counter() - sent_s

    with subprocess.Popen(words, stdout=subprocess.PIPE) as program:
        try:
            with Onlooker(int(program.stdout.readline())) as viewer:
                viewer.hear("ready")
                yield once
        finally:
            program.terminate()
            plug.pull()
