"""An MPU-6050 as its registers show it; the law: samples come only as time passes, and every one is counted."""

SMPLRT_DIV, CONFIG, GYRO_CONFIG, ACCEL_CONFIG, FIFO_EN = 0x19, 0x1A, 0x1B, 0x1C, 0x23
INT_STATUS, DATA, USER_CTRL, PWR_MGMT_1 = 0x3A, 0x3B, 0x6A, 0x6B
FIFO_COUNT, FIFO_R_W, WHO_AM_I = 0x72, 0x74, 0x75
DATA_READY, OVERFLOWED = 0x01, 0x10  # bits of INT_STATUS
DEVICE_RESET, SLEEP = 0x80, 0x40  # bits of PWR_MGMT_1
FIFO_ON, FIFO_RESET = 0x40, 0x04  # bits of USER_CTRL
FIFO_BYTES = 1024
READ_ONLY = (INT_STATUS, FIFO_COUNT, FIFO_COUNT + 1, WHO_AM_I)
# FIFO_EN bit -> (first data register, bytes), in the order in which the chip writes them.
FIFO_PARTS = ((0x08, 0, 6), (0x80, 6, 2), (0x40, 8, 2), (0x20, 10, 2), (0x10, 12, 2))
TEMPERATURE = -3920  # 25 degrees: (25 - 36.53) * 340
START_UP_MS = 50  # after a reset writes are lost; typical 20 ms, the datasheet's most is 100 ms
ASLEEP_US = 10_000  # how finely the motion goes on while the chip sleeps
MOST_AT_ONCE = 600  # samples made in one go; after a longer pause of the program the rest are only counted
UNHANG_PULSES = 9  # clock pulses after which a slave lets go of SDA
ENODEV, ETIMEDOUT = 19, 110
FAULTS = ("none", "silent", "hung", "stuck", "zero", "ones", "id", "brownout")


