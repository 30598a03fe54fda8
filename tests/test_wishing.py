"""What is wished on the page, by whom, and what everybody is told about it."""

import hashlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onlookers import PILLOW, Home
from test_page import HOST, Viewer, tell

from bridge import wishes
from bridge.kinds import LASTS_S, read
from web.app import create_app
from web.guests import Visitor
from web.press import Refusal
from web.view import WISHED
from web.wishing import BURST, DOUBLE_S, Wishing

GLOW = {"effect": "glow", "colour": "#ff6496", "percent": 20, "seconds": 5}
DAY_MS = 86_400_000


@pytest.fixture
def house(tmp_path):
    with Home(tmp_path) as house:
        house.meet()
        yield house


def page(house, **more):
    return create_app(house.journal, hosts=[HOST], key=house.key, **more)


class Person(Viewer):
    def wish(self, kind, body=None, pillow=PILLOW):
        return self.client.emit("wish", {"kind": kind, "pillow": pillow, "body": body or {}}, callback=True)

    def told(self):
        """Return what `wishes` said last about the pillow."""
        found = [told for name, told in self.hears() if name == "wishes"]
        return found[-1]["pillows"][0]


def guest(house, role):
    """A key of somebody who was invited."""
    now = wishes.now_ms()
    with house.journal.transaction():
        token = hashlib.sha256(role.encode()).hexdigest()
        house.journal.invite(f"{role:>016}", role.title(), role, token, now, now + DAY_MS)
    return role


def test_a_wish_is_recorded_with_who_and_when_and_told_to_all(house):
    app = page(house)
    one, other = Person(app, key=house.key), Person(app, key=house.key)
    assert other.told()["wishes"] == []
    reply = one.wish("hug", {"colour": "#00FF00"})
    tell(app)
    (told,) = other.told()["wishes"]
    made = house.journal.wish(reply["wish"])
    assert (made["who"], made["body"]) == ("home", {"colour": "#00ff00"})
    assert made["expires_ms"] - made["made_ms"] == LASTS_S["hug"] * 1000
    columns = ("wish", "kind", "body", "who", "made_ms", "expires_ms", "outcome", "why", "ended_ms")
    assert told == {name: made[name] for name in columns}
    with house.journal.transaction():
        wishes.end(house.journal, made["wish"], "refused", "it is asleep", 5)
    tell(app)
    assert (other.told()["wishes"][0]["outcome"], one.told()["wishes"][0]["why"]) == ("refused", "it is asleep")


def test_quiet_hours_are_told_and_what_programs_wish_is_not(house):
    app = page(house)
    viewer = Person(app, key=house.key)
    wishes.make(house.journal, PILLOW, "press", {"act": "hug"}, "page", 5)
    with house.journal.transaction():
        house.journal.set_setting(PILLOW, "quiet", {"from": 1, "to": 2}, "home", 1)
    tell(app)
    assert viewer.told() == {"id": PILLOW, "quiet": {"from": 1, "to": 2}, "wishes": []}


def test_a_wish_made_away_is_posted_to_travel_home(house):
    reply = Person(page(house, is_away=True), key=house.key).wish("hug")
    made = house.journal.wish(reply["wish"])
    (posted,) = house.journal.outbox("home")
    assert (made["who"], posted["kind"], posted["body"]["uid"]) == ("away", "ask", made["uid"])
    assert made["uid"]


@pytest.mark.parametrize(
    ("role", "may"),
    [("viewer", set()), ("hugger", {"hug", "light"}), ("owner", {"hug", "light", "quiet", "name"})],
)
def test_each_role_may_wish_what_is_its_own(house, role, may):
    person = Person(page(house), key=guest(house, role))
    bodies = {"hug": {}, "light": GLOW, "quiet": {"from": 1, "to": 2}, "name": {"name": "Nimbus"}}
    replies = {kind: person.wish(kind, body) for kind, body in bodies.items()}
    assert {kind for kind, reply in replies.items() if "wish" in reply} == may
    assert all(reply["error"].startswith("Only a") for reply in replies.values() if "wish" not in reply)
    assert {wish["who"] for wish in house.journal.open_wishes()} <= {role.title()}


@pytest.mark.parametrize("kind", ["press", "release", "forget", "dance", "", None, 5, ["hug"]])
def test_what_is_no_wish_of_people_is_refused(house, kind):
    assert Person(page(house), key=house.key).wish(kind) == {"error": f"Expected a wish of {', '.join(WISHED)}."}
    assert house.journal.open_wishes() == []


@pytest.mark.parametrize("event", ["press", "adopt", "networks", "wifi", "teach", "record"])
def test_away_from_home_nothing_is_asked_that_only_a_bridge_can_do(house, event):
    person = Person(page(house, is_away=True), key=house.key)
    person.client.emit(event, {"pillow": PILLOW, "act": "hug", "kind": "teach", "network": "aG9tZQ==", "password": ""})
    assert house.journal.open_wishes() == []  # where there is none they would wait for ever


def test_a_double_click_is_one_hug_and_a_second_thought_is_another(house):
    app = page(house)
    person = Person(app, key=house.key)
    first, again = person.wish("hug"), person.wish("hug")
    other = person.wish("hug", {"colour": "#00ff00"})
    assert first == again != other
    assert len(house.journal.open_wishes()) == 2
    assert DOUBLE_S < 1  # or it would swallow what was meant


def test_a_flood_of_wishes_is_refused_and_a_new_connection_brings_no_new_credit(house):
    app = page(house)
    colours = [f"#0000{number:02x}" for number in range(60)]
    replies = [Person(app, key=house.key).wish("hug", {"colour": colour}) for colour in colours[:30]]
    assert len(house.journal.open_wishes()) <= BURST + 2
    assert "too fast" in replies[-1]["error"]


def test_when_too_many_wait_one_more_is_refused(house, monkeypatch):
    monkeypatch.setattr(wishes, "OPEN_MOST", 1)
    person = Person(page(house), key=house.key)
    person.wish("hug")
    assert "too many" in person.wish("light", GLOW)["error"].lower()


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A way to wish that is never too fast."""
    with Home(tmp_path_factory.mktemp("standing")) as house:
        house.meet()
        wishing = Wishing(house.journal, page(house).viewers, now_s=itertools.count(0, 60).__next__)
        yield lambda said: house.journal.wish(wishing.wish(said, Visitor("", "", "owner"), "")["wish"])


KINDS, PILLOWS = st.sampled_from([*WISHED, "press"]) | HOSTILE, st.just(PILLOW) | HOSTILE


@given(said=HOSTILE | st.fixed_dictionaries({"kind": KINDS, "pillow": PILLOWS, "body": HOSTILE}))
@settings(max_examples=150, deadline=None)
def test_whatever_a_browser_sends_is_a_wish_as_it_may_be_or_a_sentence(standing, said):
    try:
        made = standing(said)
    except Refusal as refusal:
        assert str(refusal).endswith(".")
    else:
        assert read(made["kind"], made["body"]) == made["body"]
