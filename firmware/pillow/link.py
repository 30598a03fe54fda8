# The pillow's side of the conversation (docs/wire.md): bytes in, whole lines out when asked, time as an argument.
#
# Its law: it never waits and keeps no output; what is to be said next is decided when a line can be written.
from . import wire

WIRE = 1  # version of docs/wire.md
WINDOW = 4  # reports under way at once: fills 115200 baud, and four answers fit the chip's input ring
RESEND_MS = 500  # a commit on a slow SD card takes half of this
RESEND_MOST_MS = 4_000
HELLO_MS = 2_000
BEAT_MS = 1_000
DEAF_MS = 10_000  # nothing heard for so long: nobody is there
ANSWERS = 4  # a host has one question open; more than this is a flood, and the oldest may go


class Link:
    # identity: (pillow, boot, nonce, version, cause). health: callable -> (missed samples, free heap bytes, model).
    # on_light: callable(version, effect, red, green, blue, percent, seconds) -> None or why it is refused.
    # ask: what does all else, callable(kind, fields, now_ms) -> None or why it is refused.
    # more: callable(now_ms) -> a body to say when there is nothing else, or None.
    key = 0  # it has none; see keyed.py

    def __init__(self, spool, reporter, identity, health, on_light, ask=None, more=None):
        self._spool = spool
        self._reporter = reporter
        self._identity = identity
        self._health = health
        self._on_light = on_light
        self._ask = ask
        self._more = more
        self._lines = wire.Lines()
        self._answers = []
        self.is_welcome = False
        self.heard_ms = 0
        self._hello_ms = 0  # when the next one is due
        self._beat_ms = 0
        self._boot = None  # of the reports under way
        self._cursor = 0  # the next seq of that boot to send
        self._wait_ms = RESEND_MS
        self._resend_ms = 0
        self._needed = None  # (boot, seq) that the host asked for

    # -- what the host says ---------------------------------------------------------------------------------------

    def receive(self, data, now_ms):
        for kind, fields in self._lines.feed(data):
            try:
                self._obey(kind, fields, now_ms)
                self.heard_ms = now_ms
            except (TypeError, ValueError, LookupError, ArithmeticError):
                pass  # well formed, but not what its kind needs: as good as noise
        del self._answers[:-ANSWERS]

    def _obey(self, kind, fields, now_ms):
        number = count(fields[0])
        if kind == "who":
            self.begin(now_ms + HELLO_MS)
            self._answers.append(self._hello(number, now_ms))
            return
        why = None
        if kind == "welcome":
            self._welcomed(now_ms)
        elif kind == "ack":
            self._acked(count(fields[1]), count(fields[2]), now_ms)
        elif kind == "need":
            self._needed = count(fields[1]), count(fields[2])
            self._spool.rewind(*self._needed)
        elif kind == "light":
            why = self._on_light(*fields[1:8])
        elif kind != "ping":
            why = self._ask(kind, fields, now_ms) if self._ask else "unknown"
        self._answers.append(no(number, why) if why else self._ok(number, now_ms))

    def begin(self, hello_ms):
        # Nobody is welcome; the next hello is due then.
        self.is_welcome = False
        self._hello_ms = hello_ms

    def _welcomed(self, now_ms):
        self.is_welcome = True
        self._boot = None
        self._beat_ms = now_ms

    def _acked(self, boot, seq, now_ms):
        if self._spool.acked(boot, seq) and boot == self._boot:
            self._wait_ms = RESEND_MS
            self._resend_ms = now_ms + RESEND_MS

    # -- what the pillow says -------------------------------------------------------------------------------------

    def next(self, now_ms):
        # -> the next line to write, or None
        if self._answers:
            return self._answers.pop(0)
        if now_ms - self.heard_ms > DEAF_MS:
            self.is_welcome = False
        if not self.is_welcome:
            if now_ms < self._hello_ms:
                return None
            self._hello_ms = now_ms + HELLO_MS
            return self._hello(0, now_ms)
        if now_ms >= self._beat_ms:
            self._beat_ms = now_ms + BEAT_MS
            return self._beat(now_ms)
        line = self._next_report(now_ms)
        if not line and self._more:
            body = self._more(now_ms)
            line = wire.line(body) if body else None
        return line

    def _next_report(self, now_ms):
        oldest = self._spool.oldest()
        if not oldest:
            return None
        boot, seq = oldest
        self._aim(boot, seq, now_ms)
        if self._cursor - seq >= WINDOW:
            return None
        said = self._spool.line(boot, self._cursor)
        if not said:
            return None
        if self._cursor <= seq:
            self._resend_ms = now_ms + self._wait_ms
        self._cursor = said[1] + 1
        return said[0]

    def _aim(self, boot, seq, now_ms):
        # Put the cursor on the next report to send; `seq` is the oldest not acknowledged.
        needed, self._needed = self._needed, None
        if boot != self._boot:
            self._boot = boot
            self._cursor = seq
            self._wait_ms = RESEND_MS
        elif self._cursor > seq and now_ms >= self._resend_ms:
            self._cursor = seq
            self._wait_ms = min(2 * self._wait_ms, RESEND_MOST_MS)
        self._cursor = max(self._cursor, seq)
        if needed and needed[0] == boot and needed[1] < self._cursor:
            self._cursor = needed[1]

    def _ok(self, number, now_ms):
        return wire.line('{"ok":[%d,%d,%d]}' % (number, self._reporter.boot, now_ms))

    def _hello(self, number, now_ms):
        fields = (number, WIRE) + self._identity + (now_ms, self.key)
        return wire.line('{"hello":[%d,%d,"%s",%d,"%s","%s","%s",%d,%d]}' % fields)

    def _beat(self, now_ms):
        reporter = self._reporter
        health = "".join([",%d" % number for number in self._health()])
        return wire.line('{"beat":[%d,%d,"%s",%d%s]}' % (reporter.boot, now_ms, reporter.gesture, reporter.seq, health))


def count(value):
    # What is not meant to be counted must not be: True is an int too, and int("7") would be 7.
    if type(value) is not int or value >> 32:
        raise ValueError
    return value


def no(number, why):
    return wire.line('{"no":[%d,"%s"]}' % (number, why))
