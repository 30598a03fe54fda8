# Malformed input to the pillow's parser, on any Python: what no bridge says, fed to a real link with a real spool.
#   malformed_program.py FIRMWARE COUNT SEED
# Its law: nothing raises, nothing bad has an effect or an answer that says `ok`, what is held does not grow, and the
# good line after it is understood. Prints how far it is, and in the end `flat N`, the bytes by which the heap grew.
import gc
import random
import sys
from binascii import crc32

FIRMWARE, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.path.insert(0, FIRMWARE)

from pillow.light import Light  # noqa: E402
from pillow.link import ANSWERS, Link  # noqa: E402
from pillow.report import Reporter  # noqa: E402
from pillow.spool import Spool  # noqa: E402
from pillow.wire import LONGEST  # noqa: E402

CHUNK = 10  # bad lines between two good ones
EVERY = 32 * CHUNK * 32  # lines between two looks at the heap: the spool's last file has the same length each time

# What stands in a field: what is right nowhere, on an interpreter that reads JSON strictly or not; what may be right.
NEVER = ("-1", "1.5", "1e3", "1e400", "NaN", "Infinity", "-", "+1", ".5", "0x10", "1_0", "'a'", '"', "nul", "\x01")
NEVER += ("[", "]", "{", "}", "[]", "{}", "[[]]", '{"a":1}', "[" * 60 + "]" * 60, "null", "true", "false")
NEVER += ('""', '"7"', '"\\u0000"', '"\\ud800"', '"' + "x" * 100 + '"')
NEVER += ("9" * 20, "9" * 120, "4294967296", "-4294967295")
ANY = ("", ":", "01", "1 2", "0", "1", "7", "255", "100", '"off"', '"hug"', '"glow"')
ANY += NEVER
KINDS = ("light", "beat", "report", "", "PING", "\\ud800", "a\\u0000")
SHAPES = (
    "",
    "null",
    "5",
    '"ack"',
    "[]",
    "{}",
    "[[1,2]]",
    '{"ack":5}',
    '{"ack":"123"}',
    '{"need":{}}',
    '{"beat":[7,1,1]',
)
SHAPES += (
    '{"ack":{"0":1,"1":1,"2":1}}',
    '{"a":[7],"b":[7],"c":[7],"d":[7],"e":[7]}',
    '{"ping":[]}',
    '{"ping":null}',
    '{"x":' * 30 + "1" + "}" * 30,
    "{1:[2]}",
    "{[1]:2}",
)
NOISE = (
    b">>> ",
    b"#",
    b"#{}*",
    b"#*00000000",
    b"~{}",
    b"\x03\x04\x00\x7f",
    b"\xc3\x28\xed\xa0\x80",
    b"\r\r\0  \r",
    b"",
)
BITES = b'0123456789-+.eE"\\{}[],:#*abcxyz\x00\x7f\x80\xff'
EFFECTS = ("off", "glow", "breathe", "hug")


class RamDisk:
    def __init__(self):
        self.files = {}

    def names(self):
        return list(self.files)

    def read(self, name):
        return self.files[name]

    def append(self, name, data):
        self.files[name] = self.files.get(name, b"") + data

    def replace(self, name, data):
        self.files[name] = data

    def remove(self, name):
        self.files.pop(name)


def one_of(things):
    return things[random.randrange(len(things))]


def frame(body):
    marked = b"#" + body
    return marked + b"*" + (b"%08x" % crc32(marked))


def right():
    # Something right, whose fields from the second on all count.
    kind = one_of(("ack", "ack", "need", "ping", "who", "light"))
    fields = [str(random.randrange(1, 10_000))]
    if kind in ("ack", "need"):
        fields += ["1", str(reporter.seq + random.randrange(2))]
    elif kind == "light":
        fields += ["9", '"%s"' % one_of(EFFECTS), "255", "0", "128", "50", "5"]
    return kind, fields


def whole(kind, fields):
    return ('{"%s":[%s]}' % (kind, ",".join(fields))).encode()


def almost():
    kind, fields = right()
    at = random.randrange(len(fields))
    fields[2 if kind == "light" and at == 1 else at] = one_of(NEVER)  # a light's version may be anything
    return frame(whole(kind, fields))


def too_few():
    kind, fields = right()
    return frame(whole(kind, fields[: random.randrange(len(fields))]))


