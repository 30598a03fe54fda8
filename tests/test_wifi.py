"""The bridge on the home's network: when its port is open, what it says of itself, how it is found."""

import socket
import time
from contextlib import closing

import pytest
import zeroconf
from soon import SOON_S, until

from bridge import discovery
from bridge.discovery import Discovery
from bridge.errors import Trouble
from bridge.journal import Journal
from bridge.present import Present
from bridge.troubles import Troubles
from bridge.wifi import PORT, Place, Wifi, place
from bridge.writer import Writer

HERE = "127.0.0.1"


@pytest.fixture
def air(tmp_path):
    """Makes the network's part of a bridge."""
    path = tmp_path / "journal.db"
    Journal(path).close()
    writer = Writer(path)
    troubles = Troubles(writer)
    made = []

    def make(where, look=lambda: [HERE]):
        made.append(Wifi(tmp_path, where, writer, path, troubles, Present(), lambda event: None, look))
        return made[-1]

    make.path = path
    yield make
    for wifi in made:
        wifi.stop(2.0)
    writer.stop()


def is_open(port):
    try:
        socket.create_connection((HERE, port), 1).close()
    except OSError:
        return False
    return True


def free_port():
    with socket.create_server((HERE, 0)) as free:
        return free.getsockname()[1]


def test_nothing_listens_before_somebody_wants_wifi(air):
    port = free_port()
    wifi = air(Place(port, HERE))
    wifi.step(0)
    assert not wifi.is_open
    assert not is_open(port)
    wifi.open()
    wifi.step(1)
    assert wifi.is_open
    assert is_open(port)


def test_a_port_that_is_taken_is_told_and_tried_again(air, capsys):
    with socket.create_server((HERE, 0)) as other:
        wifi = air(Place(other.getsockname()[1], HERE))
        wifi.open()
        wifi.step(0)
        assert not wifi.is_open
        assert "is in use: set HUGGABLE_WIFI_PORT" in capsys.readouterr().err
    wifi.step(1)
    assert not wifi.is_open
    wifi.step(5)
    assert wifi.is_open
    with closing(Journal(air.path)) as journal:
        until(lambda: journal.troubles() == [])


def test_a_pillow_is_told_a_name_an_address_and_a_port_and_nothing_else(air):
    wifi = air(Place(0, HERE))
    wifi.open()
    wifi.step(0)
    way = wifi.way()
    assert set(way) == {"bridge", "address", "port"}
    assert (way["address"], way["port"]) == (HERE, wifi.port)
    assert way["bridge"] == f"{wifi.certificate.host}.local"
    assert socket.gethostname().lower() not in way["bridge"]


def test_the_environment_says_where():
    assert place({}) == Place(PORT, "")
    assert place({"HUGGABLE_WIFI_PORT": "0", "HUGGABLE_WIFI_ADDRESS": HERE}) == Place(0, HERE)


@pytest.mark.parametrize("said", ["x", "-1", "70000", "1.5"])
def test_a_port_that_is_none_is_one_sentence(said):
    with pytest.raises(Trouble, match="set it to a number"):
        place({"HUGGABLE_WIFI_PORT": said})


# -- Its name ----------------------------------------------------------------------------------------------------


def found(network, host):
    asked = zeroconf.AddressResolverIPv4(f"{host}.local.")
    return sorted(asked.parsed_addresses()) if asked.request(network, 1_000) else []


def test_the_bridge_is_found_by_its_name_at_its_newest_address_and_no_more_when_it_has_gone(monkeypatch):
    monkeypatch.setattr(discovery, "LOOK_S", 0.2)
    there = [HERE]
    host = f"huggable-{time.time_ns():016x}"[:40]
    say = Discovery(host, 4844, lambda: list(there))
    say.start()
    try:
        with closing(zeroconf.Zeroconf(interfaces=[HERE])) as network:
            until(lambda: found(network, host) == [HERE])
        there.append("127.0.0.2")
        with closing(zeroconf.Zeroconf(interfaces=[HERE])) as network:
            until(lambda: found(network, host) == [HERE, "127.0.0.2"])
    finally:
        say.stop(SOON_S)
    with closing(zeroconf.Zeroconf(interfaces=[HERE])) as network:
        assert found(network, host) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a socket of zeroconf
def test_no_network_is_no_fault(monkeypatch):
    monkeypatch.setattr(discovery, "LOOK_S", 0.05)
    say = Discovery("huggable-0", 4844, lambda: ["203.0.113.7"])  # an address that this computer does not have
    say.start()
    time.sleep(0.3)
    say.stop(SOON_S)
    assert not say.is_alive


def test_only_addresses_of_a_home_are_said():
    assert all(address.count(".") == 3 and not address.startswith("127.") for address in discovery.addresses())
