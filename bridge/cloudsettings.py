"""Where the cloud's queues are and what opens them, read from the environment.

Its law: what opens them is in no text that this gives out: no repr, no sentence, no argument of a program.
"""

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from bridge.errors import Trouble

QUEUE = "huggable"  # without a word about it
WISHES, POISON = "-wishes", "-poison"  # the queue on the way home; what no collector could take in
NAME_MOST = 63 - len(WISHES)  # a queue's name has at most 63 characters
CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"
QUEUE_URL, WISHES_URL, POISON_URL = "HUGGABLE_QUEUE_URL", "HUGGABLE_WISHES_URL", "HUGGABLE_POISON_URL"
NAMED, BASE64 = "HUGGABLE_QUEUE", "HUGGABLE_QUEUE_BASE64"
SECRETS = (CONNECTION, QUEUE_URL, WISHES_URL, POISON_URL)
_NAME = re.compile(r"[a-z0-9](-?[a-z0-9])*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Way:
    """The way to one queue.

    Args:
        variable: where it was read from, for sentences.
        account: the URL of the account; empty: the connection string has it.
        queue: the queue's name.
        sas: its signature; empty: somebody signs in.
        connection: a connection string.
    """

    variable: str
    account: str
    queue: str
    sas: str = field(default="", repr=False)
    connection: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The ways to all queues.

    Args:
        queue: the name of the queue from home to away.
        base64: whether messages are sent in Base64.
    """

    queue: str
    base64: bool
    _ways: Mapping[str, Way]

    @property
    def wishes(self) -> str:
        """The name of the queue on the way home."""
        return self._ways[WISHES].queue

    @property
    def poison(self) -> str:
        """The name of the queue of what no collector could take in."""
        return self._ways[POISON].queue

    def way(self, queue: str) -> Way:
        """Return the way to one of the three queues, by its name. Raises KeyError."""
        return {way.queue: way for way in self._ways.values()}[queue]


def read(environ: Mapping[str, str]) -> Settings | None:
    """Return what the environment says of the cloud, None when there is none.

    Raises:
        Trouble: it says something that cannot be.
    """
    url, connection = (environ.get(name, "").strip() for name in (QUEUE_URL, CONNECTION))
    if not url and not connection:
        return None
    named = environ.get(NAMED, "").strip()
    main = _by_url(QUEUE_URL, url, named) if url else _by_connection(connection, named or QUEUE)
    ways = {"": main, WISHES: _beside(main, WISHES), POISON: _beside(main, POISON)}
    for suffix, variable in ((WISHES, WISHES_URL), (POISON, POISON_URL)):
        if own := environ.get(variable, "").strip():
            ways[suffix] = _by_url(variable, own, main.queue + suffix)
    return Settings(main.queue, environ.get(BASE64, "1").strip() != "0", ways)


def take_secrets(environ: MutableMapping[str, str]) -> None:
    """Remove from the environment what opens the queues, so that no program started from here gets it."""
    for name in SECRETS:
        environ.pop(name, None)


def _beside(main: Way, suffix: str) -> Way:
    return Way(main.variable, main.account, main.queue + suffix, main.sas, main.connection)


def _by_connection(connection: str, queue: str) -> Way:
    parts = {part.partition("=")[0].strip().upper() for part in connection.split(";")}
    if not ({"ACCOUNTKEY", "SHAREDACCESSSIGNATURE"} & parts and {"ACCOUNTNAME", "QUEUEENDPOINT"} & parts):
        raise Trouble(f"{CONNECTION} is not one: copy it from the storage account's access keys")
    return Way(CONNECTION, "", _checked(queue), connection=connection)


def _by_url(variable: str, url: str, named: str) -> Way:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https"):
        raise Trouble(
            f"{variable} is no URL: copy it from the storage account (https://NAME.queue.core.windows.net/...)"
        )
    if parts.scheme == "http" and not _is_near(host):
        raise Trouble(f"{variable} would be read by others on its way: let it begin with https://")
    if parts.query and not parse_qs(parts.query).get("sig"):
        raise Trouble(f"{variable} is cut short, its signature is missing: copy the whole SAS URL, in quotes")
    *account, queue = _split(parts.path, host)
    if queue and named and queue != named:
        raise Trouble(f"{variable} is about the queue {queue}, and {named} was expected: correct {NAMED} or the URL")
    address = "/".join([f"{parts.scheme}://{parts.netloc}", *account])
    most = NAME_MOST if variable == QUEUE_URL else 63
    return Way(variable, address, _checked(queue or named or QUEUE, most), sas=parts.query)


def _split(path: str, host: str) -> list[str]:
    """Return the account's part of a path, if it has one, and the queue's, which may be empty."""
    parts = [part for part in path.split("/") if part]
    most = 2 if _is_near(host) else 1  # an emulator has its accounts in the path
    if most == 2 and parts:
        return [parts[0], *(parts[1:] or [""])]
    return parts[:most] or [""]


def _is_near(host: str) -> bool:
    """Whether a host is this machine, or one beside it that has no name in the world: an emulator."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host


def _checked(queue: str, most: int = NAME_MOST) -> str:
    if not 3 <= len(queue) <= most or not _NAME.fullmatch(queue):
        raise Trouble(
            f"{queue[:80]!r} is no name of a queue: set {NAMED} to 3 to {most} of a-z, 0-9 and single hyphens"
        )
    return queue
