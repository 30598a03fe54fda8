import itertools
from urllib.parse import quote

import pytest

from bridge.journal import Journal
from web.gate import BODY_BYTES, NO_KEY, TOO_OFTEN, VISITOR, Gate
from web.guests import Guests, Invitation

KEY = "the-key-of-this-home"
HOSTS = ("127.0.0.1:8080", "localhost:8080", "[::1]:8080")


def inside(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ[VISITOR].role.encode() if environ[VISITOR] else b"nobody"]


@pytest.fixture
def guests():
    return Guests(Journal(":memory:"), KEY)


@pytest.fixture
def gate(guests):
    return Gate(inside, HOSTS, guests, "huggable_8080")


class Answer:
    """What came back, asked for in so many words: no library puts anything right in between."""

    def __init__(self, gate, environ):
        self.text = b"".join(gate(environ, self._start)).decode()

    def _start(self, status, headers):
        self.status, self.headers = int(status.split()[0]), dict(headers)


def ask(gate, path="/", method="GET", host=HOSTS[0], length=None, **headers):
    bare, _, query = path.partition("?")
    environ = {"REQUEST_METHOD": method, "PATH_INFO": bare, "QUERY_STRING": query, "CONTENT_LENGTH": length}
    named = {"host": host, **headers}
    environ |= {f"HTTP_{name.upper()}": said for name, said in named.items() if said is not None}
    return Answer(gate, environ)


@pytest.mark.parametrize("host", HOSTS)
def test_each_of_its_own_names_opens_with_the_key(gate, host):
    assert ask(gate, f"/?key={KEY}", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        None, "", "evil.example", "evil.example:8080", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8081", "localhost",
        "localhost.:8080", "localhost:8080.evil.example", "127.0.0.1:8080@evil.example", "evil.example,127.0.0.1:8080",
        "127.0.0.1:8080 ", "127.1:8080", "0.0.0.0:8080", "[::]:8080", "[::1%25lo]:8080", "2130706433:8080",
        "127.0.0.1:08080", "127.0.0.1.nip.io:8080",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", [f"/?key={KEY}", f"/socket.io/?EIO=4&transport=websocket&key={KEY}", "/static/page.js"]
)
def test_any_other_name_is_misdirected_whatever_it_brings(gate, host, path):
    assert ask(gate, path, host=host).status == 421


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "http://evil.example", "https://127.0.0.1:8080", "http://127.0.0.1", "http://127.0.0.1:3000",
        "http://127.0.0.1:8080/", "http://127.0.0.1:8080.evil.example", "file://", "HTTP://127.0.0.1:8080 ",
        "http://localhost:8081", "ws://127.0.0.1:8080", "http://evil.example http://127.0.0.1:8080",
    ],
)  # fmt: skip
def test_a_foreign_origin_is_refused_even_with_the_key(gate, origin):
    for path, method in itertools.product((f"/?key={KEY}", f"/socket.io/?key={KEY}"), ("GET", "POST")):
        assert ask(gate, path, method, Origin=origin).status == 403
        assert ask(gate, path, method, Origin=origin, X_Key=KEY).status == 403


@pytest.mark.parametrize("path", ["/", "/api/state", "/api/reports", "/static/page.js", "/vendor/socket.io.js", "/no"])
def test_without_the_key_nothing_but_the_remedy_is_seen(gate, path):
    answer = ask(gate, path)
    assert (answer.status, answer.text) == (403, NO_KEY + "\n")


@pytest.mark.parametrize("wrong", ["", "x", KEY[:-1], KEY + "x", KEY.upper(), " " + KEY, "caf\u00e9", "\x00"])
def test_a_wrong_key_opens_nothing(gate, wrong):
    assert ask(gate, "/api/state", X_Key=wrong).status == 403
    assert ask(gate, f"/api/state?key={quote(wrong)}").status == 403


