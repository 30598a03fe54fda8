# Counts boots, starts the pillow, and keeps a broken one within reach: after three boots in a row that did not get
# healthy comes one in rescue, which says so on the wire, shows the last traceback and takes files. Its law: it needs
# nothing from pillow/, and is the same in every version.
import gc
import os
import sys
import time
from binascii import crc32, hexlify

import machine

BOOTS_MOST = 3
RESCUE_MS = 600_000  # then it tries again: perhaps it was only switched on and off quickly
HELLO_MS = 2_000


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def counted():  # -> boots so far, and how many of the newest were not healthy
    try:
        boot, fails = read("boot").split()
        return int(boot), int(fails)
    except ValueError:
        return 0, 0


def count(boot, fails):
    with open("boot.new", "w") as file:
        file.write("%d %d\n" % (boot, fails))
    os.rename("boot.new", "boot")


def rescue(boot, why):
    watchdog = machine.WDT(timeout=60_000)
    cause = ("power", "reset", "watchdog", "sleep", "soft")[(machine.reset_cause() - 1) % 5]
    identity = read("id").strip() or "0" * 16, boot, hexlify(os.urandom(4)).decode(), cause
    print("\nRescue: %s.\n%s" % (why, read("crash")[-1000:]))
    for uptime_ms in range(0, RESCUE_MS, HELLO_MS):
        body = '~{"hello":[0,1,"%s",%d,"%s","rescue","%s",%d]}' % (identity + (uptime_ms,))
        print("\n%s*%08x" % (body, crc32(body.encode())))
        for _ in range(0, HELLO_MS, 50):
            watchdog.feed()
            time.sleep_ms(50)
    count(boot, 0)
    machine.reset()


def start():
    machine.WDT(timeout=60_000)  # from here on a hang is a reset
    boot, fails = counted()
    try:
        count(boot + 1, fails + 1)
    except OSError:
        rescue(boot + 1, "the flash cannot be written; run make flash-micropython")
    if fails >= BOOTS_MOST:
        rescue(boot + 1, "the pillow failed to start %d times; run make flash" % fails)
    if hasattr(gc, "threshold"):  # MicroPython's; early and often keeps the heap in one piece
        gc.threshold(8_192)
    from pillow import app

    app.run(boot + 1, count)


try:
    start()
except KeyboardInterrupt:
    count(counted()[0], 0)  # somebody came for the REPL: no failure
except Exception as error:
    sys.print_exception(error)
    with open("crash", "w") as file:
        sys.print_exception(error, file)
    time.sleep_ms(1000)
    machine.reset()
