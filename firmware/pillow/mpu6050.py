# The motion sensor at register level: an MPU-6050 or one of its clones, read through its FIFO, so that a slow flash
# write or a host that does not read costs no sample.
#
# Its law: it never raises and never pretends. No good sample for a second is a fault, and so is the same one for two
# seconds; it keeps trying to come back; what was lost is counted. A sample on the good path allocates nothing.

ADDRESSES = (0x68, 0x69)  # AD0 low or high
KNOWN = (0x68, 0x70, 0x71, 0x72, 0x98)  # MPU-6050, 6500, 9250, 9255-like, ICM-20689: all sold as "GY-521"
FRAME = 12  # bytes in the FIFO: ax ay az gx gy gz, high byte first
FIFO_MOST = 4096  # bytes in the largest FIFO of the family; a larger count is a dead bus, not a full FIFO

WAKE_MS = 30  # the gyro's start-up; registers written before it are lost
RESET_MS = 100  # after DEVICE_RESET, by the datasheet
RETRY_MS = 500  # between attempts; on a dead bus one costs up to 100 ms of time-outs
FAULT_MS = 1_000  # without a good sample
SILENT_MS = 500  # answers, but brings no frames: a dip of its supply put it to sleep
RECOUNT_MS = 100  # after a stall the FIFO may have overflowed behind an older count
ERRORS_MOST = 5  # in a row; fewer are just a knock on the wires
STUCK_MS = 2_000  # a living sensor is never quiet to the last bit
BROKEN = "The motion sensor %s; check its four wires, or replace it if this stays."
DOUBT = 10  # changes in it before one that was stuck is believed again

_SMPLRT_DIV = 0x19
_CONFIG = 0x1A
_GYRO_CONFIG = 0x1B
_ACCEL_CONFIG = 0x1C
_ACCEL_CONFIG_2 = 0x1D  # 6500 and later only; something else on a 6050
_FIFO_EN = 0x23
_INT_ENABLE = 0x38
_INT_STATUS = 0x3A
_USER_CTRL = 0x6A
_PWR_MGMT_1 = 0x6B
_PWR_MGMT_2 = 0x6C
_FIFO_COUNT = 0x72
_FIFO_R_W = 0x74
_WHO_AM_I = 0x75

_DEVICE_RESET = 0x80
_CLOCK_GYRO_X = 0x01  # awake, on the gyro's steadier clock
_DLPF_44_HZ = 3  # well under half of 100 Hz
_GYRO_2000_DPS = 0x18  # 16.4 LSB a degree a second: a thrown pillow spins faster than 1000
_ACCEL_8_G = 0x10  # 4096 LSB a g: a punch is over 4
_FIFO_OVERFLOW = 0x10
_FIFO_ACCEL_GYRO = 0x78
_FIFO_ON = 0x40
_FIFO_RESET = 0x04
_FIFO_4_KB = 0xC0  # ICM-20689 only


