"""Pillows on Wi-Fi without a radio: the firmware's own stages, many in one thread, each over real TLS of its own.

As a program: fleet.py PORT FOLDER COUNT RATE SECONDS [FLOOD] lives that long and says as JSON what was felt; FOLDER is
the home's data folder, for the certificate and the keys. With FLOOD lines a second the last pillow babbles.
"""

import contextlib
import json
import os
import random
import selectors
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

from joined import Pillow, RamDisk
from pillow.keyed import KeyedLink
from pillow.proof import Proof

from bridge import certificate
from bridge.keys import Keys

TURN_S = 0.01  # the firmware's loop turns twice as often
AGAIN_S = 0.5  # before a pillow calls again
GESTURES = ("hugging", "neutral")
READ = 4_096


def now_ms():
    return time.monotonic_ns() // 1_000_000


def identity(number):
    return f"{0xC10D0000_00000000 + number:016x}"


class PillowOnWifi(Pillow):
    """A pillow with a key; `call` makes it try, `turn` gives it a turn."""

    def __init__(self, pillow, key, home, port, address="127.0.0.1"):
        super().__init__(RamDisk(), pillow)
        self.key, self.home, self.port, self.address = key, home, port, address
        self.socket = None
        self.out = b""
        self.again_s = 0.0
        self.calls = 0
        self.boot(now_ms())

    def boot(self, now_ms):
        super().boot(now_ms)
        said = (self.id, self.boots, f"{self.boots:08x}", "1.0.0", "power")
        if self.key:
            self.link = KeyedLink(self.spool, self.reporter, said, lambda: (0, 60_000), self._light)
            self.link.proof = Proof(self.key, os.urandom, self.home.digest)

    def call(self):
        """Connect, and shake hands, which a home's network does in a few ms."""
        self.calls += 1
        self.again_s = time.monotonic() + AGAIN_S
        line = socket.socket()
        try:
            line.settimeout(5)
            line.bind((self.address, 0))
            line.connect(("127.0.0.1", self.port))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=self.home.der)
            self.socket = context.wrap_socket(line, server_hostname=certificate.SERVER_NAME)
            self.socket.setblocking(False)
            self.link.begin(0)
            self.out = b""
        except OSError:
            line.close()
            self.socket = None

    def turn(self, is_ready):
        """Read, think, write. False when the connection is gone."""
        try:
            if is_ready:
                while data := self.socket.recv(READ):
                    self.receive(data, now_ms())
                return False
        except ssl.SSLWantReadError:
            pass
        except OSError:
            return False
        return self.write()

    def write(self):
        with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
            try:
                while data := self.out or self.next(now_ms()):
                    self.out = data
                    self.out = data[self.socket.send(data) :]
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                raise
            except OSError:
                return False
        return True

    def hang_up(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def has_told_all(self):
        return self.spool.oldest() is None


class Babbler(PillowOnWifi):
    """A pillow that, once it is welcome, says as many lines a second as it can get rid of."""

    rate = 10_000
    _due_s = 0.0

    def write(self):
        now_s = time.monotonic()
        if not self.out and self.link.is_welcome and now_s >= self._due_s:
            self._due_s = now_s + TURN_S
            self.out = self.link._beat(now_ms()) * int(self.rate * TURN_S)
        return super().write()


class Fleet:
    """Several pillows in one thread; `feel` may be called from any."""

    def __init__(self, pillows):
        self.pillows = list(pillows)
        self._over = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._live)
        self._lock = threading.Lock()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._selector.close()

    def feel(self, pillow, gesture):
        with self._lock:
            pillow.feel(gesture, now_ms())

    def _live(self):
        while not self._over.is_set():
            self.turn()
        for pillow in self.pillows:
            self._drop(pillow)

    def turn(self, seconds=TURN_S):
        ready = {key.data for key, _ in self._selector.select(seconds)}
        with self._lock:
            for pillow in self.pillows:
                if pillow.socket and not pillow.turn(pillow in ready):
                    self._drop(pillow)
                elif not pillow.socket and pillow.address and time.monotonic() >= pillow.again_s:
                    pillow.call()
                    if pillow.socket:
                        self._selector.register(pillow.socket, selectors.EVENT_READ, pillow)

    def _drop(self, pillow):
        if pillow.socket:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(pillow.socket)
            pillow.hang_up()

    def live(self, seconds, rate):
        """In this thread: everybody feels `rate` changes a second for so long, then tells what is left."""
        rng = random.Random(1)
        began = time.monotonic()
        due = {pillow: began + rng.random() / rate for pillow in self.pillows}
        while (now_s := time.monotonic()) < began + seconds:
            for pillow in self.pillows:
                if now_s >= due[pillow]:
                    due[pillow] += 1 / rate
                    pillow.feel(GESTURES[pillow.reporter.seq % 2], now_ms())
            self.turn(min(TURN_S, max(0.0, min(due.values()) - time.monotonic())))
        told = [pillow for pillow in self.pillows if not isinstance(pillow, Babbler)]
        self.until(lambda: all(pillow.has_told_all() for pillow in told), 20)

    def until(self, happens, seconds):
        deadline = time.monotonic() + seconds
        while not happens() and time.monotonic() < deadline:
            self.turn()


def at_home(folder, keys, count, port):
    """Pillows of a home, each with its key and an address of its own (Linux answers to all of 127.0.0.0/8)."""
    home = certificate.of_home(folder)
    for number in range(count):
        pillow = identity(number)
        key = (keys.of(pillow) or (keys.offer(pillow),))[0]
        yield PillowOnWifi(pillow, key, home, port, f"127.0.{1 + number // 250}.{1 + number % 250}")


def main(port, folder, count, rate, seconds, flood=0):
    pillows = list(at_home(folder, Keys(folder), count, port))
    if flood:
        pillows[-1].__class__ = Babbler
        Babbler.rate = flood
    fleet = Fleet(pillows)
    fleet.until(lambda: all(pillow.link.is_welcome for pillow in pillows), 60)
    print(json.dumps({"welcome": sum(pillow.link.is_welcome for pillow in pillows)}), flush=True)
    sys.stdin.readline()
    calls = [pillow.calls for pillow in pillows]
    fleet.live(seconds, rate)
    felt = {pillow.id: pillow.reporter.seq for pillow in pillows}
    again = sum(pillow.calls for pillow in pillows) - sum(calls)
    print(json.dumps({"felt": felt, "babbles": flood, "called again": again}), flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]), Path(words[1]), int(words[2]), float(words[3]), float(words[4]), *map(int, words[5:]))
