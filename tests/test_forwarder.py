"""The forwarder under a clock of the tests' own, on a real journal, into a queue that is a list or Azurite."""

import json
import random
import sqlite3
from collections import Counter
from itertools import pairwise

import pytest
from faultyhttp import Answers, FaultyHttp, Portal, Resets, StoresAndResets

from bridge import cloudsettings, wishes
from bridge.cloud import Queue
from bridge.cloudevents import LOST, Ask, Forget, State, Wished, decode
from bridge.forwarder import DENIED_MS, RECORD_MS, TOLD_MS, Forwarder
from bridge.journal import Journal
from bridge.outgoing import AWAY, BEAT_MS, CURSOR, LATE_MS, READ_ROWS
from bridge.packing import MOST_BYTES
from bridge.refusals import Denied, TooLarge, Unreachable
from bridge.report import Dated, Gap, Report

PILLOW = "00112233aabbccdd"
START_MS = 1_800_000_000_000
DAY_MS = 86_400_000


class Told:
    """Troubles, as a person would see them."""

    def __init__(self):
        self.now = {}
        self.all = []

    def tell(self, name, sentence):
        if self.now.get(name) != sentence:
            self.all.append(sentence)
        self.now[name] = sentence

    def clear(self, name):
        self.now.pop(name, None)


class Shelf:
    """A queue that is a list; `refusals` are raised one after another before anything is taken."""

    def __init__(self):
        self.messages = []
        self.refusals = []
        self.tries_ms = []
        self.now_ms = lambda: 0

    def send(self, text):
        self.tries_ms.append(self.now_ms())
        if self.refusals:
            raise self.refusals.pop(0)
        self.messages.append(text)


class Home:
    """A journal with a forwarder, and a clock that both go by."""

    def __init__(self, send=None, path=":memory:"):
        self.shelf = Shelf()
        self.shelf.now_ms = lambda: self.now_ms
        self.journal = Journal(path)
        self.told = Told()
        self.now_ms = 5_000
        self.set_back_ms = 0
        self.seq = 0
        self._send = send or self.shelf.send
        self.start()

    def start(self):
        self.forwarder = Forwarder(self.journal, self._send, self.write, self.told, random.Random(1))

    def write(self, change, key=None):
        with self.journal.transaction():
            return change(self.journal)

    def arrive(self):
        self.write(lambda journal: journal.arrive(PILLOW, "usb", self.wall_ms, boot=1, version="1.0.0"))
        self.write(lambda journal: journal.show(PILLOW, "neutral", self.wall_ms))

    @property
    def wall_ms(self):
        return START_MS + self.now_ms - self.set_back_ms

    def feel(self, count=1, ago_ms=0):
        entries = [
            Dated(
                Report(PILLOW, 1, seq, seq, ("neutral", "hugging")[seq % 2], 90, 5, 7),
                *(self.wall_ms - ago_ms, 5, False, self.wall_ms - ago_ms),
            )
            for seq in range(self.seq + 1, self.seq + count + 1)
        ]
        self.seq += count
        self.write(lambda journal: journal.append(entries))

    def run(self, ms):
        """Let this much time pass; the forwarder is called when it said, and not before."""
        end_ms = self.now_ms + ms
        while self.now_ms <= end_ms:
            wait_s = self.forwarder.step(self.now_ms, self.wall_ms)
            assert wait_s >= 0
            if wait_s:
                self.now_ms += max(1, round(wait_s * 1000))
        self.now_ms = end_ms

    def sent(self, kind=Dated):
        return [event for text in self.shelf.messages for event in decode(text) if isinstance(event, kind)]

    def seqs(self):
        return [dated.said.seq for dated in self.sent()]

    @property
    def cursor(self):
        return self.journal.cursor(CURSOR)


@pytest.fixture
def home():
    home = Home()
    yield home
    home.journal.close()


# -- Every report, in order, once --------------------------------------------------------------------------------


def test_a_report_leaves_at_once_with_how_everything_is_now(home):
    home.arrive()
    home.feel()
    home.run(0)
    (message,) = home.shelf.messages
    report, state = decode(message)
    assert (report.said.seq, report.said.gesture, report.late) == (1, "hugging", False)
    assert (state.pillow, state.gesture, state.link, state.name) == (PILLOW, "hugging", "usb", "cloud 0011")


