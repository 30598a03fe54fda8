"""The firmware over Wi-Fi, on CPython and on real MicroPython, with real TLS to the real bridge on loopback."""

import contextlib
import json
import sys
import time
from itertools import pairwise

import pytest
import zeroconf
from aloft import PILLOW, Home, board
from interpreters import micropython, micropython32
from keyed import OTHER_KEY
from soon import until

from bridge.caller import Caller
from bridge.link import Asked, Link
from bridge.proof import Trust

INTERPRETERS = {"python": lambda: sys.executable, "micropython": micropython, "micropython32": micropython32}
HERE, THERE = "127.0.0.1", "127.0.0.2"


@pytest.fixture(params=INTERPRETERS)
def interpreter(request):
    return INTERPRETERS[request.param]()


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "data")
    home.listen()
    yield home
    home.close()


@pytest.fixture
def pillow(home, tmp_path, interpreter):
    pillow = board(tmp_path / "board", interpreter, home.blob())
    yield pillow
    pillow.close()


@pytest.fixture
def fresh(tmp_path, interpreter):
    """One that nobody owns yet."""
    pillow = board(tmp_path / "board", interpreter)
    yield pillow
    pillow.close()


def cable(home, pillow):
    """The bridge's end of the cable."""
    trust = Trust(home.keys.of, home.keys.is_ours)
    link = Link(str(pillow.link), "usb", home.writer, home.path, home.troubles, home.present, trust, home._tell)
    link.start()
    return link


def ask(home, link, kind, fields, seconds=60.0):
    """Ask something over a link, and return how it ended."""
    with home.journal.transaction():
        wish = home.journal.add_wish(PILLOW, kind, {}, "test", 0, 2**50)
    link.ask(Asked(wish, kind, fields, seconds))
    until(lambda: home.journal.wish(wish)["outcome"], seconds)
    ended = home.journal.wish(wish)
    return ended["outcome"], ended["why"]


def put(home, link, blob):
    return ask(home, link, "put", ("home", blob.hex()))


def hug(home, pillow, count=1):
    """Hug the pillow and wait until all of it is in the journal."""
    for _ in range(count):
        told = len(home.reports())
        pillow.tell("hug 1.5")
        until(lambda told=told: len(home.reports()) >= told + 2)


def in_order_and_once(reports):
    return all(seq == before + 1 for (_, before, _), (_, seq, _) in pairwise(reports))


def test_a_hug_comes_home_over_the_air(home, pillow):
    until(lambda: home.link() == "wifi")
    pillow.tell("hug 3")
    until(lambda: len(home.reports()) == 2)
    assert [gesture for _, _, gesture in home.reports()] == ["hugging", "neutral"]
    assert home.keys.is_ours(PILLOW)


def test_the_access_point_goes_and_comes_back(home, pillow):
    until(lambda: home.link() == "wifi")
    for number in range(3):
        pillow.tell("ap gone")
        until(lambda: home.link() == "")
        pillow.tell("hug 1.5")
        pillow.tell("ap back")
        until(lambda: home.link() == "wifi")
        until(lambda number=number: len(home.reports()) >= 2 * number + 2)
    assert in_order_and_once(home.reports())


def test_the_bridge_is_started_again(home, pillow):
    until(lambda: home.link() == "wifi")
    home.hush()
    pillow.tell("hug 1.5")
    until(lambda: home.link() == "")
    home.listen()
    until(lambda: home.link() == "wifi")
    until(lambda: len(home.reports()) >= 2)
    assert in_order_and_once(home.reports())


def test_the_cable_wins_and_unplugging_goes_on_over_the_air(home, pillow):
    until(lambda: home.link() == "wifi")
    link = cable(home, pillow)
    until(lambda: home.link() == "usb")
    hug(home, pillow)
    pillow.tell("unplug")
    until(lambda: home.link() == "wifi")
    hug(home, pillow)
    link.stop()
    link.join(5)
    assert in_order_and_once(home.reports())


@contextlib.contextmanager
def announced(port, *addresses):
    """Bridges that all say they have one name, each at an address of its own. Gives the name."""
    name = f"huggable-{port}.local"
    with contextlib.ExitStack() as stack:
        for number, address in enumerate(addresses):
            network = stack.enter_context(contextlib.closing(zeroconf.Zeroconf()))
            places = {"parsed_addresses": [address], "port": port, "server": f"{name}."}
            service = f"{port}-{number}._huggable._tcp.local."
            network.register_service(zeroconf.ServiceInfo("_huggable._tcp.local.", service, **places))
        yield name


def test_the_bridge_is_found_by_its_name_alone(home, tmp_path, interpreter):
    with announced(home.port, HERE) as name:
        pillow = board(tmp_path / "board", interpreter, home.blob(address="", bridge=name))
        try:
            until(lambda: home.link() == "wifi")
        finally:
            pillow.close()


