"""What travels through a queue: CloudEvents 1.0 in the JSON batch format; what there is, and how it is read.

Its law: pure, and nothing from a queue is trusted: an event that is not as docs/queue.md says costs only itself.
Its other half writes them: `bridge/packing.py`.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from bridge.kinds import MINUTE_MOST
from bridge.report import GESTURES, WHYS, Dated, Gap, Report
from bridge.strict import U32, U53, Malformed, hexadecimal, integer, one_of, text, truth, word

MOST_READ = 64 * 1024  # characters of a message that somebody else sent, and `packing.MOST_BYTES` with room to spare
BODY_BYTES = 4_096  # of a wish: the longest of ours is a tenth
BURIED = 1_000  # characters kept of what cannot be read
NAME = 80  # characters of a name
SENTENCE = 400  # characters of why a wish ended
LOST = "queue"  # why of a gap: on the way between two journals, and not on the pillow
GAP = "gap"
OUTCOMES = ("applied", "superseded", "refused", "expired")
FACES = (*GESTURES, "notconnected", "sleeping")

REPORT, STATE, WISH, FORGET, ASK = (f"cloud.huggable.{kind}" for kind in ("report", "state", "wish", "forget", "ask"))
PILLOW, HOME, AWAY = "urn:huggable:pillow:", "urn:huggable:home", "urn:huggable:away"

_IDENTITY = re.compile(r"([0-9a-f]{16})/(0|[1-9][0-9]{0,9})/([1-9][0-9]{0,9})", re.ASCII)
_UID = re.compile(r"[0-9A-Za-z_-]{8,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class State:
    """How a pillow is now, by its home. `stamp` rises with each word from there: a lower one is older news.

    `quiet` are its quiet hours, as `kinds.read` gives them; None for none.
    """

    pillow: str
    name: str
    gesture: str
    since_ms: int
    link: str
    late: bool
    version: str
    last_seen_ms: int
    stamp: int
    quiet: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Forget:
    """The owner has deleted everything that was heard up to a moment, Unix time."""

    upto_ms: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A wish on its way home."""

    uid: str
    pillow: str
    kind: str
    body: dict[str, Any]
    who: str
    made_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Wished:
    """A wish as it stands at home, wherever it was made; `outcome` is empty while it waits."""

    ask: Ask
    outcome: str
    why: str
    ended_ms: int


@dataclass(frozen=True, slots=True)
class Unread:
    """An event that means nothing here: why, and how it begins."""

    why: str
    text: str


Event = Dated | State | Wished | Forget | Ask


def decode(message: str) -> list[Event | Unread]:
    """Return the events of a message, in order.

    Raises:
        Malformed: it is no batch of events at all.
    """
    if len(message) > MOST_READ:
        raise Malformed(f"expected at most {MOST_READ} characters, got {len(message)}")
    try:
        batch = json.loads(message, parse_constant=_refuse)
    except RecursionError:
        raise Malformed("nested too deep") from None
    except ValueError as error:
        raise Malformed(f"no JSON: {error}") from None
    if not isinstance(batch, list):
        raise Malformed(f"expected a JSON array, got {type(batch).__name__}")
    return [_event(item) for item in batch]


def _event(item: Any) -> Event | Unread:
    try:
        if not isinstance(item, dict) or item.get("specversion") != "1.0":
            raise Malformed("expected a CloudEvent of version 1.0")
        source, name, data = (item.get(key) for key in ("source", "id", "data"))
        if not isinstance(source, str) or not isinstance(name, str) or not isinstance(data, dict):
            raise Malformed("expected a source, an id and data that is an object")
        return _of_type(item.get("type"), source, name, data)
    except Malformed as error:
        return Unread(str(error), _beginning(item))
    except KeyError as error:
        return Unread(f"its data has no {error.args[0]}", _beginning(item))


