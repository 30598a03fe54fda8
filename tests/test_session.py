import pytest
from cables import MISBEHAVIOURS
from joined import PILLOW, START_WALL_MS, Bridge, join
from pillow import wire as pillow_wire

from bridge.events import Beaten, Missed, Refused, Repeated, Said, Silent, Stranger
from bridge.journal import Journal
from bridge.report import GESTURES
from bridge.session import Session
from bridge.wire import Console, Garbled


def rows(cable):
    return cable.bridge.journal.rows_after(0)


def heard(cable, kind):
    return [event for event in cable.bridge.events if isinstance(event, kind)]


def hug(cable, times, every_ms=50):
    """`times` changes of gesture, `every_ms` apart."""
    for _ in range(times):
        gesture = "neutral" if cable.pillow.reporter.gesture == "hugging" else "hugging"
        cable.pillow.feel(gesture, cable.now_ms)
        cable.run(every_ms)


def identities(cable):
    return [(row["boot"], row["seq"]) for row in rows(cable)]


def test_a_hug_is_reported_once_at_the_right_time():
    cable = join()
    cable.run(1000)
    cable.pillow.feel("hugging", cable.now_ms)
    felt_ms = START_WALL_MS + cable.now_ms
    cable.run(3000)
    (row,) = rows(cable)
    assert (row["pillow"], row["gesture"], row["late"]) == (PILLOW, "hugging", 0)
    assert abs(row["at_ms"] - felt_ms) <= row["err_ms"] <= 10
    assert cable.pillow.spool.oldest() is None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cable_of", MISBEHAVIOURS)
def test_every_misbehaving_cable_delivers_everything_once_in_order(cable_of, seed):
    cable = join()
    cable.up, cable.down = cable_of(seed), cable_of(seed + 100)
    hug(cable, 60)
    cable.run(60_000)
    assert identities(cable) == [(1, seq) for seq in range(1, 61)]
    assert cable.pillow.spool.oldest() is None


def test_a_pillow_that_was_away_tells_it_all_with_the_times_it_happened():
    cable = join()
    cable.run(2000)
    cable.plugged = False
    felt = []
    for _ in range(100):
        felt.append(START_WALL_MS + cable.now_ms)
        hug(cable, 1, 700)
    cable.plugged = True
    cable.run(10_000)
    assert identities(cable) == [(1, seq) for seq in range(1, 101)]
    assert all(abs(row["at_ms"] - at_ms) <= 50 for row, at_ms in zip(rows(cable), felt))
    assert rows(cable)[0]["late"] == 1


def test_old_reports_never_move_the_live_face():
    cable = join()
    cable.run(2000)
    cable.plugged = False
    cable.run(4000)
    hug(cable, 51, 100)
    cable.pillow.feel("spinning", cable.now_ms)
    cable.run(5000)
    cable.plugged = True
    faces = set()
    for _ in range(500):
        cable.run(20)
        faces.add(cable.bridge.journal.pillows()[0]["gesture"])
    assert faces == {"notconnected", "spinning"}
    assert cable.bridge.journal.pillows()[0]["gesture"] == "spinning"


def test_a_reset_in_the_middle_continues_the_count_under_a_new_boot():
    cable = join()
    cable.run(1000)
    hug(cable, 3)
    cable.plugged = False
    hug(cable, 2)
    cable.pillow.boot(cable.now_ms)
    hug(cable, 2)
    cable.plugged = True
    cable.run(8000)
    assert identities(cable) == [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 1), (2, 2)]


def test_a_bridge_that_starts_anew_asks_and_goes_on():
    cable = join()
    cable.run(1000)
    hug(cable, 5)
    cable.bridge = Bridge(cable.bridge.journal)
    hug(cable, 5)
    cable.run(4000)
    assert identities(cable) == [(1, seq) for seq in range(1, 11)]


def test_a_bridge_with_a_new_journal_is_told_what_went_to_the_old_one():
    cable = join()
    cable.run(1000)
    hug(cable, 40)
    cable.run(3000)
    cable.bridge = Bridge(Journal(":memory:"))
    hug(cable, 1)
    cable.run(4000)
    first, *rest = rows(cable)
    assert (first["gesture"], first["why"], first["first"], first["seq"]) == ("gap", "acked", 1, 32)
    assert [row["seq"] for row in rest] == list(range(33, 42))


def test_silence_is_noticed_within_two_and_a_half_seconds():
    cable = join()
    cable.run(5000)
    assert not heard(cable, Silent)
    cable.plugged = False
    cable.run(2350)
    assert len(heard(cable, Silent)) == 1
    assert cable.bridge.journal.pillows()[0]["gesture"] == "notconnected"


def test_beats_say_how_the_pillow_is_now():
    cable = join()
    cable.run(1000)
    cable.pillow.feel("shaking", cable.now_ms)
    cable.run(1500)
    beaten = heard(cable, Beaten)[-1]
    assert (beaten.beat.gesture, beaten.behind) == ("shaking", False)


