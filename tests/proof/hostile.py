"""Everybody who may call the bridge's port and is no pillow of this home: thousands, while one pillow is hugged.

Its law: nobody but that pillow is let in, nothing of it is lost, and the bridge's memory is what it was before.
"""

import contextlib
import gc
import multiprocessing
import os
import socket
import ssl
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from aloft import Home
from fleet import Fleet, PillowOnWifi, at_home, identity, now_ms
from keyed import OTHER_KEY
from soon import until

from bridge import certificate, door, session, visitor

AT_ONCE = 24  # hostile conversations: as many as places for strangers allow, and a few that are turned away
PATIENCE_S = 5.0
GROWTH_KB = 8_192  # what an allocator may keep back, and a leak of a thousand conversations would exceed
QUICK = (  # the same clocks and caps, in a hurry: 1,000 of each kind would take hours otherwise
    (visitor, "HANDSHAKE_MS", 400),
    (visitor, "PROOF_MS", 400),
    (session, "STRANGER_MS", 300),
    (door, "HANDSHAKES", 1e9),
    (door, "KNOCKS", 1e9),
)
WORDS = 40  # of the pillow: a whole conversation
ADDRESSES = 60_000  # of 127.0.0.0/8, all of which are this computer


class Foe:
    """Where to call, and what a foe may know: the certificate, a pillow's id, and every word it once said."""

    def __init__(self, home, folder, words, key):
        self.port, self.certificate = home.port, home.certificate
        self.words = words  # what the pillow said
        self.key = key  # its key, which no foe has
        self.other = certificate.of_home(folder)

    def call(self, number):
        line = socket.socket()
        line.settimeout(PATIENCE_S)
        address = 1_000 + number % ADDRESSES
        line.bind((f"127.7.{address // 250}.{1 + address % 250}", 0))
        line.connect(("127.0.0.1", self.port))
        return line

    def shake_hands(self, number, pinned=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=(pinned or self.certificate).der)
        return context.wrap_socket(self.call(number), server_hostname=certificate.SERVER_NAME)

    def talk(self, number, *lines):
        """Say lines inside TLS, and stay until hung up on."""
        with self.shake_hands(number) as line:
            for said in lines:
                line.sendall(said)
            wait(line)

    def as_pillow(self, number, pillow, key, pinned=None):
        """Run a pillow's own firmware with a key that is none of this home. True when it was let in."""
        one = PillowOnWifi(pillow, key, self.certificate, self.port)
        if pinned:
            one.link.proof._certificate = pinned.digest
        one.feel("hugging", now_ms())
        one.socket = self.shake_hands(number)
        one.socket.settimeout(0.05)
        one.link.begin(0)
        try:
            return turn_until_over(one)
        finally:
            one.hang_up()


def turn_until_over(pillow):
    while pillow.write() and not pillow.link.is_welcome:
        try:
            data = pillow.socket.recv(4_096)
        except TimeoutError:
            continue
        except OSError:
            break
        if not data:
            break
        pillow.receive(data, now_ms())
    return pillow.link.is_welcome


def wait(line):
    """Stay until hung up on."""
    while line.recv(4_096):
        continue


def silent(foe, number):
    with foe.call(number) as line:
        wait(line)


def knock_and_run(foe, number):
    for _ in range(10):
        foe.call(number).close()


def half_handshake(foe, number):
    with foe.call(number) as line:
        line.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(number % 300))
        wait(line)


def drop_by_drop(foe, number):
    with foe.call(number) as line:
        for byte in b"\x16\x03\x01\x02\x00\x01\x00" + bytes(200):
            line.sendall(bytes([byte]))
            line.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                if not line.recv(1):
                    return


def garbage(foe, number):
    with foe.call(number) as line:
        line.sendall(os.urandom(1 + number * 37 % 5_000))
        wait(line)


def no_certificate_of_ours(foe, number):
    with contextlib.suppress(ssl.SSLCertVerificationError):
        foe.shake_hands(number, pinned=foe.other).close()


def mute_in_tls(foe, number):
    foe.talk(number)


def garbage_in_tls(foe, number):
    foe.talk(number, os.urandom(1 + number * 41 % 4_000))


