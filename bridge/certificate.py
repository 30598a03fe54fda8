"""The home's own certificate: what a pillow on Wi-Fi pins, so that it speaks with this bridge and with no other.

Its law: made once per home, self-signed, and its private key leaves the folder for nobody.
"""

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge import secretfile
from bridge.errors import Trouble

SERVER_NAME = "huggable"  # every home's: which home it is says the certificate itself
BEGINS = datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC)  # a chip without a clock believes it is 2000
ENDS = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)
NAME_DIGITS = 8  # of the certificate's hash: two homes on one network have different names


@dataclass(frozen=True, slots=True)
class Certificate:
    """A home's certificate.

    Args:
        path: the PEM file with the private key and the certificate.
        der: the certificate alone, as a pillow gets it.
    """

    path: Path
    der: bytes

    @property
    def digest(self) -> bytes:
        """Its SHA-256: what the proof of a pillow's key is bound to."""
        return hashlib.sha256(self.der).digest()

    @property
    def host(self) -> str:
        """The name under which this home's bridge is found on its network, without `.local`."""
        return f"huggable-{self.digest.hex()[:NAME_DIGITS]}"

    def context(self) -> ssl.SSLContext:
        """Return what a server needs to be the one that holds this certificate: TLS 1.2 and above, no resumption."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # what MicroPython on an ESP32 speaks
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 0
        context.load_cert_chain(self.path)
        return context


def of_home(folder: Path) -> Certificate:
    """Return the home's certificate, made on first use.

    Args:
        folder: the data folder.

    Raises:
        Trouble: its file cannot be read, written or used.
    """
    path = folder / "certificate.pem"
    try:
        text = secretfile.read(path) or _made(path)
        return Certificate(path, x509.load_pem_x509_certificate(text).public_bytes(serialization.Encoding.DER))
    except OSError as error:
        raise Trouble(f"the certificate {path} cannot be used ({error.strerror}): {_REMEDY}") from None
    except ValueError:
        raise Trouble(f"the certificate {path} is damaged: {_REMEDY}") from None


_REMEDY = "put it back from a backup, or remove it and set up every pillow's Wi-Fi again"


def _made(path: Path) -> bytes:
    """Make the private key and the certificate, and keep both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SERVER_NAME)])
    certificate = (
        x509.CertificateBuilder(name, name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    text = private + certificate.public_bytes(serialization.Encoding.PEM)
    secretfile.write(path, text)
    return text
