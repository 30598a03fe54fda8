"""Where the page is reached: host, port, public address and key, from the command line and the environment. Pure.

Its law: without TLS in front of it the page is for this machine alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bridge.errors import Trouble

LOOPBACK = "127.0.0.1"
NEAR = (LOOPBACK, "localhost", "::1")
PORT = 8080
KEY_LEAST = 16  # characters, as `bridge.home` has it
PUBLIC, KEY = "HUGGABLE_PUBLIC", "HUGGABLE_KEY"


@dataclass(frozen=True, slots=True)
class Front:
    """Where to listen and under which names.

    Args:
        host: the address to listen on.
        port: the port, 0 for any.
        public: the origin of the proxy with TLS in front, such as `https://cloud.example`; '' for none.
        key: what opens the page for an owner; '' for the key file's.
    """

    host: str
    port: int
    public: str
    key: str = field(default="", repr=False)

    def address(self, port: int, key: str) -> str:
        """Return where a person finds the page: with the key, unless whoever set it up has it already."""
        if self.public:
            return f"{self.public}/?key={'...' if self.key else key}"
        return f"http://{LOOPBACK}:{port}/?key={'...' if self.key else key}"


def read(host: str, port: str, is_away: bool, environ: Mapping[str, str]) -> Front:
    """Return what was said.

    Args:
        host: from the command line.
        port: from the command line; '' for what the environment says.
        is_away: containers say PORT; at home that is the pillow's.
        environ: HUGGABLE_HTTP_PORT, HUGGABLE_PUBLIC, HUGGABLE_KEY, and away PORT.

    Raises:
        Trouble: something cannot be.
    """
    public = _public(environ.get(PUBLIC, "").strip())
    if host not in NEAR and not public:
        raise Trouble(
            f"a page on {host} can be read on its way: set {PUBLIC} to the https:// address of the proxy before it"
        )
    said = port or environ.get("HUGGABLE_HTTP_PORT", "") or (environ.get("PORT", "") if is_away else "")
    return Front(host, _port(said), public, _key(environ.get(KEY, "").strip()))


def _port(said: str) -> int:
    if not said:
        return PORT
    if not said.isdecimal() or int(said) > 65535:
        raise Trouble(f"the port {said!r} is none: set HUGGABLE_HTTP_PORT to a number from 0 to 65535 (0 = any)")
    return int(said)


def _public(said: str) -> str:
    """Return an origin as browsers say it."""
    if not said:
        return ""
    try:
        parts = urlsplit(said.lower())
        is_origin = parts.scheme == "https" and parts.hostname and not (parts.path.strip("/") or parts.query)
        port = parts.port
    except ValueError:
        is_origin, port = False, None
    if not is_origin or "@" in parts.netloc:
        raise Trouble(f"{PUBLIC} is {said!r}: write it as https://NAME, without a path")
    return f"https://{parts.netloc.removesuffix(':443') if port == 443 else parts.netloc}"


def _key(said: str) -> str:
    if said and (len(said) < KEY_LEAST or not said.isascii() or not said.isprintable() or " " in said):
        raise Trouble(f"{KEY} is too easy to guess: set it to at least {KEY_LEAST} random letters and digits")
    return said
