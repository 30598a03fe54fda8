# A board on a computer: the unix MicroPython with the firmware's stand-ins for the hardware, a flash of its own as the
# only file system, boot.py and main.py, and a REPL that mpremote takes for a board's. Run by firmware/virtual/plug.py:
#
#    start.py FLASH       a folder, or NAME.img for a littlefs image
import os
import sys

from flash import mount
from repl import Repl, interruptible

HERE = __file__.rsplit("/", 1)[0]
FIRMWARE = HERE.rsplit("/", 2)[0] + "/firmware"

interruptible(False)  # not before there is a program
sys.path.insert(0, FIRMWARE)
for name in ("machine", "neopixel"):  # in this order: this MicroPython has a `machine` of its own
    sys.modules[name] = getattr(__import__("virtual." + name), name)

mount(sys.argv[1])
sys.path[:] = ["", ".frozen", "/lib"]
sys.argv[:] = []
Repl(raw=os.getenv("HUGGABLE_RAW") == "1").run()
