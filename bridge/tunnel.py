"""One TLS connection as the server sees it: bytes in, bytes out. No socket, no clock.

Its law: what goes in and what comes out is whole; whatever the other end gets wrong is one `TunnelBroken`.
"""

import ssl

READ_BYTES = 16_384  # one record of TLS holds no more
RECORDS_MOST = 64  # taken out at once; what goes in at once holds fewer


class TunnelBroken(Exception):
    """The other end speaks no TLS, another one, or has ended it; the text says which."""


class Tunnel:
    """The server's end.

    Args:
        context: of the certificate that is shown.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.is_open = False  # the handshake is done
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the network and return what was said in them. Raises TunnelBroken."""
        self._in.write(data)
        try:
            if not self.is_open:
                self._tls.do_handshake()
                self.is_open = True
            return self._read()
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise TunnelBroken(error.reason or "no TLS") from None

    def _read(self) -> bytes:
        said: list[bytes] = []
        for _ in range(RECORDS_MOST):
            try:
                piece = self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            if not piece:
                raise TunnelBroken("hung up")
            said.append(piece)
        return b"".join(said)

    def send(self, data: bytes) -> None:
        """Say something; `outgoing` has it. Raises TunnelBroken."""
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise TunnelBroken(error.reason or "no TLS") from None

    def outgoing(self) -> bytes:
        """Return the bytes for the network."""
        return self._out.read()
