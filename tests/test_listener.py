"""The bridge's port for Wi-Fi over real TLS: real pillows' stages, and everybody else who may call."""

import contextlib
import socket
import ssl
import time

import pytest
from fleet import Fleet, PillowOnWifi, at_home, identity, now_ms
from soon import SOON_S, until

from bridge import certificate, listener, session, visitor
from bridge.errors import Trouble
from bridge.events import Proved
from bridge.journal import Journal
from bridge.keys import Keys
from bridge.link import Asked
from bridge.listener import Listener
from bridge.present import Present
from bridge.troubles import Troubles
from bridge.wishes import make
from bridge.writer import Writer

PILLOW = identity(0)


class Home:
    """A bridge that listens, and what a test looks at it with."""

    def __init__(self, folder, port=0):
        self.folder = folder
        self.path = folder / "journal.db"
        self.journal = Journal(self.path)
        self.writer = Writer(self.path)
        self.troubles = Troubles(self.writer)
        self.keys = Keys(folder)
        self.certificate = certificate.of_home(folder)
        self.heard = []
        self.listener = Listener(
            "127.0.0.1", port, self.certificate, self.keys, self.writer, self.path, self.troubles, Present(), self._tell
        )
        self.port = self.listener.port
        self.listener.start()

    def _tell(self, event):
        self.heard.append(event)
        if isinstance(event, Proved):
            self.keys.proved(event.pillow, event.key)

    def pillows(self, count):
        return list(at_home(self.folder, self.keys, count, self.port))

    def shown(self, pillow=PILLOW):
        return next((row["gesture"] for row in self.journal.pillows() if row["pillow"] == pillow), "")

    def gestures(self):
        return [row["gesture"] for row in self.journal.rows_after(0)]

    def close(self):
        self.listener.stop()
        self.listener.join(SOON_S)
        self.writer.stop()
        self.journal.close()


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    yield home
    home.close()


