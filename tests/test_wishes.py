"""Wishes over the pillow's own light and link, the bridge's own session, acts and journal, and a virtual clock."""

from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from joined import PILLOW, START_WALL_MS, Bridge, Pillow, RamDisk
from pillow.light import Light

from bridge import kinds, wishes
from bridge.cloudevents import Ask, Wished
from bridge.grants import Grants
from bridge.journal import Journal
from bridge.quiet import is_quiet
from bridge.writer import Job, write_group

STEP_MS = 20
TURN_MS = 100  # between the bridge's looks at its wishes
GLOW = {"effect": "glow", "colour": "#ff6496", "percent": 20, "seconds": 5}
OFF = {"effect": "off"}
HUG_MS = kinds.HUG_S * 1000


class Shines(Light):
    """The pillow's own light, which notes what it begins."""

    def __init__(self, begun, clock):
        super().__init__(lambda frame: None, 1, 100, 2_000, 600)
        self.begun, self.clock = begun, clock

    def _begin(self, now_ms):
        super()._begin(now_ms)
        self.begun.append((self._version, self.clock()))


class Lit(Pillow):
    """A pillow with such a light: a reset makes it dark and forgetful."""

    def __init__(self, disk, clock):
        super().__init__(disk)
        self.begun, self.clock = [], clock

    def boot(self, now_ms):
        super().boot(now_ms)
        self.light = Shines(self.begun, self.clock)

    def _light(self, *wish):
        return self.light.wish(*wish)


class World:
    """A pillow, a bridge that can be killed, and a cable between them.

    What the bridge wants recorded stays undone for a while when `disk_is_slow`, and dies with it.
    """

    def __init__(self):
        self.now_ms = 0
        self.journal = Journal(":memory:")
        self.journal.arrive(PILLOW, "", self.wall_ms())
        self.pillow = Lit(RamDisk(), self.wall_ms)
        self.pillow.boot(0)
        self.plugged = False
        self.deaf = False  # the pillow's answers are lost
        self.disk_is_slow = False
        self.start()

    def wall_ms(self):
        return START_WALL_MS + self.now_ms

    # -- the bridge -----------------------------------------------------------------------------------------------

    def start(self):
        self.undone = []
        self.bridge = None
        self.grants = Grants(self, None, self.wall_ms)

    kill = start

    def plug(self):
        self.plugged = True
        self.bridge = Bridge(self.journal)
        self.bridge.insist = self.insist
        self.ending = None

    def pull(self):
        self.plugged = False
        self.bridge = None

    def link_of(self, pillow):
        there = self.bridge and self.bridge.conversation.pillow == pillow
        return self.bridge.conversation and Way.over(self) if there else None

    def insist(self, work, key=None):
        future = Future()
        self.undone.append((work, future))
        self.flush()
        return future

    def flush(self):
        while self.undone and not self.disk_is_slow:
            work, future = self.undone.pop(0)
            write_group(self.journal, [Job(work, future)])

    # -- time -----------------------------------------------------------------------------------------------------

    def run(self, milliseconds):
        end_ms = self.now_ms + milliseconds
        while self.now_ms < end_ms:
            self.now_ms += STEP_MS
            self.talk()
            if self.now_ms % TURN_MS == 0:
                self.flush()
                self.grants.settle(self.journal, self)

    def talk(self):
        said = self.pillow.next(self.now_ms)
        if self.plugged:
            if self.bridge is None:
                self.plug()
            asked = self.bridge.next(self.now_ms)
            self.bridge.receive(b"" if self.deaf else said, self.now_ms)
            self.pillow.receive(asked, self.now_ms)
        self.pillow.light.step(self.now_ms)

    def pass_by(self, milliseconds):
        """Let time pass of which nobody takes notice: the pillow is away."""
        self.pull()
        self.now_ms += milliseconds // STEP_MS * STEP_MS
        self.run(TURN_MS)

    # -- people ---------------------------------------------------------------------------------------------------

    def wish(self, kind, body, seconds=None):
        made = self.wall_ms()
        expires = made + round(1000 * (kinds.LASTS_S[kind] if seconds is None else seconds))
        return self.journal.add_wish(PILLOW, kind, kinds.read(kind, body), "somebody", made, expires)

    def end(self, wish):
        return self.journal.wish(wish)["outcome"]

    def shown(self):
        return [version for version, _ in self.pillow.begun]

    def be_quiet(self, hours):
        self.journal.set_setting(PILLOW, "quiet", hours, "somebody", self.wall_ms())

    def minute(self, later=0):
        local = datetime.fromtimestamp(self.wall_ms() / 1000)
        return (local.hour * 60 + local.minute + later) % 1440


