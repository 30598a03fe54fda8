# The pillow's stages from report to link on any Python, with a host that acknowledges, resets, and days without a host:
#   soak_program.py FIRMWARE FOLDER COUNT
# Told in chapters that end alike. Prints how far it is, and in the end the most bytes by which the heap ever differed
# from that of the first chapter, and the most bytes of flash: `flat HEAP FLASH`.
import gc
import os
import sys
from binascii import crc32

FIRMWARE, FOLDER, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, FIRMWARE)

from pillow.disk import Disk  # noqa: E402
from pillow.link import Link  # noqa: E402
from pillow.report import Reporter  # noqa: E402
from pillow.spool import Spool  # noqa: E402

CHAPTER = 3_200  # reports
APART = 1_280  # of them without a host: more than the spool holds
STEP_MS = 100


class Pillow:
    # As app.py puts it together.
    def __init__(self, boot, now_ms):
        self.spool = Spool(Disk(FOLDER + "/spool"))
        self.reporter = Reporter(self.spool, boot)
        identity = "00112233aabbccdd", boot, "%08x" % boot, "1.0.0", "power"
        self.link = Link(self.spool, self.reporter, identity, lambda: (0, 60_000), lambda *wish: None)
        self.tell('"welcome":[1,"0011223344556677"]', now_ms)

    def tell(self, body, now_ms):
        marked = b"#{" + body.encode() + b"}"
        self.link.receive(b"\n" + marked + b"*" + (b"%08x" % crc32(marked)) + b"\n", now_ms)

    def feel(self, now_ms):
        self.reporter.change(now_ms, "neutral" if self.reporter.seq & 1 else "hugging", 90, 100)

    def talk(self, now_ms):
        # A host hears one line and answers it. -> whether there was one
        line = self.link.next(now_ms)
        if not line:
            return False
        kind, _, fields = line.partition(b":[")
        if b'"report"' in kind or b'"gap"' in kind:
            boot, seq, last, _ = fields.split(b",", 3)
            said = boot.decode(), (last if b"gap" in kind else seq).decode()
            self.tell('"ack":[2,%s,%s]' % said, now_ms)
        return True


def settle(pillow, now_ms):
    while pillow.spool.oldest():
        now_ms += STEP_MS
        while pillow.talk(now_ms):
            pass
    return now_ms


def chapter(number, now_ms):
    # -> (now_ms, bytes of flash at their most, bytes of heap at the end)
    pillow = Pillow(number, now_ms)
    now_ms = settle(pillow, now_ms)
    for felt in range(CHAPTER):
        now_ms += STEP_MS
        pillow.feel(now_ms)
        if felt < CHAPTER - APART:
            while pillow.talk(now_ms):
                pass
    names = os.listdir(FOLDER + "/spool")  # noqa: PTH208
    flash = sum([os.stat(FOLDER + "/spool/" + name)[6] for name in names])  # noqa: PTH116
    pillow.tell('"welcome":[1,"0011223344556677"]', now_ms)
    return settle(pillow, now_ms), flash, used()


def used():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def run():
    first = None
    most = flash = now_ms = 0
    for number in range(1, max(2, -(-COUNT // CHAPTER)) + 1):
        now_ms, written, heap = chapter(number, now_ms)
        flash = max(flash, written)
        first = heap if first is None else first
        most = max(most, heap - first)
        print("done", number * CHAPTER)
    print("flat", most, flash)


run()
