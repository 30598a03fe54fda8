"""Teaching at the bridge, without its threads: what is learned, sent, taken back; and what goes wrong on the way."""

import os
import time

import pytest
from pillow.model import Model
from soon import until

from bridge import takes
from bridge.events import Granted, Sampled
from bridge.journal import Journal
from bridge.lessons import NO_ANSWER, NO_BEFORE, NO_STUDY, NO_TAKES
from bridge.recorder import BUSY, CUT, NOT_HERE
from bridge.study import model_id
from bridge.takes import SAMPLE, TakeFile
from bridge.teaching import NO_TAKE, Teaching
from bridge.wishes import APPLIED, REFUSED
from bridge.writer import Writer

PILLOW = "00112233aabbccdd"


class Listens:
    """A link to a pillow that hears everything and answers nothing."""

    def __init__(self):
        self.asked = []

    def ask(self, asked):
        self.asked.append(asked)


class School:
    """A bridge's teaching, its journal, and at most one pillow."""

    def __init__(self, folder):
        self.folder, self.link = folder, Listens()
        self.path = folder / "journal.db"
        self.journal = Journal(self.path)
        with self.journal.transaction():
            self.journal.arrive(PILLOW, "usb", 1)
        self.writer = Writer(self.path)
        self.teaching = Teaching(lambda pillow: self.link, self.writer, self.journal, folder)
        self.wishes = 0

    def wish(self, kind, **body):
        self.wishes += 1
        made_ms = time.time_ns() // 1_000_000
        return {"wish": self.wishes, "pillow": PILLOW, "kind": kind, "body": body, "who": "me", "made_ms": made_ms}

    def grant(self, wish):
        self.teaching.step()
        return self.teaching.acts[wish["kind"]](wish)

    def end(self, wish):
        return until(lambda: self.grant(wish))

    def said(self, kind):
        return [asked for asked in self.link.asked if asked.kind == kind]

    def hear(self, first, count=10):
        rows = [(number % 7, 3, 1000 + number % 5, number % 3, 0, 0, 40) for number in range(first, first + count)]
        self.teaching.tell(Sampled(PILLOW, 1, first, b"".join(SAMPLE.pack(*row) for row in rows)))

    def takes(self):
        self.settled()
        return self.journal.takes(PILLOW)

    def settled(self):
        self.writer.submit(lambda journal: None).result(10)

    def setting(self, name):
        self.settled()
        return self.journal.settings(PILLOW).get(name, {})

    def keep(self, label, count=3):
        """Put recordings of lying still there, whatever they are called."""
        place = takes.folder(self.folder)
        for number in range(count):
            file = TakeFile(place / f"{label}{number}.csv")
            file.add([(i % 7, 3, 1000 + i % 5, i % 3, 0, 0, 40 * (label == "hugging")) for i in range(300)])
            file.close()
            with self.journal.transaction():
                take = self.journal.add_take(PILLOW, label, f"{label}{number}.csv", "taught", 1)
                self.journal.note_take(take, outcome="done", samples=300)

    def answer(self, outcome=APPLIED, why=""):
        self.teaching.tell(Granted(self.said("put")[-1].wish, outcome, why))

    def close(self):
        self.teaching.close()
        self.writer.stop()
        self.journal.close()


@pytest.fixture
def school(tmp_path):
    school = School(tmp_path)
    yield school
    school.close()


# -- recording ----------------------------------------------------------------------------------------------------


def test_a_recording_is_asked_for_written_and_kept(school):
    wish = school.wish("record", label="hugging", seconds=1, source="taught")
    assert school.grant(wish) is None
    school.grant(wish)
    assert school.said("take")[0].fields == ("live", 0)
    for first in range(70, 180, 10):
        school.hear(first)
    assert school.end(wish) == (APPLIED, "")
    (take,) = school.takes()
    assert (take["label"], take["source"], take["samples"], take["outcome"]) == ("hugging", "taught", 100, "done")
    assert (takes.folder(school.folder) / take["file"]).read_text().count("\n") == 101
    assert school.said("take")[-1].fields[0] == "off"


