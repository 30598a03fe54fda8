# The one file that knows pins and `machine`: an ESP32 with a motion sensor, perhaps a squeeze sense, perhaps pixels.
#
# Its law: nothing here waits for the computer on the other end of the cable. A part that cannot be had is said in
# `problems`, and the rest works without it.
import gc
import os
import select
import sys
import time

import machine
from neopixel import NeoPixel

from .uptime import Uptime

WATCHDOG_MS = 60_000  # far above the longest flash write; main.py starts the same one
I2C_HZ = 400_000  # a FIFO frame is 0.4 ms on the wire
STALL_MS = 50  # a line is 21 ms at 115200 baud; longer means that nobody reads at the other end
PAUSE_MS = 500  # then nothing is written for so long, doubling each time
PAUSE_MOST_MS = 4_000
CAUSES = ("power", "reset", "watchdog", "sleep", "soft")


class NoBus:
    # The I2C bus of a chip that does not have the pins for it: everything fails as if nobody answered.
    def readfrom_mem_into(self, address, register, buffer):
        raise OSError("no bus")

    def writeto_mem(self, address, register, data):
        raise OSError("no bus")


class Board:
    def __init__(self, config):
        _quiet()
        self.problems = list(config.problems)
        self._config = config.plain()
        self._uptime = Uptime(time.ticks_ms())
        self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._can_read = _poll(sys.stdin, select.POLLIN)
        self._can_write = _poll(sys.stdout, select.POLLOUT)
        self._byte = bytearray(1)
        self._is_over = False
        self._silent_until_ms = 0
        self._pause_ms = PAUSE_MS
        self._i2c = None
        self._new_i2c()
        self._read_squeeze = self._have("the squeeze sense", self._new_squeeze)
        self._pixels = self._have("the light", self._new_pixels)

    # -- time and the chip itself -----------------------------------------------------------------------------------

    def ticks_ms(self):
        # Uptime; never wraps.
        return self._uptime.at(time.ticks_ms())

    def sleep_ms(self, ms):
        time.sleep_ms(ms)

    def rest(self, ms):
        # Sleep, but wake for the first byte from the host.
        if self._is_over:
            time.sleep_ms(ms)
            return
        for _, happened in self._can_read.ipoll(ms):
            self._is_over = not happened & select.POLLIN

    def feed(self):
        self._watchdog.feed()

    def cause(self):
        return CAUSES[(machine.reset_cause() - 1) % len(CAUSES)]

    def free(self):
        return gc.mem_free()

    def reset(self):
        machine.reset()

    def random_bytes(self, count):
        return os.urandom(count)

    # -- the cable --------------------------------------------------------------------------------------------------

    def read(self, buffer):
        # -> how many bytes of what the host sent are in `buffer` now; 0 when there is nothing.
        count = 0
        while count < len(buffer) and _is_ready(self._can_read, select.POLLIN, 0):
            if not self._in.readinto(self._byte):
                self._is_over = True  # a cut off virtual board; the chip's port has no end
                break
            buffer[count] = self._byte[0]
            count += 1
        return count

    def can_write(self):
        return self.ticks_ms() >= self._silent_until_ms and _is_ready(self._can_write, select.POLLOUT, 0)

    def write(self, line):
        # -> True when the whole line went out. False: not now; whoever sends it again begins with a newline.
        if not self.can_write():
            return False
        before_ms = self.ticks_ms()
        is_whole = self._out.write(line) == len(line)
        now_ms = self.ticks_ms()
        if is_whole and now_ms - before_ms <= STALL_MS:
            self._pause_ms = PAUSE_MS
        else:
            self._silent_until_ms = now_ms + self._pause_ms
            self._pause_ms = min(2 * self._pause_ms, PAUSE_MOST_MS)
        return is_whole

    # -- sensors ----------------------------------------------------------------------------------------------------

    def i2c(self):
        return self._i2c

    def unhang_i2c(self):
        # A chip cut off in the middle of a byte holds SDA low until it may finish it: nine clocks, then a stop.
        try:
            scl = machine.Pin(self._config["scl_pin"], machine.Pin.OPEN_DRAIN, value=1)
            sda = machine.Pin(self._config["sda_pin"], machine.Pin.OPEN_DRAIN, value=1)
        except ValueError:
            return self._i2c
        for _ in range(9):
            scl.value(0)
            time.sleep_us(5)
            scl.value(1)
            time.sleep_us(5)
        sda.value(0)
        time.sleep_us(5)
        sda.value(1)
        return self._new_i2c()

    def squeeze_raw(self):
        # -> microvolts of the FSR, or the touch pad's count; None when there is neither.
        if not self._read_squeeze:
            return None
        try:
            return self._read_squeeze()
        except (OSError, ValueError):
            return None

    def squeeze_rises(self):
        # A finger makes the count of a touch pad smaller on the first ESP32, larger on the S2 and S3.
        chip = getattr(sys.implementation, "_machine", "")
        return self._config["squeeze"] == "fsr" or "S2" in chip or "S3" in chip

    def _new_i2c(self):
        try:
            scl, sda = machine.Pin(self._config["scl_pin"]), machine.Pin(self._config["sda_pin"])
            self._i2c = machine.I2C(0, scl=scl, sda=sda, freq=I2C_HZ)
        except ValueError:
            if not self._i2c:
                self.problems.append("This chip has no such pins; set sda_pin and scl_pin in config.json.")
            self._i2c = NoBus()
        return self._i2c

    def _new_squeeze(self):
        if self._config["squeeze"] == "touch":
            return machine.TouchPad(machine.Pin(self._config["touch_pin"])).read
        if self._config["squeeze"] == "fsr":
            return machine.ADC(machine.Pin(self._config["fsr_pin"]), atten=machine.ADC.ATTN_11DB).read_uv
        return None

    # -- light ------------------------------------------------------------------------------------------------------

    def pixel_count(self):
        return self._pixels.n if self._pixels else 0

    def pixels_write(self, colours):
        # colours: red, green and blue of each pixel
        for i in range(self._pixels.n):
            self._pixels[i] = colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]
        self._pixels.write()

    def pixels_off(self):
        if self._pixels:
            self.pixels_write(bytes(3 * self._pixels.n))

    def _new_pixels(self):
        count = self._config["pixels"]
        return NeoPixel(machine.Pin(self._config["pixels_pin"], machine.Pin.OUT), count) if count else None

    def _have(self, name, make):
        try:
            return make()
        except (ValueError, AttributeError, OSError):
            self.problems.append("This chip cannot have %s on that pin; change it in config.json." % name)
            return None


def _quiet():
    # ESP-IDF's own messages could land in the middle of a line.
    try:
        import esp
    except ImportError:
        return
    esp.osdebug(None)


def _poll(stream, event):
    poll = select.poll()
    poll.register(stream, event)
    return poll


def _is_ready(poll, event, ms):
    for _, happened in poll.ipoll(ms):  # poll() would allocate, every time
        return bool(happened & event)
    return False
