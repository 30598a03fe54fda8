# Sleep on a battery: when the pillow lies still for long enough and nobody is at the cable, the chip switches itself
# off until it is moved or squeezed. Pure; bed.py does it.
#
# Its law: it never sleeps with something to tell while somebody listens, and says so before; what nobody heard is in
# flash.
MINUTE_MS = 60_000
MOVED = 60  # milli-g from where it lay: a hand, not a truck outside
CABLE_MS = 60_000  # after the last good line over the cable
NAP_MS = 60_000  # of stillness after waking up by itself, or by a knock
TELL_MS = 500  # between two times of saying it
TOLD_MS = 2_000  # then nobody listens
ANSWERS = 2  # lines until it was heard for sure: the host asks one thing at a time, and the first was perhaps under way
UNSENT_MS = 60_000  # reports wait so long for an acknowledgement, then for the next time
SECONDS = 21_600  # then it wakes by itself and says that it is there: four times a day


class Sleep:
    # sample: the newest one, as the sensor leaves it. links: callable() -> (link over the cable, over the air or None).
    # go: callable(seconds), which does not return on a chip.
    def __init__(self, minutes, cause, sample, reporter, spool, links, go):
        self._calm_ms = min(MINUTE_MS * minutes, NAP_MS if cause == "sleep" else 1 << 30)
        self._minutes_ms = MINUTE_MS * minutes
        self._sample = sample
        self._reporter = reporter
        self._spool = spool
        self._links = links
        self._go = go
        self._lay = [0, 0, 0]
        self._since_ms = 0  # still
        self._began_ms = self._told_ms = None
        self._heard_ms = self._answers = 0

    def step(self, now_ms):
        cable, air = self._links()
        if self._is_awake(cable, now_ms):
            self._since_ms = now_ms
            self._began_ms = None
        elif now_ms - self._since_ms >= self._calm_ms and not self._is_busy(air, now_ms):
            self._tell(air, now_ms)

    def _is_awake(self, cable, now_ms):
        moved = False
        for i in range(3):
            if abs(self._sample[i] - self._lay[i]) > MOVED:
                moved = True
        if moved:
            for i in range(3):
                self._lay[i] = self._sample[i]
        if self._reporter.gesture != "neutral":
            self._calm_ms = self._minutes_ms  # somebody is there
            return True
        return moved or cable.is_welcome and now_ms - cable.heard_ms < CABLE_MS

    def _is_busy(self, air, now_ms):
        is_listening = air is not None and air.is_welcome
        return is_listening and self._spool.oldest() and now_ms - self._since_ms < self._calm_ms + UNSENT_MS

    def _tell(self, air, now_ms):
        if self._began_ms is None:
            self._began_ms = now_ms
            self._told_ms = now_ms - TELL_MS
            self._answers = 0
        elif air and air.heard_ms != self._heard_ms:
            self._answers += 1
        self._heard_ms = air.heard_ms if air else 0
        is_heard = air is None or not air.is_welcome or self._answers >= ANSWERS
        if is_heard or now_ms - self._began_ms >= TOLD_MS:
            self._since_ms = now_ms  # should it not fall asleep
            self._began_ms = None
            self._go(SECONDS)
        elif now_ms - self._told_ms >= TELL_MS:
            self._told_ms = now_ms
            air.say('{"asleep":[%d,%d]}' % (self._reporter.boot, SECONDS))
