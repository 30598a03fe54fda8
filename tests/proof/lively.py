# ruff: noqa: E402, PTH116, PTH123, SIM115
# A pillow that is hugged many times a second: the firmware's own spool on real files, its reports and its link, between
# two pipes, on CPython or MicroPython:  lively.py TRUTH FLASH BOOT EVERY_MS ROOM SEGMENTS
#
# Its law: TRUTH says what was felt before the firmware hears of it, and what was acknowledged before the firmware acts
# on it. It feels something every EVERY_MS while fewer than ROOM reports wait for an answer, until there is a file
# TRUTH.rest.
import os
import select
import sys
import time

PROOF = __file__.rsplit("/", 1)[0]
FIRMWARE = PROOF + "/../../firmware"
sys.path[:] = [FIRMWARE] + [place for place in sys.path if place != PROOF]

if sys.implementation.name == "cpython":
    from virtual import cpython

    cpython.pretend()

from pillow import spool
from pillow.disk import Disk
from pillow.link import Link
from pillow.report import Reporter

PILLOW = "00112233aabbccdd"
GESTURES = ("hugging", "neutral", "punching", "shaking", "neutral", "spinning", "throwing")
REST_MS = 50  # how often to look whether it may rest
WAIT_MS = 2


class Truth:
    def __init__(self, path):
        self._file = open(path, "ab", 0)

    def say(self, *words):
        self._file.write((" ".join([str(word) for word in words]) + "\n").encode())


class WitnessedSpool(spool.Spool):
    truth = None
    highest = 0  # acknowledged of this boot

    def acked(self, boot, seq):
        self.truth.say("acked", boot, seq)
        self.highest = seq if boot == self.boot else self.highest
        return spool.Spool.acked(self, boot, seq)


class Pillow:
    def __init__(self, path, flash, boot, every_ms, room):
        self.path = path
        self.boot, self.every_ms, self.room = boot, every_ms, room
        self.truth = WitnessedSpool.truth = Truth(path)
        WitnessedSpool.boot = boot
        self.spool = WitnessedSpool(Disk(flash))
        self.reporter = Reporter(self.spool, boot)
        nonce = "".join(["%02x" % byte for byte in os.urandom(4)])
        identity = PILLOW, boot, nonce, "1.0.0", "power"
        self.link = Link(self.spool, self.reporter, identity, lambda: (0, 60_000), light)
        self.feel_ms = self.rest_ms = 0
        self.may_rest = False

    def live(self, now_ms):
        if now_ms >= self.rest_ms:
            self.rest_ms = now_ms + REST_MS
            if not self.may_rest and is_there(self.path + ".rest"):
                self.may_rest = True
                self.truth.say("rests", self.boot, self.reporter.seq)
        is_full = self.reporter.seq - self.spool.highest >= self.room
        if now_ms >= self.feel_ms and not is_full and not self.may_rest:
            self.feel_ms = now_ms + self.every_ms
            self.feel(now_ms)

    def feel(self, now_ms):
        seq = self.reporter.seq + 1
        gesture = GESTURES[seq % len(GESTURES)]
        self.truth.say("felt", self.boot, seq, now_ms, gesture)
        self.reporter.change(now_ms, gesture, 90, seq % 1000)
        self.truth.say("kept", self.boot, seq)


def light(version, *fields):
    return None if version % 2 else "the light rests"


def is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def poll(stream, event):
    made = select.poll()
    made.register(stream, event)
    return made


def main(path, flash, boot, every_ms, room, segments):
    spool.SEGMENTS = int(segments)
    pillow = Pillow(path, flash, int(boot), int(every_ms), int(room))
    can_read, can_write = poll(sys.stdin, select.POLLIN), poll(sys.stdout, select.POLLOUT)
    byte = bytearray(1)
    born = time.ticks_ms()
    while True:
        now_ms = time.ticks_diff(time.ticks_ms(), born)
        pillow.live(now_ms)
        if can_write.poll(0):
            line = pillow.link.next(now_ms)
            if line:
                sys.stdout.buffer.write(line)
        heard = b""
        while len(heard) < 64 and can_read.poll(0 if heard or line else WAIT_MS):
            if not sys.stdin.buffer.readinto(byte):
                return  # whoever holds the other end is gone
            heard += bytes(byte)
        pillow.link.receive(heard, now_ms)


main(*sys.argv[1:])
