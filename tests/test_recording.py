"""Recordings: samples out of order, twice or not at all; sensors that are dead; files and what is in them."""

import io
import stat
import zipfile
from contextlib import closing

import pytest

from bridge import motions, takes
from bridge.errors import Trouble
from bridge.journal import Journal
from bridge.recorder import read
from bridge.recording import DEAD, NOTHING, STUCK_WHY, TORN, Recording
from bridge.takes import TakeFile, line_of, samples_of, tail, why_full

PILLOW = "00112233aabbccdd"


def sample(number):
    return (number % 7, -3, 1000 + number % 5, number % 3, 0, -1, 40)


def batch(first, count=10):
    return [sample(number) for number in range(first, first + count)]


@pytest.fixture
def live():
    return Recording("live", 100, 0)


# -- what comes ---------------------------------------------------------------------------------------------------


def test_samples_are_handed_on_in_order_and_once(live):
    assert live.ask(0) == ("live", 0)
    found = live.feel(500, batch(500), 10)
    found += live.feel(520, batch(520), 20)  # ten were lost
    assert found == batch(500)
    assert live.ask(900) == ("live", 510), "what is missing is asked for"
    found += live.feel(500, batch(500), 30)  # and comes, with some that were there already
    found += live.feel(510, batch(510), 40)
    assert found == batch(500, 30)


def test_it_is_over_when_it_is_as_long_as_it_was_to_be(live):
    for first in range(0, 120, 10):
        live.feel(first, batch(first), first)
    assert (live.is_over, live.why, live.count) == (True, "", 100)
    assert live.feel(120, batch(120), 200) == []


def test_it_is_asked_for_again_before_the_pillow_stops(live):
    assert [live.ask(ms) is not None for ms in (0, 700, 900, 1_000, 1_800)] == [True, False, True, False, True]


def test_the_last_ten_seconds_end_where_the_pillow_says():
    last = Recording("last", 0, 0)
    assert last.ask(0) == ("last", 0)
    last.feel(40, batch(40), 10)
    last.feel(60, [], 20)
    assert not last.is_over
    assert last.ask(900) == ("last", 50)
    last.feel(50, batch(50), 30)
    last.feel(60, [], 40)
    assert (last.is_over, last.why, last.count) == (True, "", 20)


@pytest.mark.parametrize(("samples", "why"), [([], NOTHING), (batch(0), TORN)])
def test_a_pillow_that_falls_silent_is_said(live, samples, why):
    if samples:
        live.feel(0, samples, 100)
    live.tick(3_000)
    assert not live.is_over
    live.tick(9_000)
    assert (live.is_over, live.why) == (True, why)


@pytest.mark.parametrize(("motion", "why"), [((0, 0, 0, 0, 0, 0), DEAD), ((-1, -1, -1, -1, -1, -1), STUCK_WHY)])
def test_a_dead_sensor_is_no_pillow_that_lies_still(motion, why):
    recording = Recording("live", 1_000, 0)
    for first in range(0, 300, 10):
        recording.feel(first, [(*motion, first % 50)] * 10, first)
    assert recording.why == why


def test_old_firmware_is_said(live):
    live.refused("unknown")
    assert live.why == "its firmware is too old to be recorded: run `make flash`"


def test_one_that_is_stopped_is_kept_when_there_is_something_in_it(live):
    live.feel(0, batch(0, 60), 10)
    live.stop(50, "too short")
    assert (live.is_over, live.why) == (True, "")
    short = Recording("live", 100, 0)
    short.stop(50, "too short")
    assert short.why == "too short"


# -- files --------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_while_it_grows(tmp_path):
    file = TakeFile(tmp_path / "a.csv")
    file.add(batch(0, 7))
    first, offset = tail(tmp_path / "a.csv", 0)
    file.add(batch(7, 5))
    more, offset = tail(tmp_path / "a.csv", offset)
    file.close()
    assert first + more == batch(0, 12)
    assert tail(tmp_path / "a.csv", offset)[0] == []
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600


def test_half_a_line_is_not_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(takes.HEADER + line_of(0, sample(0)) + "0.01,0.1,0.2")
    found, offset = tail(path, 0)
    assert found == [sample(0)] and offset == len(takes.HEADER + line_of(0, sample(0)))


