"""What becomes of each wish, with a real journal."""

import sqlite3
import time

import pytest
from joined import PILLOW
from soon import until
from test_finder import Lives, Opened, Told, turn

from bridge import virtual, wishes
from bridge.finder import Finder
from bridge.grants import Grants
from bridge.journal import Journal
from bridge.writer import Writer

GLOW = {"effect": "glow", "colour": "#ff6496", "percent": 20, "seconds": 5}


class Obeys:
    """A virtual pillow's program that writes down what it is told."""

    def __init__(self) -> None:
        self.lines = []

    def say(self, line: str) -> bool:
        self.lines.append(line)
        return True


class IsStarting(Obeys):
    def say(self, line: str) -> bool:
        return False


class TakesWishes(Lives):
    def __init__(self, url: str, kind: str) -> None:
        super().__init__(url, kind)
        self.asked = []

    def ask(self, asked) -> None:
        self.asked.append(asked)


class CountedWriter(Writer):
    insisted = 0

    def insist(self, work, key=None):
        self.insisted += 1
        return super().insist(work, key)


class Desk:
    """A bridge's wishes without its threads."""

    def __init__(self, pillow=None, virtual: str = "") -> None:
        self.journal = Journal(":memory:")
        self.opened = Opened(TakesWishes)
        self.finder = Finder(self.opened, Told(), [] if virtual else ["/dev/null"], virtual)
        self.grants = Grants(self.finder, pillow)
        self.now_s = turn(self.finder, time.monotonic(), 1)

    def wish(self, kind: str, body: dict, pillow: str = "", seconds: float = 5) -> int:
        return wishes.make(self.journal, pillow, kind, body, "test", seconds)

    def know(self, pillow: str) -> None:
        self.journal.arrive(pillow, "usb", wishes.now_ms())

    def settle(self) -> None:
        for wish, end in self.grants.ends(self.journal).items():
            wishes.end(self.journal, wish, *end, wishes.now_ms())

    def end(self, wish: int) -> tuple:
        self.settle()
        found = self.journal.wish(wish)
        return found["outcome"], found["why"]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"act": "hug", "seconds": 3}, "hug 3"),
        ({"act": "hug", "seconds": 2.5}, "hug 2.5"),
        ({"act": "shake"}, "shake 5"),
        ({"act": "punch", "seconds": 5}, "punch"),
        ({"act": "throw"}, "throw"),
        ({"act": "unplug", "seconds": 5}, "unplug"),
    ],
)
def test_a_press_becomes_a_line_for_the_virtual_pillow(body, line):
    assert virtual.press(body) == line


@pytest.mark.parametrize("body", [{}, {"act": "eat"}, {"act": "hug", "seconds": 0}, {"act": "hug", "seconds": "x"}])
def test_what_is_no_press_is_refused_with_a_sentence(body):
    desk = Desk(Obeys(), virtual="/dev/null")
    outcome, why = desk.end(desk.wish("press", body))
    assert outcome == "refused"
    assert "use hug" in why or "seconds" in why


def test_a_press_is_done_once_however_often_it_is_looked_at():
    pillow = Obeys()
    desk = Desk(pillow, virtual="/dev/null")
    wish = desk.wish("press", {"act": "punch"}, PILLOW)
    for _ in range(3):
        assert desk.grants.ends(desk.journal) == {wish: ("applied", "")}
    assert pillow.lines == ["punch"]


def test_the_end_of_a_press_is_recorded_once_even_while_the_journal_stalls(tmp_path):
    path = tmp_path / "journal.db"
    pillow = Obeys()
    desk = Desk(pillow, virtual="/dev/null")
    desk.journal = Journal(path)
    writer = CountedWriter(path)
    wish = desk.wish("press", {"act": "punch"}, PILLOW, seconds=20)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(20):
        desk.grants.settle(desk.journal, writer)
    assert len(desk.journal.open_wishes()) == 1
    other.execute("ROLLBACK")
    other.close()
    until(lambda: desk.journal.wish(wish)["outcome"] == "applied")
    assert pillow.lines == ["punch"]
    assert writer.insisted == 1
    writer.stop()
    desk.journal.close()


