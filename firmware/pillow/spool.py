# The spool: reports that nobody has acknowledged yet, in flash, so that a reset or a lost link only delays them.
#
# Its law: what was appended is either held until it is acknowledged, or named in a gap that says why it is not.
#
# A segment is a file of up to 32 lines of one boot, named BOOT-FIRSTSEQ in hex, holding the lines as they will be sent:
# their CRC tells a torn one, their leading newline lets the next one stand. When all segments are taken the oldest is
# given up; file `gaps` says so before the segment is removed.
from . import wire

SEGMENT_LINES = 32  # a segment is read whole to be sent: under 4 kB
SEGMENTS = 32  # 1,024 reports: days of play without a computer, at most 120 kB of flash
GAPS = 32  # beyond it the two oldest become one
GAPS_FILE = "gaps"


class Spool:
    def __init__(self, disk):
        self._disk = disk
        self._segments = []  # [boot, first, last], oldest first; the last one grows
        self._gaps = []  # [boot, first, last, why, older], oldest first
        self._acked = {}  # boot -> highest seq acknowledged; only of boots in the lists above
        self._page = None, {}  # the segment read last: (boot, first), {seq: line}
        self._oldest = None
        self._untold = False  # the gaps file could not be written
        self._load()

    # -- what the reporter and the link ask -----------------------------------------------------------------------

    def append(self, boot, seq, line):
        # In flash when this returns; a flash that cannot be written becomes a gap, never an exception.
        if self._untold:
            self._keep_gaps()
        segment = self._segment_for(boot, seq)
        segment[2] = seq
        try:
            self._disk.append(_name(segment), line)
        except OSError:
            self._lose(boot, seq, seq, "flash")
        else:
            if self._page[0] == (boot, segment[1]):
                self._page[1][seq] = line
        self._oldest = self._oldest or (boot, seq)

    def oldest(self):
        # -> (boot, seq) of the oldest thing not acknowledged, or None
        return self._oldest

    def line(self, boot, seq):
        # -> (line, last seq it covers): the report, or the gap that covers seq; None when there is nothing there yet.
        for gap in self._gaps:
            if gap[0] == boot and gap[1] <= seq <= gap[2]:
                return _gap_line(boot, seq, gap[2], gap[3], gap[4] if seq == gap[1] else 0)
        for segment in self._segments:
            if segment[0] == boot and segment[1] <= seq <= segment[2]:
                return self._line_in(segment, seq)
        return self._hole(boot, seq)

    def _hole(self, boot, seq):
        # Nothing is known of seq: it went to another journal, unless something before it is still here.
        after = [entry[1] for entry in self._segments + self._gaps if entry[0] == boot and entry[1] > seq]
        before = [entry for entry in self._segments + self._gaps if entry[0] == boot and entry[2] < seq]
        return _gap_line(boot, seq, min(after) - 1, "damaged" if before else "acked", 0) if after else None

    def acked(self, boot, seq):
        # The host holds everything of this boot up to seq. -> True when that is news.
        seq = min(seq, max([entry[2] for entry in self._segments + self._gaps if entry[0] == boot] or [0]))
        if seq <= self._acked.get(boot, 0):
            return False
        self._acked[boot] = seq
        self._forget(boot, seq)
        self._find_oldest()
        return True

    def rewind(self, boot, seq):
        # The host lacks seq, whatever was acknowledged before: to another journal, perhaps.
        if self._acked.get(boot, 0) >= seq > 0:
            self._acked[boot] = seq - 1
            self._find_oldest()

    def newest_boot(self):
        # A boot counter must be above it, or two reports would get one identity.
        return max([entry[0] for entry in self._segments + self._gaps] or [0])

    # -- segments -------------------------------------------------------------------------------------------------

    def _segment_for(self, boot, seq):
        if self._segments:
            newest = self._segments[-1]
            if newest[0] == boot and seq - newest[1] < SEGMENT_LINES:
                return newest
        if len(self._segments) == SEGMENTS:
            self._give_up_oldest()
        self._segments.append([boot, seq, seq])
        return self._segments[-1]

    def _give_up_oldest(self):
        boot, first, last = self._segments[0]
        first = max(first, self._acked.get(boot, 0) + 1)
        if first <= last:
            self._lose(boot, first, last, "full")
        self._remove(self._segments[0])
        if self._untold:
            self._keep_gaps()  # now there is room
        self._find_oldest()

    def _line_in(self, segment, seq):
        lines = self._lines_of(segment)
        if seq in lines:
            return lines[seq], seq
        last = seq  # the flash was damaged here: one gap up to the next good line
        while last < segment[2] and last + 1 not in lines:
            last += 1
        return _gap_line(segment[0], seq, last, "damaged", 0)

    def _lines_of(self, segment):
        if self._page[0] != (segment[0], segment[1]):
            self._page = (segment[0], segment[1]), self._read(segment)[0]
        return self._page[1]

    def _read(self, segment):
        # -> ({seq: line} of the good lines, True when something else stands after the last of them)
        lines = {}
        junk = False
        try:
            data = self._disk.read(_name(segment))
        except OSError:
            data = b"?"
        for part in data.split(b"\n"):
            fields = (wire.body(part, b"~") or {}).get("report")
            if fields and fields[0] == segment[0] and segment[1] <= fields[1] < segment[1] + SEGMENT_LINES:
                lines[fields[1]] = b"\n" + part.strip() + b"\n"
                junk = False
            elif part:
                junk = True
        return lines, junk

    def _forget(self, boot, seq):
        # Remove what is acknowledged whole; a segment that still grows stays until it is full.
        growing = self._segments[-1] if self._segments else None
        for segment in [entry for entry in self._segments if entry[0] == boot and entry[2] <= seq]:
            if segment is not growing or segment[2] - segment[1] == SEGMENT_LINES - 1:
                self._remove(segment)
        told = [gap for gap in self._gaps if gap[0] == boot and gap[1] <= seq]
        for gap in told:
            gap[1] = seq + 1
            gap[4] = 0
        if told:
            self._gaps = [gap for gap in self._gaps if gap[1] <= gap[2]]
            self._keep_gaps()

    def _remove(self, segment):
        self._segments.remove(segment)
        if self._page[0] == (segment[0], segment[1]):
            self._page = None, {}
        try:
            self._disk.remove(_name(segment))
        except OSError:
            pass  # never written, or the flash is worn; a segment that comes back is only repeated

    def _find_oldest(self):
        held = sorted(
            (entry[0], max(entry[1], self._acked.get(entry[0], 0) + 1), entry[2])
            for entry in self._segments + self._gaps
        )
        unheard = [entry for entry in held if entry[1] <= entry[2]]
        self._oldest = unheard[0][:2] if unheard else None
        boots = [entry[0] for entry in held]
        self._acked = {boot: seq for boot, seq in self._acked.items() if boot in boots}

    # -- gaps -----------------------------------------------------------------------------------------------------

    def _lose(self, boot, first, last, why):
        # One gap out of this one and all that it overlaps, or goes on from for the same reason.
        older = 0
        apart = []
        for gap in self._gaps:
            follows = gap[2] >= first or gap[2] == first - 1 and gap[3] == why
            if gap[0] == boot and follows and gap[1] <= last:
                first = min(first, gap[1])
                last = max(last, gap[2])
                older += gap[4]
            else:
                apart.append(gap)
        self._gaps = sorted(apart + [[boot, first, last, why, older]])
        if len(self._gaps) > GAPS:
            self._join_oldest_gaps()
        self._keep_gaps()
        self._find_oldest()

    def _join_oldest_gaps(self):
        # Of one boot: one gap over both, and what lay between is given up. Of two: the older becomes a count.
        oldest = self._gaps.pop(0)
        heir = self._gaps[0]
        heir[4] += oldest[4]
        if oldest[0] == heir[0]:
            heir[1] = oldest[1]
        else:
            heir[4] += oldest[2] - oldest[1] + 1

    def _keep_gaps(self):
        try:
            self._disk.replace(GAPS_FILE, b"".join([_gap_line(*gap)[0] for gap in self._gaps]))
            self._untold = False
        except OSError:
            self._untold = True  # known until the next reset; tried again with the next report

    # -- after a reset --------------------------------------------------------------------------------------------

    def _load(self):
        names = self._disk.names()
        if GAPS_FILE in names:
            self._load_gaps()
        for name in sorted(names):
            boot, dash, first = name.partition("-")
            if dash and not name.endswith(".new"):
                self._load_segment([int(boot, 16), int(first, 16), int(first, 16)])
        self._find_oldest()

    def _load_gaps(self):
        try:
            data = self._disk.read(GAPS_FILE)
        except OSError:
            return
        for part in data.split(b"\n"):
            fields = (wire.body(part, b"~") or {}).get("gap")
            if fields:
                self._gaps.append(fields)

    def _load_segment(self, segment):
        lines, junk = self._read(segment)
        segment[2] = max(lines) + junk if lines else segment[1]
        self._segments.append(segment)
        for gap in self._gaps:  # power went away between telling a gap and removing its segment
            if gap[0] == segment[0] and gap[1] <= segment[1] and segment[2] <= gap[2]:
                self._remove(segment)
                break


def _name(segment):
    return "%08x-%08x" % (segment[0], segment[1])


def _gap_line(boot, first, last, why, older):
    return wire.line('{"gap":[%d,%d,%d,"%s",%d]}' % (boot, first, last, why, older)), last
