"""MicroPython's `tls` on CPython, as far as the firmware touches it; the law: like there, a socket that cannot go on
now says None, and a certificate that is not the one is a ValueError.
"""

import ssl

PROTOCOL_TLS_CLIENT = ssl.PROTOCOL_TLS_CLIENT
CERT_REQUIRED = ssl.CERT_REQUIRED
AGAIN = ssl.SSLWantReadError, ssl.SSLWantWriteError


class SSLContext:
    def __init__(self, protocol):
        self._context = ssl.SSLContext(protocol)

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def load_verify_locations(self, cadata):
        try:
            self._context.load_verify_locations(cadata=bytes(cadata))
        except ssl.SSLError as error:
            raise ValueError("invalid cert") from error

    def wrap_socket(self, line, server_hostname=None, do_handshake_on_connect=True):
        return Socket(
            self._context.wrap_socket(
                line, server_hostname=server_hostname, do_handshake_on_connect=do_handshake_on_connect
            )
        )


class Socket:
    def __init__(self, line):
        self._line = line
        self._has_shaken = False

    def _ready(self):
        if not self._has_shaken:
            try:
                self._line.do_handshake()
            except ssl.SSLCertVerificationError as error:
                raise ValueError(error.verify_message) from error
            self._has_shaken = True

    def write(self, data):
        try:
            self._ready()
            return self._line.send(data)
        except AGAIN:
            return None

    def readinto(self, buffer):
        try:
            self._ready()
            return self._line.recv_into(buffer)
        except AGAIN:
            return None
        except ssl.SSLEOFError:
            return 0

    def getpeercert(self, binary):
        return self._line.getpeercert(binary)

    def fileno(self):
        return self._line.fileno()

    def close(self):
        self._line.close()
