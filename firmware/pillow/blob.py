# What the host puts on the pillow in pieces (docs/wire.md): collected, checked, and handed over whole. Pure.
#
# Its law: a blob takes effect whole or not at all, and once, however often its last piece comes.
from binascii import crc32, unhexlify

MOST = 1_536  # bytes of one blob
PIECE = 64  # bytes of one piece
AGAIN = "again"  # begin from the first piece
WAIT = "wait"  # it takes time: send the last piece again


class Blobs:
    # takers: name -> callable(bytes) -> None, or why it is refused, or WAIT.
    def __init__(self, takers):
        self._takers = takers
        self._head = None  # name, total and CRC of the one that is coming
        self._data = None
        self._filled = 0
        self._done = None, None  # the head of the last one, and what came of it

    def put(self, name, offset, total, crc, piece):
        # -> None, or why not
        taker = self._takers.get(name)
        if not taker:
            return "unknown"
        piece = unhexlify(piece)
        head = name, total, crc
        end = offset + len(piece)
        if not 0 < len(piece) <= PIECE or not 0 <= offset < end <= total <= MOST:
            return "too large"
        if end == total and head == self._done[0]:
            return self._done[1]
        if offset == 0 and head != self._head:
            self._begin(head, total)
        if head != self._head or offset > self._filled:
            return AGAIN
        if offset == self._filled:
            self._data[offset:end] = piece
            self._filled = end
        return self._ended(taker) if self._filled == total else None

    def _begin(self, head, total):
        self._head = head
        self._data = bytearray(total)
        self._filled = 0
        self._done = None, None

    def _ended(self, taker):
        why = AGAIN if crc32(self._data) != self._head[2] else taker(bytes(self._data))
        if why != WAIT:
            if why != AGAIN:
                self._done = self._head, why
            self._head = self._data = None
        return why
