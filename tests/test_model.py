"""What a pillow is taught: a blob that is taken whole or not at all, and changes what is told."""

import struct
from binascii import crc32

import pytest
from pillow import model as known
from pillow.gesture import Recogniser
from pillow.model import GESTURES, LIMITS, Model
from takes import generated, sequence
from virtual import recording, replay
from virtual.lesson import pack

FELT = bytes(known.FEELINGS)


def as_recording(take):
    whole = recording.Recording(take.rate_hz)
    whole.has_squeeze = True
    for values, squeeze in zip(take.samples, take.squeezes):
        whole.add([v / 1000 for v in values[:3]], [v / 10 for v in values[3:]], squeeze)
    return whole


def signed(blob):
    return blob[:-4] + struct.pack("<I", crc32(blob[:-4]))


def test_a_model_that_changes_nothing_is_what_a_new_pillow_knows():
    blob = pack()
    assert (Model(blob).limits, Model(blob).floors) == (Model().limits, Model().floors) and len(blob) == 25
    assert replay.gestures(as_recording(generated("shake", 5, clear=True)), Model(blob)) == ["shaking"]


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (b"", "no model"),
        (b"hm", "no model"),
        (b"\xff" * 30, "no model"),
        (pack()[:-1], "instead of"),
        (pack() + b"x", "instead of"),
        (signed(b"hm\x63" + pack()[3:]), "version 99"),
        (pack()[:-1] + b"x", "damaged"),
        (pack((0, *LIMITS[1:])), "no pillow"),
        (pack(LIMITS[:3]), "no pillow"),
        (pack(floors=b"\xff" * 5), "no pillow"),
        (signed(pack()[:2] + b"\x00" + pack()[3:]), "version 0"),
        (signed(pack()[:2] + b"\x02" + pack()[3:]), "25 bytes instead of 145"),
        (pack(felt=FELT)[:-1], "144 bytes instead of 145"),
    ],
)
def test_a_bad_blob_says_what_is_wrong(blob, why):
    with pytest.raises(ValueError, match=why):
        Model(blob)


@pytest.mark.parametrize("blob", [pack(), pack(felt=FELT)], ids=["limits", "feelings"])
def test_every_bit_that_flips_is_noticed(blob):
    for bit in range(8 * len(blob)):
        bad = bytearray(blob)
        bad[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):
            Model(bad)


def test_a_model_of_the_first_version_is_one_that_feels_nothing():
    assert pack()[2] == 1 and Model(pack()).feelings == b""
    assert pack(felt=FELT)[2] == 2 and Model(pack(felt=FELT)).feelings == FELT and len(pack(felt=FELT)) < 400


def doubting(gesture, weight=255):
    """Feelings by which every word of a gesture is a wrong one: right ones were nothing like it."""
    felt = bytearray(FELT)
    at = 3 * known.FELT * GESTURES.index(gesture)
    felt[at : at + 3 * known.FELT] = b"\xff" * known.FELT + bytes(known.FELT) + bytes([weight]) * known.FELT
    return bytes(felt)


@pytest.mark.parametrize(("act", "gesture"), [("hug", "hugging"), ("shake", "shaking"), ("throw", "throwing")])
def test_a_word_that_feels_like_another_is_not_told_until_it_is_over(act, gesture):
    take = as_recording(generated(act, 5, clear=True, seconds=4))
    assert replay.gestures(take) == [gesture]
    assert gesture not in replay.gestures(take, Model(pack(felt=doubting(gesture))))
    for felt in (doubting(gesture, 0), doubting("spinning"), FELT):
        assert list(replay.verdicts(take, Model(pack(felt=felt)))) == list(replay.verdicts(take))


def test_a_hug_goes_on_under_a_blow_that_is_none():
    take = as_recording(sequence([("hug", 3)], 5))
    for sample in range(3 * 100, 3 * 100 + 5):  # half a second into the hug something knocks against it
        take.values[7 * sample + 350] = 6000
    words = [gesture for _, gesture, _, _ in replay.verdicts(take)]
    doubted = [gesture for _, gesture, _, _ in replay.verdicts(take, Model(pack(felt=doubting("punching"))))]
    assert "punching" in words and doubted == ["hugging", "neutral"]


def test_a_firmer_limit_is_harder_to_reach():
    take = as_recording(generated("hug", 5, clear=True, seconds=3))
    firm = Model(pack((950, 500, *LIMITS[2:])))
    assert (replay.gestures(take), replay.gestures(take, firm)) == (["hugging"], [])


@pytest.mark.parametrize(("act", "gesture"), [("hug", "hugging"), ("punch", "punching"), ("throw", "throwing")])
def test_below_its_floor_a_gesture_is_not_told(act, gesture):
    floors = bytearray(len(GESTURES))
    floors[GESTURES.index(gesture)] = 100
    take = as_recording(generated(act, 5, clear=True, seconds=3 if act == "hug" else 0))
    assert replay.gestures(take) == [gesture]
    assert gesture not in replay.gestures(take, Model(pack(floors=floors)))


def test_a_recogniser_without_a_model_is_a_new_one():
    assert Recogniser(100, True).gesture == "neutral" and known.VERSION == 2
