"""The pillow's last ten seconds: what is kept, how exactly, and what it costs."""

import struct
import subprocess
import sys
from array import array

import pytest
from interpreters import micropython, micropython32
from pillow.recall import Recall
from pillow.samples import CHANNELS, MOST, RUN, Samples
from takes import EVERYDAY, GESTURES, HERE, Take, generated

SEEDS = range(14_000, 14_008)
FIRMWARE = HERE.parent / "firmware"
SAMPLE = struct.Struct("<7h")
RING_BYTES = 7_400  # of the 110 kB of a chip


def kept(samples, squeezes=None, ring=None):
    """Put samples into a ring and read all that it still has, in pieces of ten."""
    ring, one = ring or Samples(), array("h", [0] * 6)
    for sample, squeeze in zip(samples, squeezes or [0] * len(samples)):
        one[:] = array("h", sample)
        ring.add(one, squeeze)
    return ring, read(ring, ring.first)


def read(ring, first, most=10):
    found = []
    while True:
        at, data = Recall(ring).read(first, most)
        if not data:
            return found
        assert at == first
        found += SAMPLE.iter_unpack(data)
        first += len(data) // SAMPLE.size


def still(count):
    return [[(i * 7 + k) % 5 - 2 + 1000 * (k == 2) for k in range(6)] for i in range(count)]


def test_what_is_calm_is_kept_to_the_last_bit():
    samples = still(400)
    assert [list(row[:6]) for row in kept(samples)[1]][8:] == samples[8:]  # the first ones have to come up to 1 g


def test_the_squeeze_is_kept_in_steps_of_four():
    squeezes = [i * 13 % 1001 for i in range(0, 200)]
    rows = kept(still(200), squeezes)[1]
    for i in range(0, 200, 2):  # a squeeze sense is asked every 50 ms
        assert rows[i][6] == rows[i + 1][6] == squeezes[i] // 4 * 4


def test_the_newest_ten_seconds_are_there_and_what_is_older_is_not():
    ring, rows = kept(still(5 * MOST + 11))
    assert 1000 <= ring.end - ring.first <= MOST
    assert ring.end == 5 * MOST + 11
    assert [list(row[:6]) for row in rows] == still(ring.end)[ring.first : ring.end & -2]


def test_reading_may_begin_anywhere():
    ring, rows = kept(still(MOST + 7 * RUN))
    first = ring.first
    for begin in (first, first + 1, first + RUN - 1, first + RUN, ring.end - 9, first + 3):
        assert read(ring, begin, 7) == rows[begin - first :]
    assert Recall(ring).read(0, 3)[0] == first, "what is gone is not made up"
    assert Recall(ring).read(ring.end + 5, 3)[1] == b""


def test_frozen_nothing_changes_and_afterwards_it_begins_anew():
    ring, rows = kept(still(500))
    ring.freeze(True)
    assert kept(still(300), ring=ring)[1] == rows
    ring.freeze(False)
    assert read(ring, ring.first) == []
    again = kept([[value + 40 for value in sample] for sample in still(300)], ring=ring)[1]
    assert ring.first >= 500
    assert [list(row[:6]) for row in again][8:] == [[value + 40 for value in sample] for sample in still(300)][8:]


@pytest.mark.parametrize("value", [32767, -32768])
def test_the_greatest_numbers_do_not_wrap(value):
    rows = kept([[value] * 6, [-1 - value] * 6] * 60)[1]
    assert all(abs(got - wanted) < 5_000 for row, wanted in zip(rows[2::2], [value] * 60) for got in row[:3])


@pytest.mark.parametrize("act", sorted(GESTURES) + sorted(EVERYDAY))
def test_its_replay_gives_the_same_reports(act):
    for seed in SEEDS:
        take = generated(act, seed, seconds=4 if act not in ("punch", "throw") else 0)
        take.samples, take.squeezes = take.samples[: RUN * 24], take.squeezes[: RUN * 24]
        rows = kept(take.samples, take.squeezes)[1]
        again = Take()
        again.samples, again.squeezes = [list(row[:6]) for row in rows], [row[6] for row in rows]
        assert [verdict[1] for verdict in again.verdicts()] == [verdict[1] for verdict in take.verdicts()]


def on(interpreter, path):
    program = [interpreter, HERE / "samples_program.py", FIRMWARE, path]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("find", [micropython, micropython32])
def test_it_is_the_same_on_micropython_and_no_sample_takes_memory(find, tmp_path, capsys):
    path = tmp_path / "samples"
    takes = [generated(act, 14_100, seconds=0 if act == "throw" else 3) for act in sorted(GESTURES)]
    rows = [[*sample, squeeze] for take in takes for sample, squeeze in zip(take.samples, take.squeezes)]
    path.write_bytes(b"".join(struct.pack(f">{CHANNELS}h", *row) for row in rows))
    *same, greedy, size, micros = on(find(), path)
    assert same == on(sys.executable, path)[:3]
    assert int(greedy) == 0
    if find is micropython32:
        assert 0 < int(size) <= RING_BYTES
    with capsys.disabled():
        print(f"\nring: {size} bytes, {float(micros):.1f} us a sample here on {find.__name__}")
