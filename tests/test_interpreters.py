"""Tests that need MicroPython: a person without it is told how to get it, and CI is not allowed to pass over them."""

import interpreters
import pytest


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(interpreters, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("HUGGABLE_MICROPYTHON", "HUGGABLE_MICROPYTHON32", "CI"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("find", [interpreters.micropython, interpreters.micropython32])
def test_without_micropython_its_tests_are_skipped_with_the_command_that_brings_it(bare_machine, find):
    with pytest.raises(pytest.skip.Exception, match=r"`python \.ci/get-micropython.*` brings it"):
        find()


def test_ci_fails_instead_of_skipping(bare_machine):
    bare_machine.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="there is no micropython here"):
        interpreters.micropython()


def test_the_one_named_is_taken_first(bare_machine, tmp_path):
    for name in ("micropython", "mine"):
        (tmp_path / name).touch(mode=0o755)
    assert interpreters.micropython() == tmp_path / "micropython"
    bare_machine.setenv("HUGGABLE_MICROPYTHON", str(tmp_path / "mine"))
    assert interpreters.micropython() == tmp_path / "mine"
