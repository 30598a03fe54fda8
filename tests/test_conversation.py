"""What becomes of a pillow's words in the journal: with stalled writers, several links, and pillows that lie."""

import queue
from concurrent.futures import Future

from joined import PILLOW, START_WALL_MS, Bridge, join
from pillow import wire as pillow_wire

from bridge import journal as journal_module
from bridge import standing
from bridge.conversation import OVERSLEEP_MS, Conversation
from bridge.journal import MARKS, Journal
from bridge.report import Dated, Report
from bridge.session import Session
from bridge.strict import U32

OTHER = "ffeeddccbbaa9988"


def hello(pillow=PILLOW, boot=1, uptime_ms=100, version="1.0.0"):
    words = '{"hello":[0,1,"%s",%d,"%08x","%s","power",%d]}' % (pillow, boot, boot, version, uptime_ms)
    return pillow_wire.line(words)


def beat(gesture, boot=1, seq=0, uptime_ms=200):
    return pillow_wire.line('{"beat":[%d,%d,"%s",%d,0,60000]}' % (boot, uptime_ms, gesture, seq))


def report(seq, boot=1, gesture="hugging"):
    return pillow_wire.line('{"report":[%d,%d,%d,"%s",90,100,5]}' % (boot, seq, 100 + seq, gesture))


def faces(bridge):
    return {row["pillow"]: row["gesture"] for row in bridge.journal.pillows()}


class TakesNothing(Bridge):
    """A bridge whose writer has no room while `is_full`."""

    is_full = False

    def insist(self, work, key):
        if self.is_full:
            raise queue.Full
        super().insist(work, key)


class Counts(Bridge):
    """Counts what is insisted on; with `fails`, no report can be committed."""

    insisted, fails = 0, False

    def insist(self, work, key):
        self.insisted += 1
        super().insist(work, key)

    def submit(self, work):
        if not self.fails:
            return super().submit(work)
        future = Future()
        future.set_exception(OSError("no room"))
        return future


def second_link(bridge):
    session = Session(bridge.journal.recall, "f" * 16)
    return Conversation(session, bridge, "wifi", "cable 2", bridge.present)


def test_nothing_is_shown_before_the_pillow_has_said_how_it_is():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello(), 10)
    assert faces(bridge) == {PILLOW: "notconnected"}
    assert bridge.journal.pillows()[0]["link"] == "usb"
    bridge.receive(beat("sensorfault"), 20)
    assert faces(bridge) == {PILLOW: "sensorfault"}


def test_a_beat_that_says_what_the_reports_said_is_not_written():
    cable = join()
    bridge = cable.bridge = Counts(Journal(":memory:"))
    cable.run(3_000)
    before = bridge.insisted
    for gesture in ("hugging", "neutral", "spinning"):
        cable.pillow.feel(gesture, cable.now_ms)
        cable.run(1_500)
        assert faces(bridge) == {PILLOW: gesture}
    assert bridge.insisted == before


def test_a_beat_is_written_when_the_report_before_it_could_not_be():
    bridge = Counts(Journal(":memory:"))
    bridge.receive(hello() + beat("neutral"), 10)
    bridge.fails = True
    bridge.receive(report(1), 20)
    bridge.next(21)
    bridge.receive(beat("hugging", seq=1), 30)
    assert faces(bridge) == {PILLOW: "hugging"}


def test_a_pillow_that_was_reset_shows_nothing_old():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("hugging"), 10)
    assert faces(bridge) == {PILLOW: "hugging"}
    bridge.receive(hello(boot=2), 20)
    assert faces(bridge) == {PILLOW: "notconnected"}


def test_the_last_word_of_an_older_link_changes_nothing():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("neutral"), 10)
    newer = second_link(bridge)
    newer.hear(hello() + beat("hugging"), 20, 20)
    bridge.conversation.end(30)
    assert (faces(bridge), bridge.journal.pillows()[0]["link"]) == ({PILLOW: "hugging"}, "wifi")


def test_when_the_newer_link_goes_the_older_one_may_speak_again():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("neutral"), 10)
    newer = second_link(bridge)
    newer.hear(hello() + beat("neutral"), 20, 20)
    newer.end(30)
    assert faces(bridge) == {PILLOW: "notconnected"}
    bridge.receive(beat("hugging"), 40)
    assert (faces(bridge), bridge.journal.pillows()[0]["link"]) == ({PILLOW: "hugging"}, "usb")


def test_another_pillow_on_the_same_link_means_that_the_first_has_gone():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("neutral"), 10)
    bridge.receive(hello(OTHER) + beat("hugging"), 20)
    assert faces(bridge) == {PILLOW: "notconnected", OTHER: "hugging"}


def test_what_the_writer_had_no_room_for_is_said_later_and_only_the_newest_of_it():
    bridge = TakesNothing(Journal(":memory:"))
    bridge.is_full = True
    for now_ms, gesture in enumerate(("neutral", "hugging", "spinning")):
        bridge.receive(hello() + beat(gesture), now_ms)
    assert faces(bridge) == {}
    bridge.is_full = False
    bridge.receive(b"", 50)
    assert faces(bridge) == {PILLOW: "spinning"}


def test_the_end_of_a_wish_waits_until_the_writer_has_room():
    cable = join()
    cable.bridge = TakesNothing(Journal(":memory:"))
    cable.run(3_000)
    journal = cable.bridge.journal
    wish = journal.add_wish(PILLOW, "light", {}, "test", 0, 10**15)
    cable.bridge.session.wish(wish, "light", (wish, "off", 0, 0, 0, 0, 0), 10**9)
    cable.bridge.is_full = True
    cable.run(2_000)
    assert journal.wish(wish)["outcome"] == ""
    cable.bridge.is_full = False
    cable.run(100)
    assert journal.wish(wish)["outcome"] == "applied"


