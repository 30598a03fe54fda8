"""The `machine` that a virtual pillow's firmware finds; the law: only what it touches, refusing what a chip refuses.

Preloaded as `sys.modules["machine"]`, on CPython and on MicroPython's unix port. From outside come HUGGABLE_HAND (the
number of a pipe with lines such as `hug 5`, `punch`, `fault stuck`), HUGGABLE_CAUSE (why the chip was reset: power,
reset, watchdog, soft), HUGGABLE_SEED (which takes the hand plays; without it other ones at every start) and
HUGGABLE_PILLOW (weak: its squeeze sense says too little).
"""

import os
import sys
import time

from virtual import esp32
from virtual.chip import Chip
from virtual.hand import Hand
from virtual.motion import Motion

try:
    from umachine import Signal, idle, mem8, mem16, mem32, soft_reset, time_pulse_us  # noqa: F401
except ImportError:
    pass  # CPython has none of these, and the firmware needs none

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
CAUSES = ("power", "reset", "watchdog", "sleep", "soft")
RESET_CODE = 7  # the exit code that means "start me again"
SLEEP_CODE = 12  # the one that means "I was woken up"
SLEEPING_MS = 20  # between two looks whether somebody moves it
WOKEN_G, WOKEN_SQUEEZE = 0.08, 100
INT_ENABLE, MOTION = 0x38, 0x40  # of the sensor
CHIP_ADDRESS = 0x68
ENODEV = 19
MISSING_PINS = (20, 24, 28, 29, 30, 31)
INPUT_ONLY = 34  # and above
TOUCH_PINS = (0, 2, 4, 12, 13, 14, 15, 27, 32, 33)
ADC_PINS = (32, 33, 34, 35, 36, 37, 38, 39)  # block 1; block 2 fails while Wi-Fi is on
FSR_REST_UV, FSR_UV = 200_000, 1_500  # the filling alone; each per mille of a squeeze
TOUCH_REST, TOUCH_FALL = 700, 350  # on the first ESP32 a touch makes the reading smaller


# What the pins lead to: the sensor on its pillow, and the hand that moves it. Made when first needed.
class World:
    def __init__(self, seed, hand_fd):
        self.motion = Motion(seed, clear=True, weak=os.getenv("HUGGABLE_PILLOW") == "weak")
        self.chip = Chip(self.motion, time.ticks_ms)
        self.hand = Hand(hand_fd, self.do) if hand_fd else None
        self.scl = None

    def now(self):
        if self.hand:
            self.hand.step()
        self.chip.advance()
        return self

    # ["hug", "5"], ["punch"], ["fault", "stuck"]
    def do(self, words):
        if len(words) == 2 and words[0] == "fault":
            self.chip.break_with(words[1])
        elif len(words) == 1:
            self.motion.press(words[0])
        elif len(words) == 2:
            self.motion.press(words[0], max(0, min(3600, float(words[1]))))


_world = []


def world():
    if not _world:
        seed = os.getenv("HUGGABLE_SEED")
        seed = int(seed) if seed else int.from_bytes(os.urandom(3), "big")
        _world.append(World(seed, int(os.getenv("HUGGABLE_HAND") or 0)))
    return _world[0]


# ---- the chip itself


def _c_function(result, name, argument):
    import ffi

    return ffi.open(None).func(result, name, argument)


def reset():
    _end(RESET_CODE)


def _end(code):
    if sys.implementation.name == "cpython":
        os._exit(code)
    try:
        _c_function("v", "_exit", "i")(code)  # as a real reset, nothing in the program can catch it
    except ImportError:
        raise SystemExit(code)


# Until what was armed wakes it, or the time is over; then a boot with the cause "sleep".
def deepsleep(ms=0):
    _alarm()(0)
    began_ms = time.ticks_ms()
    lay = list(world().now().motion.accel)
    while not ms or time.ticks_diff(time.ticks_ms(), began_ms) < ms:
        time.sleep_ms(SLEEPING_MS)
        if _is_woken(lay, world().now().motion):
            break
    _end(SLEEP_CODE)


# The sensor pulls its pin only when it was told to watch for motion.
def _is_woken(lay, motion):
    if esp32.armed.get("touch") and motion.squeeze > WOKEN_SQUEEZE:
        return True
    is_watched = esp32.armed.get("ext1") and world().chip.regs[INT_ENABLE] & MOTION
    return is_watched and max(abs(motion.accel[i] - lay[i]) for i in range(3)) > WOKEN_G


def reset_cause():
    cause = os.getenv("HUGGABLE_CAUSE")
    return 1 + CAUSES.index(cause) if cause in CAUSES else PWRON_RESET


def unique_id():
    return b"\x24\x0a\xc4\x12\x34\x56"


def freq(hz=240_000_000):
    return hz


def _alarm():
    if sys.implementation.name != "cpython":
        return _c_function("I", "alarm", "I")
    from signal import alarm

    return alarm


# Bites with SIGALRM, which no stuck program can hold off. Whole seconds, rounded up.
class WDT:
    def __init__(self, id=0, timeout=5000):
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self.seconds = (timeout + 999) // 1000
        self.alarm = _alarm()
        self.feed()

    def feed(self):
        self.alarm(self.seconds)


# ---- pins and buses


class Pin:
    IN, OUT, OPEN_DRAIN, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = 1, 3, 7, 2, 1, 1, 2

    def __init__(self, id, mode=-1, pull=-1, value=None):
        if not 0 <= id <= 39 or id in MISSING_PINS:
            raise ValueError("invalid pin")
        if id >= INPUT_ONLY and mode in (Pin.OUT, Pin.OPEN_DRAIN):
            raise ValueError("pin can only be input")
        self.id = id
        self.level = value or 0

    def value(self, level=None):
        if level is None:
            return self.level
        if level and not self.level and self.id == world().scl:
            world().chip.pulse()
        self.level = level

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=0, hard=False):
        pass  # nothing is wired to the sensor's interrupt


class I2C:
    def __init__(self, id=0, scl=None, sda=None, freq=400_000, timeout=50_000):
        world().scl = scl.id if scl else 22

    def chip(self, address):
        now = world().now()
        if address != CHIP_ADDRESS:
            raise OSError(ENODEV)
        return now.chip

    def scan(self):
        try:
            self.readfrom_mem_into(CHIP_ADDRESS, 0x75, bytearray(1))
        except OSError:
            return []
        return [CHIP_ADDRESS]

    def readfrom_mem_into(self, address, register, buffer):
        self.chip(address).read_into(register, buffer)

    def readfrom_mem(self, address, register, size):
        buffer = bytearray(size)
        self.readfrom_mem_into(address, register, buffer)
        return bytes(buffer)

    def writeto_mem(self, address, register, data):
        self.chip(address).write(register, data)


SoftI2C = I2C


class ADC:
    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3

    def __init__(self, pin, atten=0):
        if pin.id not in ADC_PINS:
            raise ValueError("invalid pin")

    def read_uv(self):
        return FSR_REST_UV + world().now().motion.squeeze * FSR_UV

    def read_u16(self):
        return self.read_uv() * 65535 // 3_300_000


class TouchPad:
    def __init__(self, pin):
        if pin.id not in TOUCH_PINS:
            raise ValueError("invalid pin for touchpad")

    def config(self, value):
        pass

    def read(self):
        return TOUCH_REST - world().now().motion.squeeze * TOUCH_FALL // 1000
