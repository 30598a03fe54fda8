# Whose pillow it is, and how to get home (docs/wire.md, blob `home`): read strictly, kept in the flash.
import json
from binascii import a2b_base64, unhexlify

FILE = "home"
KEY = 32  # bytes
SSID, PASSWORD, CERTIFICATE = 32, 63, 512  # bytes, at most
NAME = 64  # characters


class Home:
    # before: what a home said that this one changes; what is left away stays as it was, and `{}` changes everything: it
    # is nobody's, without a key or Wi-Fi. Raises ValueError, TypeError.
    def __init__(self, blob=b"{}", before=None):
        said = json.loads(blob)
        if not isinstance(said, dict):
            raise ValueError
        if said and before:
            for name in before:
                said.setdefault(name, before[name])
        self.said = said
        self.key = _key(said["key"]) if said.get("key") else None
        self.ssid = _bytes(said.get("ssid", ""), SSID)
        self.password = _bytes(said.get("password", ""), PASSWORD)
        self.certificate = _bytes(said.get("certificate", ""), CERTIFICATE)
        self.bridge = _text(said.get("bridge", ""))
        self.address = _text(said.get("address", ""))
        self.port = said.get("port", 0)
        if not self._is_whole():
            raise ValueError

    def _is_whole(self):
        if not self.ssid:
            return self.key or not self.said
        return self.key and self.certificate and type(self.port) is int and 0 < self.port < 65536


def load(disk):
    # -> Home, nobody's when there is no file, or one that is damaged
    try:
        return Home(disk.read(FILE))
    except (OSError, ValueError, TypeError):
        return Home()


def keep(disk, home):
    # Raises OSError.
    if home.key:
        disk.replace(FILE, json.dumps(home.said).encode())
    elif FILE in disk.names():
        disk.remove(FILE)


def _key(digits):
    key = unhexlify(digits)
    if len(key) != KEY:
        raise ValueError
    return key


def _bytes(text, most):
    data = a2b_base64(text)
    if len(data) > most:
        raise ValueError
    return data


def _text(text):
    if not isinstance(text, str) or len(text) > NAME:
        raise ValueError
    return text
