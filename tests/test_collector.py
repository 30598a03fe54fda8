import itertools
import random
import sqlite3
from dataclasses import replace

import pytest
from unruly import HOME_MS, PILLOW, UnrulyQueue, message, report, state

from bridge import steps, wishes
from bridge.cloud import Received
from bridge.cloudevents import Ask, Forget, Wished
from bridge.journal import Journal
from bridge.refusals import Denied, TooLarge, Unreachable
from bridge.report import Gap
from web.collector import HELD, HOLD_S, MOST, VISIBLE_S, Collector
from web.intake import SILENT_MS, Intake
from web.pace import IDLE_MOST_S, LIVELY_S, WATCHED_S, Pace


class Told(dict):
    """Troubles as they stand."""

    def tell(self, name, sentence):
        self[name] = sentence

    def clear(self, name):
        self.pop(name, None)


class Machine:
    """A machine away from home under a clock that is turned by hand; `restart` is a new process on the same disk."""

    def __init__(self, path, queue=None, publish=None):
        self.path, self.queue, self.poison = path, queue or UnrulyQueue(), UnrulyQueue()
        self.troubles, self.watched, self.publish = Told(), False, publish
        self.now_s = 0.0
        self.restart()

    def restart(self):
        self.journal = Journal(self.path)
        pace = Pace(lambda: self.watched, random.Random(1))
        intake = Intake(self.journal, self.troubles)
        self.collector = Collector(intake, self.queue, self.poison, self.troubles, pace, self.publish)

    def step(self, seconds=0.0):
        """Let time pass, then look once. Gives the rest that was asked for."""
        self.now_s += seconds
        self.queue.now_s = self.now_s
        return self.collector.step(self.now_s, HOME_MS + round(self.now_s * 1000))

    def run(self, seconds):
        end_s = self.now_s + seconds
        rest_s = 0.0
        while self.now_s < end_s:
            rest_s = max(self.step(min(rest_s, end_s - self.now_s)), 0.05)

    def rows(self):
        return list(itertools.chain.from_iterable(iter(Pages(self.journal))))

    def told(self):
        return [(row["boot"], row["first"], row["seq"], row["gesture"], row["why"]) for row in self.rows()]

    def seqs(self):
        return [row["seq"] for row in self.rows()]

    def pillow(self):
        (found,) = self.journal.pillows()
        return found


class Pages:
    def __init__(self, journal):
        self.journal, self.row = journal, 0

    def __iter__(self):
        while page := self.journal.rows_after(self.row):
            self.row = page[-1]["row"]
            yield page


@pytest.fixture
def away(tmp_path):
    return Machine(tmp_path / "journal.db")


# -- taken in once and in order ----------------------------------------------------------------------------------


def test_what_came_is_on_disk_and_then_deleted(away):
    away.queue.send(message(report(1), report(2), state(7)))
    away.step()
    assert away.seqs() == [1, 2]
    assert away.queue.there == {}
    assert (away.pillow()["name"], away.pillow()["gesture"], away.pillow()["link"]) == ("Cirrus", "hugging", "usb")


def test_a_message_that_comes_again_changes_nothing_and_is_deleted(away):
    for _ in range(2):
        away.queue.send(message(report(1), report(2)))
    away.step()
    assert away.seqs() == [1, 2] and not away.queue.there


def test_what_comes_too_early_waits_undeleted_for_what_is_before_it(away):
    away.queue.send(message(report(1)))
    away.step()
    away.queue.send(message(report(4), report(5)))
    away.queue.send(message(report(3)))
    away.step()
    assert away.seqs() == [1] and len(away.queue.there) == 2
    away.queue.send(message(report(2)))
    away.step(1)
    assert away.seqs() == [1, 2, 3, 4, 5] and not away.queue.there


def test_how_things_stand_does_not_wait(away):
    away.queue.send(message(report(1)))
    away.step()
    away.queue.send(message(report(3), state(9, "spinning")))
    away.step()
    assert away.seqs() == [1] and away.pillow()["gesture"] == "spinning"


