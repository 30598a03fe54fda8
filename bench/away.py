"""How fast a page away from home catches up, and how soon its face shows what was felt at home.

Its law: the real programs, Microsoft's emulator of the queue, and a viewer that watches.
"""

import time
from contextlib import closing
from pathlib import Path

from afar import Far, environment
from azurite import Azurite, new_queue
from desk import PillowOnDesk
from soon import START_S, until
from tqdm import tqdm
from whole import Whole

from bridge import cloudsettings, home
from bridge.cloud import Queue
from bridge.journal import Journal
from bridge.packing import encode, pack
from bridge.report import Dated, Report

BACKLOG = 100_000  # reports that came while the page was off
SEEN = 100  # changes of the face
FIRST = 5  # not counted: files and caches are new
PAUSE_S = 0.5  # between them: somebody plays
PILLOW = "00112233aabbccdd"


def backlog(folder: Path, azurite: Azurite) -> float:
    """Return the reports per second that go from a full queue into the journal away, with nobody watching."""
    name = new_queue()
    _fill(azurite, name)
    with Far(folder / "backlog", "--queue", name, **environment(azurite.connection_string())) as machine:
        path = home.journal_path(machine.folder)
        with closing(Journal(path, read_only=True)) as journal:
            first = until(journal.newest_row, START_S)
            begun_s = time.perf_counter()
            until(lambda: journal.newest_row() == BACKLOG, 10 * START_S)
            return (BACKLOG - first) / (time.perf_counter() - begun_s)


def _fill(azurite: Azurite, name: str) -> None:
    told = {cloudsettings.CONNECTION: azurite.connection_string(), cloudsettings.NAMED: name}
    now_ms = time.time_ns() // 1_000_000
    events = (
        Dated(Report(PILLOW, 1, seq, seq * 1000, "hugging", 90, 1200, 5_000), now_ms, 5, False, now_ms)
        for seq in range(1, BACKLOG + 1)
    )
    with closing(Queue(cloudsettings.read(told), name)) as queue:
        for text, _ in tqdm(pack(map(encode, events)), desc="a full queue", leave=False, disable=None):
            queue.send(text)


def seen(folder: Path, azurite: Azurite) -> list[float]:
    """Return the ms from the moment in which the bridge has read a report to that in which a viewer away sees the face.

    The first is before the commit at home by what the commit takes.
    """
    name, pillow = new_queue(), PillowOnDesk()
    told = environment(azurite.connection_string(), HUGGABLE_QUEUE=name)
    whole = Whole(folder / "home", "run", "--port", pillow.url, **told)
    took: list[float] = []
    try:
        until(lambda: whole.shown() == "neutral", START_S)
        with Far(folder / "away", "--queue", name, **told) as machine, machine.viewer(after=0) as viewer:
            until(lambda: machine.face() == "neutral", START_S)
            for number in tqdm(range(FIRST + SEEN), desc="seen away", leave=False, disable=None):
                gesture = ("hugging", "neutral")[number % 2]
                pillow.feel(gesture)
                while _face(viewer.hear("state", START_S)) != gesture:
                    continue
                seen_ms = time.time() * 1000
                took.append(seen_ms - until(lambda number=number: _heard_ms(machine, number + 1)))
                time.sleep(PAUSE_S)
    finally:
        whole.stop()
        whole.close()
        pillow.pull()
    return took[FIRST:]


def _face(state: dict) -> str:
    return state["pillows"][0]["gesture"] if state["pillows"] else ""


def _heard_ms(machine: Far, count: int) -> int:
    """Return when the newest of so many reports was heard at home; 0 while there are fewer."""
    rows = [row for row in machine.rows() if row["gesture"] in ("hugging", "neutral")]
    return rows[-1]["heard_ms"] if len(rows) >= count else 0
