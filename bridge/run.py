"""The bridge as a whole: wires its parts, turns until it is told to end, and takes everything down again.

Its law: the one place that knows every part; nothing here works by itself.
"""

import contextlib
import os
import queue
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge import cloudsettings, home, steps, virtual, wishes
from bridge.asking import may_ask
from bridge.bell import Bell
from bridge.child import Child
from bridge.cloud import Queue
from bridge.cloudsettings import Settings
from bridge.damage import opened, set_aside
from bridge.errands import Errands
from bridge.errors import Trouble
from bridge.events import Event
from bridge.finder import Finder
from bridge.forwarding import Forwarding
from bridge.grants import Grants
from bridge.household import Household
from bridge.journal import Journal
from bridge.keeping import Keeping
from bridge.link import Link
from bridge.outgoing import CURSOR
from bridge.present import Present
from bridge.store import JournalDamaged, is_damage
from bridge.teaching import Teaching
from bridge.troubles import Troubles
from bridge.wifi import Place, Wifi, place
from bridge.writer import Writer

TURN_S = 0.25  # how soon a replugged pillow, an ended child or a signal is noticed
REST_S = 0.01  # the bell rings with every wish; a hundred turns a second are enough
LINKS_S = 0.7  # for the links to let go: one that waits for a far machine to answer is left behind
WIFI_S = 0.3  # for the last word on the network
END_S = 1.5  # for links, journal and children together; two seconds are promised

Tick = Callable[[float], None]  # with the time by a clock that never jumps, in seconds


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be run.

    Args:
        urls: these ports and no others; empty: look for pillows.
        interpreter: start a virtual pillow on this Python or MicroPython; empty: only real ones.
        kind: of virtual pillow; see `virtual.PILLOWS`.
        on_wifi: pillows may call over the network, though none was set up for it yet.
        has_page: the page as well.
    """

    urls: Sequence[str] = ()
    interpreter: str = ""
    kind: str = ""
    on_wifi: bool = False
    has_page: bool = True


def run(folder: Path, wanted: Wanted = Wanted()) -> None:
    """Run bridge and page until SIGTERM or Ctrl-C.

    Args:
        folder: the data folder.
        wanted: what is to be run.

    Raises:
        Trouble: it cannot start.
    """
    os.umask(0o077)  # what is written here is nobody else's business
    steps.crash_when_told(os.environ)
    path = home.journal_path(folder)
    cloud = cloudsettings.read(os.environ)
    cloudsettings.take_secrets(os.environ)  # the page faces the network and has no use for them
    air = place(os.environ)
    with _told_to_stop() as stop, home.only_bridge(folder):
        home.key(folder)
        told = ""
        while True:
            try:
                _live(stop, folder, wanted, cloud, air, told)
                return
            except JournalDamaged as damage:
                told = set_aside(path, str(damage), wishes.now_ms())


def _live(stop: threading.Event, folder: Path, wanted: Wanted, cloud: Settings | None, air: Place, told: str) -> None:
    """Run everything over one journal. `told`: what is wrong already. Raises Trouble, JournalDamaged."""
    path = home.journal_path(folder)
    outbound = Queue(cloud, cloud.queue) if cloud else None
    inbound = Queue(cloud, cloud.wishes) if cloud and may_ask(cloud.way(cloud.wishes)) else None
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(contextlib.closing(opened(path, wishes.now_ms())))
        writer = Writer(path)
        troubles = Troubles(writer)
        if told:
            troubles.tell("damage", told)
        bell = stack.enter_context(contextlib.closing(Bell(journal, wishes.BRIDGE)))
        ticks, grants = _wired(stack, folder, wanted, air, journal, writer, troubles)
        if outbound:
            stack.callback(Forwarding(journal, path, outbound, writer, troubles).stop)
        else:
            writer.insist(lambda journal: journal.forget_cursor(CURSOR))  # nothing is kept for who may never come
        if inbound:
            stack.callback(Errands(path, inbound, writer, troubles).stop)
        _turn(stop, journal, writer, bell, [lambda _: troubles.step(), Keeping(writer, journal).step, *ticks], grants)


def _wired(
    stack: contextlib.ExitStack,
    folder: Path,
    wanted: Wanted,
    air: Place,
    journal: Journal,
    writer: Writer,
    troubles: Troubles,
) -> tuple[list[Tick], Grants]:
    """Wire the page and what has to do with pillows; `stack` takes it down. Returns what has a turn, and who grants."""
    path = home.journal_path(folder)
    page = Child("page", [sys.executable, "-m", "web", "--data", str(folder), "--child", "--open"], troubles)
    pillow = virtual.pillow(folder, wanted.interpreter, troubles, wanted.kind) if wanted.interpreter else None
    present = Present()

    def open_link(url: str, way: str) -> Link:
        return Link(url, way, writer, path, troubles, present, wifi.trust, tell)

    def tell(event: Event) -> None:
        teaching.tell(event)
        household.hear(event)

    wifi = Wifi(folder, air, writer, path, troubles, present, tell)
    household = Household(folder, wifi, writer, troubles)
    household.begin(journal, wanted.on_wifi)
    demo = virtual.port(folder) if pillow else ""
    finder = Finder(open_link, troubles, wanted.urls, demo, elsewhere=wifi.link_of)
    household.ports = finder
    teaching = Teaching(finder.link_of, writer, journal, folder)
    children = [child for child in (page if wanted.has_page else None, pillow) if child]
    stack.callback(_end, writer, finder, wifi, children)
    stack.callback(teaching.close)
    ticks: list[Tick] = [*(child.step for child in children), finder.step]
    ticks += [lambda _: teaching.step(), lambda now_s: household.step(journal, now_s)]
    return ticks, Grants(finder, pillow, more={**teaching.acts, **household.acts})


def _turn(
    stop: threading.Event, journal: Journal, writer: Writer, bell: Bell, ticks: Sequence[Tick], grants: Grants
) -> None:
    """Give each its turn until it is time to stop."""
    while not stop.is_set():
        if writer.failure:
            raise _fatal(writer.failure)
        now_s = time.monotonic()
        for tick in ticks:
            tick(now_s)
        try:
            grants.settle(journal, writer)
        except queue.Full:
            pass  # the next turn looks again
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                writer.give_up(error)
        bell.wait(TURN_S)
        stop.wait(REST_S)


def _end(writer: Writer, finder: Finder, wifi: Wifi, children: Sequence[Child]) -> None:
    """Take everything down, within END_S."""
    deadline_s = time.monotonic() + END_S
    for child in children:
        child.end()
    finder.stop(LINKS_S)
    wifi.stop(WIFI_S)
    last = threading.Thread(target=writer.stop, daemon=True)  # a stalled disk must not keep us
    last.start()
    last.join(max(0.0, deadline_s - time.monotonic()))
    for child in children:
        child.wait(deadline_s - time.monotonic())


@contextlib.contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Give an event that is set by Ctrl-C, SIGTERM or the end of the terminal; the old ways are put back afterwards."""
    stop = threading.Event()
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), lambda *_: stop.set()) for name in names}
    try:
        yield stop
    finally:
        for name, way in before.items():
            signal.signal(getattr(signal, name), way)


def _fatal(failure: BaseException) -> Exception:
    """Return what ends a bridge whose journal is written no more."""
    if isinstance(failure, JournalDamaged) or is_damage(failure):
        return JournalDamaged(str(failure))
    return Trouble(f"the bridge can write nothing any more ({failure!r}): start it again")
