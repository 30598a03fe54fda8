import sqlite3

import pytest
from proof import ioerrors

from bridge import journal, writer
from bridge.journal import Journal


class Careless(Journal):
    """Does not wait for the disk."""

    def __init__(self, path):
        super().__init__(path)
        self._db.execute("PRAGMA synchronous=NORMAL")


def test_whatever_step_of_the_disk_fails_nothing_acknowledged_is_lost_and_everything_goes_on():
    runs, wrong = ioerrors.run(ioerrors.QUICK)
    assert wrong == []
    assert runs > 100


BUILT = 160  # steps until a new journal is there


def test_a_program_that_ended_with_the_disk_leaves_nothing_uncertain_to_the_next(monkeypatch):
    """What SQLite finds in the log when it opens it again may be in the system's memory only, and nowhere else ever."""
    monkeypatch.setattr(writer, "AGAIN_S", ioerrors.AGAIN_S)
    wrong = [found for first in range(1, BUILT) if (found := ioerrors.one("error", first, 25)[1])]
    assert wrong == []


@pytest.mark.parametrize("kind", ioerrors.KINDS)
def test_every_kind_of_fault_is_met_by_some_step(kind):
    assert ioerrors.one(kind, 1, 1) == (True, [])
    assert ioerrors.one(kind, 10_000, 1) == (False, [])


def test_the_rig_notices_who_acknowledges_what_is_not_certain(monkeypatch):
    monkeypatch.setattr(journal, "Journal", Careless)
    found = [ioerrors.one("sync", first, 1)[1] for first in range(1, 8)]
    assert any("were acknowledged" in sentence for sentences in found for sentence in sentences)


def test_the_rig_notices_a_writer_that_does_not_notice_failure(monkeypatch):
    monkeypatch.setattr(writer, "write_group", _carefree)
    monkeypatch.setattr(ioerrors, "STUCK_S", 0.5)
    found = [ioerrors.one("sync", first, 1)[1] for first in range(4, 20)]
    lost = ("were acknowledged", "lost", "nothing is committed")
    assert any(word in sentence for sentences in found for sentence in sentences for word in lost)


def _carefree(journal, group):
    """Tells everybody that all went well."""
    results = []
    try:
        with journal.transaction():
            results += [job.work(journal) for job in group]
    except writer.FAILS:
        pass
    for job, result in zip(group, results):
        job.future.set_result(result)
    return []


def test_a_journal_that_cannot_be_opened_is_said_at_once(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        writer.Writer(tmp_path)


def test_a_writer_outlives_that_there_is_no_memory(tmp_path):
    write = writer.Writer(tmp_path / "journal.db")

    def greedy(journal):
        raise MemoryError

    assert isinstance(write.submit(greedy).exception(5), MemoryError)
    assert write.submit(lambda journal: journal.mark("", 1)).result(5) == 0
    write.stop()