@pytest.mark.parametrize("headers", [{"X_Key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_the_key_is_also_taken_from_a_header(gate, headers):
    assert ask(gate, "/api/state", **headers).text == "owner"


def test_one_wrong_key_beside_the_right_one_is_a_wrong_key(gate):
    assert ask(gate, f"/?key={KEY}&key=other").status == 403
    assert ask(gate, f"/?key={KEY}", X_Key="other").status == 403


def test_the_first_visit_leaves_a_cookie_that_opens_the_page_and_is_not_the_key(gate):
    said = ask(gate, f"/?key={KEY}").headers["Set-Cookie"]
    assert said.startswith("huggable_8080=") and KEY not in said
    assert "HttpOnly" in said and "SameSite=Strict" in said and "Path=/" in said
    assert ask(gate, "/api/state", Cookie=said.split(";")[0]).text == "owner"
    assert ask(gate, "/api/state", Cookie=said.split(";")[0][:-1]).status == 403


@pytest.mark.parametrize(
    "cookie", ["huggable_8080", "huggable_8080=", "=;=;=", "huggable_8080=\xe9", "a" * 5000, "x=[]{}"]
)
def test_a_strange_cookie_opens_nothing(gate, cookie):
    assert ask(gate, "/api/state", Cookie=cookie).status == 403


def cookie_of(gate):
    return ask(gate, f"/?key={KEY}").headers["Set-Cookie"].split(";")[0]


def test_a_websocket_without_origin_needs_the_key_itself(gate):
    path, upgrade = "/socket.io/?EIO=4&transport=websocket", {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert ask(gate, path, **upgrade).status == 403
    assert ask(gate, path, **upgrade, Cookie=cookie_of(gate)).status == 403
    assert ask(gate, path, **upgrade, X_Key=KEY).text == "owner"
    assert ask(gate, path, **upgrade, Cookie=cookie_of(gate), Origin="http://localhost:8080").text == "owner"


def test_a_post_without_origin_gets_nothing_from_the_cookie(gate):
    assert ask(gate, "/api/state", "POST", Cookie=cookie_of(gate)).status == 403
    assert ask(gate, "/socket.io/?sid=1", "POST", Cookie=cookie_of(gate)).text == "nobody"
    assert ask(gate, "/api/state", "POST", X_Key=KEY).text == "owner"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "get"])
def test_other_methods_are_refused(gate, method):
    assert ask(gate, f"/?key={KEY}", method).status == 405


LONG = BODY_BYTES + 1


@pytest.mark.parametrize("length", ["", "0", str(BODY_BYTES)])
def test_a_short_body_passes(gate, length):
    assert ask(gate, "/api/state", "POST", length=length, X_Key=KEY).status == 200


@pytest.mark.parametrize(
    "length", [str(LONG), "1000000", "9" * 5000, f"{LONG:020}", "-1", "1e3", "\u00b2", " 7", "0x7"]
)
def test_a_long_body_or_a_strange_length_is_refused(gate, length):
    assert ask(gate, "/api/state", "POST", length=length, X_Key=KEY).status == 413


def test_a_body_without_a_length_is_refused(gate):
    assert ask(gate, "/api/state", "POST", X_Key=KEY, Transfer_Encoding="chunked").status == 411


@pytest.mark.parametrize("path", [f"/?key={KEY}", "/", "/nowhere"])
def test_every_answer_carries_the_rules_for_the_browser(gate, path):
    rules = ask(gate, path).headers
    policy = rules["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert rules["X-Content-Type-Options"] == "nosniff"
    assert rules["Referrer-Policy"] == "no-referrer"
    assert rules["Cache-Control"] == "no-store"


def invite(guests, role="hugger", days=1):
    row, token = guests.invite(Invitation("Oma", role, days))
    guests._journal.invite(**row)
    return row["guest"], token


@pytest.mark.parametrize("role", ["viewer", "hugger", "owner"])
def test_an_invitation_opens_as_what_it_says_and_its_cookie_too(gate, guests, role):
    _, token = invite(guests, role)
    opened = ask(gate, f"/?key={token}")
    assert (opened.status, opened.text) == (200, role)
    cookie = opened.headers["Set-Cookie"].split(";")[0]
    assert token not in cookie
    assert ask(gate, "/api/state", Cookie=cookie).text == role


def test_an_invitation_that_was_taken_back_opens_nothing_any_more(gate, guests):
    guest, token = invite(guests)
    cookie = ask(gate, f"/?key={token}").headers["Set-Cookie"].split(";")[0]
    guests._journal.revoke(guest, 1)
    assert ask(gate, f"/?key={token}").status == 403
    assert ask(gate, "/api/state", Cookie=cookie).status == 403


def test_an_invitation_that_is_over_opens_nothing(guests):
    _, token = invite(guests, days=1)
    later = Guests(guests._journal, KEY, lambda: guests.now_ms() + 86_400_001)
    assert guests.with_key(token) and later.with_key(token) is None


def test_a_guest_cannot_make_a_cookie_of_another_or_of_the_owner(gate, guests):
    guest, token = invite(guests, "viewer")
    other, _ = invite(guests, "owner")
    signed = ask(gate, f"/?key={token}").headers["Set-Cookie"].split(";")[0].rpartition(".")[2]
    for forged in (f"{other}.{signed}", signed, f".{signed}", f"{guest}.", f"{guest}.{'0' * 64}", "." * 99):
        assert ask(gate, "/api/state", Cookie=f"huggable_8080={forged}").status == 403


def test_keys_of_two_people_in_one_request_open_nothing(gate, guests):
    _, token = invite(guests)
    assert ask(gate, f"/?key={token}", X_Key=KEY).status == 403


def test_guessing_keys_is_slowed_down_and_the_right_one_still_opens(gate):
    said = [ask(gate, f"/?key=guess{number}") for number in range(100)]
    assert said[0].status == 403
    assert (said[-1].status, said[-1].text.strip()) == (429, TOO_OFTEN)
    assert ask(gate, f"/?key={KEY}").status == 200


def test_behind_a_proxy_with_tls_only_its_own_origin_speaks_and_the_cookie_is_secure(guests):
    gate = Gate(inside, HOSTS, guests, "huggable", "https://cloud.example")
    opened = ask(gate, f"/?key={KEY}", host="cloud.example")
    assert opened.headers["Set-Cookie"].endswith("; HttpOnly; SameSite=Strict; Secure")
    assert "connect-src 'self' wss://cloud.example" in opened.headers["Content-Security-Policy"]
    upgrade = {"Upgrade": "websocket", "host": "cloud.example", "X_Key": KEY}
    assert ask(gate, "/socket.io/", **upgrade, Origin="https://cloud.example").status == 200
    assert ask(gate, "/socket.io/", **upgrade, Origin="http://cloud.example").status == 403
