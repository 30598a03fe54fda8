"""A pillow on the bench: what the firmware asks of its board, over a virtual clock and a real chip's registers."""

from virtual.chip import Chip


class Still:
    """A pillow that lies on a table: gravity on z, and the noise that a living sensor always has."""

    def __init__(self):
        self.accel = [0.0, 0.0, 1.0]
        self.gyro = [0.0, 0.0, 0.0]
        self.steps = 0

    def step(self, dt_s):
        self.steps += 1
        self.accel[0] = 0.001 * (self.steps % 7)


class Bus:
    """The I2C bus between them."""

    def __init__(self, chip, address):
        self.chip = chip
        self.address = address

    def readfrom_mem_into(self, address, register, buffer):
        self._ask(address)
        self.chip.read_into(register, buffer)

    def writeto_mem(self, address, register, data):
        self._ask(address)
        self.chip.write(register, data)

    def _ask(self, address):
        self.chip.advance()
        if address != self.address:
            raise OSError(19)


class Bench:
    """Stands where pillow.board.Board stands."""

    def __init__(self, motion=None, who=0x68, address=0x68, pixels=8):
        self.now_ms = 1_000
        self.problems = []
        self.chip = Chip(motion or Still(), lambda: self.now_ms, who)
        self.address = address
        self.pixels = pixels
        self.squeeze = None
        self.unhangs = 0
        self.fed = []
        self.shown = []
        self.is_read = True  # somebody reads what the pillow writes
        self.to_pillow = b""
        self.from_pillow = []

    def ticks_ms(self):
        return self.now_ms

    def sleep_ms(self, ms):
        self.now_ms += ms

    def i2c(self):
        return Bus(self.chip, self.address)

    def unhang_i2c(self):
        self.unhangs += 1
        for _ in range(9):
            self.chip.pulse()
        return self.i2c()

    def feed(self):
        self.fed.append(self.now_ms)

    def cause(self):
        return "power"

    def free(self):
        return 60_000

    def random_bytes(self, count):
        return bytes(range(1, count + 1))

    def read(self, buffer):
        data, self.to_pillow = self.to_pillow[: len(buffer)], self.to_pillow[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def can_write(self):
        return self.is_read

    def write(self, line):
        if self.is_read:
            self.from_pillow.append(line)
        return self.is_read

    def squeeze_raw(self):
        return self.squeeze

    def squeeze_rises(self):
        return True

    def pixel_count(self):
        return self.pixels

    def pixels_write(self, colours):
        self.shown.append((self.now_ms, bytes(colours)))

    def pixels_off(self):
        self.pixels_write(bytes(3 * self.pixels))
