"""What a pillow says, read strictly: nothing from a pillow is trusted, and bad fields cost only their own line."""

from dataclasses import dataclass
from typing import Any

GESTURES = ("neutral", "hugging", "punching", "shaking", "spinning", "throwing", "sensorfault")
WHYS = ("full", "damaged", "flash", "acked")  # why reports are missing for ever

U32 = 2**32 - 1
U53 = 2**53 - 1  # the largest integer that a browser keeps exact; 285,000 years of uptime
HEX = frozenset("0123456789abcdef")


class Malformed(ValueError):
    """A line's fields are not what its kind needs."""


@dataclass(frozen=True, slots=True)
class Hello:
    """A pillow says who it is. `number` is that of the host line it answers, 0 for none."""

    number: int
    wire: int
    pillow: str
    boot: int
    nonce: str
    version: str
    cause: str
    uptime_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """One change of gesture: identity (pillow, boot, seq), when by the pillow's clock, and what."""

    pillow: str
    boot: int
    seq: int
    uptime_ms: int
    gesture: str
    confidence: int
    strength: int
    ended_ms: int

    @property
    def first(self) -> int:
        """The lowest seq covered: its own."""
        return self.seq


@dataclass(frozen=True, slots=True)
class Gap:
    """Reports `first`..`seq` of a boot will never come; `older` more were lost in boots before."""

    pillow: str
    boot: int
    first: int
    seq: int
    why: str
    older: int


@dataclass(frozen=True, slots=True)
class Beat:
    """How a pillow is now, once a second."""

    boot: int
    uptime_ms: int
    gesture: str
    seq: int
    missed: int
    free: int


@dataclass(frozen=True, slots=True)
class Dated:
    """What was said, with the host's word on when: `at_ms` Unix time, true to within `err_ms`."""

    said: Report | Gap
    at_ms: int
    err_ms: int
    late: bool
    heard_ms: int


@dataclass(frozen=True, slots=True)
class Past:
    """What the journal holds of one boot: the highest seq, the nonce of its hello, its clock anchors.

    `not_before_ms` is Unix time before which nothing of this boot can have happened; 0 for unknown.
    """

    seq: int = 0
    nonce: str = ""
    anchors: tuple[tuple[int, int, int], ...] = ()
    not_before_ms: int = 0


def hello(fields: list[Any]) -> Hello:
    """Read the fields of a `hello`. Raises Malformed."""
    number, wire, pillow, boot, nonce, version, cause, uptime_ms = _take(fields, 8)
    return Hello(
        _integer(number, 0, 9_999),
        _integer(wire, 1, 255),
        _hex(pillow, 16),
        _integer(boot, 0, U32),
        _hex(nonce, 8),
        _word(version, 20),
        _word(cause, 20),
        _integer(uptime_ms, 0, U53),
    )


def report(pillow: str, fields: list[Any]) -> Report:
    """Read the fields of a `report` heard from `pillow`. Raises Malformed."""
    boot, seq, uptime_ms, gesture, confidence, strength, ended_ms = _take(fields, 7)
    return Report(
        pillow,
        _integer(boot, 0, U32),
        _integer(seq, 1, U32),
        _integer(uptime_ms, 0, U53),
        _one_of(gesture, GESTURES),
        _integer(confidence, 0, 100),
        _integer(strength, 0, 99_999),
        _integer(ended_ms, 0, U53),
    )


def gap(pillow: str, fields: list[Any]) -> Gap:
    """Read the fields of a `gap` heard from `pillow`. Raises Malformed."""
    boot, first, last, why, older = _take(fields, 5)
    lowest = _integer(first, 1, U32)
    return Gap(
        pillow,
        _integer(boot, 0, U32),
        lowest,
        _integer(last, lowest, U32),
        _one_of(why, WHYS),
        _integer(older, 0, U32),
    )


def beat(fields: list[Any]) -> Beat:
    """Read the fields of a `beat`. Raises Malformed."""
    boot, uptime_ms, gesture, seq, missed, free = _take(fields, 6)
    return Beat(
        _integer(boot, 0, U32),
        _integer(uptime_ms, 0, U53),
        _one_of(gesture, GESTURES),
        _integer(seq, 0, U32),
        _integer(missed, 0, U53),
        _integer(free, 0, U53),
    )


def answered(fields: list[Any]) -> tuple[int, int, int]:
    """Read the fields of an `ok`: the host line's number, the pillow's boot and uptime in ms. Raises Malformed."""
    number, boot, uptime_ms = _take(fields, 3)
    return _integer(number, 1, 9_999), _integer(boot, 0, U32), _integer(uptime_ms, 0, U53)


def refused(fields: list[Any]) -> tuple[int, str]:
    """Read the fields of a `no`: the host line's number and why. Raises Malformed."""
    number, why = _take(fields, 2)
    return _integer(number, 1, 9_999), _word(why, 120)


def _take(fields: list[Any], count: int) -> list[Any]:
    """Return the first `count` fields; a newer pillow may send more."""
    if len(fields) < count:
        raise Malformed(f"expected {count} fields, got {len(fields)}: {fields!r}")
    return fields[:count]


def _integer(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:  # `type`, because True is an int too
        raise Malformed(f"expected an integer {low}..{high}, got {value!r}")
    return value


def _hex(value: Any, digits: int) -> str:
    if not isinstance(value, str) or len(value) != digits or not HEX.issuperset(value):
        raise Malformed(f"expected {digits} hex digits, got {value!r}")
    return value


def _word(value: Any, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise Malformed(f"expected a word of at most {longest} characters, got {value!r}")
    return value


def _one_of(value: Any, words: tuple[str, ...]) -> str:
    if value not in words:
        raise Malformed(f"expected one of {', '.join(words)}, got {value!r}")
    return str(value)
