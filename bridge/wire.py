"""The bridge's half of the wire (docs/wire.md): bytes into lines and console, and host lines into bytes.

Its law: garbage costs one line, never the conversation; what is buffered is bounded; every line is read strictly.
"""

import json
from binascii import crc32
from dataclasses import dataclass
from typing import Any, NoReturn

LONGEST_IN = 240  # bytes of a pillow's line without its newlines
LONGEST_OUT = 200  # the chip's input ring holds 259 bytes and overflows silently
LONGEST_CONSOLE = 400  # a traceback's line; what is longer is cut


@dataclass(frozen=True, slots=True)
class Line:
    """A good line: its kind and fields."""

    kind: str
    fields: list[Any]


@dataclass(frozen=True, slots=True)
class Garbled:
    """Something that began like a line and is none."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Console:
    """Anything else that a board prints: boot messages, tracebacks, a REPL's prompt."""

    text: str


def encode(kind: str, *fields: int | str) -> bytes:
    """Return the bytes of one host line. Raises ValueError when it would be over 200 bytes."""
    body = json.dumps({kind: fields}, separators=(",", ":"), allow_nan=False).encode("ascii")
    line = b"\n#%s*%08x\n" % (body, crc32(b"#" + body))
    if len(line) > LONGEST_OUT:
        raise ValueError(f"expected a host line of at most {LONGEST_OUT} bytes, got {len(line)}: {line!r}")
    return line


def decode(raw: bytes) -> Line | Garbled | Console | None:
    """Read what stood between two newlines; None for nothing at all."""
    raw = raw.strip(b"\r\0 ")
    if not raw:
        return None
    if raw[:1] != b"~":
        return Console(raw[:LONGEST_CONSOLE].decode("ascii", "replace"))
    if len(raw) > LONGEST_IN or raw[-9:-8] != b"*" or raw[-8:] != b"%08x" % crc32(raw[:-9]):
        return Garbled(raw[:LONGEST_IN])
    try:
        said = json.loads(raw[1:-9].decode("ascii"), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Garbled(raw)
    if isinstance(said, dict) and len(said) == 1:
        ((kind, fields),) = said.items()
        if isinstance(fields, list):
            return Line(kind, fields)
    return Garbled(raw)


class Lines:
    """Cuts a stream of bytes at its newlines, however it arrives. Holds at most one console line's worth."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, data: bytes) -> list[Line | Garbled | Console]:
        """Take bytes and return what they complete, in order."""
        *whole, tail = (self._tail + data).split(b"\n")
        if len(tail) > LONGEST_CONSOLE:  # no newline for too long: what is there counts as one line
            whole.append(tail[:LONGEST_CONSOLE])
            tail = b""
        self._tail = tail
        return [said for raw in whole if (said := decode(raw)) is not None]


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"expected integers, got {number}")
