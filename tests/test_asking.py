import random
import sqlite3
from concurrent.futures import Future

import pytest
from joined import PILLOW

from bridge import asking, kinds, wishes
from bridge.asking import IDLE_S, LIVELY_FOR_S, LIVELY_S, MOST, SEEN_MOST, Asking, may_ask
from bridge.cloud import Received
from bridge.cloudevents import Ask, Forget
from bridge.cloudsettings import QUEUE_URL, WISHES_URL, Way
from bridge.journal import Journal
from bridge.packing import encode
from bridge.refusals import Denied, Unreachable
from bridge.waiting import Job
from bridge.wishes import OPEN_MOST
from bridge.writer import write_group

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
GLOW = {"effect": "glow", "colour": "#ff6496", "percent": 20, "seconds": 5}


class Box:
    """A queue that hands out what was not deleted, again and again."""

    def __init__(self, *texts):
        self.held = {str(number): text for number, text in enumerate(texts)}
        self.seen = dict.fromkeys(self.held, 0)
        self.trouble = None
        self.loses_deletes = False

    def receive(self, most, visible_s):
        if self.trouble:
            raise self.trouble
        assert visible_s > asking.WRITTEN_S
        names = list(self.held)[:most]
        for name in names:
            self.seen[name] += 1
        return [Received(name, "receipt", self.held[name], self.seen[name]) for name in names]

    def delete(self, received):
        if self.loses_deletes:
            raise Unreachable("nobody answers")
        del self.held[received.id]


class Told:
    def __init__(self):
        self.said = {}

    def tell(self, name, sentence):
        self.said[name] = sentence

    def clear(self, name):
        self.said.pop(name, None)


class Home:
    def __init__(self, *texts):
        self.journal = Journal(":memory:")
        self.journal.arrive(PILLOW, "", 1)
        self.box, self.told = Box(*texts), Told()
        self.disk_fails = False
        self.asking = Asking(self.box, self.submit, self.told, random.Random(1))
        self.now_s = 0.0

    def submit(self, work):
        future = Future()
        if self.disk_fails:
            future.set_exception(sqlite3.OperationalError("disk is full"))
        else:
            write_group(self.journal, [Job(work, future)])
        return future

    def step(self, after_s=1.0):
        self.now_s += after_s
        return self.asking.step(self.now_s, NOW_MS)

    def run(self, steps):
        for _ in range(steps):
            self.step()

    def wishes(self):
        return self.journal.wishes(PILLOW, 1_000)[::-1]

    def told_away(self):
        return [row["body"]["wish"] for row in self.journal.outbox("away")]


def ask(uid="first-wish", kind="hug", body=None, made_ms=NOW_MS - 1_000, expires_ms=NOW_MS + HOUR_MS, pillow=PILLOW):
    return Ask(uid, pillow, kind, {} if body is None else body, "Ada", made_ms, expires_ms)


def message(*events):
    return f"[{','.join(map(encode, events))}]"


def test_a_wish_from_away_is_recorded_with_who_and_when_and_its_message_deleted():
    home = Home(message(ask(body={"colour": "#00ff00"})))
    home.step()
    (wish,) = home.wishes()
    assert (wish["uid"], wish["who"], wish["body"], wish["outcome"]) == ("first-wish", "Ada", {"colour": "#00ff00"}, "")
    assert (wish["made_ms"], wish["expires_ms"]) == (NOW_MS - 1_000, NOW_MS + HOUR_MS)
    assert home.box.held == {}
    assert home.told_away() == [wish["wish"]]  # other machines there want to know of it, too


def test_a_wish_that_comes_again_is_the_same_wish():
    home = Home(message(ask()), message(ask(), ask()))
    home.box.loses_deletes = True
    home.run(3)
    home.box.loses_deletes = False
    home.step()
    home.step()
    assert len(home.wishes()) == 1
    assert home.box.held == {}


def test_a_hug_that_was_shown_and_forgotten_is_not_shown_again_when_its_message_comes_once_more():
    home = Home(message(ask()))
    home.box.loses_deletes = True
    home.step()
    with home.journal.transaction():
        wishes.end(home.journal, home.wishes()[0]["wish"], "applied", "", NOW_MS)
        home.journal.forget_before(NOW_MS)
    assert home.wishes() == []
    home.step()
    assert home.journal.open_wishes() == []
    (left,) = home.journal.export("wish")
    assert (left["uid"], left["body"], left["who"], left["pillow"]) == ("first-wish", "{}", "", "")
    with home.journal.transaction():
        home.journal.forget_before(NOW_MS + 2 * HOUR_MS)
    assert home.journal.export("wish") == []


def test_a_flood_is_refused_as_what_it_was():
    home = Home(*[message(ask(f"number-{n}", "light", GLOW)) for n in range(OPEN_MOST + 1)])
    home.run(20)
    home.step()
    assert (home.wishes()[-1]["outcome"], home.wishes()[-1]["body"]) == ("refused", GLOW)