def test_a_board_that_says_no_hello_is_a_stranger():
    session = Session(lambda pillow, boot: None, "0" * 16)
    session.tick(0)
    assert session.receive(b"hello\r\n>>> \r\n", 100, START_WALL_MS) == [Console("hello"), Console(">>>")]
    assert session.tick(4900) == []
    assert session.tick(5000) == [Stranger()]


def test_a_second_pillow_with_the_same_boot_is_refused_with_a_sentence():
    cable = join()
    cable.run(1000)
    hug(cable, 2)
    cable.pillow.disk.files.clear()
    cable.pillow.boots = 0
    cable.pillow.boot(cable.now_ms)
    cable.pillow.link._identity = (PILLOW, 1, "ffffffff", "1.0.0", "power")
    hug(cable, 4)
    cable.run(5000)
    assert "counts boot 1 a second time" in heard(cable, Refused)[0].sentence
    assert identities(cable) == [(1, 1), (1, 2)]


def test_a_pillow_of_another_wire_is_refused_with_a_sentence():
    session = Session(Journal(":memory:").recall, "0" * 16)
    line = pillow_wire.line('{"hello":[0,9,"%s",1,"00000001","9.0.0","power",5]}' % PILLOW)
    (event,) = session.receive(line, 0, START_WALL_MS)
    assert isinstance(event, Refused) and "make flash" in event.sentence
    assert session.outgoing(0) == b""


def test_bad_fields_in_a_good_line_cost_only_that_line():
    cable = join()
    cable.run(1000)
    for body in ('{"report":[1,1,5,"crying",1,1,1]}', '{"report":[]}', '{"beat":["<script>"]}', '{"new":[1]}'):
        cable.bridge.receive(pillow_wire.line(body), cable.now_ms)
    hug(cable, 2)
    cable.run(1000)
    assert len(heard(cable, Garbled)) == 3
    assert identities(cable) == [(1, 1), (1, 2)]


def test_a_hole_is_asked_for_and_never_skipped():
    cable = join()
    cable.run(1000)
    drop = iter([True])
    cable.up = lambda data: b"" if b'"report":[1,1,' in data and next(drop, False) else data
    hug(cable, 4, 10)
    cable.run(200)
    assert heard(cable, Missed)
    assert identities(cable) == [(1, 1), (1, 2), (1, 3), (1, 4)]


def test_a_lost_ack_costs_a_repetition_and_nothing_else():
    cable = join()
    cable.run(1000)
    drop = iter([True, True])
    cable.down = lambda data: b"" if b'"ack"' in data and next(drop, False) else data
    hug(cable, 1)
    cable.run(4000)
    assert heard(cable, Repeated)
    assert len(heard(cable, Said)) == 1
    assert cable.pillow.spool.oldest() is None


def test_only_one_host_line_is_unanswered_at_a_time():
    cable = join()
    unanswered = []

    def watch_down(data):
        if data:
            unanswered.append(data)
            assert len(unanswered) <= 1 and len(data) <= 200
        return data

    def watch_up(data):
        if any(kind in data for kind in (b'"ok"', b'"hello":[0', b'"hello"')):
            unanswered.clear()
        return data

    cable.down, cable.up = watch_down, watch_up
    hug(cable, 200, 20)
    assert len(identities(cable)) > 150


def test_a_wish_is_granted_refused_or_dropped_when_its_time_is_over():
    cable = join()
    cable.run(1000)
    session = cable.bridge.session
    assert session.wish(7, "light", (1, "hug", 255, 80, 80, 20, 5), cable.now_ms + 1000)
    session.wish(8, "dance", (1,), cable.now_ms + 1000)
    session.wish(9, "light", (2, "glow", 1, 1, 1, 1, 1), cable.now_ms)
    cable.run(1000)
    ended = [(event.wish, event.outcome, event.why) for event in cable.bridge.events if hasattr(event, "outcome")]
    assert ended == [(7, "applied", ""), (8, "refused", "unknown")]
    assert cable.pillow.lights == [(1, "hug", 255, 80, 80, 20, 5)]


def test_what_could_not_be_committed_is_accepted_again():
    cable = join()
    cable.run(1000)
    append, fails = cable.bridge.journal.append, iter([True])
    session = cable.bridge.session

    def full_once(entries):
        if next(fails, False):
            session.uncommitted(1)
            return {}
        return append(entries)

    cable.bridge.journal.append = full_once
    hug(cable, 3)
    cable.run(3000)
    assert identities(cable) == [(1, 1), (1, 2), (1, 3)]


def test_every_gesture_of_the_wire_reaches_the_journal():
    cable = join()
    cable.run(1000)
    for gesture in GESTURES[::-1]:
        cable.pillow.feel(gesture, cable.now_ms)
        cable.run(100)
    assert [row["gesture"] for row in rows(cable)] == list(GESTURES[::-1])
