"""The link on real pseudo terminals, with a real pillow's stages at the far end and a real journal."""

import sqlite3
import time

import pytest
from desk import PillowOnDesk, Plug
from joined import PILLOW
from soon import SOON_S, until

from bridge import link as link_module
from bridge import session
from bridge.diagnosis import Refusal
from bridge.journal import Journal
from bridge.link import Asked, Link
from bridge.ports import open_port
from bridge.present import Present
from bridge.troubles import Troubles
from bridge.wishes import make
from bridge.writer import Writer


class Home:
    """A bridge's journal, and what a test looks at it with."""

    def __init__(self, path) -> None:
        self.path = path
        self.journal = Journal(path)
        self.writer = Writer(path)
        self.troubles = Troubles(self.writer)
        self.present = Present()
        self.links = []

    def link(self, url: str) -> Link:
        link = Link(url, "usb", self.writer, self.path, self.troubles, self.present)
        self.links.append(link)
        link.start()
        return link

    def shown(self) -> str:
        return next((row["gesture"] for row in self.journal.pillows()), "")

    def gestures(self) -> list:
        return [row["gesture"] for row in self.journal.rows_after(0)]

    def close(self) -> None:
        for link in self.links:
            link.stop()
        for link in self.links:
            link.join(5)
        self.writer.stop()
        self.journal.close()


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "journal.db")
    yield home
    home.close()


@pytest.fixture
def pillow():
    pillow = PillowOnDesk()
    yield pillow
    pillow.pull()


@pytest.fixture
def plug():
    plug = Plug()
    yield plug
    plug.pull()


def test_a_pillow_is_known_by_its_hello(home, pillow):
    link = home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    assert link.pillow == PILLOW
    assert home.journal.pillows()[0]["link"] == "usb"
    assert home.journal.pillows()[0]["version"] == "1.0.0"


def test_a_hug_is_in_the_journal_once_and_then_forgotten_by_the_pillow(home, pillow):
    home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    pillow.feel("hugging")
    pillow.feel("neutral")
    until(lambda: home.gestures() == ["hugging", "neutral"])
    until(pillow.has_told_all)
    assert home.gestures() == ["hugging", "neutral"]


def test_the_face_shows_a_hug_within_a_moment(home, pillow):
    home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    pillow.feel("hugging")
    until(lambda: home.shown() == "hugging")


def test_a_pulled_cable_shows_without_a_wait_for_silence_and_ends_the_link(home, pillow, monkeypatch):
    monkeypatch.setattr(session, "SILENT_MS", 3_600_000)
    link = home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    pillow.pull()
    until(lambda: home.shown() == "notconnected")
    assert until(lambda: link.ending).refusal is None


def test_a_hug_while_unplugged_is_told_once_after_replugging(home, pillow):
    home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    pillow.pull()
    pillow.pillow.feel("hugging", time.monotonic_ns() // 1_000_000)
    again = PillowOnDesk(pillow.pillow.disk)
    try:
        home.link(again.url)
        until(again.has_told_all)
        assert home.gestures() == ["hugging"]
    finally:
        again.pull()


def test_a_stalled_journal_costs_no_beat_and_no_report(home, pillow, capsys):
    home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    other = sqlite3.connect(home.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # as a backup program does that hangs
    unheard_s = time.monotonic() + session.SILENT_MS / 1000 + 1.0  # whoever waits for the journal is deaf by then
    pillow.feel("hugging")
    until(lambda: "the journal cannot be written (database is locked): free some space" in capsys.readouterr().err)
    until(lambda: time.monotonic() > unheard_s)
    assert not pillow.has_told_all()
    other.execute("ROLLBACK")
    other.close()
    until(pillow.has_told_all)
    assert home.gestures() == ["hugging"]
    until(lambda: home.journal.troubles() == [])
    assert [row["here"] for row in home.journal.presence_between(0, 2**53)] == [1]


def test_what_says_no_hello_is_a_stranger(home, plug, monkeypatch):
    monkeypatch.setattr(session, "STRANGER_MS", 300)
    link = home.link(plug.url)
    assert until(lambda: link.ending).refusal is Refusal.STRANGER
    open_port(plug.url).close()
    assert home.journal.pillows() == []


def test_a_port_that_falls_mute_is_let_go_of_and_can_be_opened_anew(home, plug, monkeypatch):
    monkeypatch.setattr(link_module, "MUTE_MS", 300)
    link = home.link(plug.url)
    ending = until(lambda: link.ending)
    assert (ending.refusal, ending.reason) == (None, "nothing was heard any more")
    open_port(plug.url).close()


def test_a_port_that_is_not_there_ends_the_link_with_the_reason(home, tmp_path):
    link = home.link(str(tmp_path / "missing"))
    ending = until(lambda: link.ending)
    assert (ending.refusal, ending.reason) == (Refusal.ABSENT, "No such file or directory")


def test_a_stopped_link_has_let_go_of_its_port(home, pillow):
    link = home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    link.stop()
    link.join(SOON_S)
    assert link.ending.reason == "stopped"
    open_port(pillow.url).close()
    until(lambda: home.shown() == "notconnected")


def test_what_a_board_prints_is_kept_as_console(home, pillow):
    home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    pillow.print("\nOSError: [Errno 19] ENODEV\r\n")
    until(lambda: [line["text"] for line in home.journal.console_tail()] == ["OSError: [Errno 19] ENODEV"])
    assert home.journal.console_tail()[0]["source"] == pillow.url


def test_a_wish_reaches_the_pillow_and_ends_as_applied(home, pillow):
    link = home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    wish = make(home.journal, PILLOW, "light", {}, "test", 60)
    link.ask(Asked(wish, "light", (wish, "glow", 255, 100, 150, 20, 5), 60))
    until(lambda: home.journal.wish(wish)["outcome"] == "applied")
    assert pillow.pillow.lights == [(wish, "glow", 255, 100, 150, 20, 5)]


def test_too_many_wishes_at_once_are_refused_and_not_forgotten(home, pillow):
    link = home.link(pillow.url)
    until(lambda: home.shown() == "neutral")
    made = [make(home.journal, PILLOW, "light", {}, "test", 60) for _ in range(3 * session.WISHES)]
    for wish in made:
        link.ask(Asked(wish, "light", (wish, "glow", 255, 100, 150, 20, 5), 60))
    until(lambda: home.journal.open_wishes() == [])
    outcomes = {home.journal.wish(wish)["outcome"] for wish in made}
    assert outcomes <= {"applied", "refused"}
    assert len(pillow.pillow.lights) >= session.WISHES
