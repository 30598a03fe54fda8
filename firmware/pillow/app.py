# The pillow: its parts put together, and the loop that gives each its turn.
#
# Its law: no part waits; the sensor's turn comes first, and the watchdog is fed only while every part gets its turn.
import sys
from array import array
from binascii import hexlify

from .disk import Disk
from .gesture import Recogniser
from .light import Light
from .link import Link
from .model import Model
from .mpu6050 import Mpu6050
from .report import Reporter
from .samples import Samples
from .spool import Spool
from .squeeze import FSR_FULL_UV, Squeeze
from .version import VERSION

RATE_HZ = 100
REST_MS = 5  # between passes; two samples never wait together
FRAMES_MOST = 100  # in one pass: more than the FIFO of the MPU-6050 holds
READ_MOST = 64  # bytes of the host in one pass: 12,800 a second, more than 115200 baud brings
CHANGES_MOST = 16  # waiting for the flash; more would mean that it is slower than anybody's hands
LATE_MS = 5_000  # a part that had no turn for so long is not alive
HEALTHY_MS = 20_000  # what goes wrong at start has gone wrong by then
NONE = b"none"  # the model of a pillow that is to be as new
SAYS_MOST = 8  # sentences waiting for the console


class App:
    # keep_count: callable(boot, fails in a row), which writes them where main.py reads them.
    def __init__(self, board, config, boot, keep_count, folder="."):
        spool = Spool(Disk(folder + "/spool"))
        self._board = board
        self._keep_count = keep_count
        self._disk = Disk(folder)
        pillow = _identity(board, self._disk, boot == 1)
        if (
            boot <= spool.newest_boot()
        ):  # the count was lost: what is in the spool keeps its identity, so go on above it
            boot = spool.newest_boot() + 1
            keep_count(boot, 1)
        self._boot = boot
        self._sensor = Mpu6050(board, RATE_HZ)
        self._sample = array("h", [0] * 6)
        self._samples = Samples()
        self._gesture = "neutral"
        self._changes = []
        full = FSR_FULL_UV if config["squeeze"] == "fsr" else None
        self._squeeze = Squeeze(board.squeeze_rises(), full)
        self._reporter = Reporter(spool, boot)
        limits = config["light_percent"], config["light_ma"], config["light_seconds"]
        self._light = Light(board.pixels_write, board.pixel_count(), *limits)
        identity = pillow, boot, _hex(board.random_bytes(4)), VERSION, board.cause()
        self._parts = spool, self._reporter, identity, self._health, self._light.wish, self._ask, self._more
        self._link = Link(*self._parts)
        self._desk = self._air = None  # what many a pillow never needs; loaded when it does
        self._saves_power = bool(config["sleep_minutes"])
        if "home" in self._disk.names():
            self._link = self._look_up().cable(self._link)
        self._input = bytearray(READ_MOST)
        self._says = list(board.problems)
        self._problem = None
        self._recall_model()
        self._tasks = (self._feel, self._talk, self._roam, self._light.step)
        if config["sleep_minutes"]:
            from .bed import Bed

            feels = self._recogniser, self._squeeze, self._sensor, self._sample
            tells = self._reporter, spool, self._say
            asks = lambda: (self._link, self._air), lambda: keep_count(self._boot, 0)
            self._tasks += (Bed(config, board, self._disk, *feels, *tells, *asks).step,)
        self._ticked_ms = [board.ticks_ms()] * len(self._tasks)
        self._healthy_ms = board.ticks_ms() + HEALTHY_MS

    def step(self, now_ms):
        for number, task in enumerate(self._tasks):
            task(now_ms)
            self._ticked_ms[number] = self._board.ticks_ms()
        if self._board.ticks_ms() - min(self._ticked_ms) > LATE_MS:
            return
        self._board.feed()
        if self._healthy_ms and now_ms >= self._healthy_ms:
            self._healthy_ms = None
            self._keep_count(self._boot, 0)

    # -- the sensor -------------------------------------------------------------------------------------------------

    def _feel(self, now_ms):
        self._squeeze.step(self._board.squeeze_raw, now_ms)
        for _ in range(FRAMES_MOST):
            came = self._sensor.read_into(self._sample)
            if came != 1:
                break
            self._felt()
        if came < 0 and self._gesture != "sensorfault":
            self._change(now_ms, "sensorfault", 100, 0)
        if self._changes:
            self._reporter.change(*self._changes.pop(0))
        if self._sensor.problem != self._problem:
            self._problem = self._sensor.problem
            self._say(self._problem or "The motion sensor works.")

    def _felt(self):
        recogniser = self._recogniser
        is_back = self._gesture == "sensorfault"
        if is_back:
            recogniser.reset()
            self._samples.clear()
        self._samples.add(self._sample, self._squeeze.level)
        if recogniser.feed(self._sample, self._squeeze.level) or is_back:
            self._change(self._sensor.at_ms, recogniser.gesture, recogniser.confidence, recogniser.strength)

    def _change(self, at_ms, gesture, confidence, strength):
        # Written one a pass, when the FIFO is empty: all of it is there to bridge the flash's next stall.
        self._gesture = gesture
        self._changes.append((at_ms, gesture, confidence, strength))
        if len(self._changes) > CHANGES_MOST:
            self._reporter.change(*self._changes.pop(0))

    def _health(self):
        return self._sensor.missed, self._board.free(), self._model

    # -- what it was taught -----------------------------------------------------------------------------------------

    def _recall_model(self):
        try:
            blob = self._disk.read("model")
        except OSError:
            blob = NONE  # it was taught nothing
        try:
            self._use(blob)
        except ValueError as error:
            self._use(NONE)
            self._say("What this pillow was taught is not used, %s; teach it again." % error)

    def _use(self, blob):
        # Raises ValueError; then what was used before still is.
        model = None if blob == NONE else Model(blob)
        self._recogniser = Recogniser(RATE_HZ, self._board.squeeze_raw() is not None, model)
        self._model = int.from_bytes(blob[-4:], "little") if model else 0

    def _taught(self, blob):
        # -> None, or why it is not taken
        before = self._recogniser, self._model
        try:
            self._use(blob)
            self._disk.replace("model", blob)
        except ValueError as error:
            return str(error)
        except OSError:
            self._recogniser, self._model = before
            return "the flash cannot be written"
        if self._gesture not in ("neutral", "sensorfault"):  # the new one knows nothing of it
            self._change(self._sensor.at_ms, "neutral", self._recogniser.confidence, 0)
        return None

    # -- the link ---------------------------------------------------------------------------------------------------

    def _talk(self, now_ms):
        count = self._board.read(self._input)
        if count:
            self._link.receive(bytes(self._input[:count]), now_ms)
        if not self._board.can_write():
            return
        line = self._says.pop(0) if self._says else self._link.next(now_ms)
        if line:
            self._board.write(line if isinstance(line, bytes) else b"\n" + line.encode() + b"\n")

    def _roam(self, now_ms):
        if self._air:
            self._link = self._air.cable(self._link)
            self._air.step(now_ms, self._link)
            if self._air.needs_reset:
                self._board.reset()

    def _look_up(self):
        if not self._air:
            from .air import Air

            self._air = Air(self._parts, self._board, self._disk, self._saves_power)
        return self._air

    def _ask(self, kind, fields, now_ms):
        if kind == "scan":
            return self._look_up().scan()
        if not self._desk:
            from .desk import Desk

            self._desk = Desk(self._samples, {"model": self._taught, "home": lambda blob: self._look_up().put(blob)})
        return self._desk.ask(kind, fields, now_ms)

    def _more(self, now_ms):
        line = self._air.next() if self._air else None
        return self._desk.next(now_ms) if self._desk and not line else line

    def _say(self, sentence):
        # To the console, which the bridge keeps beside its health.
        self._says.append(sentence)
        del self._says[:-SAYS_MOST]


