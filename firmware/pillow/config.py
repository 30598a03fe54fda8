# config.json into settings that are always complete: what is missing there is the default, and so is what is wrong,
# with a sentence that says so. The pin rules are those of the classic ESP32.
import json

PINS = {
    "sda_pin": 21,
    "scl_pin": 22,
    "int_pin": 27,  # wakes the chip by motion
    "pixels_pin": 18,
    "touch_pin": 32,
    "fsr_pin": 34,
}
NUMBERS = {  # name: (default, least, most)
    "pixels": (8, 0, 16),  # writing 16 of them stops everything else for half a millisecond
    "light_percent": (25, 1, 100),  # of full brightness; a pillow is close to the eyes
    "light_ma": (400, 20, 2000),  # a computer's USB port gives 500 to board and pixels together
    "light_seconds": (600, 1, 3600),  # longest that one wish may glow
    "sleep_minutes": (0, 0, 240),  # of lying still until it sleeps, on a battery; 0: never
}
SQUEEZES = ("none", "touch", "fsr")
LONGEST = 1024  # bytes; three times a full config.json, and no danger to the heap

_TAKEN = {1: "the USB serial port", 3: "the USB serial port", 0: "booting", 2: "booting", 12: "booting"}
_FLASH = (6, 7, 8, 9, 10, 11, 16, 17)
_MISSING = (20, 24, 28, 29, 30, 31)
_TOUCH = (4, 13, 14, 15, 27, 32, 33)
_INPUT_ONLY = 34  # and above


class Config:
    def __init__(self, said):
        self.problems = []
        self._values = dict(PINS)
        self._values["squeeze"] = "none"
        for name in NUMBERS:
            self._values[name] = NUMBERS[name][0]
        for name in said:
            self._set(name, said[name])
        self._refuse_shared_pins()

    def __getitem__(self, name):
        return self._values[name]

    def plain(self):
        return dict(self._values)

    def _set(self, name, value):
        if name not in self._values:
            why = "is not a setting; known are " + ", ".join(sorted(self._values))
            self.problems.append("config.json: %s %s." % (name, why))
            return
        why = _why_not(name, value)
        if why:
            self.problems.append("config.json: %s is %s, %s; using %s." % (name, value, why, self._values[name]))
        else:
            self._values[name] = value

    def _refuse_shared_pins(self):
        names = sorted(PINS)
        for one in names:
            for other in names:
                if one < other and self._values[one] == self._values[other]:
                    told = one, other, self._values[one]
                    self.problems.append("config.json: %s and %s are both %d; using the default pins." % told)
                    self._values.update(PINS)
                    return


def _why_not(name, value):
    # -> None, or why this value cannot be used
    if name == "squeeze":
        return None if value in SQUEEZES else 'but it has to be "none", "touch" or "fsr"'
    if type(value) is not int:
        return "but it has to be a whole number"
    if name in PINS:
        return _why_not_pin(name, value)
    _, least, most = NUMBERS[name]
    return None if least <= value <= most else "but it has to be %d to %d" % (least, most)


def _why_not_pin(name, pin):
    if not 0 <= pin <= 39 or pin in _MISSING:
        return "which is no pin of an ESP32"
    if pin in _FLASH:
        return "which belongs to the flash memory"
    if pin in _TAKEN:
        return "which is needed for " + _TAKEN[pin]
    if name == "fsr_pin":
        return None if pin >= 32 else "but only 32 to 39 can measure while Wi-Fi is on"
    if name == "touch_pin":
        return None if pin in _TOUCH else "but only 4, 13, 14, 15, 27, 32 and 33 can feel touch"
    if pin >= _INPUT_ONLY and name != "int_pin":
        return "which can only be an input"
    return None


def load(path="config.json"):
    # -> Config. No file is no problem.
    try:
        with open(path, "rb") as file:
            text = file.read(LONGEST + 1)
    except OSError:
        return Config({})
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if len(text) <= LONGEST and isinstance(said, dict):
        return Config(said)
    config = Config({})
    config.problems.append("config.json is not a JSON object of at most %d bytes; using the defaults." % LONGEST)
    return config