# -- Pillows that lie --------------------------------------------------------------------------------------------


def test_a_report_of_a_boot_that_is_yet_to_come_is_not_taken_and_the_pillow_is_asked_who_it_is():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello(boot=1), 10)
    bridge.next(10)  # a ping, which is lost
    bridge.receive(report(1, boot=2), 20)
    assert bridge.journal.rows_after(0) == []
    assert b'"who"' in bridge.next(400)


def test_a_board_with_ever_new_names_fills_the_home_only_up_to_its_cap_and_is_told(monkeypatch):
    monkeypatch.setattr(standing, "PILLOWS", 20)
    bridge = Bridge(Journal(":memory:"))
    for number in range(50):
        bridge.receive(hello("%016x" % number) + beat("neutral"), number)
    assert len(faces(bridge)) == 20
    assert bridge.conversation.refusal == (
        "this home knows as many pillows as it can, and 0000000000000031 is none of them:"
        " set HUGGABLE_DATA to a new folder"
    )
    bridge.receive(hello("%016x" % 7), 60)
    assert bridge.conversation.refusal == ""


def test_a_pillow_with_ever_new_boots_leaves_only_so_many_marks(monkeypatch):
    few = 30
    monkeypatch.setattr(journal_module, "OLDEST_MARK", journal_module.OLDEST_MARK.replace(str(MARKS - 1), str(few - 1)))
    journal = Journal(":memory:")
    for boot in range(1, 101):
        said = Report(PILLOW, boot, 1, 5, "hugging", 90, 100, 1)
        with journal.transaction():
            journal.append([Dated(said, 1, 1, False, 1)])
            journal.note_boot(PILLOW, boot, "00000001", [])
    assert journal._db.execute("SELECT count(*), min(boot) FROM mark").fetchone()[:] == (few, 71)
    assert [journal.mark(PILLOW, boot) for boot in (70, 71, 100, 101)] == [U32, 1, 1, 0]


def test_what_comes_of_a_boot_that_is_closed_is_not_counted_twice_and_the_pillow_may_forget_it(monkeypatch):
    monkeypatch.setattr(journal_module, "OLDEST_MARK", journal_module.OLDEST_MARK.replace(str(MARKS - 1), "1"))
    cable = join()
    cable.run(500)
    cable.pillow.feel("hugging", cable.now_ms)
    with cable.bridge.journal.transaction():
        for boot in (2, 3):
            cable.bridge.journal.note_boot(PILLOW, boot, "", [])
    cable.bridge.open()  # this bridge remembers nothing of boot 1 any more
    cable.run(5_000)
    assert cable.bridge.journal.rows_after(0) == []
    assert cable.pillow.spool.oldest() is None


def test_a_pillow_that_is_quiet_on_wifi_is_shown_on_its_cable():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("hugging"), 10)
    quiet = second_link(bridge)
    quiet.hear(hello(), 20, 20)
    bridge.receive(beat("neutral"), 30)
    assert (faces(bridge), bridge.journal.pillows()[0]["link"]) == ({PILLOW: "neutral"}, "usb")
    quiet.end(40)
    assert (faces(bridge), bridge.journal.pillows()[0]["link"]) == ({PILLOW: "neutral"}, "usb")


def test_a_pillow_that_moves_to_wifi_is_shown_there_though_its_cable_is_only_silent():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("neutral"), 10)
    newer = second_link(bridge)
    newer.hear(hello(), 20, 20)
    newer.hear(hello() + beat("hugging"), 30, 30)
    bridge.conversation.end(40)
    assert (faces(bridge), bridge.journal.pillows()[0]["link"]) == ({PILLOW: "hugging"}, "wifi")


def test_nothing_over_a_network_is_console():
    bridge = Bridge(Journal(":memory:"))
    Conversation(Session(bridge.journal.recall, "f" * 16), bridge, "wifi", "", bridge.present).hear(b"boo\n\n", 10, 10)
    assert bridge.journal.console_tail() == []


def asleep(seconds=3_600, boot=1):
    return pillow_wire.line('{"asleep":[%d,%d]}' % (boot, seconds))


def test_a_pillow_that_says_so_sleeps_and_does_not_count_as_gone():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("neutral") + asleep(), 10)
    assert faces(bridge) == {PILLOW: "sleeping"}
    bridge.receive(b"", 5_000)
    bridge.conversation.end(6_000)
    assert faces(bridge) == {PILLOW: "sleeping"}
    assert bridge.journal.pillows()[0]["link"] == ""
    bridge.open()
    bridge.receive(hello(boot=2) + beat("hugging", boot=2), 10_000)
    assert faces(bridge) == {PILLOW: "hugging"}


def test_a_pillow_that_does_not_wake_is_gone_after_all():
    bridge = Bridge(Journal(":memory:"))
    bridge.receive(hello() + beat("neutral") + asleep(60), 0)
    bridge.journal.oversleep(START_WALL_MS + 60_000)
    assert faces(bridge) == {PILLOW: "sleeping"}
    bridge.journal.oversleep(START_WALL_MS + 60_000 + OVERSLEEP_MS + 1)
    assert faces(bridge) == {PILLOW: "notconnected"}


def test_a_pillow_that_calls_again_over_wifi_is_shown_on_its_newest_call_at_once():
    bridge = Bridge(Journal(":memory:"))
    older, newer = second_link(bridge), second_link(bridge)
    older.hear(hello() + beat("hugging"), 10, 10)
    newer.hear(hello(), 20, 20)
    older.end(30)
    assert (faces(bridge), bridge.journal.pillows()[0]["link"]) == ({PILLOW: "hugging"}, "wifi")
    assert [row["here"] for row in bridge.journal.presence_between(0, 2**53)] == [1]
