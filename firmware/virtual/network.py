"""The `network` that a virtual pillow's firmware finds; the law: the air is made up, sockets are real.

HUGGABLE_AIR names a file that says what is in the air now: a JSON object with `ssid`, `password` (empty: open), `state`
(see STATES) and `join_ms`. Without it there is no network at all.
"""

import json
import os
import time

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = 201, 202
STATES = ("there", "gone", "refuse", "noaddress")
JOIN_MS = 300  # far quicker than an ESP32, which takes two seconds
LOOK_MS = 20
ADDRESS = "127.0.0.1"
MAC = b"\x24\x0a\xc4\x12\x34\x56"

_name = ["pillow"]


def hostname(name=None):
    if name is not None:
        if not 0 < len(name) <= 32:
            raise ValueError("hostname")
        _name[0] = name
    return _name[0]


def country(code=None):
    return "XX"


# What is in the air, read again when some time has passed.
class Air:
    def __init__(self):
        self.looked_ms = None
        self.said = {}

    def now(self):
        now_ms = time.ticks_ms()
        if self.looked_ms is None or time.ticks_diff(now_ms, self.looked_ms) >= LOOK_MS:
            self.looked_ms = now_ms
            self.said = self.read()
        return self.said

    def read(self):
        try:
            with open(os.getenv("HUGGABLE_AIR") or "") as file:
                return json.loads(file.read())
        except (OSError, ValueError):
            return {"state": "gone"}


class WLAN:
    IF_STA, IF_AP = 0, 1
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2
    _air = Air()

    def __init__(self, interface=0):
        self.is_on = False
        self.asked = None  # (ssid, password) of the join that was asked for, and when
        self.asked_ms = 0
        self.failed = STAT_IDLE
        self.has_joined = False
        self.settings = {"pm": self.PM_PERFORMANCE, "reconnects": -1, "mac": MAC}

    def active(self, on=None):
        if on is not None:
            self.is_on = bool(on)
            if not on:
                self.disconnect()
        return self.is_on

    def scan(self):
        if not self.is_on:
            raise OSError("Wifi Not Started")
        air = self._air.now()
        if air["state"] == "gone":
            return []
        security = 3 if air.get("password") else 0
        return [(air["ssid"].encode(), b"\2\0\0\0\0\1", 6, -55, security, False), (b"neighbour", b"", 1, -85, 3, False)]

    def connect(self, ssid, password=None):
        if not self.is_on:
            raise OSError("Wifi Not Started")
        if self.status() == STAT_CONNECTING:
            raise OSError("Wifi Internal State Error")
        self.asked = _text(ssid), _text(password or "")
        self.asked_ms = time.ticks_ms()
        self.has_joined = False

    def disconnect(self):
        self.asked = None
        self.has_joined = False
        self.failed = STAT_IDLE

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def status(self, what=None):
        if what == "rssi":
            if self.is_heard() and self._air.now()["state"] == "noaddress":
                return -55
            raise OSError("Wifi Not Connected")
        self._look()
        if self.has_joined:
            return STAT_GOT_IP
        return STAT_CONNECTING if self.asked else self.failed

    def is_heard(self):
        return self.is_on and self.asked and self._air.now().get("ssid") == self.asked[0]

    # What has come of the join by now.
    def _look(self):
        air = self._air.now()
        if not self.asked:
            return
        if air["state"] == "gone" or self.asked[0] != air.get("ssid"):
            if self.has_joined:
                self.disconnect()
                self.failed = STAT_IDLE
            elif self._is_time(air):
                self._fail(STAT_NO_AP_FOUND)
        elif not self.has_joined and self._is_time(air):
            if air["state"] == "refuse" or self.asked[1] != air.get("password", ""):
                self._fail(STAT_WRONG_PASSWORD)
            elif air["state"] == "there":
                self.has_joined = True

    def _is_time(self, air):
        return time.ticks_diff(time.ticks_ms(), self.asked_ms) >= air.get("join_ms", JOIN_MS)

    def _fail(self, why):
        self.disconnect()
        self.failed = why

    def config(self, *names, **values):
        if names:
            return self.settings[names[0]]
        self.settings.update(values)

    def ifconfig(self):
        return (ADDRESS, "255.0.0.0", ADDRESS, ADDRESS) if self.isconnected() else ("0.0.0.0",) * 4


def _text(data):
    return data if isinstance(data, str) else bytes(data).decode()
