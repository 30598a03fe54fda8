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
