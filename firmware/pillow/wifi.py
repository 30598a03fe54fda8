# The way home over Wi-Fi: join, find the bridge, call it, talk; and again when it breaks. Pure: time is an argument,
# and the radio is told what to do, never waited for.
#
# Its law: something is always being tried, or will be in a time that is bounded; what worked last is tried first.
JOIN_MS = 15_000  # scan, handshake and an address; a slow router takes ten seconds
FIND_MS = 1_500  # who is there answers within a fraction; asked three times
ASK_MS = 400
ASKS = 3  # answers to a name that are tried in one round: anybody can give one, and the certificate says who he is
CALL_MS = 6_000  # TCP and TLS: the chip's own share is a second
DEAF_MS = 4_000  # the bridge says something every second
PAUSE_MS = 500  # between tries, doubling up to the most: the bridge is off, or the password is wrong
PAUSE_MOST_MS = 8_000
RADIO_FAILURES = 5  # joins in a row that failed: the radio is switched off and on
RESET_MS = 3_600_000  # without a network for so long: perhaps it is the chip

IDLE, JOIN, FIND, CALL, TALK, PAUSE = range(6)

NO_NETWORK = "no such network"
WRONG_PASSWORD = "wrong password"
NO_ADDRESS = "no address"
NO_BRIDGE = "bridge not reachable"
JOINED = "joined"


class Wifi:
    # home: see home.py. radio: see radio.py. chance: callable() -> a random byte.
    def __init__(self, home, radio, chance):
        self.why = None  # what went wrong last: one of the four above
        self.needs_reset = False
        self._home = home
        self._radio = radio
        self._chance = chance
        self._state = IDLE
        self._until_ms = 0
        self._asked_ms = 0
        self._heard_ms = 0
        self._joined_ms = None  # when there was a network last; None before the first step
        self._failures = 0  # joins in a row
        self._pause_ms = PAUSE_MS
        self._good = ""  # the address that worked last
        self._untried = []
        self._tried = []
        self._asks = 0

    def is_talking(self):
        return self._state == TALK

    def heard(self, now_ms):
        # A good line came.
        self._heard_ms = now_ms

    def settled(self):
        # Both sides have proved themselves: what comes next is a new trouble, not the old one.
        self._pause_ms = PAUSE_MS
        self.why = None

    def lost(self, now_ms):
        # The connection broke.
        self._hang_up()
        self._rest(now_ms)

    def close(self):
        self._hang_up()
        self._radio.off()
        self._state = IDLE

    def step(self, now_ms):
        if self._joined_ms is None:
            self._joined_ms = now_ms
        try:
            self._step(now_ms)
        except OSError:  # the radio itself refuses
            self._hang_up()
            self._failed_to_join(NO_NETWORK, now_ms)

    def _step(self, now_ms):
        if self._state in (FIND, CALL, TALK) and not self._radio.is_joined():
            self._hang_up()
            self._join(now_ms)
        elif self._state in (FIND, CALL, TALK):
            self._joined_ms = now_ms
        if self._state == IDLE or self._state == PAUSE and now_ms >= self._until_ms:
            self._begin(now_ms)
        elif self._state == JOIN:
            self._look_joined(now_ms)
        elif self._state == FIND:
            self._look_found(now_ms)
        elif self._state == CALL:
            self._look_called(now_ms)
        elif self._state == TALK and now_ms - self._heard_ms > DEAF_MS:
            self.lost(now_ms)

    # -- the network ------------------------------------------------------------------------------------------------

    def _begin(self, now_ms):
        if self._radio.is_joined():
            self._round(now_ms)
        else:
            self._join(now_ms)

    def _join(self, now_ms):
        self._state = JOIN
        self._until_ms = now_ms + JOIN_MS
        self._radio.join(self._home.ssid, self._home.password)

    def _look_joined(self, now_ms):
        status = self._radio.status()
        if status == JOINED:
            self._joined_ms = now_ms
            self._failures = 0
            self._pause_ms = PAUSE_MS
            self._begin(now_ms)
        elif status or now_ms >= self._until_ms:
            self._failed_to_join(status or self._radio.half_joined(), now_ms)

    def _failed_to_join(self, why, now_ms):
        self.why = why
        self._failures += 1
        if self._failures % RADIO_FAILURES == 0:
            self._radio.off()
        self.needs_reset = now_ms - self._joined_ms >= RESET_MS
        if why == NO_NETWORK:
            self._pause_ms = PAUSE_MS  # nobody is bothered, and it may be back any moment
        self._rest(now_ms)

    def _rest(self, now_ms):
        self._state = PAUSE
        self._until_ms = now_ms + self._pause_ms * (192 + self._chance() // 2) // 256  # all pillows lost it at once
        self._pause_ms = min(2 * self._pause_ms, PAUSE_MOST_MS)

    # -- the bridge -------------------------------------------------------------------------------------------------

    def _round(self, now_ms):
        # Every address there is, once: the one that worked, what the name says now, the one that was told.
        # Then whoever else says he has the name.
        self._untried = [one for one in (self._home.address, self._home.bridge, self._good) if one]
        self._tried = []
        self._asks = ASKS
        self._next(now_ms)

    def _next(self, now_ms):
        if not self._untried:
            self.why = NO_BRIDGE
            self._rest(now_ms)
            return
        place = self._untried.pop()
        if place == self._home.bridge:
            self._state = FIND
            self._until_ms = now_ms + FIND_MS
            self._asked_ms = now_ms - ASK_MS
        else:
            self._call(place, now_ms)

    def _look_found(self, now_ms):
        address = self._radio.found(self._home.bridge)
        if address and address not in self._tried:
            self._asks -= 1
            if self._asks:
                self._untried.insert(0, self._home.bridge)
            self._call(address, now_ms)
        elif now_ms >= self._until_ms:
            self._next(now_ms)
        elif now_ms - self._asked_ms >= ASK_MS:
            self._asked_ms = now_ms
            self._radio.find(self._home.bridge)

    def _call(self, address, now_ms):
        self._state = CALL
        self._until_ms = now_ms + CALL_MS
        self._called = address
        self._tried.append(address)
        if address in self._untried:
            self._untried.remove(address)
        self._radio.call(address, self._home.port, self._home.certificate)

    def _look_called(self, now_ms):
        answer = self._radio.answered()
        if answer:
            self._good = self._called
            self._state = TALK
            self._heard_ms = now_ms
        elif answer is False or now_ms >= self._until_ms:
            self._hang_up()
            self._next(now_ms)

    def _hang_up(self):
        if self._state in (CALL, TALK):
            self._radio.hang_up()
            self._state = IDLE
