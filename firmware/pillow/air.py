# A pillow with a key: its link over the cable, the one over the air beside it, which of them has the word, and the
# trial of a new home. Loaded only by a pillow that has a home, is given one, or looks for networks.
#
# Its law: the cable wins as long as a host that has proved itself speaks there; one of them reports, never both.
from .home import Home, keep, load
from .keyed import KeyedLink
from .link import Link
from .proof import Proof

CABLE_MS = 1_600  # without a good line over the cable: it was pulled. The host pings once a second
TRIAL_MS = 60_000  # for two joins, a name and three calls, at their slowest
READ_MOST = 256
WAIT = "wait"


class Air:
    # parts: what a Link is made of. saves_power: whether a battery is to be spared. radio: for tests.
    def __init__(self, parts, board, disk, saves_power=False, radio=None):
        self.link = None  # of the connection there is
        self.home = load(disk)
        self.needs_reset = False
        self._parts = parts
        self._board = board
        self._disk = disk
        self._saves_power = saves_power
        self._radio = radio
        self._buffer = bytearray(READ_MOST)
        self._is_cable = False
        self._trial = None  # the blob that is being tried
        self._trial_ms = self._now_ms = 0
        self._unseen = None  # networks that are still to be told
        self._way = self._way_to(self.home)

    def _way_to(self, home):
        if not home.ssid:
            return None
        from .wifi import Wifi

        return Wifi(home, self._the_radio(), lambda: self._board.random_bytes(1)[0])

    def _the_radio(self):
        if not self._radio:
            from .radio import Radio

            self._radio = Radio("pillow-" + self._parts[2][0][-4:])
        return self._radio

    def _keyed_link(self, certificate=bytes(32)):
        link = KeyedLink(*self._parts)
        link.proof = Proof(self.home.key, self._board.random_bytes, certificate)
        link.of_key = self.home.key
        return link

    def cable(self, link):
        # -> the link for the cable: this one, or another one when the pillow's key is not the one it was made for.
        if getattr(link, "of_key", None) == self.home.key:
            return link
        fresh = self._keyed_link() if self.home.key else Link(*self._parts)
        fresh._answers = link._answers  # the host still waits for these
        return fresh

    # -- its turn in the loop ---------------------------------------------------------------------------------------

    def step(self, now_ms, cable):
        # cable: the link over the cable.
        self._now_ms = now_ms
        is_cable = cable.is_welcome and now_ms - cable.heard_ms < CABLE_MS
        if is_cable != self._is_cable:
            self._pass_the_word(is_cable, cable, now_ms)
        if not self._way:
            return
        self._way.step(now_ms)
        self.needs_reset = self._way.needs_reset and not is_cable and not self._trial
        if not self._way.is_talking():
            self.link = None
        elif not self._trial:
            self._talk(now_ms)

    def close(self):
        # Hang up and switch the radio off; the next step begins anew.
        if self._way:
            self._way.close()
        self.link = None

    def _pass_the_word(self, is_cable, cable, now_ms):
        self._is_cable = is_cable
        if self.link:
            self.link.is_quiet = is_cable
            self._save_power()
        if not is_cable and self._way:
            cable.begin(now_ms)
            if self.link:
                self.link.begin(now_ms)  # a new hello: meanwhile reports went over the cable

    def _talk(self, now_ms):
        if not self.link:
            self.link = self._keyed_link(self._radio.certificate())
            self.link.is_quiet = self._is_cable
            self._save_power()
        count = self._radio.read(self._buffer)
        if count > 0:
            self._hear(bytes(memoryview(self._buffer)[:count]), now_ms)
        elif count < 0:
            self._way.lost(now_ms)
        elif self._radio.can_write():
            line = self.link.next(now_ms)
            if line:
                self._radio.write(line)

    def _hear(self, data, now_ms):
        self.link.receive(data, now_ms)
        if self.link.heard_ms == now_ms:
            self._way.heard(now_ms)
            if self.link.is_welcome:
                self._way.settled()

    def _save_power(self):
        self._radio.save_power(self._saves_power and not self._is_cable)

    # -- a new home -------------------------------------------------------------------------------------------------

    def put(self, blob):
        # -> None when it is this pillow's home now, WAIT while it is tried, or why not
        try:
            home = Home(blob, self.home.said)
        except (ValueError, TypeError):
            return "damaged"
        if home.ssid and self._trial != blob:
            self._try(home, blob)
            return WAIT
        why = self._outcome() if home.ssid else None
        if why == WAIT:
            return WAIT
        self._land()
        if not why:
            why = self._keep(home)
        self._way = self._way_to(self.home)
        return why

    def _try(self, home, blob):
        self._land()
        self._trial = blob
        self._trial_ms = self._now_ms
        self._way = self._way_to(home)

    def _outcome(self):
        # -> None when the bridge with the right certificate answered, WAIT, or what went wrong
        if self._way.is_talking():
            return None
        return self._way.why or (WAIT if self._now_ms - self._trial_ms < TRIAL_MS else "bridge not reachable")

    def _land(self):
        if self._way:
            self._way.close()
        self._way = self._trial = self.link = None

    def _keep(self, home):
        try:
            keep(self._disk, home)
        except OSError:
            return "the flash cannot be written"
        self.home = home
        return None

    # -- networks ---------------------------------------------------------------------------------------------------

    def scan(self):
        # -> None when all networks were told, WAIT before
        if self._unseen is None:
            self._unseen = self._the_radio().scan()
            return WAIT
        if self._unseen:
            return WAIT
        self._unseen = None
        return None

    def next(self):
        # -> the body of a line that tells of a network, or None
        if not self._unseen:
            return None
        from binascii import b2a_base64

        ssid, rssi, is_secured = self._unseen.pop(0)
        return '{"seen":[%d,"%s",%d]}' % (rssi, b2a_base64(ssid).decode().strip(), is_secured)
