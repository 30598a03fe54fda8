"""Cables named for their misbehaviour: each takes the bytes of one step and returns what arrives instead."""

import random
from collections import deque

BOOT_NOISE = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n\xff\x00\xfe"
TRACEBACK = b'Traceback (most recent call last):\r\n  File "main.py", line 9\r\nOSError: [Errno 19] ENODEV\r\n>>> '


class Good:
    def __call__(self, data):
        return data


class OneByteAtATime:
    """Holds back what it gets and lets `count` bytes through a step."""

    def __init__(self, seed, count=7):
        self._held = bytearray()
        self._count = count

    def __call__(self, data):
        self._held += data
        out, self._held = self._held[: self._count], self._held[self._count :]
        return bytes(out)


class LosesLines:
    def __init__(self, seed, share=0.3):
        self._random, self._share = random.Random(seed), share

    def __call__(self, data):
        return b"" if self._random.random() < self._share else data


class DoublesLines:
    def __init__(self, seed, share=0.5):
        self._random, self._share = random.Random(seed), share

    def __call__(self, data):
        return data * 2 if self._random.random() < self._share else data


class FlipsBits:
    def __init__(self, seed, share=0.005):
        self._random, self._share = random.Random(seed), share

    def __call__(self, data):
        flip = self._random
        return bytes(b ^ (1 << flip.randrange(8)) if flip.random() < self._share else b for b in data)


class Delays:
    """Lets each step's bytes through up to 30 steps later, so that lines overtake one another."""

    def __init__(self, seed):
        self._random, self._late = random.Random(seed), deque([b""] * 31)

    def __call__(self, data):
        if data:
            self._late[self._random.randrange(31)] += data
        self._late.append(b"")
        return self._late.popleft()


class Chatters:
    """Puts boot noise, tracebacks and prompts anywhere, also inside a line."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def __call__(self, data):
        if self._random.random() > 0.1:
            return data
        at = self._random.randrange(len(data) + 1)
        return data[:at] + self._random.choice((BOOT_NOISE, TRACEBACK, b"~{", b"\n~\n")) + data[at:]


MISBEHAVIOURS = (OneByteAtATime, LosesLines, DoublesLines, FlipsBits, Delays, Chatters)
