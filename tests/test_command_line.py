"""The command line: its words, its sentences, its exit status."""

import re
import subprocess
import sys

import pytest
from whole import ROOT

from bridge import checks, home, virtual, wishes
from bridge.__main__ import main
from bridge.journal import Journal
from bridge.wishes import make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HUGGABLE_DATA", str(tmp_path))
    return tmp_path


def test_the_help_names_every_verb(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for verb in ("demo", "run", "flash", "flash-micropython", "press", "status", "test", "lint", "bench"):
        assert re.search(rf"^    {verb}\s", said, re.MULTILINE)


@pytest.mark.parametrize("words", [[], ["cuddle"], ["press"], ["press", "eat"], ["press", "hug", "--seconds", "long"]])
def test_wrong_words_are_exit_status_two(words, folder):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_make_and_the_command_line_have_the_same_verbs():
    text = (ROOT / "Makefile").read_text()
    called = re.findall(r"^\t\$\(HUGGABLE\) (\S+)$", text, re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):.*\n\t\$\(HUGGABLE\)", text, re.MULTILINE)
    assert called == targets
    said = subprocess.run([sys.executable, "-m", "bridge", "--help"], cwd=ROOT, capture_output=True, text=True).stdout
    assert [verb for verb in called if not re.search(rf"^    {verb}\s", said, re.MULTILINE)] == []


def test_make_alone_prints_its_help():
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "demo", "run", "flash", "flash-micropython", "test", "lint"):
        assert re.search(rf"^  make {target} +\S", said, re.MULTILINE)


def test_a_press_without_a_demo_is_one_sentence(folder, capsys):
    assert main(["press", "hug"]) == 1
    assert capsys.readouterr().err == "huggable: no demo is running: start one with `make demo`\n"


def test_a_press_that_takes_for_ever_is_refused_here(folder, capsys):
    with home.only_bridge(folder):
        assert main(["press", "hug", "--seconds", "inf"]) == 1
    assert "at most 3600 seconds" in capsys.readouterr().err


def test_a_press_that_nobody_does_expires_with_a_sentence(folder, capsys, monkeypatch):
    monkeypatch.setattr("bridge.__main__.PRESS_S", 0.2)
    with home.only_bridge(folder):
        assert main(["press", "hug"]) == 1
    assert capsys.readouterr().err == "huggable: hug was expired: nobody answered in time\n"


def test_the_page_and_the_command_line_know_the_same_acts():
    from web.press import ACTS

    assert set(ACTS) == set(virtual.ACTS)


def test_the_status_of_a_home_without_anything(folder, capsys):
    assert main(["status"]) == 1
    assert capsys.readouterr().out == "No bridge runs: `make run` starts it.\nNo pillow was ever met.\n"


def test_the_status_of_a_home_where_all_is_well(folder, capsys):
    journal = Journal(home.journal_path(folder))
    journal.arrive("00112233aabbccdd", "usb", wishes.now_ms(), version="1.0.0", boot=1, cause="power")
    journal.show("00112233aabbccdd", "neutral", wishes.now_ms())
    journal.close()
    with home.only_bridge(folder):
        assert main(["status"]) == 0
    assert "has been at rest for a moment (over USB" in capsys.readouterr().out


def test_a_pillow_is_given_another_name_and_let_go(folder, capsys):
    journal = Journal(home.journal_path(folder))
    journal.arrive("00112233aabbccdd", "usb", wishes.now_ms())
    journal.close()
    assert main(["pillows", "rename", "0011", "Cirrus"]) == 0
    assert main(["pillows", "forget", "Cirrus"]) == 0
    assert main(["pillows"]) == 0
    said = ["it is called so now", "it is not of this home any more", "there is no pillow yet"]
    assert capsys.readouterr().out.splitlines() == said


def test_a_journal_that_is_none_is_one_sentence(folder, capsys):
    home.journal_path(folder).write_text("this is no database" * 100)
    assert main(["status"]) == 1
    assert capsys.readouterr().err.startswith("huggable: the journal cannot be used (file is not a database)")


def test_a_journal_of_a_newer_version_is_one_sentence(folder, capsys):
    journal = Journal(home.journal_path(folder))
    journal._db.execute("PRAGMA user_version=9999")
    journal.close()
    assert main(["status"]) == 1
    assert "was written by a newer version: update this program" in capsys.readouterr().err


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HUGGABLE_DATA", str(tmp_path / "file" / "data"))
    assert main(["demo"]) == 1
    assert "set HUGGABLE_DATA to a folder of yours" in capsys.readouterr().err


def test_a_wish_of_an_unknown_kind_cannot_even_be_made(folder):
    journal = Journal(home.journal_path(folder))
    with pytest.raises(ValueError, match="expected one of press"):
        make(journal, "", "cuddle", {}, "test", 1)
    journal.close()


def test_lint_compiles_every_file_that_goes_on_the_chip():
    names = [file.name for file in checks.chip_files()]
    assert names[0] == "main.py"
    assert {"gesture.py", "link.py", "spool.py", "wire.py"} <= set(names)


def test_a_firmware_file_that_does_not_compile_is_found(tmp_path, capfd):
    (tmp_path / "bad.py").write_text("def broken(:\n")
    (tmp_path / "good.py").write_text("x = 1\n")
    assert checks.compile_for_chip([tmp_path / "bad.py", tmp_path / "good.py"]) != 0
    assert checks.compile_for_chip([tmp_path / "good.py"]) == 0
    assert "SyntaxError" in capfd.readouterr().err