class Way:
    """What the grants know of a link; the same object for the same conversation."""

    ending = None
    kind = "usb"

    def __init__(self, world):
        self.world, self.bridge = world, world.bridge

    @classmethod
    def over(cls, world):
        if not hasattr(world.bridge, "way"):
            world.bridge.way = cls(world)
        return world.bridge.way

    def ask(self, asked):
        until_ms = self.world.now_ms + round(asked.seconds * 1000)
        assert self.bridge.session.wish(asked.wish, asked.kind, asked.fields, until_ms)


@pytest.fixture
def world():
    return World()


# -- One at a time -----------------------------------------------------------------------------------------------


def test_a_hug_for_a_pillow_that_sleeps_arrives_when_it_wakes_once(world):
    hug = world.wish("hug", {})
    world.pass_by(11 * 3_600_000)
    assert world.end(hug) == ""
    world.plug()
    world.run(20_000)
    assert (world.end(hug), world.shown()) == ("applied", [hug])
    world.pull()
    world.plug()
    world.run(20_000)
    assert world.shown() == [hug]


def test_a_hug_for_a_pillow_that_wakes_too_late_expires_and_is_never_shown(world):
    hug = world.wish("hug", {})
    world.pass_by(12 * 3_600_000)
    world.plug()
    world.run(20_000)
    assert (world.end(hug), world.shown()) == ("expired", [])


def test_every_hug_has_its_whole_time_one_after_the_other(world):
    hugs = [world.wish("hug", {}) for _ in range(4)]
    world.plug()
    world.run(4 * HUG_MS + 10_000)
    assert [world.end(hug) for hug in hugs] == ["applied"] * 4
    assert world.shown() == hugs
    begun = [at for _, at in world.pillow.begun]
    assert min(later - earlier for earlier, later in pairwise(begun)) >= HUG_MS - 2 * TURN_MS


def test_of_lights_that_wait_only_the_newest_is_shown(world):
    lights = [world.wish("light", GLOW) for _ in range(3)]
    world.run(500)
    assert [world.end(light) for light in lights] == ["superseded", "superseded", ""]
    world.plug()
    world.run(3_000)
    assert (world.end(lights[-1]), world.shown()) == ("applied", lights[-1:])


def test_a_light_waits_until_a_hug_is_over_but_darkness_does_not(world):
    world.plug()
    hug = world.wish("hug", {})
    world.run(3_000)
    light = world.wish("light", GLOW)
    world.run(1_000)
    assert world.shown() == [hug]
    dark = world.wish("light", OFF)
    world.run(1_000)
    assert (world.end(light), world.end(dark), world.shown()) == ("superseded", "applied", [hug, dark])


def test_in_quiet_hours_hugs_wait_and_lights_are_refused_with_the_time(world):
    world.plug()
    world.run(2_000)
    hours = {"from": world.minute(), "to": world.minute(3)}
    world.be_quiet(hours)
    hug, light, dark = world.wish("hug", {}), world.wish("light", GLOW), world.wish("light", OFF)
    world.run(1_000)
    assert (world.end(hug), world.end(dark), world.shown()) == ("", "applied", [dark])
    late = world.wish("light", GLOW)
    world.run(1_000)
    assert world.journal.wish(late)["why"] == f"quiet hours until {hours['to'] // 60:02d}:{hours['to'] % 60:02d}"
    assert world.end(light) == "superseded"
    world.run(4 * 60_000)
    assert (world.end(hug), world.shown()) == ("applied", [dark, hug])
    begun_ms = world.pillow.begun[-1][1]
    assert not is_quiet(hours, begun_ms)