def test_the_cursor_moves_after_the_queue_has_it_and_not_for_every_report(home):
    home.run(0)
    writes = []
    before = home.write

    home.forwarder._record = lambda change, key: writes.append(home.now_ms) or before(change)
    for _ in range(100):
        home.feel()
        home.run(10)
    assert home.seqs() == list(range(1, 101))
    home.run(RECORD_MS)
    assert home.cursor == 100
    assert len(writes) <= 3


def test_a_backlog_leaves_in_full_messages_in_order(home):
    home.feel(count=2 * READ_ROWS + 5)
    home.run(0)
    assert home.seqs() == list(range(1, 2 * READ_ROWS + 6))
    sizes = [len(message) for message in home.shelf.messages]
    assert max(sizes) <= MOST_BYTES
    assert len(sizes) < (2 * READ_ROWS + 5) / 120


def test_how_it_is_now_goes_last_and_only_when_nothing_else_waits(home):
    home.arrive()
    home.feel(count=READ_ROWS + 1)
    home.run(0)
    kinds = [type(event) for message in home.shelf.messages for event in decode(message)]
    assert kinds == [Dated] * (READ_ROWS + 1) + [State]


def test_what_was_not_recorded_is_sent_again_with_the_same_ids(home):
    home.feel(count=3)
    home.run(0)
    home.start()  # after a crash
    home.run(0)
    ids = [json.loads(message)[0]["id"] for message in home.shelf.messages]
    assert len(ids) == 2 and ids[0] == ids[1]


def test_what_was_recorded_is_not_sent_again(home):
    home.feel(count=3)
    home.run(0)
    home.forwarder.record(home.wall_ms)
    home.start()
    home.run(RECORD_MS)
    assert home.seqs() == [1, 2, 3]


def test_an_older_journal_that_was_put_back_is_sent_from_its_beginning(home):
    home.write(lambda journal: journal.move_cursor(CURSOR, 1_000, home.wall_ms))
    home.feel(count=3)
    home.start()
    home.run(0)
    assert home.seqs() == [1, 2, 3]


def test_the_journal_keeps_what_was_not_sent(home):
    home.shelf.refusals = [Unreachable("x")] * 1_000
    home.feel(count=3)
    home.run(0)
    assert home.write(lambda journal: journal.trim(home.wall_ms + 1)) == 0
    home.shelf.refusals = []
    home.run(100_000)
    assert home.write(lambda journal: journal.trim(home.wall_ms + 1)) == 3


def test_a_gap_is_sent_as_what_it_is(home):
    gap = Dated(Gap(PILLOW, 1, 1, 9, "full", 4), home.wall_ms, 5, True, home.wall_ms)
    home.write(lambda journal: journal.append([gap]))
    home.run(0)
    assert home.sent() == [gap]


@pytest.mark.parametrize(("ago_ms", "late"), [(0, False), (LATE_MS, False), (LATE_MS + 1, True)])
def test_what_leaves_long_after_it_was_heard_is_late(home, ago_ms, late):
    home.feel(ago_ms=ago_ms)
    home.run(0)
    assert [dated.late for dated in home.sent()] == [late]


def test_what_waited_for_the_cloud_is_late(home):
    home.feel()
    home.shelf.refusals = [Unreachable("x", LATE_MS / 1000)]
    home.run(2 * LATE_MS)
    assert [dated.late for dated in home.sent()] == [True]


# -- How everything is now ---------------------------------------------------------------------------------------


def test_home_is_heard_once_a_minute_with_nothing_new(home):
    home.arrive()
    home.run(10 * BEAT_MS)
    states = home.sent(State)
    assert len(states) == 11
    assert [state.stamp for state in states] == sorted({state.stamp for state in states})


def test_a_change_is_said_at_once_and_once(home):
    home.arrive()
    home.run(100)
    home.write(lambda journal: journal.leave(PILLOW, home.wall_ms))
    home.run(1_000)
    assert [state.gesture for state in home.sent(State)] == ["neutral", "notconnected"]


def test_the_stamp_rises_over_starts_and_clocks_that_are_set_back(home):
    home.arrive()
    home.run(RECORD_MS)
    home.set_back_ms = 3_600_000
    home.start()
    home.run(RECORD_MS)
    first, second = home.sent(State)
    assert second.stamp > first.stamp