def test_a_second_recording_has_to_wait(school):
    school.grant(school.wish("record", label="hugging", seconds=5))
    assert school.grant(school.wish("record", label="hugging", seconds=5)) == (REFUSED, BUSY)


def test_a_recording_that_is_stopped_too_soon_leaves_nothing(school):
    wish = school.wish("record", label="hugging", seconds=5)
    school.grant(wish)
    assert school.grant(school.wish("record", stop=True)) == (APPLIED, "")
    outcome, why = school.end(wish)
    assert outcome == REFUSED and "stopped too soon" in why
    assert school.takes() == []
    assert list(takes.folder(school.folder).glob("*.csv")) == []


def test_old_firmware_is_said(school):
    wish = school.wish("record", label="hugging", seconds=5)
    school.grant(wish)
    school.grant(wish)
    school.teaching.tell(Granted(school.said("take")[0].wish, REFUSED, "unknown"))
    assert school.end(wish) == (REFUSED, "its firmware is too old to be recorded: run `make flash`")


def test_without_a_pillow_nothing_is_recorded_or_sent(school):
    school.link = None
    for wish in (school.wish("record", label="hugging", seconds=5), school.wish("keep-last"), school.wish("model")):
        assert school.grant(wish) == (REFUSED, NOT_HERE)


def test_a_wish_of_a_bridge_before_this_one_records_nothing(school):
    wish = school.wish("record", label="hugging", seconds=5) | {"made_ms": 5}
    assert school.grant(wish) == (REFUSED, CUT)


def test_what_was_cut_by_the_end_of_the_bridge_is_said_by_the_next(school, tmp_path):
    school.grant(school.wish("record", label="hugging", seconds=5))
    school.settled()
    again = Teaching(lambda pillow: None, school.writer, school.journal, tmp_path)
    assert school.takes()[0]["outcome"] == CUT
    again.close()


def test_files_that_no_recording_owns_go_after_a_while(school):
    for name, age_s in (("young.csv", 5), ("old.csv", 100)):
        path = takes.folder(school.folder) / name
        path.write_text(takes.HEADER)
        os.utime(path, (time.time() - age_s,) * 2)
    school.keep("neutral", 1)
    os.utime(takes.folder(school.folder) / "neutral0.csv", (1, 1))
    school.teaching.step()
    school.settled()
    assert sorted(path.name for path in takes.folder(school.folder).glob("*.csv")) == ["neutral0.csv", "young.csv"]


def test_a_take_gets_its_label_or_goes(school):
    school.keep("neutral", 1)
    (take,) = school.takes()
    assert school.end(school.wish("take", take=take["take"], label="hugging")) == (APPLIED, "")
    assert school.takes()[0]["label"] == "hugging"
    assert school.end(school.wish("take", take=take["take"], discard=True)) == (APPLIED, "")
    assert school.takes() == [] and list(takes.folder(school.folder).glob("*.csv")) == []
    assert school.end(school.wish("take", take=take["take"], discard=True)) == (REFUSED, NO_TAKE)
    for body in ({}, {"take": 1}, {"take": "1", "label": "hugging"}, {"take": 1, "label": "cuddling"}):
        with pytest.raises(ValueError, match="a recording is"):
            school.grant(school.wish("take", **body))


# -- learning and sending -----------------------------------------------------------------------------------------


def test_there_has_to_be_something_to_learn_from(school):
    assert school.grant(school.wish("teach")) == (REFUSED, NO_TAKES)
    with pytest.raises(ValueError, match="nothing was learned yet"):
        school.grant(school.wish("model", learned=True))
    assert NO_STUDY and school.grant(school.wish("model-back")) == (REFUSED, NO_BEFORE)


