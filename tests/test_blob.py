"""Blobs in pieces and samples: what the host asks for now and then, over every cable."""

import random
import struct
import subprocess
from base64 import b64encode
from binascii import crc32

import pytest
from cables import MISBEHAVIOURS
from interpreters import micropython32
from joined import RamDisk
from keyed import KeyedPillow, join
from pillow.blob import Blobs
from pillow.desk import Desk
from pillow.samples import Samples
from pillow.takes import FROZEN_MS, LIVE_MS, Takes
from test_imports import ROOT

from bridge import wire
from bridge.events import Granted, Sampled, Seen, Slept
from bridge.pieces import MOST_BYTES, pieces

BLOB = bytes(range(256)) * 5


class Taker:
    """Takes what is put, or says what it was told to say."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.taken = []

    def __call__(self, blob):
        self.taken.append(blob)
        return self.answers.pop(0) if self.answers else None


def pillow_with(taker, name="model"):
    return KeyedPillow(RamDisk(), key=None, asks=Desk(Samples(), {name: taker}))


def ends(cable):
    return [event for event in cable.bridge.events if isinstance(event, Granted)]


def put(cable, blob=BLOB, name="model", seconds=30, wish=7):
    assert cable.bridge.session.wish(wish, "put", (name, blob.hex()), cable.now_ms + 1000 * seconds)


# -- blobs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 63, 64, 65, 512, MOST_BYTES])
def test_a_blob_arrives_whole(size):
    cable = join(pillow_with(taker := Taker()))
    cable.run(1000)
    put(cable, BLOB[:size] if size <= len(BLOB) else bytes(size))
    cable.run(3000)
    assert (len(taker.taken), len(taker.taken[0])) == (1, size)
    assert ends(cable) == [Granted(7, "applied", "")]


def test_a_model_of_five_hundred_bytes_takes_less_than_a_second_at_the_chips_pace():
    cable = join(pillow_with(taker := Taker()), ())
    cable.run(1000)
    put(cable, BLOB[:500])
    before_ms = cable.now_ms
    while not taker.taken:
        cable.run(30)  # there and back at 115200 baud
    assert cable.now_ms - before_ms < 1000


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cable_of", MISBEHAVIOURS)
def test_every_misbehaving_cable_brings_it_once(cable_of, seed):
    cable = join(pillow_with(taker := Taker()))
    cable.up, cable.down = cable_of(seed), cable_of(seed + 100)
    cable.run(3000)
    put(cable, seconds=300)
    cable.run(120_000)
    assert taker.taken == [BLOB]
    assert ends(cable) == [Granted(7, "applied", "")]


def test_what_takes_time_is_asked_again_and_done_once():
    cable = join(pillow_with(taker := Taker("wait", "wait", "wrong password"), "home"))
    cable.run(1000)
    put(cable, name="home")
    cable.pillow.feel("hugging", cable.now_ms)
    cable.run(900)
    assert [row["gesture"] for row in cable.bridge.journal.rows_after(0)] == ["hugging"]  # nothing else waits
    cable.run(2000)
    assert ends(cable) == [Granted(7, "refused", "wrong password")]
    assert len(taker.taken) == 3


def test_a_pillow_that_is_reset_in_the_middle_gets_it_from_the_beginning():
    cable = join(pillow_with(taker := Taker()))
    cable.run(1000)
    put(cable)
    cable.run(60)
    assert not taker.taken
    cable.pillow.asks._blobs = Blobs({"model": taker})
    cable.pillow.boot(cable.now_ms)
    cable.run(5000)
    assert taker.taken == [BLOB] and ends(cable) == [Granted(7, "applied", "")]


def test_a_blob_that_nobody_takes_is_refused():
    cable = join(pillow_with(Taker()))
    cable.run(1000)
    put(cable, name="poem")
    cable.run(1000)
    assert ends(cable) == [Granted(7, "refused", "unknown")]


@pytest.mark.parametrize("size", [0, MOST_BYTES + 1])
def test_a_blob_that_is_none_or_too_large_is_never_sent(size):
    with pytest.raises(ValueError, match=r"expected 1\.\.1536 bytes"):
        pieces("model", bytes(size))


def test_every_piece_fits_a_line():
    for kind, fields in pieces("model", bytes(MOST_BYTES)):
        assert len(wire.encode(kind, 9_999, *fields[:3], 2**32 - 1, fields[4])) <= wire.LONGEST_OUT


@pytest.mark.parametrize(
    "fields",
    [
        ("model", 0, 10, 1, "00" * 65),
        ("model", 0, 10, 1, ""),
        ("model", 8, 10, 1, "00" * 4),
        ("model", -1, 10, 1, "00"),
        ("model", 0, 5000, 1, "00"),
    ],
)
def test_a_piece_that_is_none_is_refused(fields):
    assert Blobs({"model": Taker()}).put(*fields) == "too large"


def test_a_damaged_blob_begins_anew_and_never_takes_effect():
    blobs = Blobs({"model": (taker := Taker())})
    lines = [fields for _, fields in pieces("model", BLOB[:100])]
    wrong = [(*fields[:3], crc32(b"other"), fields[4]) for fields in lines]
    assert [blobs.put(*fields) for fields in wrong] == [None, "again"]
    assert [blobs.put(*fields) for fields in lines] == [None, None]
    assert taker.taken == [BLOB[:100]]


def test_the_same_last_piece_again_has_the_same_answer_and_no_second_effect():
    blobs = Blobs({"model": (taker := Taker("too old"))})
    lines = [fields for _, fields in pieces("model", BLOB[:100])]
    assert [blobs.put(*fields) for fields in (*lines, lines[-1], lines[-1])] == [None, "too old", "too old", "too old"]
    assert len(taker.taken) == 1
    assert [blobs.put(*fields) for fields in lines] == [None, None]  # put anew, it is tried anew


@pytest.mark.parametrize("seed", range(20))
def test_pieces_in_any_order_make_no_other_blob(seed):
    chance = random.Random(seed)
    blobs = Blobs({"model": (taker := Taker())})
    lines = [fields for blob in (BLOB[:300], BLOB[5:305], BLOB[:200]) for _, fields in pieces("model", blob)]
    for _ in range(2_000):
        blobs.put(*chance.choice(lines))
    assert set(taker.taken) <= {BLOB[:300], BLOB[5:305], BLOB[:200]}


# -- samples ------------------------------------------------------------------------------------------------------


def felt(samples, count):
    for i in range(count):
        samples.add([i % 50, 0, 1000, 0, 0, i % 7], 0)


def sampled(cable):
    return [event for event in cable.bridge.events if isinstance(event, Sampled)]


def test_the_last_samples_are_frozen_sent_in_order_and_ended():
    cable = join(pillow_with(Taker()))
    samples = cable.pillow.asks._takes._samples
    felt(samples, 500)
    cable.run(1000)
    cable.bridge.session.wish(8, "take", ("last", 0), cable.now_ms + 1000)
    cable.run(1000)
    felt(samples, 10)  # it is frozen
    told = sampled(cable)
    assert [event.first for event in told] == list(range(0, 501, 10))
    assert [len(event.data) for event in told] == [140] * 50 + [0]
    values = [value for (value,) in struct.iter_unpack("<h12x", b"".join(event.data for event in told))]
    assert values == [i % 50 for i in range(500)]


def test_lost_ones_are_sent_again_from_where_they_are_asked_for():
    cable = join(pillow_with(Taker()))
    felt(cable.pillow.asks._takes._samples, 100)
    cable.run(1000)
    for wish, first in ((8, 0), (9, 70)):
        cable.bridge.session.wish(wish, "take", ("last", first), cable.now_ms + 1000)
        cable.run(500)
    assert [event.first for event in sampled(cable)][-4:] == [70, 80, 90, 100]
    assert {event.take for event in sampled(cable)} == {1}


def test_live_samples_come_while_somebody_asks_and_reports_go_first():
    cable = join(pillow_with(Taker()))
    samples = cable.pillow.asks._takes._samples
    cable.run(1000)
    cable.bridge.session.wish(8, "take", ("live", 0), cable.now_ms + 1000)
    for _ in range(30):
        felt(samples, 10)
        cable.run(100)
    assert LIVE_MS // 100 - 2 <= len(sampled(cable)) <= LIVE_MS // 100 + 1
    firsts = [event.first for event in sampled(cable)]
    assert firsts == list(range(firsts[0], firsts[0] + 10 * len(firsts), 10))


def test_a_take_that_nobody_fetches_thaws():
    samples = Samples()
    felt(samples, 50)
    takes = Takes(samples)
    assert takes.ask("last", 0, 0) is None and samples.is_frozen
    assert takes.next(FROZEN_MS) is None and not samples.is_frozen
    assert takes.ask("dance", 0, 0) == "unknown"


# -- what else is new ---------------------------------------------------------------------------------------------


def test_networks_and_sleep_are_told():
    cable = join(pillow_with(Taker()))
    cable.run(1000)
    ssid = b64encode("Café \0".encode()).decode()
    for body in (f'{{"seen":[-61,"{ssid}",1]}}', '{"asleep":[1,3600]}', '{"asleep":[2,3600]}', '{"seen":[-61,"*",1]}'):
        cable.pillow.link._answers.append(b"\n~%s*%08x\n" % (body.encode(), crc32(b"~" + body.encode())))
        cable.run(20)
    told = [event for event in cable.bridge.events if isinstance(event, Seen | Slept)]
    assert told == [Seen(-61, "Café \0".encode(), True), Slept(3600)]


def test_a_pillow_that_says_it_will_sleep_gets_a_line_at_once():
    cable = join(pillow_with(Taker()))
    cable.run(1500)
    cable.down = lambda data: told.append(data) or data if data else data
    told = []
    cable.bridge.receive(b'\n~{"asleep":[1,9]}*%08x\n' % crc32(b'~{"asleep":[1,9]}'), cable.now_ms)
    cable.run(10)
    assert len(told) == 1


def test_blobs_and_takes_work_on_micropython():
    program = f"""
import sys
sys.path.insert(0, {str(ROOT / "firmware")!r})
from pillow.blob import Blobs
from pillow.samples import Samples
from pillow.takes import Takes
taken = []
blobs = Blobs({{"model": taken.append}})
for line in {[fields for _, fields in pieces("model", BLOB)]!r}:
    assert blobs.put(*line) is None
assert taken == [{BLOB!r}]
samples = Samples()
for i in range(100):
    samples.add([i, 0, 1000, 0, 0, i], 0)
takes = Takes(samples)
assert takes.ask("last", 0, 0) is None
for i in range(11):
    body = takes.next(1)
    assert len(body) <= 226, body
assert body == '{{"samples":[1,100,""]}}', body
assert takes.next(1) is None
"""
    done = subprocess.run([micropython32(), "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
