"""Quiet hours: from one minute of the day to another, by the clock on the home's wall. Pure: time is an argument.

Its law: what the clock on the wall says is what counts, on the two days of the year too when it is put forward or back.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo

DAY_MIN = 24 * 60
MINUTE_MS = 60_000
LOOK_AHEAD_MIN = 26 * 60  # the longest day there is has 25 hours

Hours = Mapping[str, int]  # {"from": minute of the day, "to": minute of the day}


def is_quiet(hours: Hours | None, at_ms: int, zone: tzinfo | None = None) -> bool:
    """Say whether it is quiet at a moment.

    Args:
        hours: None for never.
        at_ms: Unix time.
        zone: where the wall is; None: here.
    """
    if not hours:
        return False
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    since = (local.hour * 60 + local.minute - hours["from"]) % DAY_MIN
    return since < (hours["to"] - hours["from"]) % DAY_MIN


def next_quiet_ms(hours: Hours | None, at_ms: int, zone: tzinfo | None = None) -> int | None:
    """Return when it is quiet next, `at_ms` when it is so now, None for never."""
    if is_quiet(hours, at_ms, zone):
        return at_ms
    first_ms = at_ms // MINUTE_MS * MINUTE_MS  # zones of our days differ by whole minutes
    minutes = (first_ms + minute * MINUTE_MS for minute in range(1, LOOK_AHEAD_MIN)) if hours else ()
    return next((minute_ms for minute_ms in minutes if is_quiet(hours, minute_ms, zone)), None)


def until(hours: Hours) -> str:
    """Return a sentence's part about when they end, such as `quiet hours until 07:00`."""
    return f"quiet hours until {hours['to'] // 60:02d}:{hours['to'] % 60:02d}"
