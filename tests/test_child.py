"""A program beside the bridge: started, heard, started again."""

import sys

import pytest
from soon import SOON_S, until
from test_finder import Told

from bridge.child import Child
from bridge.errors import Trouble


class Programs:
    """Moves a child on with time that goes as fast as a test likes."""

    def __init__(self, *sources):
        self.told = Told()
        self.sources = list(sources)
        self.child = Child("page", [sys.executable, "-c", self.sources[0]], self.told)
        self.now_s = 0.0

    def step(self):
        self.now_s += 1
        self.child.step(self.now_s)
        return self.told.said


@pytest.fixture
def programs():
    made = []

    def make(source):
        made.append(Programs(source))
        return made[-1]

    yield make
    for one in made:
        one.child.end()
        one.child.wait(SOON_S)


def test_what_cannot_start_the_first_time_is_final_and_says_why(programs):
    page = programs("import sys; print('page: the port is taken: use another', file=sys.stderr); sys.exit(2)")
    with pytest.raises(Trouble, match=r"^the port is taken: use another$"):
        until(page.step)


def test_what_ends_later_is_started_again_and_its_last_words_are_the_reason(programs, capsys):
    page = programs("import sys; print('careful', file=sys.stderr); raise ValueError('nothing works')")
    assert until(page.step) == ["the page ended (exit 1) and is started again: ValueError: nothing works"]
    assert "careful\nTraceback" in capsys.readouterr().err
    until(lambda: page.step() and page.child._starts > 1)


def test_what_cannot_start_again_is_tried_again(programs):
    page = programs("import sys; sys.exit(2)")
    page.child._starts = 1
    assert until(page.step) == ["the page ended (exit 2) and is started again: it did not say why"]


def test_what_it_says_while_it_runs_is_passed_on(programs, capsys):
    page = programs("import sys, time; print('it rains', file=sys.stderr, flush=True); time.sleep(60)")
    said = []

    def heard():
        page.step()
        said.append(capsys.readouterr().err)
        return "it rains\n" in said

    until(heard)


def test_a_flood_on_standard_error_fills_no_memory_and_blocks_nobody(programs, capsys):
    page = programs("import sys; sys.stderr.write('x' * 100_000_00); sys.stderr.write('\\nlast\\n'); sys.exit(1)")
    assert until(page.step) == ["the page ended (exit 1) and is started again: last"]
    assert len(capsys.readouterr().err) < 1_000_000