def client(home, name=certificate.SERVER_NAME):
    """Somebody who speaks TLS and holds no key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=home.certificate.der)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", home.port), 5), server_hostname=name)


def is_hung_up(line):
    """Whether the other end ends it."""
    line.settimeout(SOON_S)
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while line.recv(4_096):
            continue
    return True


# -- Pillows of this home ----------------------------------------------------------------------------------------


def test_a_pillow_on_wifi_is_shown_and_its_hug_is_told_once(home):
    (pillow,) = home.pillows(1)
    with Fleet([pillow]) as fleet:
        until(lambda: home.shown() == "neutral")
        assert home.journal.pillows()[0]["link"] == "wifi"
        fleet.feel(pillow, "hugging")
        fleet.feel(pillow, "neutral")
        until(pillow.has_told_all)
    assert home.gestures() == ["hugging", "neutral"]
    assert home.keys.is_ours(PILLOW)


def test_a_pillow_that_goes_shows_at_once_and_what_it_felt_meanwhile_comes_once(home):
    (pillow,) = home.pillows(1)
    with Fleet([pillow]):
        until(lambda: home.shown() == "neutral")
    until(lambda: home.shown() == "notconnected")
    pillow.feel("hugging", now_ms())
    with Fleet([pillow]):
        until(pillow.has_told_all)
    assert home.gestures() == ["hugging"]


def test_a_pillow_that_calls_again_before_the_old_connection_is_over_never_shows_as_gone(home):
    (pillow,) = home.pillows(1)
    with Fleet([pillow]):
        until(lambda: home.shown() == "neutral")
        lost, pillow.socket = pillow.socket, None  # as when its access point restarts: nobody says goodbye
        until(lambda: pillow.calls == 2 and pillow.link.is_welcome)
        assert is_hung_up(lost)
        until(lambda: home.shown() == "neutral")
    lost.close()
    until(lambda: home.shown() == "notconnected")
    assert [row["here"] for row in home.journal.presence_between(0, 2**53)] == [1, 0]


def test_a_wish_reaches_a_pillow_on_wifi(home):
    (pillow,) = home.pillows(1)
    with Fleet([pillow]):
        link = until(lambda: home.listener.link_of(PILLOW))
        wish = make(home.journal, PILLOW, "light", {}, "test", 60)
        link.ask(Asked(wish, "light", (wish, "glow", 255, 100, 150, 20, 5), 60))
        until(lambda: home.journal.wish(wish)["outcome"] == "applied")
    assert pillow.lights == [(wish, "glow", 255, 100, 150, 20, 5)]


def test_too_many_wishes_at_once_are_refused_and_not_forgotten(home):
    (pillow,) = home.pillows(1)
    with Fleet([pillow]):
        link = until(lambda: home.listener.link_of(PILLOW))
        made = [make(home.journal, PILLOW, "light", {}, "test", 60) for _ in range(3 * session.WISHES)]
        for wish in made:
            link.ask(Asked(wish, "light", (wish, "glow", 255, 100, 150, 20, 5), 60))
        until(lambda: home.journal.open_wishes() == [])
    assert {home.journal.wish(wish)["outcome"] for wish in made} <= {"applied", "refused"}


def test_many_pillows_at_once_each_have_their_own_history(home):
    pillows = home.pillows(12)
    with Fleet(pillows) as fleet:
        until(lambda: len(home.journal.pillows()) == 12)
        for number, pillow in enumerate(pillows):
            for _ in range(number):
                fleet.feel(pillow, "hugging")
                fleet.feel(pillow, "neutral")
        until(lambda: all(pillow.has_told_all() for pillow in pillows))
    rows = [row["pillow"] for row in home.journal.rows_after(0)]
    assert [rows.count(pillow.id) for pillow in pillows] == [2 * number for number in range(12)]


def test_a_stopped_listener_has_let_go_of_its_port_and_of_everybody(home):
    (pillow,) = home.pillows(1)
    with Fleet([pillow]):
        until(lambda: home.shown() == "neutral")
        home.listener.stop()
        home.listener.join(SOON_S)
        assert not home.listener.is_alive
        until(lambda: home.shown() == "notconnected")
        assert not pillow.socket or until(lambda: not pillow.socket)
    socket.create_server(("127.0.0.1", home.port)).close()


def test_a_port_that_is_taken_is_one_sentence(home, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(Trouble, match="is in use: set HUGGABLE_WIFI_PORT"):
        Listener("127.0.0.1", home.port, home.certificate, home.keys, home.writer, home.path, home.troubles, None, None)


# -- Everybody else ----------------------------------------------------------------------------------------------


def is_let_in(pillow, home):
    """Whether a pillow is welcomed, or even known to be there, before it is hung up on and calls again."""
    with Fleet([pillow]) as fleet:
        fleet.feel(pillow, "hugging")
        until(lambda: pillow.link.is_welcome or pillow.calls > 2)
        return pillow.link.is_welcome or home.gestures() != [] or home.journal.pillows() != []


def test_a_stranger_s_pillow_is_not_let_in(home):
    assert not is_let_in(PillowOnWifi(identity(7), b"k" * 32, home.certificate, home.port), home)


def test_a_pillow_with_another_key_is_not_let_in_and_that_is_told_by_its_name(home, capsys):
    home.pillows(1)
    assert not is_let_in(PillowOnWifi(PILLOW, b"k" * 32, home.certificate, home.port), home)
    assert not is_let_in(PillowOnWifi(PILLOW, None, home.certificate, home.port), home)
    told = capsys.readouterr().err
    assert told.count(f"somebody on the network says it is pillow {PILLOW} and cannot prove it") == 1
    until(lambda: [row["name"] for row in home.journal.troubles()] == [f"wifi {PILLOW}"])
    with Fleet(home.pillows(1)):
        until(lambda: home.journal.troubles() == [])


def test_a_pillow_without_a_key_is_not_let_in_over_a_network(home):
    assert not is_let_in(PillowOnWifi(PILLOW, None, home.certificate, home.port), home)


def test_a_key_that_was_replaced_opens_nothing(home):
    (pillow,) = home.pillows(1)
    with Fleet([pillow]):
        until(lambda: home.keys.is_ours(PILLOW))
    new = home.keys.offer(PILLOW)
    home.keys.proved(PILLOW, new)
    until(lambda: home.shown() == "notconnected")
    pillow.calls = 0
    with Fleet([pillow]):
        until(lambda: pillow.calls > 1)
        assert not pillow.link.is_welcome


def test_who_is_there_with_a_key_that_is_replaced_is_hung_up_on(home):
    thief, other = home.pillows(2)
    with Fleet([thief, other]):
        until(lambda: home.keys.is_ours(thief.id) and home.keys.is_ours(other.id))
        until(lambda: home.shown(other.id) == "neutral")
        home.keys.offer(thief.id)
        time.sleep(0.3)
        assert thief.calls == 1  # until the new one is proved either counts
        home.keys.proved(thief.id, home.keys.offer(thief.id))
        until(lambda: home.shown(thief.id) == "notconnected")
        until(lambda: thief.calls > 2)
        assert not thief.link.is_welcome
        assert (home.shown(other.id), other.calls) == ("neutral", 1)


def test_who_is_forgotten_may_stay_no_longer_than_it_takes_to_be_told(home, monkeypatch):
    pillow, other = home.pillows(2)
    with Fleet([pillow, other]):
        until(lambda: home.shown(pillow.id) == home.shown(other.id) == "neutral")
        monkeypatch.setattr(listener, "LET_GO_S", 0.2)
        home.keys.forget(pillow.id)
        until(lambda: home.shown(pillow.id) == "notconnected")
        monkeypatch.setattr(listener, "LET_GO_S", 3_600)
        home.keys.forget(other.id)
        time.sleep(0.3)
        assert home.shown(other.id) == "neutral"


def test_a_pillow_that_is_forgotten_is_not_let_in_again(home):
    (pillow,) = home.pillows(1)
    home.keys.forget(PILLOW)
    assert not is_let_in(pillow, home)


def test_a_pillow_of_another_home_hangs_up_on_this_bridge(home, tmp_path):
    (tmp_path / "other").mkdir()
    other = certificate.of_home(tmp_path / "other")
    key = home.keys.offer(PILLOW)
    pillow = PillowOnWifi(PILLOW, key, other, home.port)
    assert not is_let_in(pillow, home)
    assert pillow.socket is None


def test_the_same_key_under_another_certificate_opens_nothing(home, tmp_path):
    """A bridge in the middle that ends TLS with a certificate of its own, and a pillow that forgot to look at it."""
    (tmp_path / "other").mkdir()
    (pillow,) = home.pillows(1)
    pillow.link.proof._certificate = certificate.of_home(tmp_path / "other").digest
    assert not is_let_in(pillow, home)


def test_a_conversation_that_is_said_again_word_by_word_opens_nothing(home, monkeypatch):
    monkeypatch.setattr(visitor, "PROOF_MS", 1_000)
    (pillow,) = home.pillows(1)
    said = []
    hear = pillow.next

    def listening(now_ms):
        said.append(hear(now_ms))
        return said[-1]

    pillow.next = listening
    with Fleet([pillow]) as fleet:
        until(lambda: home.shown() == "neutral")
        fleet.feel(pillow, "hugging")
        until(pillow.has_told_all)
    until(lambda: home.shown() == "notconnected")
    rows = home.journal.newest_row()
    with client(home) as line:
        for data in filter(None, said):
            with contextlib.suppress(OSError):
                line.sendall(data)
        assert is_hung_up(line)
    assert home.shown() == "notconnected"
    assert home.journal.newest_row() == rows


def test_who_says_nothing_after_the_handshake_is_hung_up_on(home, monkeypatch):
    monkeypatch.setattr(session, "STRANGER_MS", 300)
    with client(home) as line:
        assert is_hung_up(line)


def test_who_says_hello_and_proves_nothing_is_hung_up_on(home, monkeypatch):
    monkeypatch.setattr(visitor, "PROOF_MS", 500)
    (pillow,) = home.pillows(1)
    with client(home) as line:
        line.sendall(pillow.link._hello(0, 0))
        assert is_hung_up(line)


def test_half_a_handshake_is_hung_up_on(home, monkeypatch):
    monkeypatch.setattr(visitor, "HANDSHAKE_MS", 300)
    with socket.create_connection(("127.0.0.1", home.port)) as line:
        line.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert is_hung_up(line)


def test_a_drop_of_bytes_at_a_time_buys_no_more_time(home, monkeypatch):
    monkeypatch.setattr(visitor, "HANDSHAKE_MS", 500)
    with socket.create_connection(("127.0.0.1", home.port)) as line, pytest.raises(OSError):
        for byte in b"\x16\x03\x01\x02\x00\x01\x00" + bytes(500):
            line.sendall(bytes([byte]))
            time.sleep(0.02)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"\n~{}*00000000\n"])
def test_what_is_no_tls_is_hung_up_on_at_once(home, monkeypatch, data):
    monkeypatch.setattr(visitor, "HANDSHAKE_MS", 3_600_000)
    with socket.create_connection(("127.0.0.1", home.port)) as line:
        line.sendall(data)
        assert is_hung_up(line)


def test_who_talks_much_and_proves_nothing_is_hung_up_on(home, monkeypatch):
    monkeypatch.setattr(visitor, "HANDSHAKE_MS", 3_600_000)
    with client(home) as line:
        with contextlib.suppress(OSError):
            for _ in range(100):
                line.sendall(b"\n~{}*00000000\n" * 100)
        assert is_hung_up(line)


def test_a_full_door_is_open_again_when_those_who_wait_there_are_gone(home, monkeypatch):
    monkeypatch.setattr(visitor, "HANDSHAKE_MS", 500)
    (pillow,) = home.pillows(1)
    pillow.address = "127.0.0.1"
    lines = [socket.create_connection(("127.0.0.1", home.port)) for _ in range(30)]
    with Fleet([pillow]):
        until(lambda: home.shown() == "neutral")
    for line in lines:
        line.close()


def test_who_does_not_read_is_hung_up_on_and_delays_nobody(home):
    deaf, other = home.pillows(2)
    with Fleet([deaf, other]) as fleet:
        until(lambda: deaf.link.is_welcome and other.link.is_welcome)
        with fleet._lock:
            deaf.turn = lambda is_ready: True
        until(lambda: home.shown(deaf.id) == "notconnected")
        fleet.feel(other, "hugging")
        until(other.has_told_all)