class Chip:
    # `motion` has step(dt_s), accel (g), gyro (degrees a second); `ticks_ms` is any clock that may wrap at 2**30.
    def __init__(self, motion, ticks_ms, who=0x68):
        self.motion = motion
        self.ticks_ms = ticks_ms
        self.who = who
        self.fault = "none"
        self.pulses = 0
        self.made = 0  # samples measured since power-on
        self.queued = 0  # of these, put into the FIFO
        self.lost = 0  # of these, destroyed there before they were read
        self.last_ms = ticks_ms()
        self.fifo = bytearray(FIFO_BYTES)
        self.regs = bytearray(128)
        self.count = 0
        self.reset()
        self.starting_ms = 0  # it had power long before this program began

    def reset(self):
        self.empty_fifo()
        self.regs = bytearray(128)
        self.regs[PWR_MGMT_1] = SLEEP
        self.regs[WHO_AM_I] = self.who
        self.late_us = 0
        self.starting_ms = START_UP_MS

    # ---- what the bus does

    def read_into(self, reg, buf):
        self.answer()
        if self.fault in ("zero", "ones"):
            value = 0 if self.fault == "zero" else 0xFF
            for i in range(len(buf)):
                buf[i] = value
            return
        for i in range(len(buf)):
            buf[i] = self.read(reg)
            if reg != FIFO_R_W:
                reg = (reg + 1) & 0x7F

    def write(self, reg, data):
        self.answer()
        if self.starting_ms > 0:
            return
        for value in data:
            self.put(reg, value)
            reg = (reg + 1) & 0x7F

    def answer(self):
        self.advance()
        if self.fault == "silent":
            raise OSError(ENODEV)
        if self.fault == "hung":
            raise OSError(ETIMEDOUT)

    def pulse(self):
        self.pulses += 1
        if self.fault == "hung" and self.pulses >= UNHANG_PULSES:
            self.fault = "none"

    def break_with(self, fault):
        if fault not in FAULTS:
            raise ValueError("no fault %s; there are %s" % (fault, " ".join(FAULTS)))
        self.advance()
        self.pulses = 0
        if fault == "brownout":  # a loose cable: the chip wakes up with nothing configured
            self.reset()
            fault = "none"
        self.fault = fault
        self.regs[WHO_AM_I] = 0x42 if fault == "id" else self.who

    # ---- registers

    def read(self, reg):
        if reg == FIFO_COUNT:
            return self.count >> 8
        if reg == FIFO_COUNT + 1:
            return self.count & 0xFF
        if reg == FIFO_R_W:
            return self.pop()
        value = self.regs[reg]
        if reg == INT_STATUS:
            self.regs[INT_STATUS] = 0
        return value

    def put(self, reg, value):
        if reg == FIFO_R_W or reg in READ_ONLY or DATA <= reg < DATA + 14:
            return
        if reg == PWR_MGMT_1 and value & DEVICE_RESET:
            self.reset()
            return
        if reg == USER_CTRL and value & FIFO_RESET:
            self.empty_fifo()
            value &= ~FIFO_RESET
        self.regs[reg] = value

    # ---- time

    def period_us(self):
        if self.regs[PWR_MGMT_1] & SLEEP:
            return ASLEEP_US
        filtered = 1 <= self.regs[CONFIG] & 7 <= 6
        return (1 + self.regs[SMPLRT_DIV]) * (1000 if filtered else 125)

    def advance(self):
        now = self.ticks_ms()
        passed = (now - self.last_ms) & 0x3FFFFFFF
        self.last_ms = now
        self.starting_ms -= min(passed, self.starting_ms)
        period = self.period_us()
        self.late_us += passed * 1000
        due = self.late_us // period
        self.late_us -= due * period
        if due > MOST_AT_ONCE:
            self.skip(due - MOST_AT_ONCE)
            due = MOST_AT_ONCE
        for _ in range(due):
            self.sample(period)

    def skip(self, samples):
        if self.regs[PWR_MGMT_1] & SLEEP:
            return
        self.made += samples
        if self.regs[USER_CTRL] & FIFO_ON and self.frame_bytes():
            self.queued += samples
            self.lost += samples

    def sample(self, period):
        self.motion.step(period / 1_000_000)
        if self.regs[PWR_MGMT_1] & SLEEP:
            return
        self.made += 1
        if self.fault != "stuck":
            self.measure()
        self.regs[INT_STATUS] |= DATA_READY
        if self.regs[USER_CTRL] & FIFO_ON and self.frame_bytes():
            self.push()

    def measure(self):
        accel_scale = 16384 >> ((self.regs[ACCEL_CONFIG] >> 3) & 3)
        gyro_scale = 131.072 / (1 << ((self.regs[GYRO_CONFIG] >> 3) & 3))
        for i in range(3):
            self.store(DATA + 2 * i, self.motion.accel[i] * accel_scale)
            self.store(DATA + 8 + 2 * i, self.motion.gyro[i] * gyro_scale)
        self.store(DATA + 6, TEMPERATURE)

    def store(self, reg, value):
        value = max(-32768, min(32767, int(value + 0.5 if value > 0 else value - 0.5)))
        self.regs[reg] = (value >> 8) & 0xFF
        self.regs[reg + 1] = value & 0xFF

    # ---- FIFO: a ring that, when full, loses its oldest bytes (and with them the frames' alignment)

    def frame_bytes(self):
        enabled = self.regs[FIFO_EN]
        return sum([size for bit, _, size in FIFO_PARTS if enabled & bit])

    def empty_fifo(self):
        self.lost += self.count // max(1, self.frame_bytes())
        self.head = self.count = 0

    def push(self):
        self.queued += 1
        if self.count + self.frame_bytes() > FIFO_BYTES:
            self.lost += 1
            self.regs[INT_STATUS] |= OVERFLOWED
        for bit, start, size in FIFO_PARTS:
            if self.regs[FIFO_EN] & bit:
                for i in range(DATA + start, DATA + start + size):
                    self.push_byte(self.regs[i])

    def push_byte(self, value):
        self.fifo[(self.head + self.count) % FIFO_BYTES] = value
        if self.count == FIFO_BYTES:
            self.head = (self.head + 1) % FIFO_BYTES
        else:
            self.count += 1

    def pop(self):
        if self.count:
            self.count -= 1
            self.head = (self.head + 1) % FIFO_BYTES
        return self.fifo[self.head - 1]  # an empty FIFO gives its last byte again
