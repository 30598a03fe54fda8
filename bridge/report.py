"""What a pillow says, read strictly: nothing from a pillow is trusted, and bad fields cost only their own line."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from bridge.strict import U32, U53, Malformed, hexadecimal, integer, one_of, word

GESTURES = ("neutral", "hugging", "punching", "shaking", "spinning", "throwing", "sensorfault")
WHYS = ("full", "damaged", "flash", "acked")  # why reports are missing for ever
SAMPLE_BYTES = 14  # seven 16-bit integers
SAMPLES = 10  # in one line
LONGEST_SSID = 32  # bytes; what they mean is not said
LONGEST_SLEEP_S = 2_000_000  # three weeks; a chip's timer could do more


@dataclass(frozen=True, slots=True)
class Hello:
    """A pillow says who it is. `number` is that of the host line it answers, 0 for none; `key`: whether it has one."""

    number: int
    wire: int
    pillow: str
    boot: int
    nonce: str
    version: str
    cause: str
    uptime_ms: int
    key: bool = False


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
    model: int = 0


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

    `not_before_ms` is Unix time before which nothing of this boot can have happened; 0 for unknown. `has_room`: this
    pillow is known, or one more can be.
    """

    seq: int = 0
    nonce: str = ""
    anchors: tuple[tuple[int, int, int], ...] = ()
    not_before_ms: int = 0
    has_room: bool = True


def hello(fields: list[Any]) -> Hello:
    """Read the fields of a `hello`. Raises Malformed."""
    number, wire, pillow, boot, nonce, version, cause, uptime_ms = _take(fields, 8)
    return Hello(
        integer(number, 0, 9_999),
        integer(wire, 1, 255),
        hexadecimal(pillow, 16),
        integer(boot, 0, U32),
        hexadecimal(nonce, 8),
        word(version, 20),
        word(cause, 20),
        integer(uptime_ms, 0, U53),
        len(fields) > 8 and integer(fields[8], 0, 1) == 1,  # old firmware knows of no keys
    )


def report(pillow: str, fields: list[Any]) -> Report:
    """Read the fields of a `report` heard from `pillow`. Raises Malformed."""
    boot, seq, uptime_ms, gesture, confidence, strength, ended_ms = _take(fields, 7)
    return Report(
        pillow,
        integer(boot, 0, U32),
        integer(seq, 1, U32),
        integer(uptime_ms, 0, U53),
        one_of(gesture, GESTURES),
        integer(confidence, 0, 100),
        integer(strength, 0, 99_999),
        integer(ended_ms, 0, U53),
    )


def gap(pillow: str, fields: list[Any]) -> Gap:
    """Read the fields of a `gap` heard from `pillow`. Raises Malformed."""
    boot, first, last, why, older = _take(fields, 5)
    lowest = integer(first, 1, U32)
    return Gap(
        pillow,
        integer(boot, 0, U32),
        lowest,
        integer(last, lowest, U32),
        one_of(why, WHYS),
        integer(older, 0, U32),
    )


def beat(fields: list[Any]) -> Beat:
    """Read the fields of a `beat`. Raises Malformed."""
    boot, uptime_ms, gesture, seq, missed, free = _take(fields, 6)
    model = fields[6] if len(fields) > 6 else 0  # what no old firmware says
    return Beat(
        integer(boot, 0, U32),
        integer(uptime_ms, 0, U53),
        one_of(gesture, GESTURES),
        integer(seq, 0, U32),
        integer(missed, 0, U53),
        integer(free, 0, U53),
        integer(model, 0, U32),
    )


def answered(fields: list[Any]) -> tuple[int, int, int]:
    """Read the fields of an `ok`: the host line's number, the pillow's boot and uptime in ms. Raises Malformed."""
    number, boot, uptime_ms = _take(fields, 3)
    return integer(number, 1, 9_999), integer(boot, 0, U32), integer(uptime_ms, 0, U53)


def refused(fields: list[Any]) -> tuple[int, str]:
    """Read the fields of a `no`: the host line's number and why. Raises Malformed."""
    number, why = _take(fields, 2)
    return integer(number, 1, 9_999), word(why, 120)


def proof(fields: list[Any]) -> tuple[int, bytes, bytes]:
    """Read the fields of a `proof`: the host line's number, nonce and mac. Raises Malformed."""
    number, nonce, mac = _take(fields, 3)
    return integer(number, 1, 9_999), bytes.fromhex(hexadecimal(nonce, 32)), bytes.fromhex(hexadecimal(mac, 64))


def samples(fields: list[Any]) -> tuple[int, int, bytes]:
    """Read the fields of a `samples`: number of the take, index of the first, SAMPLE_BYTES each. Raises Malformed."""
    take, first, encoded = _take(fields, 3)
    data = _base64(encoded, SAMPLES * SAMPLE_BYTES)
    if len(data) % SAMPLE_BYTES:
        raise Malformed(f"expected samples of {SAMPLE_BYTES} bytes, got {len(data)} bytes")
    return integer(take, 0, U32), integer(first, 0, U32), data


def seen(fields: list[Any]) -> tuple[int, bytes, bool]:
    """Read the fields of a `seen`: dBm, SSID, whether it wants a password. Raises Malformed."""
    rssi, ssid, secured = _take(fields, 3)
    return integer(rssi, -200, 50), _base64(ssid, LONGEST_SSID), integer(secured, 0, 1) == 1


def asleep(fields: list[Any]) -> tuple[int, int]:
    """Read the fields of an `asleep`: boot, and the seconds after which it wakes by itself. Raises Malformed."""
    boot, seconds = _take(fields, 2)
    return integer(boot, 0, U32), integer(seconds, 0, LONGEST_SLEEP_S)


def _base64(value: Any, most: int) -> bytes:
    """Return up to `most` bytes. Raises Malformed."""
    if not isinstance(value, str) or not value.isascii() or len(value) > (most + 2) // 3 * 4:
        raise Malformed(f"expected base64 of at most {most} bytes, got {value!r:.80}")
    try:
        data = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise Malformed(f"expected base64, got {value!r:.80} ({error})") from None
    if len(data) > most:
        raise Malformed(f"expected base64 of at most {most} bytes, got {len(data)}")
    return data


def _take(fields: list[Any], count: int) -> list[Any]:
    """Return the first `count` fields; a newer pillow may send more."""
    if len(fields) < count:
        raise Malformed(f"expected {count} fields, got {len(fields)}: {fields!r}")
    return fields[:count]
