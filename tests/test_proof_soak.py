import shutil
import sys

import pytest
from interpreters import micropython
from joined import Bridge
from proof import chip, soak

from bridge.journal import Journal

REPORTS = 20_000
INTERPRETERS = pytest.mark.parametrize(
    "interpreter", [lambda: sys.executable, micropython], ids=["cpython", "micropython"]
)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(soak, "CHAPTER", 2_000)


def test_nothing_is_lost_and_nothing_grows_on_the_bridge(capsys):
    felt, wrong, measured = soak.run(REPORTS)
    with capsys.disabled():
        print(f"\nsoak: {felt:,} reports, {measured}")
    assert (felt, wrong) == (REPORTS, [])


@INTERPRETERS
def test_nothing_grows_on_the_pillow(interpreter):
    done, wrong, _ = soak.run_on(interpreter(), REPORTS)
    assert done >= REPORTS
    assert wrong == []


def test_the_rig_notices_a_bridge_that_remembers_everything(monkeypatch, short):
    monkeypatch.setattr(soak, "QuietBridge", Bridge)
    assert "objects grew" in soak.run(1)[1][0]


def test_the_rig_notices_a_journal_that_forgets_nothing(monkeypatch):
    monkeypatch.setattr(Journal, "trim", lambda *_: 0)
    monkeypatch.setattr(soak, "TRACED", 1)
    assert "journal.db has" in soak.run(REPORTS)[1][0]


def test_the_rig_notices_a_journal_that_forgets_what_nobody_read(monkeypatch, short):
    monkeypatch.setattr(Journal, "append", _loses(Journal.append))
    assert "was due" in soak.run(1)[1][0]


def _loses(append):
    def loses(self, entries):
        marks = append(self, entries)
        self._db.execute("DELETE FROM report WHERE seq % 1000 = 7")
        return marks

    return loses


def test_the_rig_notices_a_pillow_that_remembers_everything(tmp_path):
    firmware = shutil.copytree(chip.FIRMWARE, tmp_path / "firmware")
    source = (firmware / "pillow" / "wire.py").read_text()
    kept = "KEPT = []\n\n\ndef line(body):\n    KEPT.append(body)\n"
    (firmware / "pillow" / "wire.py").write_text(source.replace("def line(body):\n", kept))
    assert soak.run_on(micropython(), 1, firmware=firmware)[1]