def test_a_light_ends_when_quiet_hours_begin_and_a_hug_that_would_not_wait(world):
    world.plug()
    world.run(2_000)
    world.run(60_000 - world.wall_ms() % 60_000 + 50_000)  # ten seconds before a minute is over
    world.be_quiet({"from": world.minute(1), "to": world.minute(2)})
    hug, light = world.wish("hug", {}), world.wish("light", GLOW | {"seconds": 600})
    world.run(9_000)
    assert (world.end(hug), world.shown()) == ("", [])  # there are less than its 12 s left
    assert world.end(light) == ""  # and it is older
    world.run(70_000)
    assert world.shown() == [hug]


def test_a_light_is_cut_to_the_beginning_of_quiet_hours(world):
    world.plug()
    world.run(2_000)
    world.run(60_000 - world.wall_ms() % 60_000 + 50_000)
    world.be_quiet({"from": world.minute(1), "to": world.minute(2)})
    light = world.wish("light", GLOW | {"seconds": 600})
    world.run(5_000)
    assert world.end(light) == "applied"
    assert world.pillow.light._shown
    world.run(6_000)
    assert is_quiet({"from": world.minute(), "to": world.minute(1)}, world.wall_ms())
    assert not world.pillow.light._shown


def test_a_pillow_that_is_reset_before_its_answer_is_asked_again(world):
    world.plug()
    world.run(3_000)
    world.deaf = True
    hug = world.wish("hug", {})
    world.run(1_000)
    assert (world.end(hug), world.shown()) == ("", [hug])
    world.pillow.boot(world.now_ms)  # what it showed is dark now, and nobody knows that it was shown
    world.deaf = False
    world.run(8_000)
    assert (world.end(hug), world.shown()) == ("applied", [hug, hug])


def test_a_pillow_whose_answer_is_lost_shows_a_hug_once(world):
    world.plug()
    world.run(3_000)
    world.deaf = True
    hug = world.wish("hug", {})
    world.run(1_500)
    world.pull()
    world.deaf = False
    world.plug()
    world.run(5_000)
    assert (world.end(hug), world.shown()) == ("applied", [hug])


def test_a_bridge_killed_before_a_hug_is_recorded_does_not_show_it_twice(world):
    world.plug()
    world.run(3_000)
    hug, light, dark = world.wish("hug", {}), world.wish("light", GLOW), None
    world.disk_is_slow = True
    world.run(2_000)
    assert (world.end(hug), world.shown()) == ("", [hug])
    world.kill()
    dark = world.wish("light", OFF)
    world.disk_is_slow = False
    world.run(8_000)
    assert [world.end(wish) for wish in (hug, light, dark)] == ["applied", "superseded", "applied"]
    assert world.shown() == [hug, dark]


def test_a_wish_for_a_pillow_that_nobody_knows_is_refused(world):
    wish = world.journal.add_wish("f" * 16, "hug", {}, "x", world.wall_ms(), 2**50)
    world.run(TURN_MS)
    assert world.journal.wish(wish)["why"] == "there is no such pillow"


def test_settings_are_set_in_the_moment_in_which_they_are_applied(world):
    hours = {"from": 1320, "to": 420}
    quiet, name = world.wish("quiet", hours), world.wish("name", {"name": "Nimbus"})
    world.run(TURN_MS)
    assert [world.end(quiet), world.end(name)] == ["applied", "applied"]
    assert world.journal.settings(PILLOW) == {"name": "Nimbus", "quiet": hours}
    assert world.journal.pillows()[0]["name"] == "Nimbus"
    world.wish("quiet", {"from": None, "to": None})
    world.run(TURN_MS)
    assert world.journal.settings(PILLOW)["quiet"] is None


def test_a_setting_that_was_made_before_the_one_that_holds_changes_nothing():
    journal = Journal(":memory:")
    journal.arrive(PILLOW, "", 1)
    now = wishes.now_ms()
    older = journal.add_wish(PILLOW, "name", {"name": "older"}, "a", now - 2, 2**50)
    newer = journal.add_wish(PILLOW, "name", {"name": "newer"}, "b", now - 1, 2**50)
    for wish in (newer, older):
        wishes.end(journal, wish, "applied", "", now)
    assert journal.wish(older)["outcome"] == "superseded"
    assert journal.pillows()[0]["name"] == "newer"


