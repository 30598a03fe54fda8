# Runs the whole firmware on MicroPython over a virtual clock, shaken and left alone by turns, with a host that takes
# all reports of a full spool, and prints the least heap that was free and how many lines it said:
#   heap_program.py FIRMWARE FOLDER fill     fills the spool, as a week without a computer does
#   heap_program.py FIRMWARE FOLDER size     prints what this program itself takes, which no chip runs
#   heap_program.py FIRMWARE FOLDER SECONDS  starts main.py and stops it with a Ctrl-C after so long
#   heap_program.py FIRMWARE FOLDER SECONDS air  the same in real time, nobody at the cable, real TLS to its real home
import gc
import os
import sys
import time
from binascii import crc32

FIRMWARE, FOLDER, WHAT = sys.argv[1:4]
AIR = len(sys.argv) > 4
REPORTS = 1_200  # more than the spool holds
EMPTY = 700  # bytes that the emptiest program finds taken
now_ms = 0


class Frames:
    # Any pin or bus; as a bus one with a sensor that is shaken for three seconds and left alone for three.
    sent = 0

    def readfrom_mem_into(self, address, register, buffer):
        for i in range(len(buffer)):
            buffer[i] = 0
        if register == 0x75:
            buffer[0] = 0x68
        elif register in (0x1B, 0x1C):
            buffer[0] = {0x1B: 0x18, 0x1C: 0x10}[register]
        elif register == 0x72:
            waiting = min(80, now_ms // 10 - Frames.sent) * 12
            buffer[0], buffer[1] = waiting >> 8, waiting & 255
        elif register == 0x74:
            self.fill(buffer)

    def fill(self, buffer):
        Frames.sent += 1
        value = 4096 + Frames.sent % 5
        if Frames.sent // 300 % 2:
            value += 8192 if Frames.sent // 25 % 2 else -8192
        buffer[4], buffer[5] = (value >> 8) & 255, value & 255

    def writeto_mem(self, address, register, data):
        pass

    def read(self):
        return 700

    def feed(self):
        pass


class Machine:
    WDT = I2C = Pin = TouchPad = lambda self, *words, **more: Frames()

    def reset_cause(self):
        return 1


class Neopixel:
    class NeoPixel:
        n = 8

        def __init__(self, pin, count):
            self.colours = bytearray(3 * count)

        def __setitem__(self, number, colour):
            self.colours[number] = colour[0]

        def write(self):
            pass


def host_line(body):
    return b"\n#%s*%08x\n" % (body, crc32(b"#" + body))


def told_by_host(second):
    if second == 1:
        return host_line(b'{"welcome":[1,"0011223344556677"]}')
    if second % 8 == 4:
        return host_line(b'{"light":[2,%d,"breathe",255,128,64,100,60]}' % second)
    return host_line(b'{"ping":[3]}') + b"x" * 150


BENCH = "to_pillow", "said", "least", "ticks_ms", "sleep_ms", "read", "can_write", "write", "rest", "look"


class Bench:
    # What is put onto the board: its cable is this program, and its rest is where the time passes.
    to_pillow = b""
    said = 0
    least = 1 << 30

    def ticks_ms(self):
        return now_ms

    def sleep_ms(self, ms):
        pass

    def read(self, buffer):
        count = min(len(buffer), len(self.to_pillow))
        buffer[:count] = self.to_pillow[:count]
        self.to_pillow = self.to_pillow[count:]
        return count

    def can_write(self):
        return True

    def write(self, line):
        self.said += 1
        kind, _, fields = line.partition(b":[")
        if b'"report"' in kind or b'"gap"' in kind:
            boot, seq, last, _ = fields.split(b",", 3)
            self.to_pillow += host_line(b'{"ack":[4,%s,%s]}' % (boot, last if b"gap" in kind else seq))
        return True

    def rest(self, ms):
        global now_ms
        now_ms += ms
        if AIR:
            time.sleep_ms(ms)
        if now_ms % 1000 == 0:
            self.look()

    def look(self):
        self.to_pillow += b"" if AIR else told_by_host(now_ms // 1000)
        gc.collect()
        self.least = min(self.least, gc.mem_free())
        if now_ms >= 1000 * int(WHAT):
            print("free", self.least, "said", self.said)
            raise KeyboardInterrupt


def fill():
    from pillow.disk import Disk
    from pillow.report import Reporter
    from pillow.spool import Spool

    reporter = Reporter(Spool(Disk("spool")), 1)
    for second in range(REPORTS):
        reporter.change(1000 * second, "neutral" if second & 1 else "hugging", 90, 100)
    with open("boot", "w") as file:  # noqa: PTH123
        file.write("1 0\n")
    with open("config.json", "w") as file:  # noqa: PTH123
        file.write('{"squeeze": "touch"}')


class Network:
    # An access point that everybody has always joined.
    STA_IF, STAT_CONNECTING = 0, 1001

    class WLAN:
        PM_NONE, PM_PERFORMANCE = 0, 1

        def __init__(self, interface):
            pass

        def isconnected(self):
            return True

        def active(self, on):
            pass

        def config(self, **values):
            pass

    def hostname(self, name):
        pass


def run():
    if AIR:
        sys.modules["network"] = Network()
    sys.modules["machine"] = Machine()
    sys.modules["neopixel"] = Neopixel
    from pillow import board

    for name in BENCH:  # on the class itself, so that there is one board and not two
        setattr(board.Board, name, getattr(Bench, name))
    with open(FIRMWARE + "/main.py") as file:  # noqa: PTH123
        program = compile(file.read(), "main.py", "exec")
    exec(program, {"__name__": "__main__"})


sys.path.insert(0, FIRMWARE)
os.chdir(FOLDER)
if WHAT == "size":
    gc.collect()
    print(gc.mem_alloc() - EMPTY)
else:
    fill() if WHAT == "fill" else run()
