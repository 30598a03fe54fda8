import sqlite3
import threading

import pytest

from bridge.journal import Journal, JournalNewer
from bridge.report import Dated, Gap, Report
from bridge.standing import CONSOLE_ROWS
from bridge.wishbook import ENDED_WISHES

PILLOW = "00112233aabbccdd"


def said(seq, gesture="hugging", boot=1, late=False):
    return Dated(Report(PILLOW, boot, seq, seq * 1000, gesture, 90, 100, 500), 1_000_000 + seq, 5, late, 1_000_009)


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def append(journal, *entries):
    with journal.transaction():
        return journal.append(entries)


def sequence(journal):
    return [(row["boot"], row["seq"]) for row in journal.rows_after(0)]


def test_what_comes_next_is_appended(journal):
    assert append(journal, said(1), said(2)) == {(PILLOW, 1): 2}
    assert sequence(journal) == [(1, 1), (1, 2)]


def test_a_repeated_report_is_passed_over_and_acknowledged_again(journal):
    append(journal, said(1), said(2))
    assert append(journal, said(1), said(2)) == {(PILLOW, 1): 2}
    assert sequence(journal) == [(1, 1), (1, 2)]


def test_a_report_behind_a_hole_is_not_taken(journal):
    assert append(journal, said(1), said(3)) == {(PILLOW, 1): 1}


def test_a_gap_closes_the_hole_it_tells_of_and_no_other(journal):
    append(journal, said(1))
    gap = Dated(Gap(PILLOW, 1, 1, 4, "full", 2), 1_000_001, 5, True, 1_000_009)
    assert append(journal, gap) == {(PILLOW, 1): 4}
    row = journal.rows_after(1)[0]
    assert (row["gesture"], row["first"], row["seq"], row["why"], row["strength"]) == ("gap", 2, 4, "full", 0)
    assert append(journal, Dated(Gap(PILLOW, 1, 6, 9, "full", 0), 1, 1, True, 1)) == {(PILLOW, 1): 4}


def test_the_mark_outlives_the_row(journal):
    append(journal, said(1), said(2))
    with journal.transaction():
        journal._db.execute("DELETE FROM report")
    assert append(journal, said(2)) == {(PILLOW, 1): 2}
    assert sequence(journal) == []


