"""Pulling the cable in the middle of a hug: what happened meanwhile is told once, in order, as of when it happened."""

import sys
import time

import pytest
from interpreters import micropython
from plugged import plugged
from soon import START_S, until
from whole import Whole

CLOSE_MS = 700  # a gesture is recognised within half a second, and its time is known to a few ms

INTERPRETERS = {"cpython": lambda: sys.executable, "micropython": micropython}


@pytest.fixture
def board(request, tmp_path):
    with plugged(tmp_path, INTERPRETERS[getattr(request, "param", "cpython")]()) as board:
        yield board


@pytest.fixture
def home(board, tmp_path):
    whole = Whole(tmp_path / "data", "run", "--port", str(board.link))
    try:
        until(lambda: whole.shown() == "neutral")
        yield whole
    finally:
        whole.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def reports(home: Whole) -> list[dict]:
    return home.ask("/api/reports?after=0&limit=500")


def told(home: Whole, gesture: str) -> dict:
    """The newest report, once it is of this gesture."""
    return until(lambda: (rows := reports(home)) and rows[-1]["gesture"] == gesture and rows[-1])


def check_once_and_in_order(rows: list[dict]) -> None:
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert len({(row["pillow"], row["boot"]) for row in rows}) == 1
    assert [row["at_ms"] for row in rows] == sorted(row["at_ms"] for row in rows)


@pytest.mark.parametrize("board", INTERPRETERS, indirect=True)
def test_pulled_in_the_middle_of_a_hug_its_end_is_told_as_of_then(board, home):
    board.tell("hug 4")
    until(lambda: home.shown() == "hugging")
    hug = told(home, "hugging")
    board.tell("unplug")
    until(lambda: home.shown() == "notconnected")
    until(lambda: now_ms() > hug["at_ms"] + 6_500)  # the hug ends while nobody is there
    back_ms = now_ms()
    board.tell("plug")
    end = told(home, "neutral")
    check_once_and_in_order(reports(home))
    assert abs(end["at_ms"] - end["duration_ms"] - hug["at_ms"]) <= end["err_ms"] + hug["err_ms"] + CLOSE_MS
    assert end["at_ms"] < back_ms - 1_000
    assert end["late"]
    until(lambda: home.shown() == "neutral")


def test_a_hug_while_it_was_pulled_is_no_news_but_a_memory(board, home):
    board.tell("unplug")
    until(lambda: home.shown() == "notconnected")
    began_ms = now_ms()
    board.tell("hug 3")
    until(lambda: now_ms() > began_ms + 5_500)
    back_ms = now_ms()
    board.tell("plug")
    shown = set()
    while not (rows := reports(home)) or rows[-1]["gesture"] != "neutral":
        shown.add(home.shown())
        assert now_ms() < back_ms + START_S * 1000
    check_once_and_in_order(rows)
    hugs = [row for row in rows if row["gesture"] == "hugging"]
    assert len(hugs) == 1
    assert hugs[0]["late"]
    assert began_ms - CLOSE_MS < hugs[0]["at_ms"] < back_ms - 1_000
    assert shown <= {"neutral", "notconnected"}


def test_a_power_cut_in_the_middle_of_a_hug_loses_nothing_that_was_told(board, home):
    board.tell("hug 60")
    until(lambda: home.shown() == "hugging")
    before = reports(home)
    board.tell("power")
    until(lambda: home.ask("/api/state")["pillows"][0]["gesture"] != "hugging")
    board.tell("shake 5")
    shake = told(home, "shaking")
    assert reports(home)[: len(before)] == before
    assert shake["boot"] == before[-1]["boot"] + 1
    assert next(row["seq"] for row in reports(home) if row["boot"] == shake["boot"]) == 1
