"""The way to a pillow: a serial port or a socket, opened by URL. The one file that knows pyserial and sockets.

Its law: one thread owns a port; every way in which a port can fail while in use is one `PortGone`.
"""

import contextlib
import errno
import os
import select
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import serial
import serial.tools.list_ports

from bridge.diagnosis import CHIPS, Refusal

LINES = ("dtr", "rts")
BAUD = 115_200  # what MicroPython's UART speaks
READ_S = 0.05  # a session wants to know the time at least ten times a second
WRITE_S = 0.5  # a line of 200 bytes takes 17 ms; who has not taken it after this is not reading
CONNECT_S = 3.0  # a computer in the home answers in tens of ms, one retry of TCP comes after a second
READ_BYTES = 4_096  # taken from a socket at once: what a Linux serial port buffers too
ESPRESSIF, SILICON_LABS = 0x303A, 0x10C4  # USB vendor numbers


class PortGone(Exception):
    """The port failed while in use: unplugged, hung up, or not taking what is written."""


class PortRefused(Exception):
    """The port cannot be opened; `refusal` says how, the text is the system's own words."""

    def __init__(self, refusal: Refusal, reason: str) -> None:
        super().__init__(reason)
        self.refusal = refusal


class Port(Protocol):
    """An open way to a pillow. All but `wake` are called by the one thread that owns it."""

    def read(self) -> bytes:
        """Return what has come, after at most 50 ms; nothing when nothing has. Raises PortGone."""

    def write(self, data: bytes) -> None:
        """Send all of `data` within half a second. Raises PortGone."""

    def wake(self) -> None:
        """Make a `read` that waits return now, from any thread. A fault shows at the next read."""

    def close(self) -> None:
        """Let go of it; never raises."""


_FAULTS: tuple[type[Exception], ...] = (OSError, TypeError, ValueError)  # pyserial lets all of them out
if sys.platform != "win32":
    import fcntl
    import termios

    _FAULTS += (termios.error,)


def open_port(url: str) -> Port:
    """Open a port for this program alone.

    Args:
        url: `/dev/ttyUSB0`, `COM3` or `socket://host:port`.

    Raises:
        PortRefused: it cannot be opened.
    """
    return SocketPort(url) if url.startswith("socket://") else SerialPort(url)


class SerialPort:
    """A serial port, or whatever else pyserial opens by URL."""

    def __init__(self, url: str) -> None:
        self._closing = threading.Lock()  # who wakes it must not write into a number that is another file by then
        try:
            self._serial = _open_serial(url)
        except _FAULTS as error:
            raise PortRefused(refusal_of(error, sys.platform), _reason(error)) from None

    def read(self) -> bytes:
        """Return what has come; see `Port`."""
        try:
            data: bytes = self._serial.read(self._serial.in_waiting or 1)
            if data and (waiting := self._serial.in_waiting):  # the rest of what the first byte announced
                data += self._serial.read(waiting)
            return data
        except _FAULTS as error:
            raise PortGone(_reason(error)) from None

    def write(self, data: bytes) -> None:
        """Send all of `data`; see `Port`."""
        try:
            self._serial.write(data)
        except _FAULTS as error:
            raise PortGone(_reason(error)) from None

    def wake(self) -> None:
        """End a waiting `read`; see `Port`."""
        with self._closing:
            try:
                self._serial.cancel_read()
            except (AttributeError, OSError):  # a kind of port that cannot: 50 ms, then
                return

    def close(self) -> None:
        """Let go; see `Port`."""
        with self._closing, contextlib.suppress(*_FAULTS):  # it may be gone already
            try:
                _release(self._serial)
            finally:
                self._serial.close()


def _open_serial(url: str) -> Any:
    port: Any = serial.serial_for_url(
        url, do_not_open=True, baudrate=BAUD, timeout=READ_S, write_timeout=WRITE_S, exclusive=True
    )
    told = told_lines(os.environ)
    for name, level in told.items():
        setattr(port, name, level)
    if sys.platform == "win32" and _vendor(url) == SILICON_LABS and not told:
        # As mpremote does it: in any other order this driver resets the board.
        port.dtr = port.rts = False
        port.open()
        port.dtr = True
        port.rts = True
    else:
        port.open()  # pyserial's own line states: a reset here is routine, and native USB needs DTR
    _claim(port)
    return port