def test_a_name_that_no_event_may_have_is_made_to_fit(home):
    home.arrive()
    home.write(lambda journal: journal.note(PILLOW, name="a\nb" * 100))
    home.run(0)
    assert home.sent(State)[0].name == ("ab" * 100)[:80]


def test_a_face_that_cannot_be_said_is_in_nobodys_way(home):
    home.arrive()
    home.write(lambda journal: journal.note(PILLOW, gesture="kissing"))
    home.feel()
    home.write(lambda journal: journal.note(PILLOW, gesture="kissing"))
    home.run(BEAT_MS)
    assert home.seqs() == [1] and home.sent(State) == []


# -- The outbox --------------------------------------------------------------------------------------------------


def test_wishes_travel_as_they_stand_and_leave_the_outbox(home):
    with home.journal.transaction():
        wish = home.journal.add_wish(PILLOW, "hug", {"colour": "#ff0000"}, "Oma", 1, 2**50, "uid-of-a-wish")
    home.write(lambda journal: journal.post(AWAY, "wish", {"wish": wish}))
    home.run(RECORD_MS)
    home.write(lambda journal: journal.post(AWAY, "forget", {"upto_ms": 4}))
    home.write(lambda journal: wishes.end(journal, wish, "refused", "no", 5))
    home.run(RECORD_MS)
    ask = Ask("uid-of-a-wish", PILLOW, "hug", {"colour": "#ff0000"}, "Oma", 1, 2**50)
    assert home.sent((Wished, Forget)) == [Wished(ask, "", "", 0), Forget(4), Wished(ask, "refused", "no", 5)]
    assert home.journal.outbox(AWAY) == []


def test_a_wish_that_was_forgotten_before_it_left_is_in_nobodys_way(home):
    home.write(lambda journal: journal.post(AWAY, "wish", {"wish": 77}))
    home.write(lambda journal: journal.post(AWAY, "forget", {"upto_ms": 4}))
    home.run(RECORD_MS)
    assert home.sent((Wished, Forget)) == [Forget(4)]
    assert home.journal.outbox(AWAY) == home.journal.dead_letters() == []


def test_quiet_hours_are_said_with_how_it_is(home):
    home.arrive()
    home.run(RECORD_MS)
    home.write(lambda journal: journal.set_setting(PILLOW, "quiet", {"from": 1320, "to": 420}, "home", 5))
    home.run(RECORD_MS)
    assert [state.quiet for state in home.sent(State)] == [None, {"from": 1320, "to": 420}]


def test_a_full_outbox_travels_whole(home):
    for number in range(1_234):
        home.write(lambda journal, number=number: journal.post(AWAY, "forget", {"upto_ms": number}))
    home.run(20 * RECORD_MS)
    assert [forget.upto_ms for forget in home.sent(Forget)] == list(range(1_234))


@pytest.mark.parametrize(("kind", "body"), [("dance", {}), ("wish", {}), ("wish", {"wish": {}}), ("forget", {"a": 1})])
def test_a_post_that_cannot_be_said_is_put_aside_and_told(home, kind, body):
    home.write(lambda journal: journal.post(AWAY, kind, body))
    home.write(lambda journal: journal.post(AWAY, "forget", {"upto_ms": 4}))
    home.run(RECORD_MS)
    assert home.sent(Forget) == [Forget(4)]
    home.write(lambda journal: journal.post(AWAY, "dance", {}))
    home.run(2 * RECORD_MS)
    assert home.journal.outbox(AWAY) == []
    assert [letter["what"] for letter in home.journal.dead_letters()] == ["post", "post"]


# -- What can never be sent --------------------------------------------------------------------------------------


