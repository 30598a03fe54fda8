"""The table that `make prove` prints: whatever ends a part, the others go on, and the exit status tells."""

import os
import sys

import pytest
from proof import __main__ as table
from proof import parts, shares, simulation, world
from proof.parts import Part


def _fine(count, tick):
    tick(count)
    return f"{count} done", []


def _unfit(count, tick):
    raise RuntimeError("no room")


def _absent(count, tick):
    raise parts.LeftOut("there is no such thing here")


@pytest.mark.parametrize(
    "run, verdict, told",
    [
        (_fine, "ok", "5 done"),
        (lambda count, tick: ("5 done", ["seed 3: lost"]), "WRONG", "5 done"),
        (_unfit, "WRONG", "the part itself failed: RuntimeError: no room"),
        (_absent, "none", "left out: there is no such thing here"),
    ],
)
def test_a_part_ends_with_a_verdict_whatever_comes_of_it(run, verdict, told):
    found, done, _ = parts.attempt(Part("part", 10, "things", run), 0.5)
    assert (found, done) == (verdict, told)


@pytest.fixture(autouse=True)
def _the_parts_find_what_the_tests_find(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def test_a_part_whose_process_dies_is_not_proved_and_the_others_are_run(capfd):
    strange = [Part("no such part", 1, "things", _fine, is_narrow=is_narrow) for is_narrow in (False, True)]
    cuts = [part for part in parts.PARTS if part.name == "power-cuts"]
    assert table._unproved([*strange, *cuts], 0.001) == ["no such part"]
    said = capfd.readouterr().out
    assert said.count("WRONG no such part") == 2
    assert "ok    power-cuts" in said


def test_the_exit_status_tells_whether_everything_is_proved(capfd, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prove", "--share", "0.001", "--only", "power-cuts"])
    assert table.main() == 0
    assert "proved: all of 1 parts" in capfd.readouterr().out
    monkeypatch.setattr(table, "_is_proved", lambda part, share: False)
    assert table.main() == 1
    assert "NOT proved: power-cuts" in capfd.readouterr().out


def test_a_seed_that_ends_the_program_is_wrong_and_ends_no_others(monkeypatch):
    monkeypatch.setattr(world, "run", lambda seed: [][seed])
    assert simulation.one_seed(7)[:2] == (7, ["IndexError: list index out of range"])


def _dies(count, seed):
    os._exit(1)


def test_a_core_whose_process_dies_ends_the_part_and_is_not_waited_for():
    verdict, done, _ = parts.attempt(Part("p", 2, "x", lambda count, tick: shares.in_slices(_dies, 2, 2, tick)), 1.0)
    assert verdict == "WRONG"
    assert "BrokenProcessPool" in done
