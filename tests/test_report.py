import pytest

from bridge import report
from bridge.report import Gap, Report
from bridge.strict import Malformed

PILLOW = "00112233aabbccdd"
GOOD = [3, 17, 81_234, "hugging", 92, 410, 5_000]


def test_good_fields_are_a_report():
    assert report.report(PILLOW, GOOD) == Report(PILLOW, 3, 17, 81_234, "hugging", 92, 410, 5_000)


def test_fields_that_a_newer_pillow_adds_are_ignored():
    assert report.report(PILLOW, [*GOOD, "new", 7]) == report.report(PILLOW, GOOD)


@pytest.mark.parametrize("place", range(len(GOOD)))
@pytest.mark.parametrize("bad", [None, True, -1, 2**64, 1.5, "", "<script>", [], {}, "notconnected"])
def test_one_bad_field_costs_the_report(place, bad):
    with pytest.raises(Malformed, match="got"):
        report.report(PILLOW, [*GOOD[:place], bad, *GOOD[place + 1 :]])


def test_too_few_fields_are_no_report():
    with pytest.raises(Malformed, match="expected 7 fields, got 6"):
        report.report(PILLOW, GOOD[:6])


def test_a_gap_covers_what_it_says():
    assert report.gap(PILLOW, [3, 5, 9, "full", 0]) == Gap(PILLOW, 3, 5, 9, "full", 0)
    with pytest.raises(Malformed):
        report.gap(PILLOW, [3, 9, 5, "full", 0])


@pytest.mark.parametrize("pillow", ["", "00112233AABBCCDD", "0" * 15, "0" * 17, "<b>00112233aabb", 7])
def test_a_pillow_is_sixteen_hex_digits(pillow):
    with pytest.raises(Malformed, match="hex digits"):
        report.hello([0, 1, pillow, 1, "00000001", "1.0.0", "power", 5])