def _identity(board, disk, is_new):
    # -> the pillow's id. A boot counter that begins again needs a new one: old pairs of boot and seq would come again.
    try:
        pillow = disk.read("id").decode().strip()
        if not is_new and len(pillow) == 16 and int(pillow, 16) >= 0:
            return pillow
    except (OSError, ValueError):
        pass  # the first boot, or a damaged file
    pillow = _hex(board.random_bytes(8))
    disk.replace("id", pillow.encode())
    return pillow


def _hex(data):
    return hexlify(data).decode()


def run(boot, keep_count):
    # Called by main.py; returns only by an exception. The board is known only here: all else runs without a chip.
    board, app = _put_together(boot, keep_count)
    try:
        while True:
            app.step(board.ticks_ms())
            board.rest(REST_MS)
    finally:
        board.pixels_off()


def _put_together(boot, keep_count):
    from .board import Board
    from .config import load

    config = load()
    board = Board(config)
    app = App(board, config, boot, keep_count)
    package = __name__.rpartition(".")[0]
    del sys.modules[package + ".config"], sys.modules[package].config  # needed once: 3 kB
    if sys.implementation.name == "micropython":
        _let_go(Board)
    return board, app


def _let_go(board):
    # There is one of each, and it is made: what made it goes, 4 kB. (Deleted it would stay in its slot.)
    for one in (App, board, Spool, Light, Squeeze, Mpu6050, Reporter, Samples):
        one.__init__ = None
    App._recall_model = board._new_squeeze = board._new_pixels = board._have = None
    Spool._load = Spool._load_gaps = Spool._load_segment = None
    global _identity, _put_together, _let_go
    _identity = _put_together = _let_go = None
