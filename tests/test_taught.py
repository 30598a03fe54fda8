"""What the pillow keeps of what it is taught, over the wire and through a reset; and the samples it gives away."""

import pytest
from test_app import Pillow
from virtual.lesson import pack, with_limit

from bridge.pieces import pieces
from bridge.report import samples
from bridge.study import model_id
from bridge.takes import samples_of

LIMITS = with_limit(pack.__defaults__[0], "hugging", 90)
MODEL = pack(LIMITS, bytes([0, 0, 30, 0, 0]))


@pytest.fixture
def pillow(tmp_path):
    pillow = Pillow(tmp_path)
    pillow.run(2)
    pillow.hears("welcome", 1, "00" * 8)
    pillow.run(1)
    return pillow


def put(pillow, blob):
    """Send a blob in pieces. Returns the pillow's last answer, `ok` or why not."""
    for number, (kind, fields) in enumerate(pieces("model", blob), 100):
        pillow.hears(kind, number, *fields)
        pillow.run(0.1)
    denied = [fields[1] for fields in pillow.said("no") if fields[0] == number]
    return denied[-1] if denied else "ok" if any(fields[0] == number for fields in pillow.said("ok")) else ""


def in_use(pillow):
    pillow.hears("ping", 7)
    pillow.run(1.2)
    return pillow.said("beat")[-1][6]


def test_a_model_is_used_at_once_and_after_a_reset(pillow):
    assert in_use(pillow) == 0
    assert put(pillow, MODEL) == "ok"
    assert in_use(pillow) == model_id(MODEL) != 0
    assert (pillow.folder / "model").read_bytes() == MODEL
    pillow.boot(2)
    pillow.run(2)
    pillow.hears("welcome", 1, "00" * 8)
    pillow.run(2)
    assert in_use(pillow) == model_id(MODEL)


def test_it_can_be_as_new_again(pillow):
    put(pillow, MODEL)
    assert put(pillow, b"none") == "ok"
    assert in_use(pillow) == 0


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (MODEL[:-1], "bytes instead of"),
        (MODEL[:9] + bytes([MODEL[9] ^ 1]) + MODEL[10:], "damaged"),
        (b"hm\x07" + MODEL[3:], "version 7"),
        (b"\x00" * 20, "no model"),
        (b"x", "no model"),
    ],
)
def test_what_is_no_model_is_refused_and_the_old_one_stays(pillow, blob, why):
    put(pillow, MODEL)
    assert why in put(pillow, blob)
    assert in_use(pillow) == model_id(MODEL)
    assert (pillow.folder / "model").read_bytes() == MODEL


@pytest.mark.parametrize("blob", [b"", MODEL[:10], bytes(300), MODEL[:-2] + b"xx"])
def test_a_damaged_model_in_its_flash_is_a_word_and_no_more(tmp_path, blob):
    (tmp_path / "model").write_bytes(blob)
    pillow = Pillow(tmp_path)
    pillow.run(1)
    console = b"".join(pillow.bench.from_pillow).decode()
    assert "What this pillow was taught is not used" in console and "teach it again" in console
    pillow.motion.press("hug", 4)
    pillow.run(10)
    assert pillow.gestures() == ["hugging", "neutral"]


def test_a_hug_that_is_on_when_the_model_comes_ends(pillow):
    pillow.motion.press("hug", 20)
    pillow.run(4)
    put(pillow, MODEL)
    pillow.motion.press("nothing")
    pillow.run(5)
    gestures = pillow.gestures()
    assert gestures[:2] == ["hugging", "neutral"] and gestures[-1] == "neutral"


def pass_time(pillow, seconds):
    """With a host that is there."""
    for _ in range(seconds):
        pillow.hears("ping", 9)
        pillow.run(1)


def given(pillow):
    return [samples(fields) for fields in pillow.said("samples")]


def test_samples_are_given_live_and_go_back_to_what_was_lost(pillow):
    pillow.hears("take", 1, "live", 0)
    pillow.run(1)
    told = given(pillow)
    assert [first for _, first, _ in told] == list(range(told[0][1], told[-1][1] + 1, 10))
    assert 80 <= 10 * len(told) <= 110
    pillow.hears("take", 2, "live", told[3][1])
    pillow.run(0.1)
    assert given(pillow)[len(told)] == told[3]
    pillow.run(5)
    count = len(given(pillow))
    pillow.run(1)
    assert len(given(pillow)) == count, "nobody asks any more"


def test_the_last_ten_seconds_are_given_whole(pillow):
    pass_time(pillow, 10)
    pillow.motion.press("shake", 2)
    pass_time(pillow, 3)
    pillow.hears("take", 1, "last", 0)
    pass_time(pillow, 8)
    told = given(pillow)
    rows = [row for _, _, data in told for row in samples_of(data)]
    assert told[-1][2] == b"" and 1_000 <= len(rows) <= 1_040
    assert max(abs(row[0]) + abs(row[1]) + abs(row[2]) for row in rows) > 2_000, "the shaking is in it"
    pillow.hears("take", 2, "off", 0)
    pillow.run(2)
    pillow.hears("take", 3, "last", 0)
    pillow.run(3)
    again = given(pillow)[len(told) :]
    assert sum(len(samples_of(data)) for _, _, data in again) < 400, "and then it begins anew"


def test_reports_go_before_samples(pillow):
    pass_time(pillow, 10)
    pillow.hears("take", 1, "last", 0)
    pillow.motion.press("punch")
    pass_time(pillow, 2)
    kinds = [line.split(b'"')[1] for line in pillow.bench.from_pillow if b'{"report"' in line or b'{"samples"' in line]
    assert b"report" in kinds and kinds.index(b"report") < len(kinds) - 5
