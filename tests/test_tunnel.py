"""The server's end of TLS, joined to Python's own client without a socket."""

import random
import ssl

import pytest

from bridge import certificate
from bridge.tunnel import Tunnel, TunnelBroken


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return certificate.of_home(tmp_path_factory.mktemp("home"))


class Client:
    """The other end: a client of Python's own, in memory."""

    def __init__(self, der):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=der)
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward, server_hostname=certificate.SERVER_NAME)

    def step(self):
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False


def shake_hands(tunnel, client, piece=10_000):
    for _ in range(5_000):
        done = client.step()
        data = client.outward.read(piece)
        if data:
            tunnel.receive(data)
        client.inward.write(tunnel.outgoing())
        if done and tunnel.is_open and not client.outward.pending:
            return
    raise AssertionError("no handshake")


@pytest.fixture
def joined(home):
    tunnel, client = Tunnel(home.context()), Client(home.der)
    shake_hands(tunnel, client)
    return tunnel, client


def test_lines_travel_both_ways(joined):
    tunnel, client = joined
    client.tls.write(b"\n~{}*1234\n")
    assert tunnel.receive(client.outward.read()) == b"\n~{}*1234\n"
    tunnel.send(b"\n#{}*5678\n")
    client.inward.write(tunnel.outgoing())
    assert client.tls.read(100) == b"\n#{}*5678\n"


def test_a_handshake_may_come_byte_by_byte(home):
    tunnel = Tunnel(home.context())
    shake_hands(tunnel, Client(home.der), piece=1)
    assert tunnel.is_open


def test_what_comes_with_the_end_of_the_handshake_is_not_lost(home):
    tunnel, client = Tunnel(home.context()), Client(home.der)
    said = b""
    while not tunnel.is_open:
        if client.step():
            client.tls.write(b"hello")
        said += tunnel.receive(client.outward.read())
        client.inward.write(tunnel.outgoing())
    assert said == b"hello"


def test_many_records_at_once_are_all_heard(joined):
    tunnel, client = joined
    for number in range(50):
        client.tls.write(b"%05d" % number)
    assert tunnel.receive(client.outward.read()) == b"".join(b"%05d" % number for number in range(50))


def test_a_goodbye_ends_it(joined):
    tunnel, client = joined
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    with pytest.raises(TunnelBroken):
        tunnel.receive(client.outward.read())


@pytest.mark.parametrize("seed", range(200))
def test_garbage_is_one_kind_of_fault(home, seed):
    rng = random.Random(seed)
    tunnel = Tunnel(home.context())
    with pytest.raises(TunnelBroken):
        for _ in range(100):
            tunnel.receive(rng.randbytes(rng.randrange(1, 2_000)))
    assert not tunnel.is_open


@pytest.mark.parametrize("seed", range(50))
def test_a_changed_byte_after_the_handshake_is_one_kind_of_fault(home, seed):
    rng = random.Random(seed)
    tunnel, client = Tunnel(home.context()), Client(home.der)
    shake_hands(tunnel, client)
    client.tls.write(b"hello hello hello")
    data = bytearray(client.outward.read())
    data[rng.randrange(5, len(data))] ^= 1 << rng.randrange(8)
    with pytest.raises(TunnelBroken):
        tunnel.receive(bytes(data))


def test_plain_text_is_no_tls(home):
    with pytest.raises(TunnelBroken, match="HTTP_REQUEST"):
        Tunnel(home.context()).receive(b"GET / HTTP/1.1\r\nHost: bridge\r\n\r\n")
