"""What the cloud gives and costs: how fast a backlog leaves, how soon a report, what the page at home feels of it.

Its law: the real program and Microsoft's emulator; homes that are compared run side by side and are asked by turns.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import latency
from azurite import Azurite, new_queue
from desk import PillowOnDesk
from faultyhttp import FaultyHttp, IsSilent, Request, Trickles
from soon import START_S, until
from tqdm import tqdm
from whole import Whole

from bridge import home
from bridge.cloudevents import decode
from bridge.cloudsettings import CONNECTION, NAMED
from bridge.journal import Journal
from bridge.outgoing import CURSOR
from bridge.report import Dated, Report

BACKLOG = 100_000  # reports: what a pillow that is loved very much says in a month
FRESH = 100  # reports that leave one by one
COMPARED = 150  # reports of each home that is compared
PAUSE_S = 0.1  # between those that leave one by one
PILLOW = "00112233aabbccdd"


def backlog(folder: Path, azurite: Azurite) -> float:
    """Return the reports per second at which a bridge that was offline catches up."""
    place = folder / "backlog"
    place.mkdir()
    path = home.journal_path(place)
    now_ms = time.time_ns() // 1_000_000
    with closing(Journal(path)) as journal, journal.transaction():
        journal.append(
            Dated(Report(PILLOW, 1, seq, seq * 1000, "hugging", 90, 1200, 5_000), now_ms, 5, False, now_ms)
            for seq in range(1, BACKLOG + 1)
        )
    whole = Whole(place, "run", "--port", str(place / "none"), **_told(azurite))
    try:
        return _speed(path)
    finally:
        whole.stop()
        whole.close()


def _speed(path: Path) -> float:
    """Return how fast the cursor moves, from the first time that it is seen to move to the end."""
    with closing(Journal(path, read_only=True)) as journal:
        first = until(lambda: journal.cursor(CURSOR), START_S)
        begun_s = time.perf_counter()
        until(lambda: journal.cursor(CURSOR) == BACKLOG, START_S)
        return (BACKLOG - first) / (time.perf_counter() - begun_s)


def fresh(folder: Path, azurite: Azurite) -> list[float]:
    """Return after how many ms single reports have left, each from the moment in which the bridge had read it."""
    left: dict[int, float] = {}

    def see(request: Request) -> None:
        now_ms = time.time() * 1000
        for event in decode(request.message) if request.is_send else ():
            if isinstance(event, Dated):
                left.setdefault(event.said.seq, now_ms - event.heard_ms)

    pillow = PillowOnDesk()
    with FaultyHttp(azurite.port, see) as proxy:
        whole = Whole(folder / "fresh", "run", "--port", pillow.url, **_told(azurite, proxy.port))
        try:
            until(lambda: whole.shown() == "neutral", START_S)
            for number in tqdm(range(FRESH), desc="reports that leave", leave=False, disable=None):
                pillow.feel(("hugging", "neutral")[number % 2])
                until(lambda number=number: number + 1 in left, START_S)
                time.sleep(PAUSE_S)
        finally:
            whole.stop()
            whole.close()
            pillow.pull()
    return list(left.values())


def compared(folder: Path, azurite: Azurite) -> dict[str, float]:
    """Return p50 in ms from the port to a viewer, of a home without a cloud and of others whose cloud does harm."""
    with ExitStack() as stack:
        clouds = {"no cloud": {}} | stack.enter_context(_clouds(azurite))
        ways = {
            name: stack.enter_context(latency.bridge_and_page(folder, name, **told)) for name, told in clouds.items()
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in tqdm(range(latency.FIRST + COMPARED), desc="with and without a cloud", leave=False, disable=None):
            for name, once in ways.items():
                took[name].append(once() * 1000)
                time.sleep(latency.PAUSE_S)
    return {name: statistics.median(times[latency.FIRST :]) for name, times in took.items()}


@contextmanager
def _clouds(azurite: Azurite) -> Iterator[dict[str, dict[str, str]]]:
    """Give what each home is told; the proxies live as long as this."""
    with (
        FaultyHttp(azurite.port, lambda request: Trickles(1)) as slow,
        FaultyHttp(azurite.port, lambda request: IsSilent()) as silent,
        FaultyHttp(azurite.port) as gone,
    ):
        gone.refuse()
        yield {
            "works": _told(azurite),
            "unreachable": _told(azurite, gone.port),
            "wrong key": {CONNECTION: azurite.connection_string(key="d3Jvbmc="), NAMED: new_queue()},
            "a byte a second": _told(azurite, slow.port),
            "silent": _told(azurite, silent.port),
        }


def _told(azurite: Azurite, port: int = 0) -> dict[str, str]:
    return {CONNECTION: azurite.connection_string(port), NAMED: new_queue()}
