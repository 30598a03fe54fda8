"""The `esp32` that a virtual pillow's firmware finds: what wakes the chip is what moves the pillow, see machine.py."""

WAKEUP_ALL_LOW, WAKEUP_ANY_HIGH = False, True


def wake_on_ext1(pins=None, level=None):
    pass


def wake_on_touch(on):
    pass
