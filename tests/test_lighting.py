"""Hugs and light from a terminal."""

import threading
from contextlib import closing
from datetime import datetime

import pytest
from soon import until

from bridge import home, lighting, quiet, wishes
from bridge.__main__ import main
from bridge.journal import Journal

ONE, OTHER = "00112233aabbccdd", "ffeeddccbbaa9988"


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setenv("HUGGABLE_DATA", str(tmp_path))
    monkeypatch.setattr(lighting, "LOOK_S", 0.05)
    with closing(Journal(home.journal_path(tmp_path))) as journal:
        yield journal


def meet(journal, *pillows):
    for pillow in pillows:
        journal.arrive(pillow, "", 1)


def test_a_hug_for_a_pillow_that_sleeps_waits_after_the_terminal_is_closed(journal, capsys):
    meet(journal, ONE)
    assert main(["hug", "--colour", "#00FF00"]) == 0
    (wish,) = journal.open_wishes()
    assert (wish["pillow"], wish["body"], wish["who"]) == (ONE, {"colour": "#00ff00"}, "command line")
    assert capsys.readouterr().out == "it waits until the pillow is here again\n"


def test_what_a_hug_waits_for_is_said(journal, capsys):
    journal.arrive(ONE, "usb", 1)
    assert main(["hug"]) == 0
    now = datetime.now()
    minute = now.hour * 60 + now.minute
    with journal.transaction():
        hours = {"from": minute, "to": (minute + 60) % (24 * 60)}
        journal.set_setting(ONE, "quiet", hours, "home", 1)
    assert main(["hug"]) == 0
    assert capsys.readouterr().out == f"it waits its turn\nit waits: {quiet.until(hours)}\n"


def test_what_the_pillow_does_is_said(journal, capsys, monkeypatch):
    monkeypatch.setattr(lighting, "LOOK_S", 10)
    meet(journal, ONE)

    def answer(outcome, why):
        wish = until(journal.open_wishes)[0]["wish"]
        wishes.end(journal, wish, outcome, why, 5)

    for outcome, why, status in (("applied", "", 0), ("refused", "quiet hours until 07:00", 1)):
        answering = threading.Thread(target=answer, args=(outcome, why))
        answering.start()
        assert main(["light", "glow", "--seconds", "5"]) == status
        answering.join()
    said = capsys.readouterr()
    assert said.out == "it glows\n"
    assert said.err == "huggable: that did not happen: quiet hours until 07:00\n"


@pytest.mark.parametrize(
    ("pillows", "words", "sentence"),
    [
        ([], ["hug"], "there is no pillow yet: plug one in, or start `make demo`"),
        ([ONE, OTHER], ["hug"], "there are several pillows: say which with --pillow"),
        ([ONE], ["hug", "--pillow", "Nimbus"], "there is no pillow called 'Nimbus'"),
        ([ONE], ["hug", "--colour", "pink"], "Expected a colour such as #ff5a8c."),
        ([ONE], ["light", "glow", "--percent", "101"], "Expected percent from 1 to 100."),
    ],
)
def test_what_cannot_be_wished_is_one_sentence(journal, capsys, pillows, words, sentence):
    meet(journal, *pillows)
    assert main(words) == 1
    assert sentence in capsys.readouterr().err
    assert journal.open_wishes() == []


def test_one_of_several_is_named_by_the_beginning_of_its_id(journal):
    meet(journal, ONE, OTHER)
    assert main(["light", "off", "--pillow", "ffee"]) == 0
    assert journal.open_wishes()[0]["pillow"] == OTHER