def test_nothing_is_deleted_that_is_not_on_disk():
    home = Home(message(ask()))
    home.disk_fails = True
    with pytest.raises(sqlite3.OperationalError):
        home.step()
    assert len(home.box.held) == 1
    home.disk_fails = False
    home.step()
    assert len(home.wishes()) == 1


def test_a_wish_that_comes_too_late_ends_as_expired_and_whoever_made_it_is_told():
    home = Home(message(ask(expires_ms=NOW_MS)))
    home.step()
    assert (home.wishes()[0]["outcome"], home.wishes()[0]["why"]) == ("expired", asking.LATE)
    assert home.told_away() == [home.wishes()[0]["wish"]]


@pytest.mark.parametrize(
    ("kind", "body"),
    [("press", {"act": "hug"}), ("release", {"port": "/dev/x", "seconds": 9}), ("hug", {"colour": 5}), ("light", {}),
     ("name", {"name": ""}), ("quiet", {"from": 1}), ("dance", {})],
)  # fmt: skip
def test_what_nobody_may_wish_from_away_is_refused_with_a_sentence(kind, body):
    home = Home(message(ask(kind=kind, body=body)))
    home.step()
    (wish,) = home.wishes()
    assert wish["outcome"] == "refused"
    assert wish["why"].endswith(".")
    assert home.told_away() == [wish["wish"]]


def test_the_clock_of_another_machine_makes_no_wish_younger_or_longer():
    home = Home(message(ask(made_ms=NOW_MS + 9 * HOUR_MS, expires_ms=NOW_MS + 900 * HOUR_MS)))
    home.step()
    (wish,) = home.wishes()
    assert (wish["made_ms"], wish["expires_ms"]) == (NOW_MS, NOW_MS + 1000 * kinds.LASTS_S["hug"])


def test_a_flood_is_refused_and_ends():
    flood = [message(*[ask(f"wish-{n}-{m}") for m in range(50)]) for n in range(6)]
    home = Home(*flood)
    home.step()
    ends = [wish["outcome"] for wish in home.wishes()]
    assert ends == [""] * OPEN_MOST + ["refused"] * (300 - OPEN_MOST)


@pytest.mark.parametrize(
    "text", ["", "no json", "{}", "[1]", "[" * 5_000, '[{"specversion":"1.0"}]', message(Forget(5))]
)
def test_what_is_no_wish_is_buried_and_deleted(text):
    home = Home(text, message(ask()))
    home.step()
    assert home.box.held == {}
    assert len(home.journal.dead_letters()) == 1
    assert len(home.wishes()) == 1


def test_poison_is_buried_after_it_was_seen_five_times():
    home = Home(message(ask()))
    home.box.seen["0"] = SEEN_MOST
    home.step()
    assert home.wishes() == []
    assert "5 times" in home.journal.dead_letters()[0]["why"]
    assert home.box.held == {}


def test_it_is_asked_often_after_something_happened_and_seldom_otherwise():
    home = Home()
    assert home.step() == IDLE_S
    assert home.asking.stir(home.now_s) == LIVELY_S
    assert home.step() == LIVELY_S
    assert home.step(LIVELY_FOR_S) == IDLE_S
    home.box = home.asking._inbox = Box(message(ask()))
    assert home.step() == LIVELY_S
    home.asking._inbox = Box(*[message(ask(f"a-wish-{n}")) for n in range(MOST + 1)])
    assert home.step() == 0.0


def test_an_outage_is_told_when_it_lasts_and_taken_back_when_it_is_over():
    home = Home()
    home.box.trouble = Unreachable("the cloud does not answer", 30.0)
    assert home.step() >= 30.0
    assert home.told.said == {}
    assert home.asking.stir(home.now_s) > LIVELY_S
    home.step(60)
    assert home.told.said == {"wishes": "the cloud does not answer"}
    home.box.trouble = Denied("the key is wrong")
    assert home.step(60) == asking.DENIED_S
    assert home.told.said == {"wishes": "the key is wrong"}
    home.box.trouble = None
    assert home.step(60) <= IDLE_S
    assert home.told.said == {}


@pytest.mark.parametrize(
    ("way", "may"),
    [
        (Way("C", "", "q-wishes", connection="AccountKey=..."), True),
        (Way(QUEUE_URL, "https://a", "q-wishes"), True),  # signed in
        (Way(QUEUE_URL, "https://a", "q-wishes", "sv=1&ss=q&srt=so&sp=raup&sig=x"), True),
        (Way(QUEUE_URL, "https://a", "q-wishes", "sv=1&ss=q&srt=so&sp=a&sig=x"), False),
        (Way(QUEUE_URL, "https://a", "q-wishes", "sv=1&sp=raup&sig=x"), False),  # of the first queue alone
        (Way(WISHES_URL, "https://a", "q-wishes", "sv=1&sp=rp&sig=x"), True),
    ],
)
def test_a_home_that_may_only_add_does_not_ask(way, may):
    assert may_ask(way) is may
