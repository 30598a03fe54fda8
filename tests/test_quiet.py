from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.quiet import is_quiet, next_quiet_ms, until

BERLIN = ZoneInfo("Europe/Berlin")  # put forward on 2026-03-29 at 2:00, back on 2026-10-25 at 3:00
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # by half an hour, on 2026-04-05 and 2026-10-04
NIGHT = {"from": 22 * 60, "to": 7 * 60}
NOON = {"from": 12 * 60, "to": 13 * 60 + 30}
MINUTE_MS = 60_000


def ms(*when, zone=BERLIN, fold=0):
    return round(datetime(*when, tzinfo=zone, fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "clock", "quiet"),
    [
        (NIGHT, (21, 59), False),
        (NIGHT, (22, 0), True),
        (NIGHT, (23, 59), True),
        (NIGHT, (0, 0), True),
        (NIGHT, (6, 59), True),
        (NIGHT, (7, 0), False),
        (NIGHT, (12, 0), False),
        (NOON, (11, 59), False),
        (NOON, (12, 0), True),
        (NOON, (13, 29), True),
        (NOON, (13, 30), False),
        (NOON, (0, 0), False),
        (None, (3, 0), False),
    ],
)
def test_quiet_hours_begin_at_their_first_minute_and_end_before_their_last(hours, clock, quiet):
    assert is_quiet(hours, ms(2026, 6, 1, *clock), BERLIN) is quiet
    assert is_quiet(hours, ms(2026, 6, 1, *clock) + MINUTE_MS - 1, BERLIN) is quiet


def quiet_minutes(hours, day, zone):
    """How many minutes of the 24 hours from noon of a day are quiet, and how many there are."""
    start, end = ms(*day, 12, zone=zone), ms(*(day + timedelta(1)).timetuple()[:3], 12, zone=zone)
    return sum(is_quiet(hours, at, zone) for at in range(start, end, MINUTE_MS)), (end - start) // MINUTE_MS


class Day(tuple):
    def __add__(self, rest):
        return datetime(*self) + rest


@pytest.mark.parametrize(
    ("day", "zone", "quiet", "whole"),
    [
        (Day((2026, 6, 1)), BERLIN, 9 * 60, 24 * 60),
        (Day((2026, 3, 28)), BERLIN, 8 * 60, 23 * 60),
        (Day((2026, 10, 24)), BERLIN, 10 * 60, 25 * 60),
        (Day((2026, 10, 3)), LORD_HOWE, 9 * 60 - 30, 24 * 60 - 30),
    ],
)
def test_a_night_in_which_the_clock_is_put_is_quiet_until_the_clock_says_seven(day, zone, quiet, whole):
    assert quiet_minutes(NIGHT, day, zone) == (quiet, whole)


@pytest.mark.parametrize("day", [(2026, 6, 1), (2026, 3, 28), (2026, 3, 29), (2026, 10, 24), (2026, 10, 25)])
@pytest.mark.parametrize("hours", [NIGHT, NOON, {"from": 150, "to": 210}])
def test_the_next_quiet_moment_is_the_first_that_is_quiet(day, hours):
    at = ms(*day, 9, 41)
    found = next_quiet_ms(hours, at, BERLIN)
    slow = next(minute for minute in range(at // MINUTE_MS * MINUTE_MS, at + 10**9, MINUTE_MS)
                if minute >= at and is_quiet(hours, minute, BERLIN))  # fmt: skip
    assert found == slow


def test_hours_that_the_clock_leaps_over_are_of_the_next_day():
    leapt = {"from": 125, "to": 175}  # 2:05 to 2:55 is not there on that day
    found = next_quiet_ms(leapt, ms(2026, 3, 29, 0, 0), BERLIN)
    assert found == ms(2026, 3, 30, 2, 5)


def test_while_it_is_quiet_the_next_quiet_moment_is_now():
    at = ms(2026, 6, 1, 23, 5) + 1234
    assert next_quiet_ms(NIGHT, at, BERLIN) == at


def test_where_there_are_no_quiet_hours_there_is_no_next_one():
    assert next_quiet_ms(None, ms(2026, 6, 1), BERLIN) is None


def test_the_sentence_says_when_they_end():
    assert until(NIGHT) == "quiet hours until 07:00"


def test_the_zone_of_the_home_is_taken_when_none_is_named(monkeypatch):
    noon = round(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp() * 1000)
    local = datetime.fromtimestamp(noon / 1000)
    minute = local.hour * 60 + local.minute
    assert is_quiet({"from": minute, "to": (minute + 1) % 1440}, noon)
    assert not is_quiet({"from": (minute + 1) % 1440, "to": (minute + 2) % 1440}, noon)