def _of_type(kind: Any, source: str, name: str, data: dict[str, Any]) -> Event:
    match kind:
        case "cloud.huggable.report":
            return _report(source, name, data)
        case "cloud.huggable.state":
            return _state(source, data)
        case "cloud.huggable.wish":
            return _wished(data)
        case "cloud.huggable.forget":
            return Forget(integer(data["upto_ms"], 0, U53))
        case "cloud.huggable.ask":
            return _ask(data)
    raise Malformed(f"this version knows no event of type {kind!s:.80}: update it")


def _report(source: str, name: str, data: dict[str, Any]) -> Dated:
    identity = _IDENTITY.fullmatch(name)
    if not identity or source != PILLOW + identity[1]:
        raise Malformed("expected an id PILLOW/BOOT/SEQ and the source of that pillow")
    pillow, boot, seq = identity[1], integer(int(identity[2]), 0, U32), integer(int(identity[3]), 1, U32)
    return Dated(
        _gap(pillow, boot, seq, data) if data["gesture"] == GAP else _said(pillow, boot, seq, data),
        integer(data["at_ms"], -U53, U53),
        integer(data["err_ms"], 0, U53),
        truth(data["late"]),
        integer(data["heard_ms"], 0, U53),
    )


def _said(pillow: str, boot: int, seq: int, data: dict[str, Any]) -> Report:
    return Report(
        pillow,
        boot,
        seq,
        integer(data["uptime_ms"], 0, U53),
        one_of(data["gesture"], GESTURES),
        integer(data["confidence"], 0, 100),
        integer(data["strength"], 0, 99_999),
        integer(data["duration_ms"], 0, U53),
    )


def _gap(pillow: str, boot: int, seq: int, data: dict[str, Any]) -> Gap:
    first = integer(data["first"], 1, seq)
    return Gap(pillow, boot, first, seq, one_of(data["why"], (*WHYS, LOST)), integer(data["older"], 0, U32))


def _state(source: str, data: dict[str, Any]) -> State:
    if not source.startswith(PILLOW):
        raise Malformed("expected the source of a pillow")
    return State(
        hexadecimal(source.removeprefix(PILLOW), 16),
        text(data["name"], NAME),
        one_of(data["gesture"], FACES),
        integer(data["since_ms"], 0, U53),
        text(data["link"], 20),
        truth(data["late"]),
        text(data["version"], 20),
        integer(data["last_seen_ms"], 0, U53),
        integer(data["stamp"], 0, U53),
        _hours(data["quiet"]),
    )


def _hours(value: Any) -> dict[str, int] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Malformed("expected quiet hours as an object")
    return {name: integer(value[name], 0, MINUTE_MOST) for name in ("from", "to")}


def _ask(data: dict[str, Any]) -> Ask:
    pillow = data["pillow"]
    return Ask(
        _uid(data["uid"]),
        pillow if pillow == "" else hexadecimal(pillow, 16),
        word(data["kind"], 20),
        _body(data["body"]),
        text(data["who"], NAME),
        integer(data["made_ms"], 0, U53),
        integer(data["expires_ms"], 0, U53),
    )


def _wished(data: dict[str, Any]) -> Wished:
    return Wished(
        _ask(data),
        one_of(data["outcome"], ("", *OUTCOMES)),
        text(data["why"], SENTENCE),
        integer(data["ended_ms"], 0, U53),
    )


def _uid(value: Any) -> str:
    if not isinstance(value, str) or not _UID.fullmatch(value):
        raise Malformed("expected a uid of 8 to 64 letters, digits, - and _")
    return value


def _body(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("expected a body that is an object")
    try:
        size = len(json.dumps(value, allow_nan=False))
    except (ValueError, RecursionError):  # 1e999 is an infinity
        raise Malformed("expected a body of plain JSON") from None
    if size > BODY_BYTES:
        raise Malformed(f"expected a body of at most {BODY_BYTES} bytes, got {size}")
    return value


def _refuse(constant: str) -> NoReturn:
    raise Malformed(f"expected a number, got {constant}")


def _beginning(item: Any) -> str:
    try:
        return json.dumps(item)[:BURIED]
    except RecursionError:
        return "nested too deep"