def test_a_hole_that_nothing_fills_is_told_as_a_gap_after_a_while(away):
    away.queue.send(message(report(1)))
    away.queue.send(message(report(4)))
    away.queue.send(message(report(6)))
    away.run(HOLD_S - 2)
    assert away.seqs() == [1]
    away.run(VISIBLE_S + 10)
    assert away.told() == [
        (1, 1, 1, "hugging", ""),
        (1, 2, 3, "gap", "queue"),
        (1, 4, 4, "hugging", ""),
        (1, 5, 5, "gap", "queue"),
        (1, 6, 6, "hugging", ""),
    ]
    assert not away.queue.there


def test_what_comes_after_its_hole_was_given_up_is_passed_over(away):
    away.queue.send(message(report(1), report(3)))
    away.run(HOLD_S + VISIBLE_S + 10)
    away.queue.send(message(report(2)))
    away.step(30)
    assert away.seqs() == [1, 2, 3] and [row["gesture"] for row in away.rows()] == ["hugging", "gap", "hugging"]
    assert not away.queue.there


def test_the_history_of_a_new_pillow_begins_where_it_begins_without_a_gap(away):
    away.queue.send(message(report(500), report(501)))
    away.run(HOLD_S + VISIBLE_S + 10)
    assert away.seqs() == [500, 501]


def test_a_gap_that_the_pillow_told_is_kept_as_it_is(away):
    away.queue.send(message(replace(report(1), said=Gap(PILLOW, 1, 1, 9, "full", 4)), report(10)))
    away.step()
    assert away.told() == [(1, 1, 9, "gap", "full"), (1, 10, 10, "hugging", "")]
    assert away.rows()[0]["strength"] == 4


