"""The light: wishes come true within limits that hold whoever wishes."""

import random
from itertools import pairwise

import pytest
from pillow.light import COLOUR_MA, EFFECTS, FRAME_MS, Light

PIXELS = 8


class Glow:
    """A light over a virtual clock, and everything that it showed: (ms, red, green, blue) of the first pixel."""

    def __init__(self, pixels=PIXELS, percent=25, ma=400, seconds=600):
        self.shown = []
        self.now_ms = 0
        self.light = Light(self._write, pixels, percent, ma, seconds)
        self.version = 0

    def _write(self, frame):
        pixels = {tuple(frame[i : i + 3]) for i in range(0, len(frame), 3)}
        assert len(pixels) == 1
        self.shown.append((self.now_ms, *pixels.pop()))

    def wish(self, effect, red=255, green=255, blue=255, percent=100, seconds=10):
        self.version += 1
        return self.light.wish(self.version, effect, red, green, blue, percent, seconds)

    def run(self, ms, step_ms=5):
        for _ in range(ms // step_ms):
            self.light.step(self.now_ms)
            self.now_ms += step_ms

    def colour(self):
        return self.shown[-1][1:]


def flashes(shown, channel, start_ms=0, end_ms=10**9):
    """Count the changes to brighter and back to darker within these milliseconds."""
    values = [entry[channel] for entry in shown if start_ms <= entry[0] < end_ms]
    turns, direction = 0, 0
    for before, after in pairwise(values):
        way = (after > before) - (after < before)
        if way and direction and way != direction:
            turns += 1
        direction = way or direction
    return (turns + 1) / 2


def test_the_first_thing_it_does_is_to_be_dark():
    glow = Glow()
    glow.run(100)
    assert glow.shown == [(0, 0, 0, 0)]


def test_a_wish_glows_until_its_seconds_are_over():
    glow = Glow()
    assert glow.wish("glow", 255, 128, 0, 20, seconds=3) is None
    glow.run(2_900)
    assert glow.colour() == (51, 25, 0)
    glow.run(200)
    assert glow.colour() == (0, 0, 0)
    assert glow.shown[-1][0] == pytest.approx(3_000, abs=FRAME_MS)


def test_no_wish_lasts_longer_than_the_settings_say():
    glow = Glow(seconds=5)
    glow.wish("glow", seconds=100_000)
    glow.run(6_000)
    assert glow.colour() == (0, 0, 0)


@pytest.mark.parametrize("effect", ["glow", "breathe", "hug"])
@pytest.mark.parametrize(("percent", "ma", "pixels"), [(25, 400, 8), (100, 400, 16), (100, 20, 16), (1, 2000, 1)])
def test_brightness_and_current_keep_their_caps(effect, percent, ma, pixels):
    glow = Glow(pixels, percent, ma)
    glow.wish(effect, 255, 255, 255, 100)
    glow.run(5_000)
    brightest = max(max(entry[1:]) for entry in glow.shown)
    hungriest = max(sum(entry[1:]) for entry in glow.shown) * pixels * COLOUR_MA / 255
    assert brightest <= 255 * percent / 100
    assert hungriest <= ma
    assert brightest > 0


def test_less_than_the_cap_is_as_wished():
    glow = Glow()
    glow.wish("glow", 100, 100, 100, 10)
    glow.run(1_000)
    assert glow.colour() == (9, 9, 9)


@pytest.mark.parametrize(("effect", "swells"), [("breathe", 2), ("hug", 7)])
def test_an_effect_swells_up_and_down(effect, swells):
    glow = Glow()
    glow.wish(effect)
    glow.run(8_300)
    reds = [entry[1] for entry in glow.shown]
    assert min(reds) == 0 and max(reds) > 30
    assert flashes(glow.shown, 1) == pytest.approx(swells, abs=0.5)


def test_off_is_off_at_once():
    glow = Glow()
    glow.wish("glow")
    glow.run(1_000)
    glow.wish("off")
    glow.run(50)
    assert glow.colour() == (0, 0, 0)


@pytest.mark.parametrize("seed", range(6))
def test_a_hostile_host_cannot_make_it_flash(seed):
    rng = random.Random(seed)
    glow = Glow()
    for _ in range(600):
        effect = rng.choice(["off", "glow", "glow", "breathe", "hug"])
        glow.wish(
            effect,
            *(rng.choice([0, 255]) for _ in range(3)),
            percent=rng.choice([0, 100]),
            seconds=rng.choice([0, 1, 9]),
        )
        glow.run(rng.choice([5, 20, 100, 170, 350, 500]))
    worst = max(
        flashes(glow.shown, channel, start, start + 1000)
        for start in range(0, glow.now_ms, 50)
        for channel in (1, 2, 3)
    )
    assert 1 < worst <= 3


def test_the_newest_wish_wins():
    glow = Glow()
    glow.wish("glow", 255, 0, 0)
    glow.run(20)
    glow.wish("glow", 0, 255, 0)
    glow.wish("glow", 0, 0, 255)
    glow.run(1_000)
    assert glow.colour() == (0, 0, 63)
    assert not any(entry[2] for entry in glow.shown)


def test_a_wish_said_twice_is_one():
    glow = Glow()
    glow.wish("glow", seconds=2)
    glow.run(1_500)
    assert glow.light.wish(glow.version, "glow", 255, 255, 255, 100, 2) is None
    glow.run(1_000)
    assert glow.colour() == (0, 0, 0)


def test_it_writes_only_changes_and_at_most_thirty_a_second():
    glow = Glow()
    glow.wish("breathe", seconds=60)
    glow.run(4_000, step_ms=1)
    assert len(glow.shown) <= 4 * 30 + 1
    assert all(before[1:] != after[1:] for before, after in pairwise(glow.shown))
    assert all(after[0] - before[0] >= FRAME_MS for before, after in pairwise(glow.shown))


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ((1, "strobe", 1, 2, 3, 4, 5), "unknown effect"),
        ((1, None, 1, 2, 3, 4, 5), "unknown effect"),
        ((1, "glow", 256, 2, 3, 4, 5), "number out of range"),
        ((1, "glow", -1, 2, 3, 4, 5), "number out of range"),
        ((1, "glow", 1, 2, 3, 101, 5), "number out of range"),
        ((1, "glow", 1, 2, 3, 4, -5), "number out of range"),
        ((1, "glow", 1, 2, 3, 4, 10**12), "number out of range"),
        ((1, "glow", 1.5, 2, 3, 4, 5), "number out of range"),
        ((1, "glow", "1", 2, 3, 4, 5), "number out of range"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_and_changes_nothing(wish, why):
    glow = Glow()
    glow.wish("glow", 0, 200, 0)
    glow.run(1_000)
    before = list(glow.shown)
    assert glow.light.wish(*wish) == why
    glow.run(1_000)
    assert glow.shown == before


def test_a_pillow_without_pixels_says_so():
    glow = Glow(pixels=0)
    assert glow.wish("glow") == "this pillow has no light"
    glow.run(100)
    assert glow.shown == []


def test_every_effect_of_the_wire_is_known():
    assert sorted(EFFECTS) == ["breathe", "glow", "hug", "off"]
