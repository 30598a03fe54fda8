"""How many lines a second a port gives: as the bridge reads it, and with pyserial's `readline`."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing

import serial
from desk import Plug
from pillow.report import STRONGEST, Reporter

from bridge.ports import SerialPort

SECONDS = 2.0  # of each way
FEEDER = "import os, sys\nwhile True: os.write(int(sys.argv[1]), os.fsencode(sys.argv[2]) * 40)"
U32, FAR_MS = 2**32 - 1, 10**13  # the highest boot and seq; three hundred years of uptime


class Held:
    """A spool that keeps the line it was given."""

    line = b""

    def append(self, boot: int, seq: int, line: bytes) -> None:
        """Take a report."""
        self.line = line


def longest_line() -> bytes:
    """Return the longest report line that a pillow can say."""
    spool = Held()
    reporter = Reporter(spool, U32)
    reporter.seq = U32 - 1
    reporter.change(FAR_MS, "sensorfault", 100, STRONGEST)
    return spool.line


def as_the_bridge() -> float:
    """Return the lines per second of `read(in_waiting or 1)`."""
    return _lines_per_s(lambda url: (port := SerialPort(url), port.read))


def by_readline() -> float:
    """Return the lines per second of pyserial's `readline`."""
    return _lines_per_s(lambda url: (port := serial.Serial(url, 115200, timeout=0.2), port.readline))


def _lines_per_s(open_port: Callable[[str], tuple]) -> float:
    plug, lines = Plug(), 0
    words = [sys.executable, "-c", FEEDER, str(plug.board), longest_line().decode()]
    port, read = open_port(plug.url)
    with closing(port), subprocess.Popen(words, pass_fds=[plug.board]) as feeder:
        end_s = time.perf_counter() + SECONDS
        while time.perf_counter() < end_s:
            lines += read().count(b"~")
        feeder.kill()
    plug.pull()
    return lines / SECONDS
