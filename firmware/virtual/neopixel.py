"""Pixels that glow into a pipe; the law: a line for each write, and who does not read it never holds up the pillow.

The pipe's number is in HUGGABLE_GLOW; a line is `light` and the red, green and blue of each pixel in hexadecimal.
"""

import os
import select

_watcher = []


def watcher():
    if not _watcher:
        fd = os.getenv("HUGGABLE_GLOW")
        _watcher.append(Watcher(int(fd)) if fd else None)
    return _watcher[0]


class Watcher:
    def __init__(self, fd):
        self.pipe = open(fd, "wb", 0)
        self.poll = select.poll()
        self.poll.register(self.pipe, select.POLLOUT)

    # A pipe that is ready takes 4,096 bytes at once, more than any line here.
    def say(self, line):
        for _, event in self.poll.poll(0):
            if event == select.POLLOUT:
                self.pipe.write(line)


class NeoPixel:
    ORDER = (1, 0, 2, 3)  # on the wire green comes first

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)

    def __len__(self):
        return self.n

    def __setitem__(self, i, colour):
        if not -self.n <= i < self.n:
            raise IndexError("no such pixel")
        for part in range(self.bpp):
            self.buf[i % self.n * self.bpp + self.ORDER[part]] = colour[part]

    def __getitem__(self, i):
        return tuple([self.buf[i % self.n * self.bpp + self.ORDER[part]] for part in range(self.bpp)])

    def fill(self, colour):
        for i in range(self.n):
            self[i] = colour

    def write(self):
        if watcher():
            colours = ["%02x" % value for i in range(self.n) for value in self[i][:3]]
            watcher().say(("light " + " ".join(colours) + "\n").encode())
