# Reports: every change of gesture gets its identity (boot, seq) here and is in the spool before anybody hears of it.
from . import wire

STRONGEST = 99_999  # milli-g; keeps a line under 120 bytes


class Reporter:
    def __init__(self, spool, boot):
        self._spool = spool
        self._since_ms = 0
        self.boot = boot
        self.seq = 0
        self.gesture = "neutral"

    def change(self, uptime_ms, gesture, confidence, strength):
        self.seq += 1
        ended_ms = max(0, uptime_ms - self._since_ms)
        fields = (self.boot, self.seq, uptime_ms, gesture, confidence, min(strength, STRONGEST), ended_ms)
        self.gesture = gesture
        self._since_ms = uptime_ms
        self._spool.append(self.boot, self.seq, wire.line('{"report":[%d,%d,%d,"%s",%d,%d,%d]}' % fields))
