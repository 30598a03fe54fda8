"""The gate in front of everything: which Host, which Origin, which key, how much; and the headers of every answer.

Its law: nothing behind it sees a request that a foreign page could have made a browser send.
"""

import time
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from web.bucket import Bucket
from web.guests import Visitor

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

VISITOR = "huggable.visitor"  # in the environ: who brought a key, or the cookie that stands for it; else None
BODY_BYTES = 16_384  # the longest thing a page says is a few hundred bytes
COOKIE_S = 30 * 24 * 3600  # a page that nobody opened for a month asks for its address again
METHODS = ("GET", "HEAD", "POST")
SOCKET_IO = "/socket.io/"
WRONG_BURST, WRONG_PER_S = 60, 1.0  # wrong keys: people mistype, programs guess

NO_KEY = (
    "This page opens with its key: use the address that `make run` (or `make demo`) prints, or the invitation you got."
)
TOO_OFTEN = "Too many wrong keys were tried: wait a minute."
WRONG_HOST = "This address is not one of this page's: use the one that `make run` (or `make demo`) prints."
WRONG_ORIGIN = "Another page may not speak to this one: open the address that `make run` (or `make demo`) prints."
NO_ORIGIN = "A request like this says its Origin, or brings the key in its address or in an X-Key header."
TOO_LONG = f"A request carries at most {BODY_BYTES} bytes and says how many."
NOT_SUCH = "This page answers GET, HEAD and POST only."


class Door(Protocol):
    """Knows who may come in; see `Guests`."""

    def with_key(self, key: object) -> Visitor | None:
        """Return who has this key."""

    def with_cookie(self, cookie: str) -> Visitor | None:
        """Return who was given this cookie."""

    def cookie(self, visitor: Visitor) -> str:
        """Return a visitor's cookie."""


class Refused(Exception):
    """A request that goes no further: its status line and the sentence that says why."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Gate:
    """A WSGI application around another.

    Args:
        inner: what may be seen by those who pass.
        hosts: every `host:port` by which this page may be called; exact.
        door: knows who may come in.
        cookie: the name of the cookie that remembers a visitor in a browser.
        public: the origin by which a proxy with TLS in front is called, such as `https://cloud.example`; '' for none.
    """

    def __init__(self, inner: App, hosts: Iterable[str], door: Door, cookie: str, public: str = "") -> None:
        self.inner = inner
        self._origins = {host: f"http://{host}" for host in hosts}
        if public:
            self._origins[urlsplit(public).netloc] = public
        self._door = door
        self._cookie = cookie
        self._wrong = Bucket(WRONG_BURST, WRONG_PER_S)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or let the inner application do it."""
        environ[VISITOR] = None
        try:
            self._check(environ)
        except Refused as refused:
            body = (refused.sentence + "\n").encode()
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
            start_response(refused.status, headers + self._headers(environ))
            return [body]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, headers + self._headers(environ), *rest)

        return self.inner(environ, start)

    def _check(self, environ: Environ) -> None:
        """Raise Refused, or set VISITOR."""
        if environ.get("HTTP_HOST", "").lower() not in self._origins:
            raise Refused("421 Misdirected Request", WRONG_HOST)
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin not in self._origins.values():
            raise Refused("403 Forbidden", WRONG_ORIGIN)
        if environ["REQUEST_METHOD"] not in METHODS:
            raise Refused("405 Method Not Allowed", NOT_SUCH)
        _check_length(environ)
        offered = _offered(environ)
        environ[VISITOR] = self._named(offered) if offered else self._remembered(environ)
        if origin is None and not offered:
            self._check_without_origin(environ)
        if environ[VISITOR] is None and not environ["PATH_INFO"].startswith(SOCKET_IO):
            raise Refused("403 Forbidden", NO_KEY)  # Socket.IO may still bring the key in its first message

    def _named(self, offered: list[str]) -> Visitor:
        """Return who has every key that was offered."""
        visitors = [self._door.with_key(key) for key in offered]
        if visitors[0] is None or any(visitor != visitors[0] for visitor in visitors):
            if not self._wrong.take(time.monotonic()):
                raise Refused("429 Too Many Requests", TOO_OFTEN)
            raise Refused("403 Forbidden", NO_KEY)
        return visitors[0]

    def _check_without_origin(self, environ: Environ) -> None:
        """Browsers say their Origin when they change something: who does not, is none or is hiding it.

        A program that polls with Socket.IO brings its key in the message of its POST; a cookie proves nothing there.
        """
        polls = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].startswith(SOCKET_IO)
        if "HTTP_UPGRADE" in environ or (environ["REQUEST_METHOD"] == "POST" and not polls):
            raise Refused("403 Forbidden", NO_ORIGIN)
        if polls:
            environ[VISITOR] = None

    def _remembered(self, environ: Environ) -> Visitor | None:
        try:
            cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(self._cookie)
        except CookieError:
            return None
        return self._door.with_cookie(cookie.value) if cookie else None

    def _headers(self, environ: Environ) -> list[tuple[str, str]]:
        """Return what every answer says; a page opened with its key also gets the cookie."""
        host = environ.get("HTTP_HOST", "").lower()
        origin = self._origins.get(host, "")
        socket = f" ws{origin.removeprefix('http')}" if origin else ""
        headers = [
            ("Content-Security-Policy", CONTENT_POLICY + f"; connect-src 'self'{socket}"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]
        if environ[VISITOR] and environ["PATH_INFO"] == "/":
            told = f"{self._cookie}={self._door.cookie(environ[VISITOR])}"
            secure = "; Secure" if origin.startswith("https") else ""
            headers.append(("Set-Cookie", f"{told}; Max-Age={COOKIE_S}; Path=/; HttpOnly; SameSite=Strict{secure}"))
        return headers


CONTENT_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"


def _offered(environ: Environ) -> list[str]:
    """Return every key that a request brings in a header or in its address."""
    bearer = environ.get("HTTP_AUTHORIZATION", "")
    offered = [bearer.removeprefix("Bearer ").strip()] if bearer.startswith("Bearer ") else []
    if "HTTP_X_KEY" in environ:
        offered.append(environ["HTTP_X_KEY"])
    try:
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True, max_num_fields=20)
    except ValueError:  # more fields than any page of ours sends
        raise Refused("403 Forbidden", NO_KEY) from None
    return offered + query.get("key", [])


def _check_length(environ: Environ) -> None:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length[:9]) > BODY_BYTES or len(length) > 9:
        raise Refused("413 Content Too Large", TOO_LONG)
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise Refused("411 Length Required", TOO_LONG)
