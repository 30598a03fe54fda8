"""A blob cut into the pieces that a pillow takes (docs/wire.md): pure."""

from binascii import crc32

PIECE_BYTES = 64  # in hex, with all that a line says of it, 174 of the 188 bytes that a host line has room for
MOST_BYTES = 1_536  # of one blob: a pillow holds it in memory, twice for a moment

Line = tuple[str, tuple[int | str, ...]]


def pieces(name: str, blob: bytes) -> tuple[Line, ...]:
    """Return the `put` lines that bring a blob. Raises ValueError when it is empty or too large."""
    if not 0 < len(blob) <= MOST_BYTES:
        raise ValueError(f"expected 1..{MOST_BYTES} bytes of {name}, got {len(blob)}")
    head = len(blob), crc32(blob)
    return tuple(
        ("put", (name, at, *head, blob[at : at + PIECE_BYTES].hex())) for at in range(0, len(blob), PIECE_BYTES)
    )
