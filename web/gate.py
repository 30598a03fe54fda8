"""The gate in front of everything: which Host, which Origin, which key, how much; and the headers of every answer.

Its law: nothing behind it sees a request that a foreign page could have made a browser send.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

PROVED = "huggable.proved"  # in the environ: this request brought the key, or the cookie that stands for it
BODY_BYTES = 16_384  # the longest thing a page says is a few hundred bytes
COOKIE_S = 30 * 24 * 3600  # a page that nobody opened for a month asks for its address again
METHODS = ("GET", "HEAD", "POST")
SOCKET_IO = "/socket.io/"

NO_KEY = "This page opens with its key: use the address that `make run` (or `make demo`) prints."
WRONG_HOST = "This address is not one of this page's: use the one that `make run` (or `make demo`) prints."
WRONG_ORIGIN = "Another page may not speak to this one: open the address that `make run` (or `make demo`) prints."
NO_ORIGIN = "A request like this says its Origin, or brings the key in its address or in an X-Key header."
TOO_LONG = f"A request carries at most {BODY_BYTES} bytes and says how many."
NOT_SUCH = "This page answers GET, HEAD and POST only."


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
        key: what opens the page.
        cookie: the name of the cookie that remembers the key in a browser.
    """

    def __init__(self, inner: App, hosts: Iterable[str], key: str, cookie: str) -> None:
        self.inner = inner
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._key = key
        self._cookie = cookie
        self._token = hmac.new(key.encode(), b"cookie", hashlib.sha256).hexdigest()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or let the inner application do it."""
        environ[PROVED] = False
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

    def opens(self, key: object) -> bool:
        """Say whether this is the key, in a time that tells nothing about it."""
        return isinstance(key, str) and _same(key, self._key)

    def _check(self, environ: Environ) -> None:
        """Raise Refused, or set PROVED."""
        if environ.get("HTTP_HOST", "").lower() not in self._hosts:
            raise Refused("421 Misdirected Request", WRONG_HOST)
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin not in self._origins:
            raise Refused("403 Forbidden", WRONG_ORIGIN)
        if environ["REQUEST_METHOD"] not in METHODS:
            raise Refused("405 Method Not Allowed", NOT_SUCH)
        _check_length(environ)
        offered = _offered(environ)
        if offered and not all(self.opens(key) for key in offered):
            raise Refused("403 Forbidden", NO_KEY)
        environ[PROVED] = bool(offered) or self._remembered(environ)
        if origin is None and not offered:
            self._check_without_origin(environ)
        if not environ[PROVED] and not environ["PATH_INFO"].startswith(SOCKET_IO):
            raise Refused("403 Forbidden", NO_KEY)  # Socket.IO may still bring the key in its first message

    def _check_without_origin(self, environ: Environ) -> None:
        """Browsers say their Origin when they change something: who does not, is none or is hiding it.

        A program that polls with Socket.IO brings its key in the message of its POST; a cookie proves nothing there.
        """
        polls = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].startswith(SOCKET_IO)
        if "HTTP_UPGRADE" in environ or (environ["REQUEST_METHOD"] == "POST" and not polls):
            raise Refused("403 Forbidden", NO_ORIGIN)
        if polls:
            environ[PROVED] = False

    def _remembered(self, environ: Environ) -> bool:
        try:
            cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and _same(cookie.value, self._token)

    def _headers(self, environ: Environ) -> list[tuple[str, str]]:
        """Return what every answer says; a page opened with its key also gets the cookie."""
        host = environ.get("HTTP_HOST", "").lower()
        socket = f" ws://{host}" if host in self._hosts else ""
        headers = [
            ("Content-Security-Policy", CONTENT_POLICY + f"; connect-src 'self'{socket}"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]
        if environ[PROVED] and environ["PATH_INFO"] == "/":
            cookie = f"{self._cookie}={self._token}; Max-Age={COOKIE_S}; Path=/; HttpOnly; SameSite=Strict"
            headers.append(("Set-Cookie", cookie))
        return headers


CONTENT_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


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