def test_a_piece_off_the_wire_that_was_cut_costs_one_sample():
    data = takes.SAMPLE.pack(*sample(1)) + takes.SAMPLE.pack(*sample(2))
    assert samples_of(data[:-1]) == [sample(1)]


def test_there_is_an_end_to_what_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(takes, "TAKES_MOST", 3)
    assert why_full(tmp_path) == ""
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("x")
    assert why_full(tmp_path).endswith("discard some first")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": "cuddling", "seconds": 3},
        {"label": "hugging", "seconds": 0},
        {"label": "hugging", "seconds": float("nan")},
        {"label": "hugging", "seconds": 1e9},
        {"label": "hugging", "seconds": "3"},
        {"label": "hugging", "seconds": 3, "source": "stolen"},
        {"label": ["hugging"], "seconds": 3},
    ],
)
def test_what_cannot_be_recorded_is_a_sentence(body):
    with pytest.raises(ValueError, match=r"a recording|there is no"):
        read(body)


# -- replay and export --------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path):
    """A home with one recording of lying still, and one whose file is gone."""
    place = takes.folder(tmp_path)
    file = TakeFile(place / "a.csv")
    file.add(batch(0, 400))
    file.close()
    with closing(Journal(tmp_path / "journal.db")) as journal, journal.transaction():
        for name, label in (("a.csv", "neutral"), ("gone.csv", "hugging"), ("a.csv", "")):
            take = journal.add_take(PILLOW, label, name, "taught", 1)
            journal.note_take(take, outcome="done", samples=400)
    return tmp_path


def test_every_recording_of_a_home_is_judged(home, capsys):
    assert motions.replay_home(home, "") == 1
    said = capsys.readouterr().out
    assert "right  neutral" in said and "WRONG  hugging" in said and "1 of 2 right" in said


def test_an_export_says_of_nobody(home, tmp_path):
    assert motions.export(tmp_path / "x.zip", home) == 1
    data = (tmp_path / "x.zip").read_bytes()
    pack = zipfile.ZipFile(io.BytesIO(data))
    assert pack.namelist() == ["neutral/take-001.csv", "INDEX.csv"]
    assert {entry.date_time for entry in pack.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    everything = data + b"".join(pack.read(name) for name in pack.namelist())
    assert PILLOW.encode() not in everything and PILLOW[:4].encode() not in everything
    assert pack.read("neutral/take-001.csv").decode().splitlines()[0] + "\n" == takes.HEADER


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("t_s,ax_g,ay_g,az_g\n0,0,0,1\n0.01,nan,0,1\n0.02,0,0,1\n", "line 3: nan is no number"),
        ("t_s,ax_g,ay_g,az_g\n" + "".join(f"{i / 5},0,0.{i},1\n" for i in range(20)), "it has 5 samples a second"),
        ("a,b\n1,2\n", "no column t_s"),
        ("", "no column"),
    ],
)
def test_a_file_that_is_no_recording_is_said(tmp_path, capsys, text, why):
    (tmp_path / "bad.csv").write_text(text)
    assert motions.replay([tmp_path / "bad.csv"], "", "") == 1
    assert why in capsys.readouterr().out


def test_a_damaged_model_is_said(home, tmp_path, capsys):
    (tmp_path / "model").write_bytes(b"hm\x01\x06\x00" + bytes(30))
    assert motions.replay([takes.folder(home) / "a.csv"], str(tmp_path / "model"), "") == 1
    assert "model" in capsys.readouterr().out


def test_an_interpreter_that_is_none_is_a_sentence(home):
    with pytest.raises(Trouble, match="name a Python or a MicroPython"):
        motions.replay([takes.folder(home) / "a.csv"], "", "/nowhere/micropython")


def test_a_home_without_recordings_is_a_sentence(tmp_path):
    for verb in (lambda: motions.replay_home(tmp_path, ""), lambda: motions.export(tmp_path / "x.zip", tmp_path)):
        with pytest.raises(Trouble, match="there are no recordings yet"):
            verb()
