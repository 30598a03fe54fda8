"""Ports on real pseudo terminals and real sockets."""

import errno
import fcntl
import os
import socket
import threading
import time
from pathlib import Path

import pytest
import serial
from desk import Plug
from soon import SOON_S, until

from bridge import ports
from bridge.diagnosis import Refusal
from bridge.ports import PortGone, PortRefused, open_port


class Listener:
    """The far end of a TCP connection."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def accept(self) -> socket.socket:
        self._server.settimeout(SOON_S)
        return self._server.accept()[0]

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def plug():
    plug = Plug()
    yield plug
    plug.pull()


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.close()


def read_until(port, wanted: bytes) -> bytes:
    got, deadline = b"", time.monotonic() + SOON_S
    while wanted not in got and time.monotonic() < deadline:
        got += port.read()
    return got


def refusal(url: str) -> Refusal:
    with pytest.raises(PortRefused) as refused:
        open_port(url)
    return refused.value.refusal


def test_bytes_go_both_ways_over_a_serial_port(plug):
    port = open_port(plug.url)
    os.write(plug.board, b"~hello\r\n\xff\x00")
    assert read_until(port, b"\x00") == b"~hello\r\n\xff\x00"
    port.write(b"\n#who\n")
    assert os.read(plug.board, 100) == b"\n#who\n"
    port.close()


def test_a_board_whose_reset_is_wired_to_the_port_can_have_the_lines_as_it_needs_them(plug, monkeypatch):
    monkeypatch.setenv("HUGGABLE_DTR", "0")
    monkeypatch.setenv("HUGGABLE_RTS", "0")
    port = open_port(plug.url)
    assert (port._serial.dtr, port._serial.rts) == (False, False)
    port.close()
    assert ports.told_lines({"HUGGABLE_RTS": "1"}) == {"rts": True}


def test_what_came_at_once_is_read_at_once(plug):
    port = open_port(plug.url)
    threading.Timer(0.02, os.write, (plug.board, b"x" * 240)).start()
    assert len(until(port.read)) == 240
    port.close()


def test_a_quiet_port_reads_as_nothing_within_the_time_a_session_needs(plug):
    port = open_port(plug.url)
    assert port.read() == b""
    assert any(reads_for_s(port) < 0.1 + ports.READ_S for _ in range(100))
    port.close()


def reads_for_s(port) -> float:
    before = time.monotonic()
    port.read()
    return time.monotonic() - before


def test_a_pulled_cable_is_one_port_gone(plug):
    port = open_port(plug.url)
    plug.pull()
    with pytest.raises(PortGone):
        read_until(port, b"never")
    with pytest.raises(PortGone):
        port.write(b"anybody?")
    port.close()


def test_reading_a_closed_port_is_one_port_gone(plug):
    port = open_port(plug.url)
    port.close()
    port.wake()
    with pytest.raises(PortGone):
        port.read()
    port.close()


def test_a_board_that_does_not_read_is_one_port_gone_and_not_a_wait_for_ever(plug):
    port = open_port(plug.url)
    with pytest.raises(PortGone):
        for _ in range(100):
            port.write(b"x" * 4096)
    port.close()


def wakes_within_ms(port) -> float:
    """Return how long after `wake` a read that waits comes back."""
    woken = []
    threading.Timer(ports.READ_S / 5, lambda: (woken.append(time.monotonic()), port.wake())).start()
    before = time.monotonic()
    while not woken:
        port.read()
    return (time.monotonic() - max(before, woken[0])) * 1000


def test_a_waiting_read_can_be_woken_from_another_thread(plug, listener):
    for url in (plug.url, listener.url):
        port = open_port(url)
        assert any(wakes_within_ms(port) < ports.READ_S * 500 for _ in range(100))
        port.close()


def test_waking_without_end_neither_blocks_nor_fails(plug, listener):
    for url in (plug.url, listener.url):
        port = open_port(url)
        for _ in range(2_000):
            port.wake()
        port.close()
        port.wake()


def test_a_second_opening_is_refused_as_busy(plug):
    port = open_port(plug.url)
    assert refusal(plug.url) is Refusal.BUSY
    port.close()
    open_port(plug.url).close()


def test_closing_leaves_a_pseudo_terminal_open_to_everybody(plug):
    """A claim (TIOCEXCL) on one outlives the program, so none may be made."""
    open_port(plug.url).close()
    TIOCGEXCL = 0x80045440
    if os.uname().sysname == "Linux":
        claimed = fcntl.ioctl(plug.slave, TIOCGEXCL, bytes(4))
        assert claimed == bytes(4)


def test_a_port_that_is_not_there_is_absent(tmp_path):
    assert refusal(str(tmp_path / "ttyUSB9")) is Refusal.ABSENT


def test_a_file_that_is_no_port_cannot_be_opened(tmp_path):
    (tmp_path / "notes").write_text("hello")
    assert refusal(str(tmp_path / "notes")) is Refusal.BROKEN


@pytest.mark.parametrize(
    "url", ["nonsense://x", "socket://", "socket://host", "socket://host:99999999", "socket://[:1"]
)
def test_what_is_no_url_of_a_port_is_unreadable(url):
    assert refusal(url) is Refusal.UNREADABLE


def test_an_address_where_nobody_listens_is_unreachable(listener):
    listener.close()
    with pytest.raises(PortRefused, match="Connection refused") as refused:
        open_port(listener.url)
    assert refused.value.refusal is Refusal.UNREACHABLE


def test_bytes_go_both_ways_over_a_socket(listener):
    port = open_port(listener.url)
    with listener.accept() as far:
        far.sendall(b"~hello\r\n")
        assert read_until(port, b"\n") == b"~hello\r\n"
        port.write(b"\n#who\n")
        assert far.recv(100) == b"\n#who\n"
    with pytest.raises(PortGone, match="hung up"):
        read_until(port, b"never")
    port.close()


def test_the_many_shapes_of_a_refusal():
    shapes = {
        Refusal.FORBIDDEN: serial.SerialException(errno.EACCES, "could not open port"),
        Refusal.BUSY: serial.SerialException(errno.EBUSY, "could not open port"),
        Refusal.ABSENT: serial.SerialException(errno.ENXIO, "could not open port"),
        Refusal.BROKEN: serial.SerialException("Could not configure port: (5, 'Input/output error')"),
        Refusal.UNREADABLE: ValueError("invalid URL, protocol 'foo' not known"),
    }
    assert {ports.refusal_of(error, "linux"): error for error in shapes.values()} == shapes


def test_the_shapes_of_a_refusal_on_windows():
    denied = serial.SerialException("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)")
    missing = serial.SerialException("could not open port 'COM9': FileNotFoundError(2, 'no file', None, 2)")
    unwell = serial.SerialException("could not open port 'COM3': OSError(22, 'semaphore timeout', None, 121)")
    assert ports.refusal_of(denied, "win32") is Refusal.BUSY
    assert ports.refusal_of(missing, "win32") is Refusal.ABSENT
    assert ports.refusal_of(unwell, "win32") is Refusal.BROKEN


def test_looking_for_ports_survives_a_device_that_is_being_unplugged(monkeypatch):
    def torn(include_links: bool = False) -> list:
        raise TypeError("int() can't convert non-string with explicit base")

    monkeypatch.setattr(ports.serial.tools.list_ports, "comports", torn)
    assert ports.candidates() == []


def test_only_chips_that_boards_have_are_candidates(monkeypatch):
    class Found:
        def __init__(self, device: str, vid: int | None, pid: int | None) -> None:
            self.device, self.vid, self.pid = device, vid, pid

    found = [
        Found("/dev/ttyS0", None, None),
        Found("/dev/ttyUSB0", 0x10C4, 0xEA60),
        Found("/dev/ttyUSB1", 0x067B, 0x2303),
        Found("/dev/ttyACM0", 0x303A, 0x1002),
    ]
    monkeypatch.setattr(ports.serial.tools.list_ports, "comports", lambda: found)
    assert ports.candidates() == ["/dev/ttyUSB0", "/dev/ttyACM0"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc")
def test_a_closed_port_leaves_no_file_open(plug, listener):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        for url in (plug.url, listener.url):
            open_port(url).close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
