# Proof of key (docs/wire.md): that this pillow holds its key, and whether whoever is there does, too. Pure.
#
# Its law: each challenge is answered with a fresh nonce, good for one welcome; each mac is compared in constant time.
from binascii import hexlify, unhexlify
from hashlib import sha256

NONCE = 16  # bytes, of both sides
BLOCK = 64  # bytes that SHA-256 works on at a time


class Proof:
    # certificate: SHA-256 of the bridge's; on a cable zeros.
    def __init__(self, key, random_bytes, certificate=bytes(32)):
        self._key = key
        self._random_bytes = random_bytes
        self._certificate = certificate
        self._said = None  # challenge, nonce and session together

    def forget(self):
        self._said = None

    def answer(self, challenge, session):
        # Hex digits -> (nonce, mac) in hex digits. Raises ValueError.
        challenge, session = unhexlify(challenge), unhexlify(session)
        if len(challenge) != NONCE or len(session) != 8:
            raise ValueError
        nonce = self._random_bytes(NONCE)
        self._said = challenge + nonce + session
        return hexlify(nonce).decode(), hexlify(self._mac(b"pillow")).decode()

    def is_bridge(self, session, mac):
        # -> whether this welcome comes from who holds the key, in answer to the nonce said last.
        session, mac = unhexlify(session), unhexlify(mac)
        return bool(self._said) and self._said[-8:] == session and is_same(self._mac(b"bridge"), mac)

    def _mac(self, role):
        return hmac(self._key, role + self._said + self._certificate)


def hmac(key, message):
    # HMAC-SHA256 of a key of at most 64 bytes.
    padded = key + bytes(BLOCK - len(key))
    inner = sha256(bytes([byte ^ 0x36 for byte in padded]) + message).digest()
    return sha256(bytes([byte ^ 0x5C for byte in padded]) + inner).digest()


def is_same(one, other):
    # How long it takes does not tell where they differ.
    different = len(one) ^ len(other)
    for i in range(min(len(one), len(other))):
        different |= one[i] ^ other[i]
    return different == 0
