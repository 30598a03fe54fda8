"""A recording as the pillow would have felt it; the law: integers all the way, so every interpreter reads it alike.

CSV with a first line of names: t_s, ax_g, ay_g, az_g; gx_dps, gy_dps, gz_dps and squeeze (0..1000 per mille) where
there was such a sense, empty or missing where not. Whatever is wrong with it is a ValueError that names the line.
"""

from array import array

MICRO = 1_000_000
RATE_HZ = 100  # the pillow's own; other rates are interpolated
SLOWEST_HZ, FASTEST_HZ = 20, 2_000
GAP_US = 500_000  # a longer hole in time is no recording of one motion
LONGEST_S = 900
ACCEL_MG, GYRO_DDPS, SQUEEZE = 8_000, 20_000, 1_000  # what the pillow's own sensors end at
NEEDED = ("t_s", "ax_g", "ay_g", "az_g")
COLUMNS = NEEDED + ("gx_dps", "gy_dps", "gz_dps", "squeeze")
SCALES = (1, 1000, 1000, 1000, 10, 10, 10, 1)  # to us, milli-g, tenths of a degree a second, per mille
STUCK_S = 2


def root(square):
    near = square + 1
    while (square // near + near) // 2 < near:
        near = (square // near + near) // 2
    return near


class Recording:
    def __init__(self, rate_hz=RATE_HZ):
        self.rate_hz = rate_hz
        self.values = array("h")  # seven for each sample: ax ay az, gx gy gz, squeeze
        self.has_gyro = self.has_squeeze = False

    def __len__(self):
        return len(self.values) // 7

    # Copies sample i to `sample`; -> the squeeze.
    def into(self, sample, i):
        for k in range(6):
            sample[k] = self.values[7 * i + k]
        return self.values[7 * i + 6]

    # One more sample, in g, degrees a second and per mille, as the pillow's sensors would measure it.
    def add(self, accel, gyro, squeeze):
        values = [_clipped(1000 * v, ACCEL_MG) for v in accel] + [_clipped(10 * v, GYRO_DDPS) for v in gyro]
        self.values.extend(array("h", values + [_clipped(squeeze, SQUEEZE)]))

    # -> what is wrong with the sensor that recorded it, or None.
    def trouble(self):
        same, most = 0, 0
        for i in range(7, len(self.values), 7):
            same = same + 1 if self.values[i : i + 6] == self.values[i - 7 : i - 1] else 0
            most = max(most, same)
        if most >= STUCK_S * self.rate_hz or (most and most + 1 == len(self)):
            return "the motion sensor says the same for %d ms: it is dead or stuck" % (most * 1000 // self.rate_hz)
        if all(not any(self.values[i : i + 3]) for i in range(0, len(self.values), 7)):
            return "the accelerometer says nothing but zero"
        return None


# "-0.0123" or "1e-3" -> millionths, without a float: not every interpreter reads those alike.
def micro(text):
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, part = _unsigned(mantissa).partition(".")
    if len(text) > 30 or not (whole + part).isdigit() or not _unsigned(exponent or "0").isdigit():
        raise ValueError("%s is no number" % (text or "nothing"))
    shift = max(-40, min(9, 6 - len(part) + int(exponent or 0)))
    value = int(whole + part)
    value = value * 10**shift if shift >= 0 else (value + 5 * 10 ** (-shift - 1)) // 10**-shift
    return -value if text[:1] == "-" else value


def _unsigned(text):
    return text[1:] if text[:1] in ("-", "+") else text


# rate_hz None: the recording's own, sample for sample. Row by row, for a chip's interpreter has little memory.
def read(path, rate_hz=RATE_HZ):
    recording = Recording(rate_hz or _rate(path))
    known, last = [None] * len(COLUMNS), array("h", [0] * 7)
    for row in even(_rows(path), rate_hz) if rate_hz else _rows(path):
        for k in range(1, 8):
            last[k - 1] = _limited(k, row[k])
        known = [a if b is None else b for a, b in zip(known, row)]
        recording.values.extend(last)
    recording.has_gyro, recording.has_squeeze = known[4] is not None, known[7] is not None
    return recording


# Rounded; a file is read once more for it.
def _rate(path):
    count, first, last = -1, None, 0
    for row in _rows(path):
        count, first, last = count + 1, row[0] if first is None else first, row[0]
    return (2 * MICRO * count // (last - first) + 1) // 2


def _rows(path):
    with open(path) as file:  # noqa: PTH123 - MicroPython has no pathlib
        names = [name.strip() for name in file.readline().split(",")]
        missing = [name for name in NEEDED if name not in names]
        if missing:
            raise ValueError("line 1: no column %s: this is no recording of motion" % missing[0])
        places = [names.index(name) if name in names else -1 for name in COLUMNS]
        number, count, first, last = 1, -1, 0, 0
        for line in file:
            number += 1
            if not line.strip():
                continue
            row = _row(line, number, places)
            if count >= 0 and not 0 < row[0] - last <= GAP_US:
                raise ValueError("line %d: time has to go on by at most half a second a line" % number)
            count, first, last = count + 1, row[0] if count < 0 else first, row[0]
            yield row
    _check(count, last - first)


def _row(line, number, places):
    fields = line.rstrip("\r\n").split(",")
    try:
        return [_field(fields, place, k) for k, place in enumerate(places)]
    except ValueError as error:
        raise ValueError("line %d: %s" % (number, error)) from None


def _field(fields, place, k):
    text = fields[place].strip() if 0 <= place < len(fields) else ""
    if not text and k >= len(NEEDED):
        return None
    return micro(text)


def _check(count, span):
    if count < 2:
        raise ValueError("it has no three samples")
    if span > LONGEST_S * MICRO:
        raise ValueError("it is longer than %d minutes: cut it" % (LONGEST_S // 60))
    if not SLOWEST_HZ * span <= count * MICRO <= FASTEST_HZ * span:
        rate = count * MICRO // span
        raise ValueError("it has %d samples a second: %d to %d will do" % (rate, SLOWEST_HZ, FASTEST_HZ))


# Interpolated to an even rate.
def even(rows, rate_hz):
    before = start = t = None
    count = 0
    for row in rows:
        if before is None:
            start = t = row[0]
            before = row
        while t <= row[0]:
            yield [_between(a, b, t - before[0], row[0] - before[0]) for a, b in zip(before, row)]
            count += 1
            t = start + count * MICRO // rate_hz
        before = row


def _between(one, other, part, whole):
    if one is None or other is None:
        return None
    return one + (other - one) * part // max(1, whole)


def _limited(k, value):
    most = ACCEL_MG if k < 4 else GYRO_DDPS if k < 7 else SQUEEZE
    return 0 if value is None else _clipped((value * SCALES[k] + MICRO // 2) // MICRO, most)


def _clipped(value, most):
    return max(-most, min(most, round(value)))