def unknown_pillow(foe, number):
    return foe.as_pillow(number, identity(1_000 + number), os.urandom(32))


def wrong_key(foe, number):
    return foe.as_pillow(number, identity(0), OTHER_KEY)


def no_key(foe, number):
    return foe.as_pillow(number, identity(0), None)


def man_in_the_middle(foe, number):
    """The right key, but over a certificate that somebody else showed."""
    return foe.as_pillow(number, identity(0), foe.key, pinned=foe.other)


def thief(foe, number):
    """The right key: no foe, but what a rig that sees nothing would miss."""
    return foe.as_pillow(number, identity(0), foe.key)


def replayed(foe, number):
    foe.talk(number, *foe.words)


KINDS = (
    silent, knock_and_run, half_handshake, drop_by_drop, garbage, no_certificate_of_ours, mute_in_tls, garbage_in_tls,
    unknown_pillow, wrong_key, no_key, man_in_the_middle, replayed,
)  # fmt: skip


def listened_to(pillow):
    """Return the list in which everything will be that a pillow says."""
    words, say = [], pillow.next

    def listening(now_ms):
        said = say(now_ms)
        if said and len(words) < WORDS:
            words.append(said)
        return said

    pillow.next = listening
    return words


def run(count, tick=lambda done: None):
    """Have `count` of each kind call. Returns (conversations, what went wrong)."""
    with contextlib.ExitStack() as stack:
        for module, name, value in QUICK:
            stack.enter_context(mock.patch.object(module, name, value))
        home = Home(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hostile-"))))
        stack.callback(home.close)
        home.listen()
        (pillow,) = at_home(home.path.parent, home.keys, 1, home.port)
        words = listened_to(pillow)
        fleet = stack.enter_context(Fleet([pillow]))
        fleet.feel(pillow, "neutral")
        until(lambda: pillow.link.is_welcome and pillow.has_told_all())
        foe = Foe(
            home, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="other-"))), list(words), pillow.key
        )
        elsewhere = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))  # its memory is not the bridge's
        foes = stack.enter_context(elsewhere)
        return attack(home, fleet, pillow, foe, foes, count, tick)


def attack(home, fleet, pillow, foe, foes, count, tick):
    wrong = []
    for kind in KINDS:  # caches and buffers are new to the first of each
        wrong += foes.submit(crowd, kind, foe, AT_ONCE).result()
    before_kb, calls = memory_kb(), pillow.calls
    for number, kind in enumerate(KINDS):
        fleet.feel(pillow, "hugging" if number % 2 else "neutral")
        wrong += foes.submit(crowd, kind, foe, count).result()
        tick(count)
    fleet.feel(pillow, "neutral")
    until(pillow.has_told_all, 20)
    until(lambda: len(home.listener.callers) == 1, 20)
    grown_kb = memory_kb() - before_kb
    if grown_kb > GROWTH_KB:
        wrong.append(f"the bridge grew by {grown_kb} kB")
    if pillow.calls != calls:
        wrong.append(f"the pillow lost its connection {pillow.calls - calls} times")
    wrong += judge(home, pillow)
    return count * len(KINDS), wrong


def crowd(kind, foe, count):
    """Have `count` of a kind call, several at a time. Returns what went wrong."""
    accepted = []
    lock = threading.Lock()

    def one(number):
        with contextlib.suppress(OSError):  # being hung up on is what is asked for
            if kind(foe, number):
                with lock:
                    accepted.append(f"{kind.__name__} {number} was let in")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(count)))
    return accepted[:10]


def judge(home, pillow):
    """What the journal holds is what that pillow felt, and nothing else."""
    rows = home.journal.rows_after(0, 5_000)
    strange = {row["pillow"] for row in rows} | {row["pillow"] for row in home.journal.pillows()}
    told = [row["seq"] for row in rows]
    wrong = [f"pillow {one} is in the journal" for one in strange - {pillow.id}]
    if told != list(range(1, pillow.reporter.seq + 1)):
        wrong.append(f"the journal holds {len(told)} reports of {pillow.reporter.seq}")
    if home.journal.console_tail():
        wrong.append("what a stranger said is in the console")
    return wrong


def memory_kb():
    """Return what this process holds in memory."""
    gc.collect()
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