def test_what_was_learned_is_sent_used_and_taken_back(school):
    school.keep("hugging")
    school.keep("neutral")
    assert school.end(school.wish("teach")) == (APPLIED, "")
    study = school.setting("study")
    assert study["state"] == "done" and study["after"]["neutral"] == [3, 3] and len(study["takes"]) == 6
    wish = school.wish("model", learned=True, floors={"hugging": 40})
    until(lambda: school.grant(wish) or school.said("put"))
    blob = bytes.fromhex(school.said("put")[0].fields[1])
    assert Model(blob).floor("hugging") == 40
    assert school.setting("model") == {}, "it is in use only when the pillow says so"
    school.answer()
    assert school.end(wish) == (APPLIED, "")
    assert school.setting("model")["id"] == model_id(blob)
    wish = school.wish("model-back")
    school.grant(wish)
    assert bytes.fromhex(school.said("put")[-1].fields[1]) == b"none"
    school.answer()
    assert school.end(wish) == (APPLIED, "")
    assert school.setting("model")["id"] == 0


def test_how_well_a_model_does_and_its_floors_go_and_come_back_with_it(school):
    school.keep("hugging")
    school.keep("neutral")
    assert school.end(school.wish("teach")) == (APPLIED, "")
    for kind, body, floor in (
        ("model", {"learned": True, "floors": {"hugging": 40}}, 40),
        ("model", {"floors": {"hugging": 60}}, 60),
        ("model-back", {}, 40),
        ("model-back", {}, 60),
    ):
        school.settled()
        wish, sent = school.wish(kind, **body), len(school.said("put"))
        until(lambda wish=wish, sent=sent: school.grant(wish) or len(school.said("put")) > sent)
        school.answer()
        assert school.end(wish) == (APPLIED, "")
        model = school.setting("model")
        assert (model["floors"]["hugging"], model["marks"]["after"]["neutral"]) == (floor, [3, 3])
        assert model["marks"]["doubts"] == []


@pytest.mark.parametrize("why", ["the model is damaged", "unknown"])
def test_a_model_that_the_pillow_refuses_changes_nothing(school, why, capsys):
    wish = school.wish("model", floors={"hugging": 40})
    until(lambda: school.grant(wish) or school.said("put"))
    school.answer(REFUSED, why)
    outcome, told = school.end(wish)
    assert outcome == REFUSED and (why in told or "make flash" in told)
    assert capsys.readouterr().err == f"What was learned is not used: {told}\n"
    assert school.setting("model") == {}


def test_a_model_that_is_not_answered_in_time_changes_nothing(school, monkeypatch):
    monkeypatch.setattr("bridge.lessons.PUT_S", 0.2)
    wish = school.wish("model", floors={})
    assert school.end(wish) == (REFUSED, NO_ANSWER)
    assert school.setting("model") == {}


def test_a_link_that_was_lost_is_not_the_end_of_it(school):
    wish = school.wish("model", floors={})
    until(lambda: school.grant(wish) or school.said("put"))
    school.link = Listens()
    school.grant(wish)
    assert len(school.said("put")) == 1
    school.answer()
    assert school.end(wish) == (APPLIED, "")


def test_a_recording_that_is_none_is_said_and_nothing_is_learned(school, capsys):
    school.keep("hugging")
    (takes.folder(school.folder) / "hugging1.csv").write_text(takes.HEADER + "0.00,nan,0,1,0,0,0,0\n")
    outcome, why = school.end(school.wish("teach"))
    assert outcome == REFUSED and "nan is no number" in why
    assert school.setting("study") == {"state": "broken", "why": why}
    assert f"Nothing was learned: {why}\n" in capsys.readouterr().err


@pytest.mark.parametrize("floors", [{"hugging": 101}, {"hugging": True}, {"cuddling": 3}, {"hugging": "4"}])
def test_a_floor_that_is_none_is_a_sentence(school, floors):
    with pytest.raises(ValueError, match="expected floors"):
        school.grant(school.wish("model", floors=floors))
