"""A journal that is damaged: never used, never overwritten, and never the end."""

import random
import sqlite3
from contextlib import closing

import pytest
from joined import PILLOW

from bridge.damage import KEPT, opened, set_aside
from bridge.errors import Trouble
from bridge.journal import Journal
from bridge.report import Dated, Report
from bridge.store import JournalDamaged
from web.feed import Feed

NOW_MS = 1_800_000_000_000
ROWS = 400
SEEDS = 150


def said(seq, boot=1):
    return Dated(Report(PILLOW, boot, seq, seq, "hugging", 90, 100, 1), NOW_MS, 5, False, NOW_MS)


def filled(path):
    with closing(Journal(path)) as journal:
        with journal.transaction():
            journal.append(said(seq) for seq in range(1, ROWS + 1))
        journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def harmed(data, chance):
    """A file as a bad disk gives it back: pages of zeros or rubbish, cut short, or bits that fell over."""
    data = bytearray(data)
    match chance.choice(("zeros", "rubbish", "short", "bits")):
        case "zeros":
            at = chance.randrange(len(data) // 4096) * 4096
            data[at : at + 4096] = bytes(4096)
        case "rubbish":
            at = chance.randrange(len(data))
            data[at : at + 500] = chance.randbytes(len(data[at : at + 500]))
        case "short":
            del data[chance.randrange(len(data)) :]
        case "bits":
            for _ in range(chance.choice((1, 20))):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("sound") / "journal.db")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_is_wrong_with_the_file_a_bridge_has_a_journal_that_works(tmp_path, sound, seed):
    path = tmp_path / "journal.db"
    path.write_bytes(harmed(sound, random.Random(seed)))
    before = path.read_bytes()
    try:
        journal = opened(path, NOW_MS)
    except JournalDamaged as damage:
        set_aside(path, str(damage), NOW_MS)
        (aside,) = [found for found in tmp_path.glob("*.damaged-*") if not found.name.endswith(("-wal", "-shm"))]
        assert len(aside.read_bytes()) >= len(before)  # SQLite may have noted in its head that it was opened
        journal = opened(path, NOW_MS)
    except Trouble as trouble:
        assert "newer version" in str(trouble)  # what fell over was `user_version`
        return
    with closing(journal), journal.transaction():
        assert journal.append([said(1, boot=2)]) == {(PILLOW, 2): 1}


def test_no_reader_takes_a_row_of_the_new_journal_for_one_of_the_old(tmp_path):
    path = tmp_path / "journal.db"
    filled(path)
    set_aside(path, "it fell down", NOW_MS)
    with closing(opened(path, NOW_MS)) as journal:
        with journal.transaction():
            journal.append(said(seq) for seq in range(1, 2 * ROWS))
        feed = Feed(journal)
        start, trimmed = feed.start_of_replay(ROWS, 10_000)
        assert start == trimmed - 1 == NOW_MS // 1000
        assert feed.page_after(start)[0]["seq"] == 1


def test_a_disk_that_damages_one_journal_after_the_other_is_refused(tmp_path):
    path = tmp_path / "journal.db"
    for second in range(KEPT):
        path.write_bytes(b"rubbish" * 1000)
        set_aside(path, "again", NOW_MS + 1000 * second)
    with pytest.raises(Trouble, match=f"as {KEPT} were before: replace the disk it is on"):
        set_aside(path, "again", NOW_MS + 99_000)


def test_a_journal_that_this_user_may_not_write_is_refused_and_stays(tmp_path, monkeypatch):
    path = tmp_path / "journal.db"
    filled(path)
    prepare = Journal._prepare

    def as_another_user(journal, read_only):
        prepare(journal, read_only)
        journal._db.execute("PRAGMA query_only=1")  # what a file says that belongs to somebody else

    monkeypatch.setattr(Journal, "_prepare", as_another_user)
    with pytest.raises(Trouble, match=r"may not be written .*readonly.*: give it back to this user"):
        opened(path, NOW_MS)
    assert [found.name for found in tmp_path.glob("*damaged*")] == []


def test_a_folder_in_the_place_of_the_journal_is_refused(tmp_path):
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(Trouble, match="may not be written"):
        opened(tmp_path / "journal.db", NOW_MS)


def test_a_page_that_is_found_to_be_damaged_later_is_noticed(tmp_path):
    path = tmp_path / "journal.db"
    filled(path)
    with closing(Journal(path)) as journal:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(bytes(200_000))
        with pytest.raises(sqlite3.DatabaseError) as found, journal.transaction():
            journal.append([said(ROWS + 1)])
        assert found.value.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT
