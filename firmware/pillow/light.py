# The light: what was wished for, within limits that hold whoever wishes and whatever becomes of him.
#
# Its law: never brighter, never more current and never longer than the settings say, and never more than three flashes
# a second, however fast the wishes come. Integers only; writes on change, at most 30 times a second.

FRAME_MS = 34  # 29 times a second
DWELL_MS = 500  # a wish stays so long: its jump and first swell, again and again, are two flashes a second
FADE_MS = 300
BREATH_MS = 4_000  # somebody asleep
BEAT_MS = 1_200  # a calm heart
COLOUR_MA = 20  # one colour of one WS2812 pixel, full on


def _off(ms):
    return 0


def _glow(ms):
    return min(255, ms * 255 // FADE_MS)


def _breathe(ms):
    return _swell(ms % BREATH_MS, BREATH_MS // 2, BREATH_MS)


def _hug(ms):
    return _swell(ms % BEAT_MS, FADE_MS, BEAT_MS)


def _swell(ms, top_ms, end_ms):
    # Up to 255 at top_ms and down again; squared, because eyes see the dark end best.
    level = ms * 255 // top_ms if ms < top_ms else (end_ms - ms) * 255 // (end_ms - top_ms)
    return level * level // 255


EFFECTS = {"off": _off, "glow": _glow, "breathe": _breathe, "hug": _hug}


class Light:
    # write: callable(bytes of red, green, blue for each pixel).
    def __init__(self, write, pixels, percent_most, ma_most, seconds_most):
        self._write = write
        self._frame = bytearray(3 * pixels)
        self._percent_most = percent_most
        self._ma_most = ma_most
        self._seconds_most = seconds_most
        self._version = None
        self._wish = None  # waiting for its turn
        self._level = _off
        self._colour = (0, 0, 0)  # as bright as the limits let it be
        self._shown = None  # not known before the first write: a soft reset leaves the pixels on
        self._shown_ms = 0
        self._began_ms = None
        self._ends_ms = 0

    def wish(self, version, effect, red, green, blue, percent, seconds):
        # -> None, or why it is refused. The same version again changes nothing: only its answer was lost.
        if not self._frame:
            return "this pillow has no light"
        if effect not in EFFECTS:
            return "unknown effect"
        for number, most in ((red, 255), (green, 255), (blue, 255), (percent, 100), (seconds, 1 << 29)):
            if type(number) is not int or not 0 <= number <= most:
                return "number out of range"
        if version != self._version:
            self._version = version
            self._wish = EFFECTS[effect], (red, green, blue), percent, seconds
        return None

    def step(self, now_ms):
        if self._wish and (self._began_ms is None or now_ms - self._began_ms >= DWELL_MS):
            self._begin(now_ms)
        elif self._level is not _off and now_ms >= self._ends_ms:
            self._level = _off
        if self._shown is None or now_ms - self._shown_ms >= FRAME_MS:
            level = self._level(now_ms - self._began_ms) if self._began_ms is not None else 0
            red, green, blue = self._colour
            self._show(red * level // 255, green * level // 255, blue * level // 255, now_ms)

    def _begin(self, now_ms):
        self._level, colour, percent, seconds = self._wish
        self._wish = None
        self._colour = self._within_limits(colour, min(percent, self._percent_most))
        self._began_ms = now_ms
        self._ends_ms = now_ms + 1000 * min(seconds, self._seconds_most)

    def _within_limits(self, colour, percent):
        parts = 255 * percent // 100
        pixels = len(self._frame) // 3
        ma = pixels * COLOUR_MA * sum(colour) * parts // 65025 + 1
        if ma > self._ma_most:
            parts = parts * self._ma_most // ma
        return tuple([part * parts // 255 for part in colour])

    def _show(self, red, green, blue, now_ms):
        shown = red << 16 | green << 8 | blue
        if shown == self._shown or not self._frame:
            return
        for i in range(0, len(self._frame), 3):
            self._frame[i] = red
            self._frame[i + 1] = green
            self._frame[i + 2] = blue
        self._write(self._frame)
        self._shown = shown
        self._shown_ms = now_ms