@pytest.fixture
def stranger(home, tmp_path, monkeypatch):
    """A bridge of another home on the same port of another address. `heard`: in whose TLS somebody spoke."""
    other = Home(tmp_path / "other")
    other.port, other.heard = home.port, []
    converse = Caller._converse

    def listening(caller):
        other.heard.append(caller._listener.trust.certificate)
        return converse(caller)

    monkeypatch.setattr(Caller, "_converse", listening)
    yield other
    assert set(other.heard) == {home.certificate.digest}  # nobody said a word to the stranger, whoever had the name
    assert other.journal.pillows() == []
    other.close()


def test_of_two_bridges_with_one_name_a_pillow_finds_its_own(home, stranger, tmp_path, interpreter):
    home.hush()
    stranger.listen(HERE)
    home.listen(THERE)
    with announced(home.port, HERE, THERE) as name:
        pillow = board(tmp_path / "board", interpreter, home.blob(address="", bridge=name))
        try:
            until(lambda: home.link() == "wifi")
            hug(home, pillow)
        finally:
            pillow.close()
    assert in_order_and_once(home.reports())


def test_a_stranger_where_its_bridge_was_last_keeps_no_pillow_from_its_own(home, stranger, tmp_path, interpreter):
    with announced(home.port, HERE) as name:
        pillow = board(tmp_path / "board", interpreter, home.blob(address=THERE, bridge=name))
        until(lambda: home.link() == "wifi")
    try:
        home.hush()
        until(lambda: home.link() == "")
        stranger.listen(HERE)
        home.listen(THERE)
        hug(home, pillow)
    finally:
        pillow.close()
    assert in_order_and_once(home.reports())


def test_a_strangers_bridge_is_told_nothing(home, tmp_path, interpreter):
    other = Home(tmp_path / "other")
    other.listen()
    pillow = board(tmp_path / "board", interpreter, home.blob(port=other.port))
    try:
        pillow.tell("hug 1.5")
        seen_s = time.monotonic() + 4
        until(lambda: time.monotonic() > seen_s)
        assert other.journal.pillows() == [] and other.told == []
    finally:
        pillow.close()
        other.close()


def test_a_strangers_pillow_is_not_listened_to(home, tmp_path, interpreter):
    home.keys.proved(PILLOW, home.key)
    pillow = board(tmp_path / "board", interpreter, home.blob(key=OTHER_KEY.hex()))
    try:
        pillow.tell("hug 1.5")
        until(lambda: home.journal.troubles())
        assert "cannot prove it" in home.journal.troubles()[0]["sentence"]
        assert home.journal.pillows() == []
    finally:
        pillow.close()


# -- given a home over the cable ------------------------------------------------------------------------------------


def test_a_pillow_is_given_a_home_and_finds_it(home, fresh):
    link = cable(home, fresh)
    until(lambda: home.link() == "usb")
    assert put(home, link, home.blob()) == ("applied", "")
    until(lambda: home.keys.is_ours(PILLOW))  # over the cable, by its proof
    hug(home, fresh)
    fresh.tell("unplug")
    until(lambda: home.link() == "wifi")
    hug(home, fresh)
    link.stop()
    link.join(5)
    assert in_order_and_once(home.reports())


@pytest.mark.parametrize(
    "state, changes, why",
    [
        ("gone", {}, "no such network"),
        ("there", {"ssid": "T3RoZXI="}, "no such network"),
        ("there", {"password": "d3Jvbmc="}, "wrong password"),
        ("refuse", {}, "wrong password"),
        ("there", {"port": 9}, "bridge not reachable"),
    ],
)
def test_what_is_wrong_with_a_home_is_said_and_nothing_is_kept(home, fresh, state, changes, why):
    fresh.tell(f"ap {state}")
    link = cable(home, fresh)
    until(lambda: home.link() == "usb")
    assert put(home, link, home.blob(**changes)) == ("refused", why)
    link.stop()
    link.join(5)
    assert not (fresh.flash / "home").exists()


def test_nobody_who_gives_out_addresses_is_said(home, fresh):
    fresh.tell("ap noaddress")
    link = cable(home, fresh)
    until(lambda: home.link() == "usb")
    assert put(home, link, home.blob()) == ("refused", "no address")
    link.stop()
    link.join(5)


def test_a_key_alone_needs_no_network_and_a_new_one_replaces_it(home, fresh):
    link = cable(home, fresh)
    until(lambda: home.link() == "usb")
    assert put(home, link, json.dumps({"key": home.key.hex()}).encode()) == ("applied", "")
    until(lambda: home.keys.is_ours(PILLOW))
    again = home.keys.offer(PILLOW)
    assert put(home, link, json.dumps({"key": again.hex()}).encode()) == ("applied", "")
    until(lambda: home.keys.of(PILLOW) == (again,))
    hug(home, fresh)
    link.stop()
    link.join(5)
    assert in_order_and_once(home.reports())


def test_networks_are_seen(home, fresh):
    link = cable(home, fresh)
    until(lambda: home.link() == "usb")
    assert ask(home, link, "scan", ()) == ("applied", "")
    seen = [(event.ssid, event.rssi, event.secured) for event in home.told if type(event).__name__ == "Seen"]
    assert seen == [(b"Home Sweet Home", -55, True), (b"neighbour", -85, True)]
    link.stop()
    link.join(5)