def test_what_is_held_of_a_boot_is_found_without_reading_every_row(journal):
    rows = ((PILLOW, 1 + seq // 5_000, seq, seq) for seq in range(20_000))
    with journal.transaction():
        journal._db.executemany(
            "INSERT INTO report (pillow, boot, seq, first, uptime_ms, gesture, confidence, strength, duration_ms,"
            " at_ms, err_ms, late, heard_ms, why) VALUES (?,?,?,1,1,'hugging',1,1,1,?,3,0,1,'')",
            rows,
        )
    steps = []
    journal._db.set_progress_handler(lambda: steps.append(1), 10)
    assert journal.recall(PILLOW, 9).not_before_ms == 19_999 - 3
    assert len(steps) < 100


def test_row_numbers_are_never_used_again(journal):
    append(journal, said(1))
    with journal.transaction():
        journal._db.execute("DELETE FROM report")
    append(journal, said(2))
    assert [row["row"] for row in journal.rows_after(0)] == [2]
    assert (journal.oldest_row(), journal.newest_row()) == (2, 2)


def test_a_failed_job_leaves_nothing(journal):
    with pytest.raises(ZeroDivisionError), journal.transaction():
        journal.append([said(1)])
        raise ZeroDivisionError
    assert sequence(journal) == []


def test_the_journal_is_wal_and_full(journal):
    assert journal._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert journal._db.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_live_reports_move_the_face_and_late_ones_do_not(journal):
    with journal.transaction():
        journal.arrive(PILLOW, "usb", 5, boot=1, version="1.0.0")
        journal.append([said(1, "hugging"), said(2, "punching", late=True)])
    (pillow,) = journal.pillows()
    assert (pillow["gesture"], pillow["since_ms"], pillow["link"]) == ("hugging", 1_000_001, "usb")


def test_a_pillow_that_left_shows_notconnected_whatever_comes_late(journal):
    with journal.transaction():
        journal.arrive(PILLOW, "usb", 5)
        journal.leave(PILLOW, 77)
        journal.append([said(1)])
    (pillow,) = journal.pillows()
    assert (pillow["gesture"], pillow["last_seen_ms"], pillow["link"]) == ("notconnected", 77, "")
    assert [row["here"] for row in journal.presence_between(0, 100)] == [1, 0]


def test_two_programs_that_build_a_new_journal_at_once_both_can(tmp_path):
    journals, errors = [], []

    def build():
        try:
            journals.append(Journal(tmp_path / "new.db"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=build) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    [journal.close() for journal in journals]
    assert (len(journals), errors) == (8, [])


def test_a_journal_from_the_future_is_refused_with_a_sentence(tmp_path):
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(JournalNewer, match="update this program"):
        Journal(tmp_path / "journal.db")


def test_a_read_only_journal_cannot_write(journal):
    looking = Journal(journal.path, read_only=True)
    with pytest.raises(sqlite3.OperationalError), looking.transaction():
        looking.say("usb", "x", 1)
    looking.close()


def test_the_console_is_capped(journal):
    with journal.transaction():
        for number in range(CONSOLE_ROWS + 50):
            journal.say("usb", f"line {number}", number)
    assert len(journal.console_tail(5000)) == CONSOLE_ROWS
    assert journal.console_tail(1)[0]["text"] == f"line {CONSOLE_ROWS + 49}"


def test_what_is_wrong_with_several_for_the_same_reason_is_one_trouble(journal):
    with journal.transaction():
        for at_ms, name in ((7, "wishes"), (5, "cloud"), (6, "other")):
            journal.trouble(name, "the key is wrong: copy it anew" if name != "other" else "else", at_ms)
    assert [(trouble["name"], trouble["since_ms"]) for trouble in journal.troubles()] == [("cloud", 5), ("other", 6)]


def test_troubles_are_told_until_they_are_over(journal):
    with journal.transaction():
        journal.trouble("port", "No board is seen.", 5)
        journal.trouble("port", "No board is seen: plug one in.", 9)
    assert journal.troubles() == [{"name": "port", "since_ms": 5, "sentence": "No board is seen: plug one in."}]
    with journal.transaction():
        journal.trouble("port", None, 11)
    assert journal.troubles() == []


def test_a_wish_has_one_end(journal):
    with journal.transaction():
        wish = journal.add_wish(PILLOW, "light", {"effect": "hug"}, "page", 1, 100)
        journal.end_wish(wish, "applied", "", 50)
        journal.end_wish(wish, "expired", "", 101)
    assert journal.wish(wish)["outcome"] == "applied"
    assert journal.open_wishes() == []


def test_ended_wishes_are_capped_and_open_ones_are_not(journal):
    with journal.transaction():
        first = journal.add_wish(PILLOW, "light", {}, "page", 1, 100)
        for _ in range(ENDED_WISHES + 20):
            journal.end_wish(journal.add_wish(PILLOW, "press", {}, "page", 200, 200), "applied", "", 2)
    assert journal._db.execute("SELECT count(*) FROM wish").fetchone()[0] <= ENDED_WISHES + 2
    assert journal.open_wishes()[0]["wish"] == first


def test_a_wish_that_is_still_good_is_known_by_its_name_however_many_came_after_it(journal):
    with journal.transaction():
        first = journal.add_wish(PILLOW, "hug", {}, "page", 1, 10_000, uid="from-away")
        journal.end_wish(first, "applied", "", 2)
        for _ in range(ENDED_WISHES + 20):
            journal.end_wish(journal.add_wish(PILLOW, "press", {}, "page", 200, 200), "applied", "", 2)
        assert journal.add_wish(PILLOW, "hug", {}, "page", 1, 10_000, uid="from-away") == first


def test_the_last_applied_is_the_one_that_ended_last(journal):
    with journal.transaction():
        wishes = [journal.add_wish(PILLOW, "hug", {}, "page", 1, 100) for _ in range(3)]
        for wish, outcome, at_ms in zip(wishes, ("applied", "applied", "expired"), (50, 40, 60)):
            journal.end_wish(wish, outcome, "", at_ms)
    assert journal.last_applied(PILLOW, "hug")["wish"] == wishes[0]
    assert journal.last_applied(PILLOW, "light") is None


def test_old_reports_are_forgotten_and_their_marks_are_not(journal):
    append(journal, *[said(seq) for seq in range(1, 11)])
    with journal.transaction():
        journal._db.execute("UPDATE report SET heard_ms = row")
        assert journal.trim(before_ms=6) == 5
    assert sequence(journal) == [(1, seq) for seq in range(6, 11)]
    assert append(journal, said(3)) == {(PILLOW, 1): 10}


def test_what_a_cursor_has_yet_to_pass_is_not_old(journal):
    append(journal, *[said(seq) for seq in range(1, 11)])
    with journal.transaction():
        journal.move_cursor("queue", 4, 1)
        journal.move_cursor("queue", 2, 2)
        assert journal.cursor("queue") == 4
        journal.trim(before_ms=2**60)
    assert journal.oldest_row() == 5


def test_beyond_its_size_the_journal_forgets_what_was_forwarded_first(journal):
    append(journal, *[said(seq) for seq in range(1, 3001)])
    with journal.transaction():
        journal.move_cursor("queue", 1000, 1)
        assert journal.trim(before_ms=0, most_bytes=1) == 1000
        assert journal.trim(before_ms=0, most_bytes=1) == 2000
    assert journal.newest_row() == 3000
