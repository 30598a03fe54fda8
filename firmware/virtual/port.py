"""A serial port that is none: the pty that a host opens, under a name that stays.

Its law: whoever has it open is told of an unplugging at once, and what nobody reads is lost.
"""

import contextlib
import os
import tty
from pathlib import Path

CHUNK = 4096  # bytes read at once


class Port:
    """The pty that the host opens, under a name that stays: a symbolic link."""

    def __init__(self, link):
        self.link = Path(link)
        self.fd = None
        self.is_open = False  # by the host

    def plug(self):
        """Make a new pty behind the link; nothing when plugged in already."""
        if self.fd is not None:
            return
        self.fd, end = os.openpty()
        tty.setraw(end)
        os.set_blocking(self.fd, False)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(end))
        fresh.replace(self.link)
        os.close(end)  # so that reading fails until the host opens it

    def unplug(self):
        """Take the port away from whoever has it open."""
        if self.fd is not None:
            self.link.unlink(missing_ok=True)
            os.close(self.fd)
        self.fd, self.is_open = None, False

    def hear(self):
        """Return what the host wrote, b"" for nothing; notices whether the host has the port open."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            self.is_open = True
            return b""
        except OSError:
            data = b""
        self.is_open = data != b""
        return data

    def say(self, data):
        """Write what the host's side can take now; the rest is lost."""
        if self.is_open and data:
            with contextlib.suppress(OSError):
                os.write(self.fd, data)
