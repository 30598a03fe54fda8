# Starts the firmware on a computer, on CPython or MicroPython alike:  start.py FOLDER
#
# FOLDER is what the chip's flash holds (config, id, spool); the firmware itself runs from where it lies, named by an
# absolute path.
import os
import sys

VIRTUAL = __file__.rsplit("/", 1)[0]
FIRMWARE = VIRTUAL.rsplit("/", 1)[0]
sys.path[:] = [FIRMWARE] + [place for place in sys.path if place != VIRTUAL]

if sys.implementation.name == "cpython":
    from virtual import cpython

    cpython.pretend()


# In this order: MicroPython on a computer has a `machine` of its own.
for name in ("machine", "neopixel", "network", "esp32"):
    sys.modules[name] = getattr(__import__("virtual." + name), name)
try:
    os.mkdir(sys.argv[1])
except OSError:
    pass  # it is there
os.chdir(sys.argv[1])
if "config.json" not in os.listdir():
    with open("config.json", "w") as file:
        file.write('{"squeeze": "fsr"}\n')  # it is built with every sense there is
with open(FIRMWARE + "/main.py") as file:
    program = compile(file.read(), "main.py", "exec")
exec(program, {"__name__": "__main__"})
