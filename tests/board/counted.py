# The virtual pillow with a hand that can count: `count` prints how many samples its sensor took, and of these lost.
import sys

HERE = __file__.rsplit("/", 1)[0]
FIRMWARE = HERE.rsplit("/", 2)[0] + "/firmware"
START = FIRMWARE + "/virtual/start.py"

sys.path.insert(0, FIRMWARE)
from virtual import machine  # noqa: E402  (only now it can be found)

obey = machine.World.do


def count_or_obey(world, words):
    if words == ["count"]:
        print("\ncounted %d %d" % (world.chip.queued, world.chip.lost))
    else:
        obey(world, words)


machine.World.do = count_or_obey
with open(START) as file:
    exec(compile(file.read(), START, "exec"), {"__name__": "__main__", "__file__": START})
