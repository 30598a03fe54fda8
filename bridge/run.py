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
from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge import home, steps, virtual, wishes
from bridge.bell import Bell
from bridge.child import Child
from bridge.errors import Trouble
from bridge.finder import Finder
from bridge.grants import Grants
from bridge.journal import Journal, JournalNewer
from bridge.keeping import Keeping
from bridge.link import Link
from bridge.troubles import Troubles
from bridge.writer import Writer

TURN_S = 0.25  # how soon a replugged pillow, an ended child or a signal is noticed
REST_S = 0.01  # every commit rings the bell; a hundred turns a second are enough
END_S = 1.5  # for links, journal and children together; two seconds are promised


def run(folder: Path, urls: Sequence[str] = (), interpreter: str = "") -> None:
    """Run bridge and page until SIGTERM or Ctrl-C.

    Args:
        folder: the data folder.
        urls: these ports and no others; empty: look for pillows.
        interpreter: start a virtual pillow on this Python or MicroPython; empty: only real ones.

    Raises:
        Trouble: it cannot start.
    """
    os.umask(0o077)  # what is written here is nobody else's business
    steps.crash_when_told(os.environ)
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(_told_to_stop())
        stack.enter_context(home.only_bridge(folder))
        home.key(folder)
        journal = stack.enter_context(contextlib.closing(_journal(home.journal_path(folder))))
        writer = Writer(home.journal_path(folder))
        troubles = Troubles(writer)
        page = Child("page", [sys.executable, "-m", "web", "--data", str(folder), "--child", "--open"], troubles)
        pillow = virtual.pillow(folder, interpreter, troubles) if interpreter else None

        def open_link(url: str, kind: str) -> Link:
            return Link(url, kind, writer, home.journal_path(folder), troubles)

        finder = Finder(open_link, troubles, urls, virtual.port(folder) if pillow else "")
        bell = stack.enter_context(contextlib.closing(Bell(journal, wishes.BRIDGE)))
        children = [page, pillow] if pillow else [page]
        stack.callback(_end, writer, finder, children)
        _turn(stop, journal, writer, bell, finder, children, Grants(finder, pillow))


def _turn(
    stop: threading.Event,
    journal: Journal,
    writer: Writer,
    bell: Bell,
    finder: Finder,
    children: Sequence[Child],
    grants: Grants,
) -> None:
    keeping = Keeping(writer)
    while not stop.is_set():
        now_s = time.monotonic()
        keeping.step(now_s)
        for child in children:
            child.step(now_s)
        finder.step(now_s)
        with contextlib.suppress(sqlite3.OperationalError, queue.Full):  # the next turn looks again
            grants.settle(journal, writer)
        bell.wait(TURN_S)
        stop.wait(REST_S)


def _end(writer: Writer, finder: Finder, children: Sequence[Child]) -> None:
    """Take everything down, within END_S."""
    deadline_s = time.monotonic() + END_S
    for child in children:
        child.end()
    finder.stop(deadline_s - time.monotonic())
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


def _journal(path: Path) -> Journal:
    """Open the journal and set down that nothing is connected and nothing stalls yet.

    Raises:
        Trouble: it cannot be used.
    """
    try:
        journal = Journal(path)
        with journal.transaction():
            journal.leave_all(wishes.now_ms())
            journal.clear_troubles()
    except JournalNewer as newer:
        raise Trouble(str(newer)) from None
    except sqlite3.OperationalError as error:
        raise Trouble(f"the journal {path} cannot be written ({error}): free some space on its disk") from None
    except sqlite3.Error as error:
        raise Trouble(f"the journal {path} cannot be used ({error}): move it away to begin a new one") from None
    return journal
