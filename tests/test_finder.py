"""The finder: with real links on pseudo terminals, and with links named for how they end, on a clock of our own."""

import time

import pytest
from desk import PillowOnDesk
from joined import PILLOW, RamDisk
from soon import SOON_S, until

from bridge import finder as finder_module
from bridge.diagnosis import Refusal
from bridge.finder import AGAIN_MOST_S, GRACE_S, STRANGER_S, Finder
from bridge.journal import Journal
from bridge.link import Ending, Link
from bridge.present import Present
from bridge.troubles import Troubles
from bridge.writer import Writer


class Lives:
    """A link that stays open until it is told to stop; on it is the pillow `pillow`."""

    pillow = PILLOW
    refusal = ""

    def __init__(self, url: str, kind: str) -> None:
        self.url, self.kind = url, kind
        self.ending = None
        self.is_replaced = False

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self.ending = Ending(None, "stopped")


class SpeaksAnotherWire(Lives):
    refusal = "pillow 1 speaks wire 9, this bridge 1: run `make flash`"


class GreetsAndGoes(Lives):
    def start(self) -> None:
        self.ending = Ending(None, "unplugged")


class NeverHellos(Lives):
    pillow = ""

    def start(self) -> None:
        self.ending = Ending(Refusal.STRANGER, "")


class IsBusy(Lives):
    pillow = ""

    def start(self) -> None:
        self.ending = Ending(Refusal.BUSY, "")


class Opened(list):
    """Opens links of one behaviour and remembers them."""

    def __init__(self, behaviour) -> None:
        self.behaviour = behaviour

    def __call__(self, url: str, kind: str):
        self.append(self.behaviour(url, kind))
        return self[-1]


class Told:
    """Troubles that are only remembered."""

    def __init__(self) -> None:
        self.said = []
        self.now = {}

    def tell(self, name: str, sentence: str) -> None:
        if self.now.get(name) != sentence:
            self.said.append(sentence)
        self.now[name] = sentence

    def clear(self, name: str) -> None:
        self.now.pop(name, None)


@pytest.fixture
def told():
    return Told()


def turn(finder: Finder, start_s: float, seconds: float) -> float:
    """Let time pass in the steps of the bridge; return the time reached."""
    for quarter in range(round(seconds * 4)):
        finder.step(start_s + quarter / 4)
    return start_s + seconds


def test_no_port_at_all_is_told_once_and_taken_back(told):
    there = []
    finder = Finder(Opened(Lives), told, candidates=lambda: there)
    now = turn(finder, 100, GRACE_S)
    assert told.said == []
    now = turn(finder, now, 60)
    assert told.said == [
        "no pillow is plugged in: use a USB cable that carries data (a charge-only cable shows nothing here)"
    ]
    there.append("/dev/null")
    turn(finder, now, 2)
    assert told.now == {}


def test_a_board_that_is_away_for_the_length_of_a_reset_is_no_trouble(told):
    there = ["/dev/null"]
    finder = Finder(Opened(Lives), told, candidates=lambda: there)
    now = turn(finder, 0, 10)
    there.clear()
    now = turn(finder, now, GRACE_S - 1)
    there.append("/dev/null")
    turn(finder, now, 10)
    assert told.said == []


def test_a_live_link_is_left_alone(told):
    opened = Opened(Lives)
    turn(Finder(opened, told, candidates=lambda: ["/dev/null"]), 0, 60)
    assert len(opened) == 1


def test_what_is_no_pillow_is_told_once_and_tried_again_every_half_minute(told):
    opened = Opened(NeverHellos)
    turn(Finder(opened, told, candidates=lambda: ["/dev/null"]), 0, 10 * STRANGER_S)
    assert told.said == ["what is on /dev/null does not answer as a pillow: if it is one, run `make flash`"]
    assert 9 <= len(opened) <= 10


def test_a_busy_port_is_told_once_and_tried_less_and_less_often(told):
    opened = Opened(IsBusy)
    turn(Finder(opened, told, candidates=lambda: ["/dev/null"]), 0, 60)
    assert len(told.said) == 1
    assert 60 / AGAIN_MOST_S <= len(opened) <= 60 / AGAIN_MOST_S + 8


def test_a_loose_plug_is_taken_again_each_time_within_two_seconds(told):
    opened = Opened(GreetsAndGoes)
    turn(Finder(opened, told, candidates=lambda: ["/dev/null"]), 0, 60)
    assert len(opened) >= 30


def test_a_pillow_that_cannot_be_spoken_with_is_told_and_its_link_kept(told):
    opened = Opened(SpeaksAnotherWire)
    turn(Finder(opened, told, candidates=lambda: ["/dev/null"]), 0, 30)
    assert told.said == [SpeaksAnotherWire.refusal]
    assert len(opened) == 1


def test_a_port_that_vanishes_takes_its_trouble_along(told):
    there = ["/dev/null", "/dev/zero"]
    opened = Opened(NeverHellos)
    finder = Finder(opened, told, candidates=lambda: there)
    now = turn(finder, 0, 5)
    there.remove("/dev/null")
    turn(finder, now, STRANGER_S + 2)
    assert list(told.now) == ["/dev/zero"]