def test_what_waits_has_a_cap_and_beyond_it_the_queue_keeps_it(away):
    away.queue.send(message(report(1)))
    away.step()
    for seq in range(3, HELD * 2):
        away.queue.send(message(report(seq)))
    for _ in range(HELD * 2 // MOST):
        away.step(0.01)
    assert len(away.collector._held) == HELD and away.seqs() == [1]
    away.queue.send(message(report(2)))
    away.run(VISIBLE_S * 2)
    assert away.seqs() == list(range(1, HELD * 2)) and not away.queue.there


def test_a_thousand_messages_in_flight_of_a_collector_that_died_are_waited_for(away):
    for seq in range(1, 1001):
        away.queue.send(message(report(seq)))
    away.queue.receive(MOST, VISIBLE_S)  # somebody took these and died
    away.run(HOLD_S * 2)
    assert away.seqs() == list(range(1, 1001))
    assert all(row["gesture"] == "hugging" for row in away.rows())


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", ["published", "taken", "deleted"])
def test_killed_between_any_two_steps_nothing_is_lost_or_doubled(tmp_path, step):
    published = []
    away = Machine(tmp_path / "journal.db", publish=lambda text, heard_ms, events: published.append(text))
    for seq in range(1, 40):
        away.queue.send(message(report(seq)))

    def die(name):
        if name == step:
            raise Killed

    for _ in range(5):
        steps.watch_with(die)
        try:
            with pytest.raises(Killed):
                away.run(100)
        finally:
            steps.watch_with(None)
        away.restart()
    away.run(HOLD_S * 2)
    assert away.seqs() == list(range(1, 40))
    firsts = list(dict.fromkeys(published))
    assert firsts == [message(report(seq)) for seq in range(1, 40)]  # and whoever reads those meets no hole


@pytest.mark.parametrize("seed", range(12))
def test_no_unruly_queue_loses_doubles_or_disorders_anything(tmp_path, seed):
    rng = random.Random(seed)
    away = Machine(tmp_path / "journal.db", UnrulyQueue(seed, 0.4))
    sent, stamp = [], 0
    for boot in (1, 2, 3):
        left = [report(seq, boot) for seq in range(1, 120)]
        while left:
            count = rng.randint(1, 9)
            stamp += 1
            text = message(*left[:count], state(stamp))
            for _ in range(1 + (rng.random() < 0.2)):
                away.queue.send(text)
            sent += [(one.said.boot, one.said.seq) for one in left[:count]]
            del left[:count]
            for _ in range(rng.randint(0, 3)):
                away.step(rng.random() * 3)
            if rng.random() < 0.03:
                away.restart()
    away.queue.unruly = 0.0
    away.run(HOLD_S * 3)
    rows = [(row["boot"], row["seq"]) for row in away.rows()]
    assert sorted(rows) == sent and len(set(rows)) == len(rows)
    for boot in (1, 2, 3):
        assert [seq for b, seq in rows if b == boot] == list(range(1, 120))
    assert not away.queue.there and away.queue.faults > 20
    assert away.pillow()["stamp"] == stamp


# -- the face ----------------------------------------------------------------------------------------------------


def test_an_older_word_about_a_pillow_changes_nothing(away):
    away.queue.send(message(state(5, "spinning")))
    away.queue.send(message(state(4, "hugging")))
    away.step()
    assert away.pillow()["gesture"] == "spinning"


def test_reports_alone_never_move_the_face(away):
    away.queue.send(message(state(5, "neutral")))
    away.queue.send(message(report(1, gesture="punching")))
    away.step()
    assert away.seqs() == [1] and away.pillow()["gesture"] == "neutral"


def test_a_home_that_is_silent_is_not_connected_and_is_again_when_it_speaks(away):
    away.queue.send(message(state(1)))
    away.step()
    away.run(SILENT_MS / 1000 - 5)
    assert away.pillow()["gesture"] == "hugging" and "home" not in away.troubles
    away.run(40)
    assert (away.pillow()["gesture"], away.pillow()["link"]) == ("notconnected", "")
    assert away.pillow()["last_seen_ms"] == HOME_MS
    assert away.troubles["home"].startswith("home is not heard")
    away.queue.send(message(state(1)))  # nothing has changed there meanwhile
    away.step(30)
    assert away.pillow()["gesture"] == "hugging" and "home" not in away.troubles
    comings = [row["here"] for row in away.journal.presence_between(0, 2**53)]
    assert comings == [1, 0, 1]


def test_a_word_that_lay_in_the_queue_for_long_does_not_say_how_it_is_now(away):
    away.queue.send(message(report(1), state(1)))
    away.step(3600)
    assert away.seqs() == [1]
    assert (away.pillow()["name"], away.pillow()["gesture"]) == ("Cirrus", "notconnected")


def test_a_machine_that_starts_again_knows_that_home_was_silent_meanwhile(away):
    away.queue.send(message(state(1)))
    away.step()
    away.restart()
    away.step(3600)
    assert away.pillow()["gesture"] == "notconnected"


# -- wishes, forgetting ------------------------------------------------------------------------------------------


def ask(uid="of-somebody-at-home", kind="hug", made_ms=HOME_MS, body=None):
    return Ask(uid, PILLOW, kind, body or {"colour": "#ff0000"}, "home", made_ms, made_ms + 60_000)


def outcomes(away):
    return [(wish["who"], wish["outcome"]) for wish in away.journal.wishes(PILLOW)]


def test_a_wish_ends_as_home_says_and_keeps_its_first_end(away):
    number = wishes.make(away.journal, PILLOW, "hug", {"colour": "#ff0000"}, "Oma", 60, from_away=True)
    said = ask(away.journal.wish(number)["uid"])
    away.queue.send(message(Wished(said, "", "", 0), Wished(said, "applied", "", 5)))
    away.queue.send(message(Wished(said, "refused", "no", 6), Wished(said, "", "", 0)))
    away.step()
    assert (away.journal.wish(number)["outcome"], away.journal.wish(number)["ended_ms"]) == ("applied", 5)
    assert outcomes(away) == [("Oma", "applied")]
    assert away.journal.outbox("away") == []


def test_a_wish_made_at_home_is_listed_here_as_it_stands_there(away):
    away.queue.send(message(Wished(ask(), "", "", 0)))
    away.step()
    assert outcomes(away) == [("home", "")]
    away.queue.send(message(Wished(ask(), "expired", "nobody could do it in time", HOME_MS + 9)))
    away.step()
    assert outcomes(away) == [("home", "expired")]


def test_a_wish_that_no_kind_says_is_put_aside_and_costs_nothing_else(away):
    away.queue.send(message(Wished(ask(kind="dance"), "", "", 0), report(1)))
    away.step()
    assert away.seqs() == [1] and outcomes(away) == []
    assert away.journal.dead_letters()[0]["what"] == "wish"


def test_a_wish_that_was_forgotten_stays_so_and_one_that_is_open_here_ends(away):
    number = wishes.make(away.journal, PILLOW, "hug", {}, "Oma", 60, from_away=True)
    mine = ask(away.journal.wish(number)["uid"], made_ms=HOME_MS - 9)
    away.queue.send(message(Wished(ask(), "applied", "", HOME_MS)))
    away.queue.send(message(Forget(HOME_MS)))
    away.step()
    assert outcomes(away) == [("Oma", "")]
    for late in (Wished(ask(), "", "", 0), Wished(ask(), "applied", "", HOME_MS), Wished(mine, "applied", "", HOME_MS)):
        away.queue.send(message(late))
        away.step()
    assert outcomes(away) == []
    assert away.journal.wish(number)["outcome"] == "applied" and not away.troubles


def test_quiet_hours_that_were_set_at_home_are_known_here(away):
    hours = {"from": 1320, "to": 420}
    for stamp, quiet in ((1, None), (3, hours), (2, None)):
        away.queue.send(message(replace(state(stamp), quiet=quiet)))
    away.run(5)
    assert away.journal.settings(PILLOW)["quiet"] == hours
    away.queue.send(message(replace(state(4), quiet=None)))
    away.run(5)
    assert away.journal.settings(PILLOW)["quiet"] is None


def test_what_was_deleted_at_home_is_deleted_here_and_does_not_come_back(away):
    away.queue.send(message(report(1), report(2)))
    away.step()
    away.queue.send(message(Forget(HOME_MS)))
    away.step()
    assert away.seqs() == []
    away.queue.send(message(report(3), report(4, heard_ms=HOME_MS + 1)))
    away.step(30)
    assert away.seqs() == [4]


# -- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\x00", "no JSON", "{}", "[" * 5000, "null"])
def test_what_nobody_can_read_is_moved_out_of_the_way_and_told(away, text):
    away.queue.send(text)
    away.queue.send(message(report(1)))
    away.run(VISIBLE_S * 3)
    assert away.seqs() == [1] and len(away.queue.there) == 1 and not away.troubles
    away.run(VISIBLE_S * 4)
    assert not away.queue.there
    assert [kept["text"] for kept in away.poison.there.values()] == [text]
    assert away.journal.dead_letters()[0]["content"] == text[:1000]
    assert "was moved to the queue unruly" in away.troubles["poison"]


class Closed(UnrulyQueue):
    """Takes nothing."""

    def __init__(self, refusal):
        super().__init__()
        self.refusal = refusal

    def send(self, text):
        raise self.refusal


@pytest.mark.parametrize("refusal", [TooLarge("65 kB"), Denied("no rights")])
def test_what_cannot_even_be_moved_is_kept_whole_in_the_journal(away, refusal):
    away.poison.send = Closed(refusal).send
    away.queue.send("rubbish" * 1000)
    away.run(VISIBLE_S * 7)
    assert not away.queue.there and away.journal.dead_letters()[0]["content"] == "rubbish" * 1000


def test_an_event_that_means_nothing_costs_only_itself(away):
    away.queue.send(message(report(1), report(2)).replace('"hugging"', '"purring"', 1))
    away.queue.send("[" + message(state(3))[1:-1] + ',{"specversion":"1.0","type":"cloud.huggable.new"}]')
    away.run(HOLD_S + VISIBLE_S + 10)
    assert away.seqs() == [2] and away.pillow()["stamp"] == 3
    assert len(away.journal.dead_letters()) == 2 and "means nothing here" in away.troubles["unread"]


class Refusing:
    name = "refusing"
    calls = 0

    def receive(self, most, visible_s):
        self.calls += 1
        raise Denied("the key is wrong: correct it")


def test_who_is_refused_says_why_once_and_asks_once_a_minute(away):
    away.queue = Refusing()
    away.restart()
    away.run(3600)
    assert away.troubles == {"queue": "the key is wrong: correct it"} and away.queue.calls <= 61


class Unanswering:
    name = "unanswering"
    calls = 0

    def receive(self, most, visible_s):
        self.calls += 1
        raise Unreachable("nobody is there", 0)


def test_who_is_not_answered_asks_less_and_less(away):
    away.queue, before = Unanswering(), away.queue
    away.restart()
    away.step()
    assert "queue" not in away.troubles  # a hiccup is not worth a word
    away.run(3600)
    assert away.troubles["queue"] == "nobody is there" and away.queue.calls < 140
    away.queue = before
    away.restart()
    away.step()
    assert not away.troubles.get("queue")


def test_a_server_that_asks_to_be_left_alone_is_left_alone():
    pace = Pace(lambda: True, random.Random(1))
    assert 45 <= pace.failed(45) < 90 and pace.failed(0) <= 2


class Leaving(UnrulyQueue):
    """Deletes nothing: as with a slow line, the receipts are old by then."""

    def delete(self, received):
        raise Unreachable("slow", 0)


def test_a_delete_that_fails_costs_nothing_but_another_look(tmp_path):
    away = Machine(tmp_path / "journal.db", Leaving())
    for seq in range(1, 6):
        away.queue.send(message(report(seq)))
    away.step()
    assert away.seqs() == [1, 2, 3, 4, 5] and away.queue.calls <= 3
    away.queue.delete = lambda received: UnrulyQueue.delete(away.queue, received)
    away.run(VISIBLE_S * 2)
    assert away.seqs() == [1, 2, 3, 4, 5] and not away.queue.there


def test_a_journal_that_cannot_be_written_leaves_the_message_in_the_queue(away, monkeypatch):
    away.queue.send(message(report(1)))
    away.journal._db.execute("PRAGMA query_only=1")
    away.step()
    assert len(away.queue.there) == 1 and away.troubles["journal"].startswith("the journal cannot be written")
    away.journal._db.execute("PRAGMA query_only=0")
    away.run(VISIBLE_S * 2)
    assert away.seqs() == [1] and not away.queue.there and "journal" not in away.troubles


def test_without_a_publisher_s_word_nothing_is_taken_in(tmp_path):
    down = [True]

    def publish(text, heard_ms, events):
        if down:
            raise Unreachable("the stream is away", 0)

    away = Machine(tmp_path / "journal.db", publish=publish)
    away.queue.send(message(report(1)))
    away.run(10)
    assert away.seqs() == [] and len(away.queue.there) == 1
    down.clear()
    away.run(VISIBLE_S * 2)
    assert away.seqs() == [1] and not away.queue.there


# -- the pace ----------------------------------------------------------------------------------------------------


def test_nobody_watching_is_cheap(away):
    away.run(24 * 3600)
    assert away.queue.calls <= 24 * 3600 / IDLE_MOST_S + 10


def test_somebody_watching_sees_at_once_what_happens(away):
    away.run(600)
    away.watched = True
    assert away.step() == WATCHED_S
    away.queue.send(message(report(1)))
    assert away.step(1) == LIVELY_S
    away.run(40)
    assert away.step() == WATCHED_S


def test_the_minute_s_word_from_home_is_nothing_that_happens(away):
    away.run(600)
    away.queue.send(message(state(1)))
    assert away.step() == IDLE_MOST_S


def test_a_full_answer_is_followed_by_the_next_question_at_once(away):
    for seq in range(1, MOST * 2):
        away.queue.send(message(report(seq)))
    assert away.step() == 0
    assert away.step() > 0 and away.seqs() == list(range(1, MOST * 2))


def test_a_receipt_says_how_often_and_when():
    assert Received("m", "r", "t", 1, 5).put_ms == 5


def test_what_a_failing_disk_kept_from_being_looked_at_is_not_taken_for_lost(away, monkeypatch):
    append, fails = away.journal.append, iter(range(3))

    def full(entries, live=True):
        entries = list(entries)
        if any(entry.said.seq == 1 for entry in entries) and next(fails, None) is not None:
            raise sqlite3.OperationalError("database or disk is full")
        return append(entries, live)

    monkeypatch.setattr(away.journal, "append", full)
    away.watched = True
    away.queue.send(message(report(1)))
    away.run(1)
    away.queue.send(message(report(2)))
    away.run(200)
    assert away.told() == [(1, 1, 1, "hugging", ""), (1, 2, 2, "hugging", "")]