def told_lines(environ: Mapping[str, str]) -> dict[str, bool]:
    """Return the levels that somebody wants for the lines DTR and RTS while a serial port is open.

    Some boards (ESP32-CAM-MB) have them wired straight to reset and boot, and do not run at pyserial's own levels.
    """
    told = {name: environ.get(f"HUGGABLE_{name.upper()}") for name in LINES}
    return {name: level == "1" for name, level in told.items() if level}


def _vendor(url: str) -> int | None:
    return next((port.vid for port in _comports() if port.device == url), None)


def _claim(port: Any) -> None:
    """Keep out those who do not ask for an exclusive lock either.

    Not on a pseudo terminal: there the claim would outlive this program, and nobody could open it again.
    """
    if sys.platform != "win32" and _is_real_tty(port):
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)


def _release(port: Any) -> None:
    if sys.platform == "win32":
        port.rts = False  # before DTR: in the other order the board is reset
        port.dtr = False
    elif _is_real_tty(port):
        fcntl.ioctl(port.fileno(), termios.TIOCNXCL)


def _is_real_tty(port: Any) -> bool:
    descriptor = getattr(port, "fd", None)
    if descriptor is None or not os.isatty(descriptor):
        return False
    return not os.ttyname(descriptor).startswith(("/dev/pts/", "/dev/ttys"))


class SocketPort:
    """A TCP connection to whatever stands for a serial port."""

    def __init__(self, url: str) -> None:
        self._closing = threading.Lock()
        address = _address(url)
        try:
            self._socket = socket.create_connection(address, CONNECT_S)
        except OSError as error:
            raise PortRefused(Refusal.UNREACHABLE, _reason(error)) from None
        self._socket.settimeout(WRITE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def read(self) -> bytes:
        """Return what has come; see `Port`."""
        try:
            ready, _, _ = select.select([self._socket, self._woken], [], [], READ_S)
            if self._woken in ready:
                self._woken.recv(READ_BYTES)
            if self._socket not in ready:
                return b""
            data = self._socket.recv(READ_BYTES)
        except _FAULTS as error:
            raise PortGone(_reason(error)) from None
        if not data:
            raise PortGone("the other end hung up")
        return data

    def write(self, data: bytes) -> None:
        """Send all of `data`; see `Port`."""
        try:
            self._socket.sendall(data)
        except _FAULTS as error:
            raise PortGone(_reason(error)) from None

    def wake(self) -> None:
        """End a waiting `read`; see `Port`."""
        with self._closing, contextlib.suppress(OSError):  # closed, or so many wait that one more says nothing
            self._waker.send(b"!")

    def close(self) -> None:
        """Let go; see `Port`."""
        with self._closing:
            for end in (self._socket, self._woken, self._waker):
                end.close()


def _address(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:
        pass  # a port number that is none
    raise PortRefused(Refusal.UNREADABLE, "no host and port in it")


def candidates() -> list[str]:
    """Return the ports with a chip that ESP32 boards have; others are left alone, for opening one may reset it."""
    return [port.device for port in _comports() if (port.vid, port.pid) in CHIPS or port.vid == ESPRESSIF]


def _comports() -> list[Any]:
    try:
        return list(serial.tools.list_ports.comports())
    except _FAULTS:  # a device is being unplugged at this very moment
        return []


def refusal_of(error: Exception, system: str) -> Refusal:
    """Say how a port refused, from what opening it raised on `system` (`sys.platform`)."""
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return Refusal.UNREADABLE
    if system == "win32":  # pyserial keeps only the words there; a port that is open elsewhere is "denied"
        words = {"PermissionError": Refusal.BUSY, "FileNotFoundError": Refusal.ABSENT}
        return next((refusal for word, refusal in words.items() if word in str(error)), Refusal.BROKEN)
    number = getattr(error, "errno", None)
    return _REFUSALS.get(number, Refusal.BROKEN) if number is not None else Refusal.BROKEN


_REFUSALS = {
    errno.ENOENT: Refusal.ABSENT,
    errno.ENODEV: Refusal.ABSENT,
    errno.ENXIO: Refusal.ABSENT,
    errno.EACCES: Refusal.FORBIDDEN,
    errno.EPERM: Refusal.FORBIDDEN,
    errno.EBUSY: Refusal.BUSY,
    errno.EAGAIN: Refusal.BUSY,  # the exclusive lock is held
}


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)