# -- From away ---------------------------------------------------------------------------------------------------


def test_the_end_of_a_wish_is_posted_once_with_it():
    journal = Journal(":memory:")
    journal.arrive(PILLOW, "", 1)
    wish = journal.add_wish(PILLOW, "hug", {}, "Ada", 1, 100, uid="u" * 8)
    here = journal.add_wish(PILLOW, "press", {}, "page", 1, 100)
    for number in (wish, wish, here):
        wishes.end(journal, number, "refused", "it is asleep", 50)
    assert [(row["kind"], row["body"]) for row in journal.outbox("away")] == [("wish", {"wish": wish})]


@pytest.mark.parametrize("kind", [*kinds.LEAST_ROLE, "press", "release", "take"])
def test_what_people_wish_at_home_has_a_name_and_is_posted_and_the_rest_is_not(kind):
    journal = Journal(":memory:")
    wish = wishes.make(journal, PILLOW, kind, {}, "home", 60)
    posted = [row["body"]["wish"] for row in journal.outbox("away")]
    assert (bool(journal.wish(wish)["uid"]), posted) == ((True, [wish]) if kind in kinds.LEAST_ROLE else (False, []))
    assert journal.outbox("home") == []


def wished(made, outcome, ended_ms, **other):
    names = ("uid", "pillow", "kind", "body", "who", "made_ms", "expires_ms")
    return Wished(Ask(**({name: made[name] for name in names} | other)), outcome, "", ended_ms)


def test_a_wish_made_away_is_posted_and_ends_with_the_word_from_home():
    journal = Journal(":memory:")
    journal.arrive(PILLOW, "", 1)
    wish = wishes.make(journal, PILLOW, "name", {"name": "Nimbus"}, "Ada", 60, from_away=True)
    made = journal.wish(wish)
    (posted,) = journal.outbox("home")
    columns = ("uid", "pillow", "kind", "body", "who", "made_ms", "expires_ms")
    assert posted["body"] == {name: made[name] for name in columns}
    for outcome, ended_ms in (("", 0), ("applied", 70), ("expired", 90), ("", 0)):
        wishes.hear(journal, wished(made, outcome, ended_ms))
    assert (journal.wish(wish)["outcome"], journal.wish(wish)["ended_ms"]) == ("applied", 70)
    assert journal.pillows()[0]["name"] == "Nimbus"
    assert journal.outbox("away") == [] and len(journal.wishes(PILLOW)) == 1


def test_a_wish_made_elsewhere_is_known_once_whatever_comes_first():
    journal = Journal(":memory:")
    made = wished({"uid": "u" * 8, "pillow": PILLOW, "kind": "hug", "body": {}, "who": "home"}
                  | {"made_ms": 5, "expires_ms": 2**50}, "applied", 70)  # fmt: skip
    for said in (made, replace(made, outcome="", ended_ms=0), made):
        wishes.hear(journal, said)
    (found,) = journal.wishes(PILLOW)
    assert (found["kind"], found["who"], found["outcome"], found["ended_ms"]) == ("hug", "home", "applied", 70)
    with pytest.raises(ValueError, match="Expected a wish of"):
        wishes.hear(journal, replace(made, ask=replace(made.ask, uid="v" * 8, kind="dance")))
    assert journal.outbox("away") == journal.outbox("home") == []


def test_a_wish_about_which_home_says_nothing_is_given_up_a_day_after_it_was_over():
    journal = Journal(":memory:")
    journal.arrive(PILLOW, "", 1)
    wish = wishes.make(journal, PILLOW, "hug", {}, "Ada", 60, from_away=True)
    over_ms = journal.wish(wish)["expires_ms"] + wishes.UNHEARD_MS
    wishes.give_up(journal, over_ms - 1)
    assert journal.wish(wish)["outcome"] == ""
    wishes.give_up(journal, over_ms)
    assert (journal.wish(wish)["outcome"], journal.wish(wish)["why"]) == ("expired", "no word came from home")


# -- Histories ---------------------------------------------------------------------------------------------------


