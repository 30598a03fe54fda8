import queue
import sqlite3
import threading

import pytest
from soon import until

from bridge import wishes
from bridge.bell import Bell, ring
from bridge.journal import Journal
from bridge.waiting import WAITING_JOBS
from bridge.wishes import APPLIED, BRIDGE, EXPIRED
from bridge.writer import Writer


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def writer(path):
    writer = Writer(path)
    yield writer
    writer.stop()


def test_a_job_is_on_disk_when_its_future_is_done(path, writer):
    writer.submit(lambda journal: journal.say("usb", "hello", 1)).result(5)
    other = Journal(path, read_only=True)
    assert other.console_tail()[0]["text"] == "hello"
    other.close()


def test_a_job_that_fails_costs_only_itself(writer):
    good = writer.submit(lambda journal: journal.say("usb", "one", 1))
    bad = writer.submit(lambda journal: 1 // 0)
    after = writer.submit(lambda journal: len(journal.console_tail()))
    assert good.result(5) is None
    assert isinstance(bad.exception(5), ZeroDivisionError)
    assert after.result(5) == 1


def test_a_locked_journal_is_an_error_to_those_who_wait_and_heals(path, writer):
    writer.submit(lambda journal: None).result(5)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    waiting = writer.submit(lambda journal: journal.say("usb", "lost", 1))
    assert isinstance(waiting.exception(10), sqlite3.OperationalError)
    blocker.execute("ROLLBACK")
    blocker.close()
    writer.submit(lambda journal: journal.say("usb", "kept", 2)).result(5)
    assert writer.submit(lambda journal: [row["text"] for row in journal.console_tail()]).result(5) == ["kept"]


def test_too_much_waiting_is_refused_at_once(writer):
    gate = threading.Event()
    writer.submit(lambda journal: gate.wait(10))
    with pytest.raises(queue.Full):
        for _ in range(WAITING_JOBS + 100):
            writer.submit(lambda journal: None)
    gate.set()


def test_a_commit_rings_every_bell(path, writer):
    journal = Journal(path)
    bells = [Bell(journal, "web"), Bell(journal, "other")]
    writer.submit(lambda journal: None).result(5)
    assert all(bell.wait(5) for bell in bells)
    assert not any(bell.wait(0) for bell in bells)
    [bell.close() for bell in bells]
    journal.close()


def test_a_commit_does_not_ring_the_bridge_itself(path, writer):
    journal = Journal(path)
    bell = Bell(journal, BRIDGE)
    writer.submit(lambda journal: None).result(5)
    assert not bell.wait(0)
    bell.close()
    journal.close()


def test_of_what_is_insisted_on_while_the_disk_fails_the_newest_of_each_is_kept(path, writer):
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for number in range(WAITING_JOBS * 2):
        writer.insist(lambda journal, number=number: journal.say("usb", f"face {number}", 1), "face")
        writer.insist(lambda journal, number=number: journal.say("usb", f"wish {number}", 1), ("wish", number % 300))
    blocker.execute("ROLLBACK")
    blocker.close()
    writer.stop()
    other = Journal(path, read_only=True)
    texts = [row["text"] for row in other.console_tail(1_000)]
    assert texts[-2:] == [f"face {WAITING_JOBS * 2 - 1}", f"wish {WAITING_JOBS * 2 - 1}"]
    assert len({text for text in texts if text.startswith("wish")}) == len(texts) - 1 >= 300
    other.close()


def test_a_writer_whose_thread_dies_says_so_and_takes_no_more(writer):
    def fatal(journal):
        raise SystemExit(3)

    writer.insist(fatal)
    until(lambda: writer.failure)
    assert isinstance(writer.failure, SystemExit)
    with pytest.raises(queue.Full):
        writer.submit(lambda journal: None)


def test_a_writer_notices_that_its_file_was_taken_away(path, writer):
    writer.submit(lambda journal: None).result(5)
    path.unlink()
    writer.submit(lambda journal: journal.say("usb", "to nowhere", 1))
    until(lambda: writer.failure)
    assert str(writer.failure) == "its file was taken away"


def test_ringing_where_nobody_listens_is_no_error(path):
    journal = Journal(path)
    bell = Bell(journal, "gone")
    bell.close()
    ring(journal.bells())
    journal.close()


def test_a_wish_rings_the_bridge_and_has_one_end(path):
    journal = Journal(path)
    bell = Bell(journal, BRIDGE)
    wish = wishes.make(journal, "", "press", {"gesture": "hug"}, "page", 5)
    assert bell.wait(5)
    with journal.transaction():
        wishes.end(journal, wish, APPLIED, "", 7)
        wishes.end(journal, wish, EXPIRED, "again", 8)
    assert wishes.wait(path, wish, 5)["outcome"] == APPLIED
    assert journal.open_wishes() == []
    bell.close()
    journal.close()


def test_a_wish_that_nobody_grants_expires_for_who_waits(path):
    journal = Journal(path)
    wish = wishes.make(journal, "", "release", {}, "flash", 0.1)
    assert wishes.wait(path, wish, 0.1)["outcome"] == EXPIRED
    journal.close()


def test_an_unknown_wish_is_refused(path):
    journal = Journal(path)
    with pytest.raises(ValueError, match="expected one of press"):
        wishes.make(journal, "", "dance", {}, "page", 1)
    journal.close()
