"""The model of a pillow on a battery: its page says what it says, and it is in nobody's favour."""

import pytest
from test_imports import ROOT

from bench.battery import BATTERIES, Day, days, table


def test_the_page_shows_the_table_that_the_model_prints():
    page = (ROOT / "docs" / "battery.md").read_text(encoding="utf-8")
    assert "\n".join(table()) in page


@pytest.mark.parametrize("battery", BATTERIES.values())
def test_sleep_never_costs_and_play_never_saves(battery):
    def lasts(plays, minutes):
        return days(battery, Day(plays, minutes, 0.04, 0.0))

    assert lasts(5, 5) > lasts(5, 15) > lasts(5, 240) >= 0.9 * lasts(5, 0)
    assert lasts(0, 5) > lasts(5, 5) > lasts(20, 5) > lasts(100, 5)


def test_a_pillow_that_never_sleeps_is_awake_all_day():
    assert Day(5, 0, 0, 0).awake_h == Day(1_000, 15, 0, 0).awake_h == 24.0
    assert days(2_000, Day(0, 0, 0, 0)) == pytest.approx(1600 / (24 * 71.9 + 2), rel=0.001)