class Histories(RuleBasedStateMachine):
    """Whatever happens in whatever order: one end each, nothing after its time or in quiet hours, each hug once."""

    @initialize()
    def begin(self):
        self.world = World()
        self.asked = {}  # wish -> kind
        self.ended = {}  # wish -> its end, as first seen
        self.resets = []  # when the pillow was reset, wall time
        self.looked = 0  # at what the pillow began
        self.quiet = None

    @rule(kind=st.sampled_from(["hug", "hug", "light"]), seconds=st.sampled_from([1, 5, 30, 600]), twice=st.booleans())
    def wish(self, kind, seconds, twice):
        body = {"hug": {}, "light": GLOW}[kind]
        for _ in range(1 + twice):
            self.asked[self.world.wish(kind, body, seconds)] = kind

    @rule()
    def darkness(self):
        self.asked[self.world.wish("light", OFF, 30)] = "off"

    @rule(milliseconds=st.sampled_from([100, 400, 2_000, 15_000]))
    def run(self, milliseconds):
        self.world.run(milliseconds)

    @rule(minutes=st.sampled_from([1, 9, 40]))
    def sleep(self, minutes):
        self.world.pass_by(minutes * 60_000)

    @rule()
    def plug(self):
        self.world.plug()

    @rule()
    def pull(self):
        self.world.pull()

    @rule()
    def reset(self):
        self.resets.append(self.world.wall_ms())
        self.world.pillow.boot(self.world.now_ms)

    @rule(deaf=st.booleans())
    def lose_answers(self, deaf):
        self.world.deaf = deaf

    @rule(slow=st.booleans())
    def slow_disk(self, slow):
        self.world.disk_is_slow = slow

    @rule()
    def kill(self):
        self.world.kill()

    @precondition(lambda self: not self.world.disk_is_slow)
    @rule(first=st.integers(-2, 2), minutes=st.integers(1, 30))
    def be_quiet(self, first, minutes):
        self.quiet = {"from": self.world.minute(first), "to": self.world.minute(first + minutes)}
        self.world.run(1_000)  # what was on its way already is there
        self.world.be_quiet(self.quiet)
        self.world.grants.settle(self.world.journal, self.world)
        self.check_shown(None)

    @invariant()
    def check(self):
        if not hasattr(self, "world"):
            return
        for wish in self.asked:
            found = self.world.journal.wish(wish)
            if found["outcome"]:
                end = (found["outcome"], found["why"], found["ended_ms"])
                assert self.ended.setdefault(wish, end) == end
                assert found["outcome"] in ("applied", "superseded", "refused", "expired")
        self.check_shown(self.quiet)

    def check_shown(self, quiet):
        begun = self.world.pillow.begun
        for at, (wish, at_ms) in enumerate(begun[self.looked :], self.looked):
            assert at_ms < self.world.journal.wish(wish)["expires_ms"] + 1_000, "after it was over"
            if self.asked[wish] != "off":
                assert not is_quiet(quiet, at_ms - 1_000), "in quiet hours"
            if self.asked[wish] == "hug":
                self.check_hug(begun[:at], wish, at_ms)
        self.looked = len(begun)

    def check_hug(self, before, wish, at_ms):
        hugs = [(number, ms) for number, ms in before if self.asked[number] == "hug"]
        assert all(number <= wish for number, _ in hugs), "out of order"
        for number, ms in hugs:
            assert number != wish or any(ms <= reset <= at_ms for reset in self.resets), "twice"

    def teardown(self):
        if not hasattr(self, "world"):
            return
        world = self.world
        world.disk_is_slow = world.deaf = False
        if self.quiet:
            world.be_quiet(None)
            self.quiet = None
        world.plug()
        world.run(5_000)
        world.pass_by(601_000)
        world.plug()
        world.run(3_000)
        self.check()
        assert set(self.ended) == set(self.asked), "without an end"
        shown = {wish for wish, _ in world.pillow.begun}
        done = {wish for wish, end in self.ended.items() if end[0] == "applied"}
        assert done <= shown, "said to be done, and was not"
        world.journal.close()


Histories.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHistories = Histories.TestCase
