"""Compares what happened on the pillow with what the journal holds; shares no code with the product."""

# A flash that fails twice, for a report and for the gap that tells of it, can only guess why after a reset.
REASONS = {"full": "overflow", "damaged": ("cut", "rot", "flash"), "flash": "flash", "acked": ("rot", "flash")}


def violations(truth, rows, harms, timed):
    """What went wrong, as sentences; nothing when all is well.

    Args:
        truth: what the pillow felt, in order: dicts of boot, seq, gesture, uptime_ms, wall_ms, and `sure`: False when
            power went away while it was being written down.
        rows: the journal's rows in order.
        harms: how often each kind of harm was done.
        timed: whether times are to be checked: the wall clock was never set.
    """
    wrong = []
    felt = {(one["boot"], one["seq"]): one for one in truth}
    wrong += _order(rows, harms)
    told, gaps = {}, {}
    for row in rows:
        for seq in range(row["first"], row["seq"] + 1):
            identity = row["boot"], seq
            if identity in told or identity in gaps:
                wrong.append(f"doubled: {identity}")
            (gaps if row["gesture"] == "gap" else told)[identity] = row
    wrong += [f"invented: {identity}" for identity in told if identity not in felt]
    for identity, one in felt.items():
        if identity in told:
            wrong += _same(one, told[identity], timed)
    wrong += _unforced(felt, gaps, harms)
    return wrong + list(_counted(felt, rows, gaps, told, harms))


def _order(rows, harms):
    """Of each pillow, boots never go back, and within a boot nothing is passed over.

    Only a gap may be told late: one that a failing flash could not note as counted before power went away.
    """
    last = (0, 0)
    for row in rows:
        boot, first = row["boot"], row["first"]
        if row["gesture"] == "gap" and boot < last[0] and harms["forgotten"]:
            continue
        expected = last[1] + 1 if boot == last[0] else 1
        if boot < last[0] or first != expected:
            yield f"out of order: {boot}/{first} after {last[0]}/{last[1]}"
        last = boot, row["seq"]


def _same(one, row, timed):
    for key in ("gesture", "uptime_ms"):
        if row[key] != one[key]:
            yield f"changed: {one['boot']}/{one['seq']} {key} {one[key]!r} became {row[key]!r}"
    if timed and abs(row["at_ms"] - one["wall_ms"]) > row["err_ms"]:
        yield f"misdated: {one['boot']}/{one['seq']} by {row['at_ms'] - one['wall_ms']} ms, bound {row['err_ms']}"


def _unforced(felt, gaps, harms):
    """A gap needs a harm that forced it."""
    for identity, row in gaps.items():
        reasons = REASONS[row["why"]]
        forced = [reasons] if isinstance(reasons, str) else reasons
        if not any(harms[kind] for kind in forced):
            yield f"unforced gap: {identity} {row['why']}"


def _counted(felt, rows, gaps, told, harms):
    """What is neither told nor named in a gap must be in some gap's count of older ones (which may count one twice).

    No word is possible of what a failing flash could not write down before power went away.
    """
    last = {row["boot"]: row["seq"] for row in rows}
    missing = [
        identity
        for identity, one in felt.items()
        if one["sure"] and identity not in told and identity not in gaps and not _rotted(identity, last, harms)
    ]
    older = sum(row["strength"] for row in rows if row["gesture"] == "gap")
    if len(missing) > older and not harms["forgotten"]:
        yield f"lost: {len(missing)} reports, {older} of them counted in gaps: {missing[:5]}"


def _rotted(identity, last, harms):
    """Rot at the end of a boot's last file leaves no trace of how many there were: it is told as one or more."""
    boot, seq = identity
    return bool(harms["rot"]) and seq > last.get(boot, 0)


CARRIED = ("gesture", "uptime_ms", "confidence", "strength", "duration_ms", "at_ms", "err_ms", "why", "heard_ms")


def carried(home, away):
    """What went wrong on the way from one journal to another, as sentences; nothing when all is well.

    Args:
        home: the rows of the journal that was sent, in order.
        away: those of the journal that it was sent to.
    """
    wrong = []
    for boot in {(row["pillow"], row["boot"]) for row in [*home, *away]}:  # each in itself
        sent = [row for row in home if (row["pillow"], row["boot"]) == boot]
        here = [row for row in away if (row["pillow"], row["boot"]) == boot]
        names, found = [_name(row) for row in sent], [_name(row) for row in here]
        wrong += [f"lost on the way: {name}" for name in sorted({*names} - {*found})[:5]]
        wrong += [f"invented on the way: {name}" for name in sorted({*found} - {*names})[:5]]
        if len(set(found)) < len(found):
            wrong.append("doubled on the way")
        elif not wrong and found != names:
            wrong.append(f"out of order on the way: {found[:9]} instead of {names[:9]}")
        elif not wrong:
            wrong += _changed(sent, here)
    return wrong


def _name(row):
    return row["boot"], row["first"], row["seq"]


def _changed(sent, here):
    for one, other in zip(sent, here):
        for key in CARRIED:
            if one[key] != other[key]:
                yield f"changed on the way: {_name(one)} {key} {one[key]!r} became {other[key]!r}"
        if one["late"] > other["late"]:
            yield f"changed on the way: {_name(one)} is late and was told as news"