@pytest.fixture
def spoilt(tmp_path):
    """A home whose journal a hand has been in."""
    home = Home(path=tmp_path / "journal.db")
    hand = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    home.spoil = lambda change, *values: hand.execute(f"UPDATE report SET {change}", values)
    yield home
    hand.close()
    home.journal.close()


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("gesture = ? WHERE seq = 2", "kissing"),
        ("gesture = ? WHERE seq = 2", "x" * 100_000),
        ("gesture = ? WHERE seq = 2", b"\xff\x00"),
        ("strength = ? WHERE seq = 2", -1),
        ("at_ms = ? WHERE seq = 2", 1.5),
        ("why = ?, gesture = 'gap' WHERE seq = 2", "because"),
    ],
)
def test_a_report_that_can_never_be_sent_is_buried_and_the_stream_goes_on(spoilt, change, value):
    spoilt.feel(count=3)
    spoilt.spoil(change, value)
    spoilt.run(RECORD_MS)
    said = [dated.said for dated in spoilt.sent()]
    assert [one.seq for one in said] == [1, 2, 3]
    assert said[1] == Gap(PILLOW, 1, 2, 2, LOST, 0)
    (letter,) = spoilt.journal.dead_letters()
    assert letter["what"] == "report" and letter["why"] and json.loads(letter["content"])["seq"] == 2
    assert spoilt.told.all[0].startswith("a report can never be sent (") and len(spoilt.told.all) == 1
    assert spoilt.cursor == 3


def test_a_report_of_nobody_is_buried_even_when_nothing_else_is_there(spoilt):
    spoilt.feel(count=3)
    spoilt.spoil("pillow = 'nobody'")
    spoilt.run(RECORD_MS)
    assert spoilt.shelf.messages == [] and spoilt.cursor == 3
    assert len(spoilt.journal.dead_letters()) == 3
    spoilt.feel()
    spoilt.run(RECORD_MS)
    assert spoilt.seqs() == [4]


# -- When the cloud does not want ----------------------------------------------------------------------------------


def test_pauses_grow_to_a_minute_and_everything_arrives_in_the_end(home):
    home.shelf.refusals = [Unreachable("it cannot be reached")] * 15
    home.feel(count=5)
    home.run(900_000)
    pauses = [after - before for before, after in pairwise(home.shelf.tries_ms[:16])]
    assert 500 <= pauses[0] <= 1_000
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, [1_000 * min(2**n, 60) for n in range(15)]))
    assert len(set(pauses)) > 10  # left to chance
    assert home.seqs() == [1, 2, 3, 4, 5]


def test_what_is_soon_over_is_no_trouble_and_what_lasts_is_told_once_and_taken_back(home):
    home.shelf.refusals = [Unreachable("one")] * 3
    home.feel()
    home.run(TOLD_MS)
    assert home.told.all == []
    home.shelf.refusals = [Unreachable("it cannot be reached")] * 10
    home.feel()
    home.run(120_000)
    assert home.told.now == {"cloud": "it cannot be reached"}
    home.run(600_000)
    assert home.told.all == ["it cannot be reached"] and home.told.now == {}


def test_a_server_that_asks_for_a_pause_gets_it(home):
    home.shelf.refusals = [Unreachable("busy", 300.0)]
    home.feel()
    home.run(1_000_000)
    first, second, *_ = home.shelf.tries_ms
    assert 300_000 <= second - first <= 450_000


def test_who_is_denied_asks_once_a_minute_whatever_happens(home):
    home.shelf.refusals = [Denied("wrong key: correct it")] * 5
    for _ in range(500):
        home.feel()
        home.run(1_000)
    assert all(after - before >= DENIED_MS for before, after in pairwise(home.shelf.tries_ms[:6]))
    assert home.told.all == ["wrong key: correct it"]
    assert home.told.now == {}
    assert home.seqs() == list(range(1, 501))


def test_a_message_that_is_too_large_is_sent_in_parts(home):
    home.arrive()
    home.feel(count=5)
    home.shelf.refusals = [TooLarge("too large")]
    home.run(0)
    assert home.seqs() == [1, 2, 3, 4, 5]
    assert len(home.shelf.messages) == 6


def test_an_event_that_is_too_large_for_whatever_is_on_the_way_is_not_given_up(home):
    home.feel(count=2)
    home.shelf.refusals = [TooLarge("it takes no message of this size")] * 3
    home.run(1_000)
    assert home.told.now == {
        "cloud": "it takes no message of this size: look for a proxy on the way that allows too little"
    }
    home.run(2 * DENIED_MS)
    assert home.seqs() == [1, 2]
    assert home.told.now == {} and home.journal.dead_letters() == []


