# The question for the address of a `.local` name, and its answer (RFC 6762, RFC 1035): all that a pillow asks for.
# Pure: bytes in, bytes out. The chip's own getaddrinfo would stand still for five seconds.
GROUP, PORT = "224.0.0.251", 5353
A, IN, UNICAST = 1, 1, 0x8000  # the answer to us alone
LONGEST = 512  # bytes of an answer that is looked at
HEAD = 12
POINTER = 0xC0


def question(name):
    # "huggable.local" -> the datagram. Raises ValueError on a name that is none.
    labels = name.encode().split(b".")
    if not all(0 < len(label) < 64 for label in labels):
        raise ValueError("no name")
    asked = b"".join([bytes([len(label)]) + label for label in labels])
    return b"\0\0\0\0\0\1\0\0\0\0\0\0" + asked + b"\0" + _two(A) + _two(UNICAST | IN)


def answer(data, name):
    # -> the address of this name as text, or None. Whatever else a network says is passed over.
    try:
        return _address(data, name.lower().encode())
    except IndexError:
        return None  # cut short


def _address(data, name):
    at = HEAD
    for _ in range(_number(data, 4)):
        at = _name(data, at)[1] + 4
    records = _number(data, 6) + _number(data, 8) + _number(data, 10) if data[2] & 0x80 else 0
    for _ in range(min(records, 32)):
        found, at = _name(data, at)
        kind, of, size = _number(data, at), _number(data, at + 2), _number(data, at + 8)
        at += 10 + size
        if kind == A and of & 0x7FFF == IN and size == 4 and found == name and len(data) >= at:
            return "%d.%d.%d.%d" % (data[at - 4], data[at - 3], data[at - 2], data[at - 1])
    return None


def _name(data, at):
    # -> (the name at this place in small letters, the place after it)
    labels = []
    end = None
    for _ in range(32):  # a pointer may lead round in a circle
        size = data[at]
        if size >= POINTER:
            end = end or at + 2
            at = (size & 63) << 8 | data[at + 1]
        elif size:
            labels.append(bytes(data[at + 1 : at + 1 + size]).lower())
            at += 1 + size
        else:
            return b".".join(labels), end or at + 1
    raise IndexError


def _number(data, at):
    return data[at] << 8 | data[at + 1]


def _two(number):
    return bytes([number >> 8, number & 255])
