import pytest
from joined import RamDisk
from pillow.disk import Disk
from pillow.spool import GAPS, SEGMENT_LINES, SEGMENTS, Spool
from pillow.wire import body, line


def fill(spool, boot, first, last):
    for seq in range(first, last + 1):
        spool.append(boot, seq, report(boot, seq))


def report(boot, seq):
    return line('{"report":[%d,%d,%d,"hugging",90,100,5]}' % (boot, seq, seq))


def drain(spool):
    """What a perfect link would send: [(kind, boot, first, last, why)] until nothing is left."""
    said = []
    while oldest := spool.oldest():
        raw, last = spool.line(*oldest)
        ((kind, fields),) = body(raw, b"~").items()
        said.append((kind, fields[0], fields[1], last, fields[3] if kind == "gap" else ""))
        spool.acked(oldest[0], last)
    return said


def reports(boot, first, last):
    return [("report", boot, seq, seq, "") for seq in range(first, last + 1)]


@pytest.fixture(params=["ram", "files"])
def disk(request, tmp_path):
    return RamDisk() if request.param == "ram" else Disk(str(tmp_path / "spool"))


def test_an_empty_spool_has_nothing_to_send(disk):
    assert Spool(disk).oldest() is None


def test_reports_come_out_as_they_went_in(disk):
    spool = Spool(disk)
    fill(spool, 1, 1, 100)
    assert drain(spool) == reports(1, 1, 100)
    assert spool.oldest() is None


def test_reports_of_several_boots_survive_resets_in_order(disk):
    for boot in (1, 2, 3):
        fill(Spool(disk), boot, 1, 40)
    assert drain(Spool(disk)) == reports(1, 1, 40) + reports(2, 1, 40) + reports(3, 1, 40)


def test_what_is_acknowledged_leaves_the_flash(disk):
    spool = Spool(disk)
    fill(spool, 1, 1, 10 * SEGMENT_LINES)
    spool.acked(1, 10 * SEGMENT_LINES)
    assert disk.names() == []


def test_after_a_reset_at_most_one_segment_is_repeated(disk):
    spool = Spool(disk)
    fill(spool, 1, 1, 100)
    spool.acked(1, 100)
    assert len(drain(Spool(disk))) < SEGMENT_LINES


@pytest.mark.parametrize("reset", [False, True])
def test_a_full_spool_gives_up_the_oldest_and_says_so(disk, reset):
    spool = Spool(disk)
    kept = SEGMENTS * SEGMENT_LINES
    fill(spool, 1, 1, kept + 5 * SEGMENT_LINES)
    expected = [("gap", 1, 1, 5 * SEGMENT_LINES, "full"), *reports(1, 5 * SEGMENT_LINES + 1, kept + 5 * SEGMENT_LINES)]
    assert drain(Spool(disk) if reset else spool) == expected


def test_a_gap_that_is_acknowledged_is_not_told_again(disk):
    spool = Spool(disk)
    fill(spool, 1, 1, (SEGMENTS + 1) * SEGMENT_LINES)
    drain(spool)
    assert all(kind == "report" for kind, *_ in drain(Spool(disk)))


def test_more_lost_boots_than_gaps_are_counted(disk):
    for boot in range(1, SEGMENTS + GAPS + 11):
        fill(Spool(disk), boot, 1, 2)
    spool = Spool(disk)
    raw, _ = spool.line(*spool.oldest())
    assert body(raw, b"~")["gap"] == [11, 1, 2, "full", 20]


def test_a_torn_last_line_is_told_as_damaged():
    disk = RamDisk()
    fill(Spool(disk), 1, 1, 3)
    (name,) = disk.names()
    whole = disk.files[name]
    torn_from = whole.rindex(b"\n~")
    for size in range(torn_from + 2, len(whole) - 1):
        disk.files[name] = whole[:size]
        assert drain(Spool(disk)) == [*reports(1, 1, 2), ("gap", 1, 3, 3, "damaged")]


def test_rot_in_the_middle_costs_only_its_lines():
    disk = RamDisk()
    fill(Spool(disk), 1, 1, 6)
    (name,) = disk.names()
    disk.files[name] = disk.files[name].replace(b"[1,3,", b"[1,8,").replace(b"[1,4,", b"[1,9,")
    assert drain(Spool(disk)) == [*reports(1, 1, 2), ("gap", 1, 3, 4, "damaged"), *reports(1, 5, 6)]


def test_a_flash_that_cannot_be_written_is_told_and_never_raises():
    class Worn(RamDisk):
        worn = False

        def append(self, name, data):
            if self.worn:
                raise OSError(5)
            super().append(name, data)

    disk = Worn()
    spool = Spool(disk)
    fill(spool, 1, 1, 2)
    disk.worn = True
    fill(spool, 1, 3, 4)
    disk.worn = False
    fill(spool, 1, 5, 5)
    assert drain(spool) == [*reports(1, 1, 2), ("gap", 1, 3, 4, "flash"), *reports(1, 5, 5)]


def test_power_lost_between_telling_a_gap_and_removing_its_segment_doubles_nothing():
    class StopsRemoving(RamDisk):
        stopped = False

        def remove(self, name):
            if self.stopped:
                raise OSError(5)
            super().remove(name)

    disk = StopsRemoving()
    spool = Spool(disk)
    fill(spool, 1, 1, SEGMENTS * SEGMENT_LINES)
    disk.stopped = True
    fill(spool, 1, SEGMENTS * SEGMENT_LINES + 1, SEGMENTS * SEGMENT_LINES + 1)
    disk.stopped = False
    said = drain(Spool(disk))
    assert said[0] == ("gap", 1, 1, SEGMENT_LINES, "full")
    assert said[1:] == reports(1, SEGMENT_LINES + 1, SEGMENTS * SEGMENT_LINES + 1)


def test_a_host_that_lost_its_journal_hears_what_is_still_there():
    spool = Spool(RamDisk())
    fill(spool, 1, 1, SEGMENT_LINES + 5)
    spool.acked(1, SEGMENT_LINES + 5)
    spool.rewind(1, 1)
    raw, last = spool.line(1, 1)
    assert body(raw, b"~")["gap"] == [1, 1, SEGMENT_LINES, "acked", 0]
    assert drain(spool) == reports(1, last + 1, SEGMENT_LINES + 5)


def test_an_ack_for_more_than_there_is_counts_for_what_there_is():
    spool = Spool(RamDisk())
    fill(spool, 1, 1, 3)
    assert spool.acked(1, 99)
    fill(spool, 1, 4, 4)
    assert spool.oldest() == (1, 4)


def test_a_boot_number_below_one_in_the_spool_can_be_noticed():
    disk = RamDisk()
    fill(Spool(disk), 41, 1, 1)
    assert Spool(disk).newest_boot() == 41
