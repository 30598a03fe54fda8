"""A Redis stream that several page machines read: the one file that knows redis.

Its law: one call is one attempt that ends within seconds; the password of the address is in nothing that it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge.errors import Trouble
from bridge.refusals import Denied, Unreachable

VARIABLE = "HUGGABLE_REDIS"
BEGIN = "0-0"  # before the first entry
MESSAGES = "messages"  # what came from home; the newest
LASTING = "lasting"  # invitations and what was deleted: few, and a machine that was away for long needs all of them
KEPT = {MESSAGES: 5_000, LASTING: 100_000}  # entries: about three days of a home; more than anybody invites
AT_ONCE = 8  # entries: some 1,600 reports, a tenth of a second in which no viewer is told anything
CONNECT_S, ANSWER_S = 3.0, 5.0
WAIT_S = 1.0  # for something new, in one call
WATCHED_S = 5  # after the last word that somebody looks on; said once a second


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody appended: to which part, under which number, what kind, what, and when the queue got it."""

    part: str
    number: str
    kind: str
    text: str
    at_ms: int


class Stream:
    """Nothing is asked of Redis before the first call.

    Args:
        url: such as `redis://HOST:6379/0`, or `rediss://` with TLS.
        name: of the queue whose messages these are.

    Raises:
        Trouble: the address cannot be understood.
    """

    def __init__(self, url: str, name: str) -> None:
        try:
            self._redis: Any = redis.Redis.from_url(
                url,
                socket_connect_timeout=CONNECT_S,
                socket_timeout=ANSWER_S,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                decode_responses=True,
            )
            self._where = urlsplit(url).hostname or "localhost"
        except ValueError:
            raise Trouble(f"the address of Redis is not understood: write {VARIABLE} as redis://HOST:6379/0") from None
        self._keys = {part: f"huggable:{name}:{part}" for part in KEPT}
        self._watched = f"huggable:{name}:watched"

    def add(self, part: str, kind: str, text: str, at_ms: int) -> str:
        """Append an entry; Redis has it on disk when this returns, if it was told to. Returns its number.

        Raises:
            Unreachable, Denied: it may be there or not.
        """
        entry = {"kind": kind, "text": text, "at_ms": at_ms}
        return str(self._ask("xadd", self._keys[part], entry, maxlen=KEPT[part], approximate=True))

    def read(self, cursors: Mapping[str, str]) -> list[Entry]:
        """Return what comes after each part's cursor, in order; wait for it a second. Raises Unreachable, Denied."""
        wanted = {self._keys[part]: number for part, number in cursors.items()}
        parts = {key: part for part, key in self._keys.items()}
        found = self._ask("xread", wanted, count=AT_ONCE, block=round(WAIT_S * 1000)) or []
        return [_entry(parts[key], number, fields) for key, pieces in found for number, fields in pieces]

    def oldest(self, part: str) -> str:
        """Return the number of a part's oldest entry, BEGIN when it has none. Raises Unreachable, Denied."""
        found = self._ask("xrange", self._keys[part], count=1)
        return str(found[0][0]) if found else BEGIN

    def forget_before(self, part: str, number: str) -> None:
        """Delete a part's entries before one. Raises Unreachable, Denied."""
        self._ask("xtrim", self._keys[part], minid=number, approximate=False)

    def say_watched(self) -> None:
        """Somebody looks on, here: whoever collects should ask often. Raises Unreachable, Denied."""
        self._ask("set", self._watched, 1, ex=WATCHED_S)

    def is_watched(self) -> bool:
        """Say whether somebody looks on, on any machine. Raises Unreachable, Denied."""
        return bool(self._ask("exists", self._watched))

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()

    def _ask(self, command: str, *words: Any, **named: Any) -> Any:
        try:
            return getattr(self._redis, command)(*words, **named)
        except (redis.AuthenticationError, redis.exceptions.NoPermissionError):
            raise Denied(f"Redis at {self._where} lets nobody in with this password: correct {VARIABLE}") from None
        except (redis.ConnectionError, redis.TimeoutError, OSError):
            raise Unreachable(f"Redis at {self._where} does not answer: start it, or correct {VARIABLE}") from None
        except redis.ResponseError as error:
            word = str(error).partition(" ")[0]
            word = word if word.isalpha() and len(word) <= 20 else "an error"
            if word == "NOAUTH":
                raise Denied(f"Redis at {self._where} wants a password: put it into {VARIABLE}") from None
            raise Unreachable(f"Redis at {self._where} answers {word}: see what it says in its own log") from None


def _entry(part: str, number: str, fields: Mapping[str, str]) -> Entry:
    at_ms = fields.get("at_ms", "0")
    return Entry(part, number, fields.get("kind", ""), fields.get("text", ""), int(at_ms) if at_ms.isdecimal() else 0)


def comes_after(number: str, other: str) -> bool:
    """Say whether an entry comes after another, by their numbers."""
    return _order(number) > _order(other)


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("-") if part.isdecimal())
