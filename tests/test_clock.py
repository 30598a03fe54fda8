import random

from bridge.clock import ANCHORS, Clock

WALL_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


def listen(clock, from_ms, to_ms, wall_of, rtt_of=lambda: 8):
    """Answers once a second, as a connected pillow gives them."""
    for uptime_ms in range(from_ms, to_ms, 1000):
        round_trip_ms = rtt_of()
        clock.sample(uptime_ms, wall_of(uptime_ms) + round_trip_ms // 2, round_trip_ms)


def test_nothing_is_dated_before_the_first_answer():
    assert Clock().date(5) is None


def test_a_connected_pillow_is_dated_to_half_a_round_trip():
    clock = Clock()
    clock.sample(10_000, WALL_MS, 8)
    assert clock.date(10_000) == (WALL_MS - 4, 6)


def test_the_quickest_answer_of_a_minute_counts():
    clock = Clock()
    clock.sample(0, WALL_MS + 200, 400)
    clock.sample(1000, WALL_MS + 1002, 4)
    clock.sample(2000, WALL_MS + 2300, 600)
    assert clock.date(1500) == (WALL_MS + 1500, 5)


def test_a_day_offline_is_dated_within_50_ms_whatever_the_drift():
    for ppm in (-200, -37, 0, 111, 200):
        chance = random.Random(ppm)

        def wall_of(uptime_ms, ppm=ppm):
            return WALL_MS + uptime_ms + uptime_ms * ppm // 1_000_000

        clock = Clock()
        listen(clock, 0, 5 * 60_000, wall_of, lambda chance=chance: chance.randrange(4, 40))
        back_ms = 24 * HOUR_MS
        listen(clock, back_ms, back_ms + 5_000, wall_of, lambda chance=chance: chance.randrange(4, 40))
        for uptime_ms in range(6 * 60_000, back_ms, HOUR_MS):
            at_ms, err_ms = clock.date(uptime_ms)
            assert abs(at_ms - wall_of(uptime_ms)) <= min(err_ms, 50)


def test_before_the_first_anchor_the_error_grows_with_the_drift():
    clock = Clock()
    clock.sample(HOUR_MS, WALL_MS, 2)
    at_ms, err_ms = clock.date(0)
    assert at_ms == WALL_MS - 1 - HOUR_MS
    assert err_ms == 3 + HOUR_MS * 200 // 1_000_000


def test_a_wall_clock_that_was_set_forgets_what_it_said_before():
    clock = Clock()
    listen(clock, 0, 10 * 60_000, lambda uptime_ms: WALL_MS + uptime_ms)
    year_ms = 365 * 24 * HOUR_MS
    for jump_ms in (10 * year_ms, -10 * year_ms, -HOUR_MS, HOUR_MS):
        clock.sample(11 * 60_000, WALL_MS + jump_ms, 2)
        assert clock.date(11 * 60_000) == (WALL_MS + jump_ms - 1, 3)


def test_a_year_of_answers_keeps_memory_flat():
    clock = Clock()
    listen(clock, 0, 2 * HOUR_MS, lambda uptime_ms: WALL_MS + uptime_ms)
    assert len(clock.anchors) == ANCHORS
    assert clock.anchors[0][0] < 60_000


def test_a_clock_goes_on_from_what_was_kept():
    clock = Clock()
    listen(clock, 0, 300_000, lambda uptime_ms: WALL_MS + uptime_ms)
    assert Clock(clock.anchors).date(123_456) == clock.date(123_456)