def test_a_long_attempt_does_not_shorten_the_pause(home):
    def dawdle(text):
        home.now_ms += 15_000
        raise Unreachable("slow", 10)

    home.feel()
    home.forwarder._send = dawdle
    home.forwarder.step(home.now_ms, home.wall_ms)
    wait_s = home.forwarder.step(home.now_ms, home.wall_ms)
    assert wait_s >= 10


class Cut:
    """A cloud that does nothing for a day, in one of four ways; then it works."""

    def __init__(self, home, how, end_ms):
        self.home, self.how, self.end_ms = home, how, end_ms
        self.tries = 0

    def send(self, text):
        if self.home.now_ms >= self.end_ms:
            return self.home.shelf.send(text)
        self.tries += 1
        return getattr(self, self.how)(text)

    def unreachable(self, text):
        raise Unreachable("it cannot be reached")

    def silent(self, text):
        self.home.now_ms += 30_000
        raise Unreachable("it does not answer in time")

    def slow(self, text):
        """Everything arrives, and every answer is lost: as bad as it gets for doubles."""
        self.home.now_ms += 30_000
        self.home.shelf.send(text)
        raise Unreachable("it does not answer in time")

    def wrong(self, text):
        raise Denied("it refuses the key")


@pytest.mark.parametrize("how", ["unreachable", "silent", "slow", "wrong"])
def test_a_day_without_a_cloud_costs_nothing(home, how):
    home.arrive()
    home.run(0)
    cut = Cut(home, how, home.now_ms + DAY_MS)
    home.forwarder._send = cut.send
    while home.now_ms < cut.end_ms:
        home.feel(count=home.now_ms % 5)
        home.run(60_007)
    home.run(2 * 60_000)
    assert home.seq > 1_000
    assert list(dict.fromkeys(home.seqs())) == list(range(1, home.seq + 1))  # all, and their first comings in order
    if how != "slow":
        assert len(home.seqs()) == home.seq  # once
    assert cut.tries <= DAY_MS / 30_000 + 10
    assert home.told.now == {} and len(home.told.all) == 1
    assert home.sent(State)[-1].stamp > START_MS + cut.end_ms


# -- Azurite, through faults -------------------------------------------------------------------------------------


def test_hundreds_of_faulty_answers_lose_nothing_and_keep_the_order(azurite, queue_name):
    rng = random.Random(20)
    faults = [Answers(429, "1"), Answers(500), Answers(503), Answers(408), Resets(), StoresAndResets(), Portal()]
    with FaultyHttp(azurite.port) as proxy:
        environ = {cloudsettings.CONNECTION: azurite.connection_string(proxy.port), cloudsettings.NAMED: queue_name}
        queue = Queue(cloudsettings.read(environ), queue_name)
        home = Home(send=queue.send)
        proxy.choose = lambda request: rng.choice(faults) if request.is_send and rng.random() < 0.6 else None
        while proxy.asked < 300:
            home.feel(count=rng.randrange(1, 4))
            home.run(rng.randrange(60_000))
        proxy.choose = lambda request: None
        home.run(120_000)
        queue.close()
        home.journal.close()
    arrived = [event.said.seq for text in proxy.stored for event in decode(text) if isinstance(event, Dated)]
    assert list(dict.fromkeys(arrived)) == list(range(1, home.seq + 1))  # first comings are in order, none is missing
    assert max(Counter(arrived).values()) > 1  # and some did come twice, for whoever takes them in to see


def test_through_a_wrong_key_and_out_again(azurite, queue_name):
    right = Queue(cloudsettings.read(_environ(azurite.connection_string(), queue_name)), queue_name)
    wrong = Queue(cloudsettings.read(_environ(azurite.connection_string(key="d3Jvbmc="), queue_name)), queue_name)
    home = Home(send=wrong.send)
    home.feel(count=3)
    home.run(1_000)
    (sentence,) = home.told.all
    assert "refuses the key" in sentence and sentence.endswith("anew from the storage account")
    home.forwarder._send = right.send
    home.run(DENIED_MS)
    assert [event.said.seq for event in decode(right.receive(1, 60)[0].text)] == [1, 2, 3]
    assert home.told.now == {}
    home.journal.close()
    right.close()
    wrong.close()


def _environ(connection, name):
    return {cloudsettings.CONNECTION: connection, cloudsettings.NAMED: name}
