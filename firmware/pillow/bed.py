# How the chip is put to sleep: what has to be over before, and what wakes it. Beside board.py the one file that knows
# `machine`; loaded only where config.json says `sleep_minutes`.
import esp32
import machine

from .sleep import Sleep

WHO_AM_I = 0x75
# What makes a true MPU-6050 raise its interrupt pin when it is moved by 40 milli-g: awake five times a second, no gyro.
WATCH = (
    (0x23, 0),  # FIFO_EN
    (0x6B, 0),  # PWR_MGMT_1
    (0x1C, 0x01),  # ACCEL_CONFIG: +-2 g, high pass at 5 Hz
    (0x1F, 20),  # MOT_THR, 2 milli-g each
    (0x20, 1),  # MOT_DUR, ms
    (0x37, 0x20),  # INT_PIN_CFG: until it is read
    (0x38, 0x40),  # INT_ENABLE: motion
    (0x6C, 0x47),  # PWR_MGMT_2
    (0x6B, 0x28),  # PWR_MGMT_1: cycle; the thermometer off
)
REST = "rest"  # the file with what the squeeze sense reads when nobody squeezes: a squeeze may be what wakes it
NOTHING_WAKES = "This pillow cannot sleep: only the clock would wake it; set sleep_minutes to 0."


class Bed:
    # links: callable() -> (the link over the cable, air.py's Air or None). mark_healthy: falling asleep is no failure.
    def __init__(
        self, config, board, disk, recogniser, squeeze, sensor, sample, reporter, spool, say, links, mark_healthy
    ):
        self._config = config
        self._board = board
        self._disk = disk
        self._squeeze = squeeze
        self._sensor = sensor
        self._say = say
        self._links = links
        self._mark_healthy = mark_healthy
        if board.cause() == "sleep":
            self._recall_rest()
            if squeeze.rest is not None:
                recogniser.wake()
        parts = board.cause(), sample, reporter, spool, self._lines, self._lie_down
        self.step = Sleep(config["sleep_minutes"], *parts).step

    def _lines(self):
        cable, air = self._links()
        return cable, air.link if air else None

    def _lie_down(self, seconds):
        # Returns only when nothing but the clock would wake it.
        wakers = self._is_woken_by_motion(), self._is_woken_by_touch()
        if not any(wakers):
            self._say(NOTHING_WAKES)
            return
        self._mark_healthy()
        self._keep_rest()
        air = self._links()[1]
        if air:
            air.close()
        self._board.pixels_off()
        machine.deepsleep(1000 * seconds)

    def _recall_rest(self):
        try:
            self._squeeze.rest = int(self._disk.read(REST))
        except (OSError, ValueError):
            pass  # it is learnt anew

    def _keep_rest(self):
        try:
            self._disk.replace(REST, b"%d" % self._squeeze.rest)
        except (OSError, TypeError):
            pass  # the flash is full; or there is no such sense

    def _is_woken_by_motion(self):
        # The sensor measures no more; should the chip stay awake, it is started again.
        try:
            for register, value in WATCH:
                self._sensor.put(register, value)
            if self._sensor.get(WHO_AM_I) != 0x68:  # the clones have other registers for it
                self._sensor.start()
                return False
            pin = machine.Pin(self._config["int_pin"], machine.Pin.IN)
            esp32.wake_on_ext1((pin,), esp32.WAKEUP_ANY_HIGH)  # ext0 would exclude touch
        except (OSError, ValueError, AttributeError):
            return False
        return True

    def _is_woken_by_touch(self):
        # On the first ESP32, where a touch makes the count smaller.
        if self._config["squeeze"] != "touch" or self._board.squeeze_rises():
            return False
        try:
            pad = machine.TouchPad(machine.Pin(self._config["touch_pin"]))
            pad.config(pad.read() * 2 // 3)
            esp32.wake_on_touch(True)
        except (OSError, ValueError, AttributeError):
            return False
        return True