def test_a_press_waits_for_a_virtual_pillow_that_is_starting():
    desk = Desk(IsStarting(), virtual="/dev/null")
    assert desk.end(desk.wish("press", {"act": "punch"})) == ("", "")


def test_a_real_pillow_cannot_be_pressed_from_here():
    desk = Desk()
    assert desk.end(desk.wish("press", {"act": "punch"}))[0] == "refused"
    assert desk.end(desk.wish("press", {"act": "punch"}, PILLOW))[0] == "refused"


def test_a_release_is_granted_when_the_port_is_closed():
    desk = Desk()
    wish = desk.wish("release", {"port": "/dev/null", "seconds": 60})
    assert desk.end(wish) == ("", "")
    assert desk.opened[0].ending
    assert desk.end(wish) == ("applied", "")
    turn(desk.finder, desk.now_s, 30)
    assert len(desk.opened) == 1


@pytest.mark.parametrize("body", [{}, {"port": "/dev/null"}, {"port": "/dev/null", "seconds": "long"}])
def test_a_malformed_release_is_refused(body):
    desk = Desk()
    assert desk.end(desk.wish("release", body))[0] == "refused"


def test_a_wish_of_a_kind_that_nobody_knows_is_refused():
    desk = Desk()
    wish = desk.journal.add_wish("", "dance", {}, "test", 0, 2**50)
    assert desk.end(wish) == ("refused", "this bridge knows no wish of kind 'dance': update it")


def test_a_wish_that_was_done_does_not_expire_while_its_end_waits_for_the_disk():
    pillow = Obeys()
    desk = Desk(pillow, virtual="/dev/null")
    wish = desk.wish("press", {"act": "punch"}, PILLOW, seconds=0.05)
    assert desk.grants.ends(desk.journal) == {wish: ("applied", "")}
    until(lambda: wishes.now_ms() > desk.journal.wish(wish)["expires_ms"])
    assert desk.grants.ends(desk.journal) == {wish: ("applied", "")}


def test_a_light_is_handed_to_its_pillow_once_and_ends_with_its_answer():
    desk = Desk()
    desk.know(PILLOW)
    wish = desk.wish("light", GLOW, PILLOW)
    for _ in range(3):
        assert desk.end(wish) == ("", "")
    assert [asked.fields for asked in desk.opened[0].asked] == [(wish, "glow", 255, 100, 150, 20, 5)]


def test_a_light_is_handed_over_again_after_the_pillow_came_back():
    desk = Desk()
    desk.know(PILLOW)
    wish = desk.wish("light", GLOW, PILLOW)
    desk.settle()
    desk.opened[0].stop()
    turn(desk.finder, desk.now_s, 5)
    desk.settle()
    assert [asked.wish for asked in desk.opened[1].asked] == [wish]


def test_a_wish_that_nobody_could_do_in_time_expires():
    desk = Desk()
    wish = desk.wish("light", GLOW, "f" * 16, seconds=0)
    assert desk.end(wish) == ("expired", "nobody could do it in time")


@pytest.mark.parametrize("kind", ["hug", "light", "quiet", "name"])
@pytest.mark.parametrize("body", [{}, {"effect": "strobe"}, {"name": "\x00"}, {"from": 5}, {"colour": 7}])
def test_whatever_a_wish_says_it_has_an_end_and_the_others_go_on(kind, body):
    desk = Desk()
    desk.know(PILLOW)
    wish, good = desk.wish(kind, body, PILLOW), desk.wish("name", {"name": "Nimbus"}, PILLOW)
    is_hug = kind == "hug" and "colour" not in body  # a hug needs to say nothing
    assert desk.end(wish)[0] == ("" if is_hug else "refused")
    assert desk.end(good)[0] == "applied"