def any_fields():
    kind = one_of(KINDS)
    number = one_of(NEVER) if kind == "light" or random.randrange(4) == 0 else "7"
    return frame(whole(kind, [number] + [one_of(ANY) for _ in range(random.randrange(9))]))


def bite(data):
    at = random.randrange(len(data))
    how = random.randrange(3)
    if how == 0:
        return data[:at] + data[at + 1 :]
    new = random.randrange(len(BITES))
    if how == 1 and data[at] == BITES[new]:
        new -= 1
    return data[:at] + BITES[new : new + 1] + data[at + (how == 1) :]


def broken():
    return bite(frame(whole(*right())))


def cut():
    line = frame(whole(*right()))
    at = random.randrange(1, len(line))
    return line[:at] if at & 1 else line[at:] + line[:at]


def shape():
    return frame(one_of(SHAPES).encode())


def noise():
    if random.randrange(2):
        return one_of(NOISE)
    return bytes([random.randrange(256) for _ in range(random.randrange(30))])


def long():
    return one_of((b"#", b"x", b"#{", b"\0")) * one_of((70, 130, 201, 900))


SORTS = (almost, almost, almost, too_few, any_fields, any_fields, broken, broken, cut, shape, noise, long)


def held():
    return spool.oldest(), link.is_welcome, link._needed, lights[0]


def light(*wish):
    why = lamp.wish(*wish)
    lights[0] += not why
    return why


def feed(data, now_ms):
    # As the board hands it over: mostly what a test can do fast, now and then in the pieces of a real port.
    # -> bytes held of a line that is not complete yet, at their most
    size = 64 if random.randrange(20) == 0 else len(data)
    most = 0
    for at in range(0, len(data), size):
        link.receive(data[at : at + size], now_ms)
        most = max(most, len(link._lines._tail))
    return most


def said(now_ms):
    lines = []
    while True:
        line = link.next(now_ms)
        if not line:
            return lines
        lines.append(line)


def bad_chunk(now_ms):
    # -> what is wrong, or None
    before = held()
    sent = b"\n".join([one_of(SORTS)() for _ in range(CHUNK)]) + b"\n"
    try:
        tail = feed(sent, now_ms)
    except Exception as error:
        return "%r raised by %r" % (error, sent)
    if held() != before:
        return "%r became %r by %r" % (before, held(), sent)
    if len(link._answers) > ANSWERS or tail > LONGEST:
        return "it holds %d answers and %d bytes" % (len(link._answers), tail)
    answers, link._answers = link._answers, []
    if [answer for answer in answers if not answer.startswith(b'\n~{"no":')]:
        return "%r answered to %r" % (answers, sent)
    return None


def good_lines(now_ms):
    # A report is felt, sent and acknowledged. -> what is wrong, or None
    if not link.is_welcome:
        feed(b"\n" + frame(b'{"welcome":[1,"0011223344556677"]}') + b"\n", now_ms)
    reporter.change(now_ms, "neutral" if reporter.seq & 1 else "hugging", 90, 100)
    lines = said(now_ms)
    if not [line for line in lines if line.startswith(b'\n~{"report":[1,%d,' % reporter.seq)]:
        return "report %d is not sent: %r" % (reporter.seq, lines)
    feed(b"\n" + frame(b'{"ack":[7,1,%d]}' % reporter.seq) + b"\n", now_ms)
    if spool.oldest() is not None:
        return "report %d is not acknowledged" % reporter.seq
    if [line for line in said(now_ms) if line.startswith(b'\n~{"ok":[7,1,')] == []:
        return "acknowledging is not answered"
    return None


def used():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def run():
    # -> by how many bytes the heap grew, from the first look at it to the last
    looks = []
    for done in range(0, COUNT, CHUNK):
        wrong = bad_chunk(done) or good_lines(done)
        if wrong:
            print("wrong after %d: %s" % (done, wrong[:2_000]))
            return None
        if done % EVERY == 0:
            print("done", done)
            looks[1:] = [used()]
    return looks[-1] - looks[0]


random.seed(SEED)
lights = [0]
spool = Spool(RamDisk())
reporter = Reporter(spool, 1)
lamp = Light(lambda frame: None, 8, 40, 300, 60)
link = Link(spool, reporter, ("00112233aabbccdd", 1, "00000001", "1.0.0", "power"), lambda: (0, 60_000), light)
grown = run()
if grown is not None:
    print("flat", grown)
