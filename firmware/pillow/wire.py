# The pillow's half of the wire (docs/wire.md): bodies into lines, and host lines into (kind, fields).
# Pure: bytes in, bytes out. The bridge has its own half, because a flashed pillow is older than the bridge it meets.
import json
from binascii import crc32

LONGEST = 200  # bytes of a host line; the chip's input ring holds 259 and overflows silently


def line(body):
    # str -> bytes. The leading newline cuts off whatever noise came before.
    marked = b"~" + body.encode()
    return b"\n" + marked + b"*" + (b"%08x" % crc32(marked)) + b"\n"


def body(line, mark):
    # bytes -> the decoded JSON object of one line with this start mark, or None for anything else.
    line = line.strip()
    if line[:1] != mark or line[-9:-8] != b"*" or line[-8:] != b"%08x" % crc32(line[:-9]):
        return None
    try:
        said = json.loads(line[1:-9])
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


class Lines:
    # Cuts what arrives into host lines; whatever is not one is passed over.
    def __init__(self):
        self._tail = b""

    def feed(self, data):
        # -> list of (kind, fields)
        said = []
        *whole, self._tail = (self._tail + data).split(b"\n")
        if len(self._tail) > LONGEST:
            self._tail = b""
        for one in whole:
            found = body(one, b"#")
            if found:
                said.extend(found.items())
        return said
