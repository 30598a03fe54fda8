# The one file that knows the network: a WLAN, a datagram socket to ask names, one TLS connection. Imported only by a
# pillow that has a home with Wi-Fi, or is asked to look for networks.
#
# Its law: nothing here waits. The chip's scan does, so it has a thread of its own; a TLS handshake is two steps, each
# of them work for half a second, which the sensor's FIFO bridges.
import errno
import select
import socket
from hashlib import sha256

import network
import tls

from . import mdns
from .wifi import JOINED, NO_ADDRESS, NO_NETWORK, WRONG_PASSWORD

SERVER_NAME = "huggable"  # in every home's certificate; which home it is says the certificate itself
RETRIES = 1  # of the chip's own: then its status says what is wrong
SEEN_MOST = 12  # networks, the strongest; more makes no list for a person
SCANNING = object()

# What the chip's status() means; other numbers: it is still trying.
WHYS = {
    201: NO_NETWORK,
    210: NO_NETWORK,
    211: WRONG_PASSWORD,
    212: NO_NETWORK,
    202: WRONG_PASSWORD,
    204: WRONG_PASSWORD,
}


class Radio:
    def __init__(self, hostname):
        network.hostname(hostname)  # taken over when the radio is first switched on
        self._lan = network.WLAN(network.STA_IF)
        self._names = None
        self._line = self._tls = self._poll = None
        self._unsent = None
        self._seen = None

    # -- the network ------------------------------------------------------------------------------------------------

    def join(self, ssid, password):
        self._lan.active(True)
        if self._lan.status() == network.STAT_CONNECTING:
            self._lan.disconnect()
        self._lan.config(reconnects=RETRIES)
        self._lan.connect(ssid, password or None)

    def status(self):
        # -> JOINED, why it failed, or None while it is trying
        return JOINED if self._lan.isconnected() else WHYS.get(self._lan.status())

    def half_joined(self):
        # Why it took too long: whether there is a network, but nobody who gives out addresses.
        try:
            self._lan.status("rssi")
        except (OSError, ValueError):
            return NO_NETWORK
        return NO_ADDRESS

    def is_joined(self):
        return self._lan.isconnected()

    def off(self):
        self.hang_up()
        self._close_names()
        self._lan.active(False)

    def save_power(self, on):
        self._lan.config(pm=network.WLAN.PM_PERFORMANCE if on else network.WLAN.PM_NONE)

    def scan(self):
        # -> [(ssid, rssi, is secured)], the strongest first, or None while it looks around
        if self._seen is None:
            import _thread

            self._seen = SCANNING
            self._lan.active(True)
            _thread.start_new_thread(self._look_around, ())
        if self._seen is SCANNING:
            return None
        seen, self._seen = self._seen, None
        return seen

    def _look_around(self):
        try:
            found = {}
            for ssid, _, _, rssi, security, *_ in self._lan.scan():
                if ssid and rssi > found.get(ssid, (-200,))[0]:
                    found[ssid] = rssi, security != 0
            ordered = sorted([(-found[ssid][0], ssid) for ssid in found])[:SEEN_MOST]
            self._seen = [(ssid, -loss, found[ssid][1]) for loss, ssid in ordered]
        except OSError:
            self._seen = []

    # -- names ------------------------------------------------------------------------------------------------------

    def find(self, name):
        try:
            if not self._names:
                self._names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._names.setblocking(False)
            self._names.sendto(mdns.question(name), _address(mdns.GROUP, mdns.PORT))
        except (OSError, ValueError):
            pass  # as if nobody had answered

    def found(self, name):
        # -> an address, or None; again: what somebody else answered
        if not self._names:
            return None
        try:
            return mdns.answer(self._names.recvfrom(mdns.LONGEST)[0], name)
        except OSError:
            return None

    def _close_names(self):
        if self._names:
            self._names.close()
            self._names = None

    # -- the connection ---------------------------------------------------------------------------------------------

    def call(self, address, port, certificate):
        # Begin to connect. What goes wrong is told by `answered`.
        self.hang_up()
        self._close_names()
        self._certificate = certificate
        self._line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._line.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._line, select.POLLOUT)
        try:
            self._line.connect(_address(address, port))
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self.hang_up()

    def answered(self):
        # -> True when the line is up, False when it will not be, None while it is coming
        if not self._line:
            return False
        try:
            if self._tls:
                return True if self._tls.write(b"\n") else None  # nothing goes out before the handshake is done
            for _, happened in self._poll.ipoll(0):
                if happened & (select.POLLERR | select.POLLHUP):
                    return False
                self._shake_hands()
        except (OSError, ValueError):  # nobody there; or somebody else's certificate
            return False
        return None

    def _shake_hands(self):
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED
        context.load_verify_locations(self._certificate)
        self._tls = context.wrap_socket(self._line, server_hostname=SERVER_NAME, do_handshake_on_connect=False)
        self._poll = select.poll()
        self._poll.register(self._tls, select.POLLOUT)

    def certificate(self):
        # -> SHA-256 of the certificate that the other side showed
        return sha256(self._tls.getpeercert(True)).digest()

    def read(self, buffer):
        # -> how many bytes came; -1 when the line is dead
        try:
            count = self._tls.readinto(buffer)
        except OSError:
            return -1
        return 0 if count is None else count or -1

    def can_write(self):
        if self._unsent:
            self._flush()
        return not self._unsent

    def write(self, line):
        self._unsent = line
        self._flush()

    def _flush(self):
        # What could not be sent has to be sent again with the very same bytes.
        try:
            count = self._tls.write(self._unsent)
        except OSError:
            return  # reading will tell
        if count:
            self._unsent = self._unsent[count:]

    def hang_up(self):
        for one in (self._tls, self._line):
            if one:
                try:
                    one.close()
                except OSError:
                    pass
        self._line = self._tls = self._poll = self._unsent = None


def _address(host, port):
    # A number as text: nobody is asked. Raises OSError on a name.
    if not host.replace(".", "").isdigit():
        raise OSError(errno.EINVAL)
    return socket.getaddrinfo(host, port)[0][-1]
