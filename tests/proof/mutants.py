"""Seeded bugs: each is one place of the product's own source, written wrongly. A rig that misses one proves nothing.

A mutant is a module, the text that is there, and the text that takes its place. The rig loads the product with it and
runs seeds until the checker objects.
"""

import importlib
import importlib.util
import multiprocessing
import sys
from dataclasses import dataclass
from pathlib import Path

DAY_EVERY = 10  # seeds between two days without a computer


@dataclass(frozen=True)
class Mutant:
    name: str
    module: str
    there: str
    instead: str
    rig: str = "world"  # guest: its seeds with two pillows; diary: the way through the queue


MUTANTS = (
    Mutant(
        "ack before commit",
        "bridge.boots",
        "        boot.accepted = said.seq\n        return [Said(dated)]",
        "        boot.accepted = boot.committed = said.seq\n        self._owed.acks[said.boot] = said.seq\n        return [Said(dated)]",
    ),
    Mutant(
        "ack a failed commit",
        "bridge.conversation",
        "        if future.exception() is not None:\n            self._give_back(said)\n            return",
        "        if future.exception() is not None:\n            for one in said:\n                self.session.committed(one.said.boot, one.said.seq)\n            return",
    ),
    Mutant(
        "a failed commit is not given back",
        "bridge.boots",
        "        boot.accepted = boot.committed\n",
        "        pass\n",
    ),
    Mutant("no boot id", "pillow.report", "        self.boot = boot", "        self.boot = 1"),
    Mutant("accept gaps", "bridge.boots", "if said.first > boot.accepted + 1:", "if said.first > boot.accepted + 999:"),
    Mutant(
        "journal accepts gaps",
        "bridge.journal",
        "if said.first <= marks[stream] + 1 <= said.seq:",
        "if marks[stream] + 1 <= said.seq:",
    ),
    Mutant("no check on append", "bridge.journal", "if said.first <= marks[stream] + 1 <= said.seq:", "if True:"),
    Mutant(
        "RAM-only spool",
        "pillow.spool",
        "            self._disk.append(_name(segment), line)",
        "            self._lines_of(segment)[seq] = line",
    ),
    Mutant("8-bit sequence", "pillow.report", "        self.seq += 1", "        self.seq = self.seq % 120 + 1"),
    Mutant(
        "dedup window",
        "bridge.journal",
        "            return int(found[0])\n        oldest",
        "            return int(found[0]) if found[0] < 9 else 0\n        oldest",
    ),
    Mutant(
        "dedup in RAM",
        "bridge.journal",
        '            "INSERT INTO mark (pillow, boot, seq) VALUES (?,?,?) ON CONFLICT DO UPDATE SET seq = excluded.seq"',
        '            "INSERT INTO mark (pillow, boot, seq) VALUES (?,?,?) ON CONFLICT DO UPDATE SET seq = seq"',
    ),
    Mutant(
        "forget high-water at restart",
        "bridge.store",
        "        if self._version() > len(STEPS):",
        "        if self._version() == len(STEPS):\n            self._db.execute('DELETE FROM mark')\n        if self._version() > len(STEPS):",
    ),
    Mutant(
        "retransmit timer never fires",
        "pillow.link",
        "elif self._cursor > seq and now_ms >= self._resend_ms:",
        "elif False:",
    ),
    Mutant(
        "bridge ignores CRC",
        "bridge.wire",
        'raw[-9:-8] != b"*" or raw[-8:] != b"%08x" % crc32(raw[:-9])',
        'raw[-9:-8] != b"*"',
    ),
    Mutant(
        "pillow ignores CRC",
        "pillow.wire",
        'line[-9:-8] != b"*" or line[-8:] != b"%08x" % crc32(line[:-9])',
        'line[-9:-8] != b"*"',
    ),
    Mutant("newest boot first", "pillow.spool", "unheard[0][:2] if unheard", "unheard[-1][:2] if unheard"),
    Mutant(
        "forget what is not acknowledged",
        "pillow.spool",
        "if entry[0] == boot and entry[2] <= seq]:",
        "if entry[0] == boot and entry[1] <= seq]:",
    ),
    Mutant(
        "overflow without a word",
        "pillow.spool",
        '            self._lose(boot, first, last, "full")',
        "            pass",
    ),
    Mutant("a gap does not survive a reset", "pillow.spool", "        if GAPS_FILE in names:", "        if False:"),
    Mutant(
        "old news moves the face",
        "bridge.journal",
        "if isinstance(said, Report) and not entry.late:",
        "if isinstance(said, Report) and entry.late:",
    ),
    Mutant("another boot's clock", "bridge.session", "        if boot != self.hello.boot:", "        if False:"),
    Mutant("no drift between anchors", "bridge.clock", "        if before and after:", "        if False:"),
    Mutant(
        "the wall clock is never wrong",
        "bridge.clock",
        "return anchor.wall_ms + away, anchor.err_ms + _drift(abs(away))",
        "return anchor.wall_ms + away, 0",
    ),
    Mutant(
        "boots never go back",
        "pillow.spool",
        "            if dash and not name.endswith",
        "            if dash and self._segments == [] and not name.endswith",
    ),
    Mutant(
        "acks count for every boot",
        "pillow.spool",
        "        self._acked[boot] = seq\n        self._forget(boot, seq)",
        "        self._acked[boot] = seq\n        [self._forget(entry[0], seq) for entry in self._segments[:]]",
    ),
    Mutant(
        "welcomed once, welcome for ever",
        "bridge.session",
        "        self._welcomed = False\n        self._pings_left = PINGS_FIRST\n        return",
        "        return",
    ),
    Mutant(
        "half a commit",
        "bridge.writer",
        "        with journal.savepoint():\n            return job.work(journal)",
        "        journal._db.execute('COMMIT')\n        result = job.work(journal)\n        journal._db.execute('BEGIN')\n        return result",
    ),
    Mutant(
        "the tick count never wraps",
        "pillow.uptime",
        "(ticks - self._ticks) & _TICKS_MASK",
        "ticks - self._ticks",
    ),
    Mutant(
        "a full segment is written over",
        "pillow.spool",
        "seq - newest[1] < SEGMENT_LINES:",
        "seq - newest[1] <= SEGMENT_LINES:",
    ),
    Mutant(
        "acks for whoever is there",
        "bridge.conversation",
        "            if pillow != self.pillow:\n                continue\n",
        "",
        "guest",
    ),
    Mutant(
        "the cursor moves before the queue has it",
        "bridge.forwarder",
        "        parcel = self._parcels[0]\n",
        "        parcel = self._parcels[0]\n        self._out.sent(parcel, mono_ms)\n",
        "diary",
    ),
    Mutant(
        "an error counts as sent",
        "bridge.forwarder",
        "            self._unreachable(error, mono_ms)\n",
        "            self._unreachable(error, mono_ms)\n            self._sent(parcel, mono_ms)\n",
        "diary",
    ),
    Mutant(
        "a bridge begins behind what it has",
        "bridge.outgoing",
        "        row = journal.cursor(CURSOR)\n",
        "        row = journal.newest_row()\n",
        "diary",
    ),
    Mutant(
        "a part counts as the whole",
        "bridge.outgoing",
        'Parcel(f"[{event.text}]", (event,), event.row, 0) for event in self.events',
        'Parcel(f"[{event.text}]", (event,), self.row, self.post) for event in self.events',
        "diary",
    ),
    Mutant(
        "delete before commit",
        "web.collector",
        "        if self._publish:\n",
        "        self._delete(received)\n        if self._publish:\n",
        "diary",
    ),
    Mutant(
        "what comes first is all there is",
        "web.intake",
        "            if event.said.first > marks[stream] + 1:",
        "            if False:",
        "diary",
    ),
    Mutant(
        "nobody waits for what was overtaken",
        "web.collector",
        "min(now_s - HOLD_S, self._all_seen_s - self._visible_s)",
        "now_s",
        "diary",
    ),
    Mutant(
        "what was not looked at is not there",
        "web.collector",
        "            self._unsure_until_s = now_s + self._visible_s\n",
        "",
        "diary",
    ),
    Mutant(
        "rubbish is left for ever",
        "web.collector",
        "        if received.seen < SEEN_MOST:",
        "        if True:",
        "diary",
    ),
    Mutant(
        "an old word about the face",
        "bridge.hearsay",
        'state.stamp < before["stamp"]',
        "False",
        "diary",
    ),
)


