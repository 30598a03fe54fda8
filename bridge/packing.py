"""How what travels through a queue is written: an event as JSON, and many of them in one message.

Its law: pure, and nothing leaves that `bridge/cloudevents.py` could not read again.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from bridge.cloudevents import (
    ASK,
    AWAY,
    FORGET,
    GAP,
    HOME,
    PILLOW,
    REPORT,
    STATE,
    WISH,
    Ask,
    Event,
    Forget,
    State,
    Unread,
    Wished,
    decode,
)
from bridge.report import Dated, Gap
from bridge.strict import Malformed

MOST_BYTES = 48 * 1024  # of a message: Base64 makes 64 KiB of it, which is all that a queue takes
YEAR_10000_MS = 253_402_300_800_000  # RFC 3339 has four digits for a year


def encode(event: Event) -> str:
    """Return an event as JSON text, all ASCII.

    Raises:
        Malformed: the other end could not read it, or it fits into no message.
    """
    try:
        kind, source, name, at_ms, data = _parts(event)
        envelope = {"specversion": "1.0", "type": kind, "source": source, "id": name}
        if 0 <= at_ms < YEAR_10000_MS:
            envelope["time"] = _time(at_ms)
        said = json.dumps({**envelope, "data": data}, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Malformed(f"cannot be said in JSON: {error}") from None
    (read,) = decode(f"[{said}]")
    if isinstance(read, Unread):
        raise Malformed(read.why)
    return said


def pack(events: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Put encoded events into messages, in order, each as full as may be.

    Yields:
        A message and how many events are in it.
    """
    held: list[str] = []
    size = 1
    for event in events:
        if held and size + len(event) + 1 > MOST_BYTES:
            yield f"[{','.join(held)}]", len(held)
            held, size = [], 1
        held.append(event)
        size += len(event) + 1
    if held:
        yield f"[{','.join(held)}]", len(held)


def _parts(event: Event) -> tuple[str, str, str, int, dict[str, Any]]:
    """Return type, source, id, time and data of an event."""
    match event:
        case Dated(said):
            name = f"{said.pillow}/{said.boot}/{said.seq}"
            return REPORT, PILLOW + said.pillow, name, event.at_ms, _report_data(event)
        case State():
            data = _data(event)
            pillow = data.pop("pillow")
            return STATE, PILLOW + pillow, f"{pillow}/state/{event.stamp}", event.stamp, data
        case Wished(ask):
            how = {"outcome": event.outcome, "why": event.why, "ended_ms": event.ended_ms}
            name = f"{ask.uid}/{event.outcome or 'waits'}"
            return WISH, HOME, name, event.ended_ms or ask.made_ms, _data(ask) | how
        case Forget():
            return FORGET, HOME, f"forget/{event.upto_ms}", event.upto_ms, _data(event)
        case Ask():
            return ASK, AWAY, event.uid, event.made_ms, _data(event)


def _data(event: State | Forget | Ask) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}


def _report_data(dated: Dated) -> dict[str, Any]:
    said = dated.said
    what: dict[str, Any]
    if isinstance(said, Gap):
        what = {"gesture": GAP, "first": said.first, "why": said.why, "older": said.older}
    else:
        what = {
            "uptime_ms": said.uptime_ms,
            "gesture": said.gesture,
            "confidence": said.confidence,
            "strength": said.strength,
            "duration_ms": said.ended_ms,
        }
    when = {"at_ms": dated.at_ms, "err_ms": dated.err_ms, "late": bool(dated.late), "heard_ms": dated.heard_ms}
    return what | when


def _time(at_ms: int) -> str:
    seconds, ms = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"
