"""Makes CPython offer what the firmware touches of MicroPython; the law: only a process that is a pillow loads it."""

import gc
import io
import os
import select
import sys
import time
import traceback
import types

from virtual import tls

TICKS = 1 << 30  # where MicroPython's millisecond counter starts again
BORN_NS = time.monotonic_ns()


def ticks_ms():
    return (time.monotonic_ns() - BORN_NS) // 1_000_000 % TICKS


def ticks_us():
    return (time.monotonic_ns() - BORN_NS) // 1_000 % TICKS


def ticks_add(ticks, delta):
    return (ticks + delta) % TICKS


def ticks_diff(later, earlier):
    return (later - earlier + TICKS // 2) % TICKS - TICKS // 2


def sleep_ms(milliseconds):
    time.sleep(max(0, milliseconds) / 1000)


def sleep_us(microseconds):
    time.sleep(max(0, microseconds) / 1_000_000)


class Poll:
    # MicroPython's poll object tells the streams themselves, not their numbers.
    def __init__(self):
        self._poll = _cpython_poll()
        self._streams = {}

    def register(self, stream, events=select.POLLIN | select.POLLOUT):
        self._streams[stream.fileno()] = stream
        self._poll.register(stream, events)

    def modify(self, stream, events):
        self._poll.modify(stream, events)

    def unregister(self, stream):
        self._poll.unregister(stream)

    def poll(self, timeout_ms=-1):
        return [(self._streams[fd], event) for fd, event in self._poll.poll(timeout_ms)]

    def ipoll(self, timeout_ms=-1, flags=0):
        return iter(self.poll(timeout_ms))


_cpython_poll = select.poll


def _console(fd, mode):
    # Nothing is read ahead or kept back: what a board's stream says with poll() is all there is.
    return io.TextIOWrapper(io.FileIO(fd, mode), newline="\r\n", write_through=True, errors="replace")


def print_exception(trouble, file=None):
    traceback.print_exception(trouble, file=file or sys.stdout)


def pretend():
    for function in (ticks_ms, ticks_us, ticks_add, ticks_diff, sleep_ms, sleep_us):
        setattr(time, function.__name__, function)
    select.poll = Poll
    sys.stdin, sys.stdout = _console(0, "r"), _console(1, "w")
    sys.print_exception = print_exception
    gc.mem_free = lambda: 0  # no number of CPython's means the same
    gc.mem_alloc = lambda: 0
    os.sync = lambda: (
        None
    )  # a board's flash is written when a file is closed; here it would be every disk of the computer
    sys.modules["tls"] = tls
    sys.modules["micropython"] = types.SimpleNamespace(
        const=lambda value: value, native=lambda function: function, kbd_intr=lambda byte: None
    )