def load(mutant):
    """Make the product of this process have the bug.

    Raises:
        LookupError: the source is not as the mutant says, or was loaded before, so that nobody would see the bug.
    """
    if mutant.module in sys.modules:
        raise LookupError(f"{mutant.name}: {mutant.module} is loaded without the bug")
    spec = importlib.util.find_spec(mutant.module)
    source = Path(spec.origin).read_text()
    if source.count(mutant.there) != 1:
        raise LookupError(f"{mutant.name}: {mutant.module} has {source.count(mutant.there)} places to change, not 1")
    module = importlib.util.module_from_spec(spec)
    sys.modules[mutant.module] = module
    parent, _, name = mutant.module.rpartition(".")
    setattr(importlib.import_module(parent), name, module)
    exec(compile(source.replace(mutant.there, mutant.instead), spec.origin, "exec"), module.__dict__)


def hunt_apart(mutant, seeds):
    """`hunt` in a process of its own, which has the bug and goes away with it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(hunt, (mutant, seeds))


def hunt(mutant, seeds):
    """Load the bug into this process and run seeds until one is caught. Returns (seed, first violation) or None."""
    load(mutant)
    from proof import day, diary, world  # only now: they must see the mutant

    run = diary.run if mutant.rig == "diary" else world.run
    for seed in map(world.guest_seed, seeds) if mutant.rig == "guest" else seeds:
        try:
            wrong, _, _ = run(seed)
            if seed % DAY_EVERY == 0 and run is world.run:
                wrong += day.run(seed)
        except Exception as error:  # a bug may also break the program: that is noticed, too
            return seed, f"{type(error).__name__}: {error}"
        if wrong:
            return seed, wrong[0]
    return None
