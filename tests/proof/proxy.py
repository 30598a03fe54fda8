"""A cable that does harm: relays between a pillow's pipes and a pty that the bridge opens, and flips, drops, inserts,
stalls and cuts on the way.

Its law: whatever it does is counted; with no share of harm and no cut it relays every byte.
"""

import fcntl
import os
import select
import struct
import termios
import time

from cables import BOOT_NOISE
from virtual.port import CHUNK, Port

RING_BYTES = 259  # what a pillow's input ring holds; the rest is lost
LOOK_S = 0.005  # how often to look whether the bridge has opened the port, which no event tells
READ_S = 0.3  # the bridge takes what has come within this; before that its end is not cut off
HARMS = ("flip", "drop", "insert")
NOISE_SHARE = 0.02  # of the harmed bytes that are followed by a whole boot log


class PillowEnded(Exception):
    """The pillow's program ended by itself."""


class Proxy:
    """Moved on by `turn`.

    Args:
        link: the port's name, a symbolic link.
        pillow: has the two pipes: `said`, a descriptor to read from, and `ear`, one to write to.
        chance: the seed's random.Random.
        harms: a Counter of what was done.
    """

    def __init__(self, link, pillow, chance, harms):
        self.port = Port(link)
        self.pillow = pillow
        self.share = 0.0  # of the bytes that come to harm
        self.acks = 0  # lines seen on the way to the pillow
        self._chance = chance
        self._harms = harms
        self._stalled_until_s = 0.0
        self._back_s = None  # when it is plugged in again
        self._cut = None  # (start of the line, share of it that still comes through, seconds away)
        self.port.plug()

    @property
    def is_armed(self):
        """Whether a cut that was asked for has not happened yet."""
        return self._cut is not None

    @property
    def is_empty(self):
        """Whether nothing is under way to the pillow, and nobody holds the port who could send more."""
        return not self.port.is_open and time.monotonic() >= self._stalled_until_s and not _waiting(self.pillow.ear)

    def stall(self, seconds):
        """Nothing comes through for a while, and nothing is lost."""
        self._harms["stall"] += 1
        self._stalled_until_s = time.monotonic() + seconds

    def cut(self, seconds):
        """Unplug, and plug in again after `seconds`."""
        self._harms["cut"] += 1
        self.port.unplug()
        self._cut = None
        self._back_s = time.monotonic() + seconds

    def cut_at(self, start, share, seconds):
        """Unplug after a share (0.0 to 1.0) of the next line that begins with `start`, such as b'\\n~{"report"'."""
        self._cut = start, share, seconds

    def turn(self, seconds):
        """Wait for something to relay, at most `seconds`, and relay it."""
        now_s = time.monotonic()
        is_stalled = now_s < self._stalled_until_s
        fds = [] if is_stalled else [self.pillow.said] + [self.port.fd] * self.port.is_open
        ready = select.select(fds, [], [], max(0.0, min(seconds, LOOK_S)))[0]
        if self._back_s is not None and now_s >= self._back_s:
            self._back_s = None
            self.port.plug()
        if is_stalled:
            return
        if self.port.fd is not None:
            self._carry_down(self.port.hear())
        if self.pillow.said in ready:
            self._carry_up(os.read(self.pillow.said, CHUNK))

    def _carry_down(self, data):
        self.acks += data.count(b'{"ack"')
        data, seconds = self._until_cut(self._harmed(data))
        if room := data[: max(0, RING_BYTES - _waiting(self.pillow.ear))]:
            os.write(self.pillow.ear, room)
        if seconds is not None:
            self.cut(seconds)

    def _carry_up(self, data):
        if not data:
            raise PillowEnded
        data, seconds = self._until_cut(self._harmed(data))
        self.port.say(data)
        if seconds is not None:
            self._wait_until_read()
            self.cut(seconds)

    def _until_cut(self, data):
        """Return what still comes through, and how long the cable is away then; None when it stays."""
        if not self._cut or self.port.fd is None or not self.port.is_open:
            return data, None
        start, share, seconds = self._cut
        at = data.find(start)
        end = data.find(b"\n", at + 1) + 1
        if at < 0 or end == 0:  # not there, or not whole: the next one then
            return data, None
        return data[: at + round(share * (end - at))], seconds

    def _wait_until_read(self):
        """A cut takes away what the bridge has not read yet; wait, so that it hears exactly what it shall hear."""
        deadline_s = time.monotonic() + READ_S
        end = os.open(self.port.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            while time.monotonic() < deadline_s:
                if not _waiting(end):
                    return
                time.sleep(0.001)
        finally:
            os.close(end)

    def _harmed(self, data):
        if not self.share:
            return data
        out = bytearray()
        for byte in data:
            if self._chance.random() >= self.share:
                out.append(byte)
            else:
                out += self._harm(byte)
        return bytes(out)

    def _harm(self, byte):
        kind = self._chance.choice(HARMS)
        self._harms[kind] += 1
        noise = b""
        if self._chance.random() < NOISE_SHARE:
            self._harms["noise"] += 1
            noise = BOOT_NOISE
        if kind == "flip":
            return bytes([byte ^ 1 << self._chance.randrange(8)]) + noise
        if kind == "drop":
            return noise
        return bytes([byte, self._chance.randrange(256)]) + noise


def _waiting(fd):
    """Return how many bytes lie in a pipe or terminal and were not read yet."""
    return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0]
