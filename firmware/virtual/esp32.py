"""The `esp32` that a virtual pillow's firmware finds: what may wake the chip, see `deepsleep` in machine.py."""

WAKEUP_ALL_LOW, WAKEUP_ANY_HIGH = False, True
armed = {}


def wake_on_ext1(pins=None, level=None):
    armed["ext1"] = bool(pins) and level is WAKEUP_ANY_HIGH


def wake_on_touch(on):
    armed["touch"] = on