class Mpu6050:
    def __init__(self, board, rate_hz=100):
        self.missed = 0  # samples lost since boot
        self.at_ms = 0  # uptime of the last sample
        self.problem = None  # the sentence for a person, while there is one
        self._board = board
        self._bus = board.i2c()
        self._period_ms = 1000 // rate_hz
        self._stuck = STUCK_MS // self._period_ms
        self._address = ADDRESSES[0]
        self._byte = bytearray(1)
        self._pair = bytearray(2)
        self._frame = bytearray(FRAME)
        self._before = bytearray(FRAME)
        self._running = False
        self._retry_ms = 0
        self._errors = 0
        self._ready = 0  # frames in the FIFO at the last count that are not read yet
        self._counted_ms = None
        self._good_ms = self._heard_ms = board.ticks_ms()
        self._is_torn = False  # the FIFO does not begin with a whole frame any more
        self._is_fresh = False  # a good sample came since the last loss
        self._same = 0  # frames in a row that were equal to the last bit
        self._doubt = 0

    def read_into(self, sample):
        # -> 1: a sample is in `sample` (six numbers: milli-g, then tenths of a degree a second); 0: none now; -1: fault
        now = self._board.ticks_ms()
        if not self._running and now >= self._retry_ms:
            self.start()
        if self._running and self._next_frame(now):
            if not self._is_alive(now):
                self.missed += 1
                return -1
            self.problem = None
            _decode(self._frame, sample)
            self.at_ms = self._counted_ms - self._ready * self._period_ms
            self._good_ms = now
            self._is_fresh = True
            return 1
        return -1 if now - self._good_ms > FAULT_MS else 0

    def start(self):
        # -> True when it is sampling now
        try:
            self._running = self._configure()
        except OSError:
            self._running = False
            self.problem = BROKEN % "does not answer"
        if not self._running:
            self._bus = self._board.unhang_i2c()
            self._retry_ms = self._board.ticks_ms() + RETRY_MS
        return self._running

    # -- the FIFO -------------------------------------------------------------------------------------------------

    def _next_frame(self, now):
        # -> True when the next frame is in self._frame
        try:
            if not self._ready or self._is_torn or now - self._counted_ms > RECOUNT_MS:
                self._count(now)
            if self._ready:
                self._bus.readfrom_mem_into(self._address, _FIFO_R_W, self._before)
                self._frame, self._before = self._before, self._frame
                self._ready -= 1
                self._errors = 0
                self._heard_ms = now
                return True
        except OSError:
            self._is_torn = True
            self._errors += 1
        if self._errors >= ERRORS_MOST:
            self._give_up("does not answer")
        elif now - self._heard_ms > SILENT_MS:
            self._give_up("measures nothing")
        return False

    def _count(self, now):
        # The count first: an overflow after it is still seen in the status.
        self._bus.readfrom_mem_into(self._address, _FIFO_COUNT, self._pair)
        self._bus.readfrom_mem_into(self._address, _INT_STATUS, self._byte)
        count = self._pair[0] << 8 | self._pair[1]
        if count > FIFO_MOST:
            raise OSError("nobody drives the bus")
        if self._byte[0] & _FIFO_OVERFLOW or self._is_torn:
            self._lose(now)
        else:
            self._ready = count // FRAME
            if self._ready:
                self._counted_ms = now

    def _lose(self, now):
        # Start again with an empty FIFO: frames that were overwritten or read in part have no beginning.
        self._is_torn = True
        self.put(_USER_CTRL, _FIFO_RESET)
        self.put(_USER_CTRL, _FIFO_ON)
        self._is_torn = False
        if self._counted_ms is not None:
            self.missed += self._ready + (now - self._counted_ms) // self._period_ms
        self._ready = 0
        self._counted_ms = self._heard_ms = now
        if self._is_fresh:
            self._good_ms = now  # it was this program that came late
            self._is_fresh = False

    def _is_alive(self, now):
        # A chip that repeats itself answers, but measures nothing.
        if self._frame != self._before:
            self._same = 0
            self._doubt = max(0, self._doubt - 1)
        else:
            self._same += 1
            if self._same >= self._stuck:
                self._same = 0
                self._doubt = DOUBT
                self._is_fresh = False
                self._good_ms = now - FAULT_MS - 1
                self._give_up("repeats itself")
        return not self._doubt

    # -- setting up -----------------------------------------------------------------------------------------------

    def _give_up(self, why):
        # Free the bus, reset the chip, and start again when it is ready for it.
        self.problem = BROKEN % why
        self._running = False
        self._errors = 0
        self._bus = self._board.unhang_i2c()
        self._retry_ms = self._board.ticks_ms() + RESET_MS
        try:
            self.put(_PWR_MGMT_1, _DEVICE_RESET)
        except OSError:
            pass  # start() says that it does not answer

    def _configure(self):
        kind = self._find()
        if kind in (0x00, 0xFF):
            raise OSError("nobody drives the bus")
        if kind not in KNOWN:
            self.problem = "The motion sensor says it is 0x%02x, not an MPU-6050 or a clone of it; replace it." % kind
            return False
        self.put(_PWR_MGMT_1, _CLOCK_GYRO_X)
        self._board.sleep_ms(WAKE_MS)
        self.put(_PWR_MGMT_2, 0)
        self.put(_FIFO_EN, 0)
        self.put(_SMPLRT_DIV, self._period_ms - 1)  # of 1 kHz
        self.put(_CONFIG, _DLPF_44_HZ)
        self.put(_GYRO_CONFIG, _GYRO_2000_DPS)
        self.put(_ACCEL_CONFIG, _ACCEL_8_G)
        if kind != 0x68:
            self.put(_ACCEL_CONFIG_2, _DLPF_44_HZ | (_FIFO_4_KB if kind == 0x98 else 0))
        if self.get(_GYRO_CONFIG) != _GYRO_2000_DPS or self.get(_ACCEL_CONFIG) != _ACCEL_8_G:
            raise OSError("it does not keep what is written")
        self.put(_INT_ENABLE, _FIFO_OVERFLOW)
        self.put(_FIFO_EN, _FIFO_ACCEL_GYRO)
        self._lose(self._board.ticks_ms())
        return True

    def _find(self):
        # -> what the chip says it is
        try:
            self._address = ADDRESSES[0]
            return self.get(_WHO_AM_I)
        except OSError:
            self._address = ADDRESSES[1]
            return self.get(_WHO_AM_I)

    def get(self, register):
        self._bus.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def put(self, register, value):
        self._byte[0] = value
        self._bus.writeto_mem(self._address, register, self._byte)


def _decode(frame, sample):
    # Only numbers under 2^30, which live in registers: no allocation.
    i = 0
    while i < 6:
        value = frame[2 * i] << 8 | frame[2 * i + 1]
        if value > 32767:
            value -= 65536
        if i < 3:
            sample[i] = (value * 125 + 256) >> 9  # 4096 LSB a g, rounded
        else:
            sample[i] = (value * 25 + 20) // 41  # 16.4 LSB a degree a second
        i += 1
