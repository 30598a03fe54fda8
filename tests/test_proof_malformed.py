import shutil
import sys

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from interpreters import micropython
from proof import chip, fuzz, malformed, malformed_pillow
from proof.dialogue import Dialogue

from bridge import boots, report, session, wire

LINES = 20_000
QUICK = settings(max_examples=60, stateful_step_count=40, deadline=None, database=None, derandomize=True)
INTERPRETERS = pytest.mark.parametrize(
    "interpreter", [lambda: sys.executable, micropython], ids=["cpython", "micropython"]
)


def test_nothing_malformed_gets_past_the_bridge_and_nothing_good_is_lost():
    assert malformed.run(LINES) == (LINES, [])


@INTERPRETERS
def test_nothing_malformed_moves_the_pillow_and_nothing_good_is_lost(interpreter):
    assert malformed_pillow.run_on(interpreter(), LINES) == (LINES, [])


@pytest.mark.parametrize(
    "place, name, bug",
    [
        (report, "integer", lambda value, low, high: value),
        (report, "one_of", lambda value, words: value),
        (report, "_take", lambda fields, count: (fields + [0] * count)[:count]),
        (wire, "_refuse", lambda number: 0),
        (wire, "LONGEST_IN", 9_999),
        (wire, "LONGEST_CONSOLE", 9_999),
        (boots, "BOOTS", 9_999),
    ],
)
def test_the_rig_notices_a_careless_bridge(monkeypatch, place, name, bug):
    monkeypatch.setattr(place, name, bug)
    assert malformed.run(LINES)[1]


@INTERPRETERS
@pytest.mark.parametrize(
    "file, there, instead",
    [
        ("link.py", "type(value) is not int or value >> 32", "False"),
        ("wire.py", 'line[-8:] != b"%08x" % crc32(line[:-9])', "False"),
        ("wire.py", "if len(self._tail) > LONGEST:", "if False:"),
        ("link.py", "del self._answers[:-ANSWERS]", "pass"),
    ],
)
def test_the_rig_notices_a_careless_pillow(tmp_path, interpreter, file, there, instead):
    firmware = shutil.copytree(chip.FIRMWARE, tmp_path / "firmware")
    source = (firmware / "pillow" / file).read_text()
    assert source.count(there) == 1
    (firmware / "pillow" / file).write_text(source.replace(there, instead))
    assert malformed_pillow.run_on(interpreter(), LINES, firmware=firmware)[1]


def test_any_dialogue_keeps_the_law():
    run_state_machine_as_test(Dialogue, settings=QUICK)


HASTY = settings(QUICK, phases=[Phase.generate], report_multiple_bugs=False)


def test_the_dialogue_notices_an_early_acknowledgement(monkeypatch):
    monkeypatch.setattr(
        session.Session, "uncommitted", lambda self, boot: self.committed(boot, self._boots.accepted(boot))
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Dialogue, settings=HASTY)


@pytest.mark.skipif(not fuzz.is_there(), reason="there is no atheris for this machine")
@pytest.mark.parametrize("parser", fuzz.PARSERS)
def test_a_fuzzer_that_looks_into_the_code_finds_nothing_either(parser):
    assert fuzz.run(LINES, parser=parser) == (LINES, [])
