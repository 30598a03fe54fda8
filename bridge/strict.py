"""Readers of single fields from outside: each gives back what it was promised, or raises. Nothing is guessed."""

from collections.abc import Sequence
from typing import Any

U32 = 2**32 - 1
U53 = 2**53 - 1  # the largest integer that a browser keeps exact; 285,000 years of uptime
HEX = frozenset("0123456789abcdef")
SURROGATES = range(0xD800, 0xE000)  # halves of a character: JSON can say one alone, UTF-8 cannot


class Malformed(ValueError):
    """The fields are not what their kind needs."""


def integer(value: Any, low: int, high: int) -> int:
    """Return a whole number in low..high. Raises Malformed."""
    if type(value) is not int or not low <= value <= high:  # `type`, because True is an int too
        raise Malformed(f"expected an integer {low}..{high}, got {_short(value)}")
    return value


def truth(value: Any) -> bool:
    """Return True or False. Raises Malformed."""
    if type(value) is not bool:
        raise Malformed(f"expected true or false, got {_short(value)}")
    return value


def hexadecimal(value: Any, digits: int) -> str:
    """Return so many lower-case hex digits. Raises Malformed."""
    if not isinstance(value, str) or len(value) != digits or not HEX.issuperset(value):
        raise Malformed(f"expected {digits} hex digits, got {_short(value)}")
    return value


def word(value: Any, longest: int) -> str:
    """Return one to `longest` printable characters. Raises Malformed."""
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise Malformed(f"expected a word of at most {longest} characters, got {_short(value)}")
    return value


def text(value: Any, longest: int) -> str:
    """Return up to `longest` characters of any script, no control characters among them. Raises Malformed."""
    if not isinstance(value, str) or len(value) > longest or any(map(_is_unfit, map(ord, value))):
        raise Malformed(f"expected a text of at most {longest} characters, got {_short(value)}")
    return value


def fitting(value: str, longest: int) -> str:
    """Return of a text what `text` takes: cut, and without what is unfit."""
    return "".join(letter for letter in value if not _is_unfit(ord(letter)))[:longest]


def one_of(value: Any, words: Sequence[str]) -> str:
    """Return one of these words. Raises Malformed."""
    if not isinstance(value, str) or value not in words:
        raise Malformed(f"expected one of {', '.join(words)}, got {_short(value)}")
    return value


def _is_unfit(code: int) -> bool:
    return code < 32 or 127 <= code < 160 or code in SURROGATES


def _short(value: Any) -> str:
    """Return what was got, as far as a person needs to see it."""
    try:
        return f"{value!r:.80}"
    except ValueError:  # an integer of thousands of digits
        return "an integer without end"
