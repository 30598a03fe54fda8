"""The squeeze sense: what a touch pad or a pressure sensor reads, as per mille above a rest that it learns."""

import pytest
from pillow.squeeze import FSR_FULL_UV, HELD_MS, READ_MS, Squeeze


class Hand:
    """Readings over time of a pad (falls from 700 by half) or of an FSR (rises from 0.2 V by 1.5 V)."""

    def __init__(self, kind):
        self.sense = Squeeze(kind == "fsr", FSR_FULL_UV if kind == "fsr" else None)
        self.kind = kind
        self.now_ms = 0

    def raw(self, level):
        return 200_000 + level * 1_500 if self.kind == "fsr" else 700 - level * 350 // 1000

    def hold(self, level, seconds=1.0):
        for _ in range(int(seconds * 1000) // READ_MS):
            self.sense.step(lambda: self.raw(level), self.now_ms)
            self.now_ms += READ_MS
        return self.sense.level


@pytest.fixture(params=["fsr", "touch"])
def hand(request):
    return Hand(request.param)


def test_a_squeeze_is_as_strong_as_it_is(hand):
    assert hand.hold(0) == 0
    for level in (250, 500, 1000):
        assert hand.hold(level) == pytest.approx(level, abs=15)
    assert hand.hold(0) == 0


def test_it_never_leaves_its_range(hand):
    hand.hold(0)
    assert hand.hold(5000) == 1000
    assert hand.hold(-300) == 0


def test_a_slow_drift_becomes_rest(hand):
    hand.hold(0)
    for level in range(0, 400, 2):  # over 33 minutes: damp weather
        assert hand.hold(level, 10) < 100


def test_who_hugs_it_while_it_is_switched_on_hugs_it_again(hand):
    hand.hold(600)
    hand.hold(0, 2)
    assert hand.hold(600) == pytest.approx(600, abs=20)


def test_a_hug_of_minutes_stays_one(hand):
    hand.hold(0)
    assert hand.hold(500, 300) > 450


def test_a_cushion_on_top_is_rest_after_ten_minutes(hand):
    hand.hold(0)
    hand.hold(500, HELD_MS / 1000 + 1)
    assert hand.hold(500) == 0
    assert hand.hold(1000) > 300


def test_a_sense_that_does_not_answer_is_no_squeeze(hand):
    hand.hold(0)
    hand.hold(800)
    hand.sense.step(lambda: None, hand.now_ms)
    assert hand.sense.level == 0


def test_it_is_asked_no_more_than_twenty_times_a_second(hand):
    asked = []
    for now_ms in range(0, 1000, 5):
        hand.sense.step(lambda: asked.append(1) or 500, now_ms)
    assert len(asked) == 20