def test_a_port_asked_for_that_is_not_there_is_told_and_then_found(told, tmp_path):
    port = tmp_path / "ttyUSB0"
    opened = Opened(Lives)
    finder = Finder(opened, told, [str(port)], candidates=lambda: ["/dev/null"])
    now = turn(finder, 0, 10)
    assert told.said == [f"there is no port {port}: plug the pillow in, or leave out --port and it is looked for"]
    assert opened == []
    port.touch()
    turn(finder, now, 1)
    assert [link.url for link in opened] == [str(port)]
    assert told.now == {}


def test_the_kind_of_a_link_goes_by_its_port(told):
    opened = Opened(Lives)
    turn(Finder(opened, told, ["socket://pi:1", "/dev/null"]), 0, 1)
    turn(Finder(opened, told, virtual="/dev/zero"), 0, 1)
    assert [(link.url, link.kind) for link in opened] == [
        ("socket://pi:1", "wifi"),
        ("/dev/null", "usb"),
        ("/dev/zero", "virtual"),
    ]


def test_a_virtual_pillow_that_starts_slowly_is_not_given_up(told):
    opened = Opened(NeverHellos)
    turn(Finder(opened, told, virtual="/dev/null"), 0, 60)
    assert len(opened) >= 60 / AGAIN_MOST_S


def test_a_released_port_is_closed_and_left_alone_for_so_long(told):
    opened = Opened(Lives)
    finder = Finder(opened, told, candidates=lambda: ["/dev/null"])
    now = turn(finder, 0, 2)
    assert not finder.release("/dev/null", 20, now)
    assert finder.release("/dev/null", 20, now)
    now = turn(finder, now, 19)
    assert len(opened) == 1
    turn(finder, now, 3)
    assert len(opened) == 2


def test_a_released_port_is_taken_again_when_that_is_wished(told):
    opened = Opened(Lives)
    finder = Finder(opened, told, candidates=lambda: ["/dev/null"])
    now = turn(finder, 0, 2)
    finder.release("/dev/null", 300, now)
    now = turn(finder, now, 10)
    assert finder.release("/dev/null", 0, now)
    now = turn(finder, now, 2)
    assert len(opened) == 2
    assert finder.release("/dev/null", 0, now)
    turn(finder, now, 2)
    assert len(opened) == 2


def test_a_port_may_be_released_by_another_of_its_names(told, tmp_path):
    by_id = tmp_path / "by-id"
    by_id.symlink_to("/dev/null")
    opened = Opened(Lives)
    finder = Finder(opened, told, candidates=lambda: ["/dev/null"])
    now = turn(finder, 0, 2)
    finder.release(str(by_id), 60, now)
    assert opened[0].ending
    turn(finder, now, 30)
    assert len(opened) == 1


def test_of_two_links_to_one_pillow_the_newer_stays(told):
    there = ["/dev/null"]
    opened = Opened(Lives)
    finder = Finder(opened, told, candidates=lambda: there)
    now = turn(finder, 0, 2)
    there.append("/dev/zero")
    turn(finder, now, STRANGER_S - 2)
    assert [(link.url, link.is_replaced) for link in opened] == [("/dev/null", True), ("/dev/zero", False)]
    assert finder.link_of(PILLOW) is opened[1]


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "journal.db"
    journal = Journal(path)
    writer = Writer(path)
    troubles, present = Troubles(writer), Present()
    yield lambda url, kind: Link(url, kind, writer, path, troubles, present), journal
    writer.stop()
    journal.close()


def test_a_pillow_is_found_lost_and_found_behind_a_port_of_another_name(home, told, tmp_path):
    open_link, journal = home
    there = []
    finder = Finder(open_link, told, candidates=lambda: there)

    def shows(gesture):
        finder.step(time.monotonic())
        return [row["gesture"] for row in journal.pillows()] == [gesture]

    disk = RamDisk()
    first = PillowOnDesk(disk)
    there[:] = [first.url]
    until(lambda: shows("neutral"))
    first.pull()
    until(lambda: shows("notconnected"))
    second = PillowOnDesk(disk)
    there[:] = [second.url]
    until(lambda: shows("neutral"))
    second.feel("hugging")
    until(lambda: shows("hugging"))
    finder.stop(5)
    second.pull()
    assert told.said == []


def test_stopping_lets_go_of_every_port(home, told):
    open_link, _ = home
    desks = [PillowOnDesk(pillow=f"{number:016x}") for number in range(3)]
    finder = Finder(open_link, told, [desk.url for desk in desks])
    until(lambda: finder.step(time.monotonic()) or all(finder.link_of(f"{number:016x}") for number in range(3)))
    finder.stop(SOON_S)
    assert all(link.ending for link in finder.links())
    for desk in desks:
        desk.pull()


def test_a_port_looked_for_by_default_is_what_the_system_has(told, monkeypatch):
    monkeypatch.setattr(finder_module.ports.serial.tools.list_ports, "comports", list)
    opened = Opened(Lives)
    turn(Finder(opened, told), 0, GRACE_S + 2)
    assert opened == []
    assert list(told.now) == ["ports"]
