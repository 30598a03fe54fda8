"""What the card that teaches may ask for and is told; by whom; and what it is not believed."""

import math

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onlookers import PILLOW, Home
from test_page import HOST, Viewer

from bridge import takes
from bridge.takes import TakeFile
from web.app import create_app
from web.lesson import read
from web.press import Refusal

KNOWN = [{"pillow": PILLOW}]
RECORD = {"pillow": PILLOW, "kind": "record", "label": "hugging", "seconds": 5}
PUBLIC = "https://cloud.example"


# -- Asking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kind", "body"),
    [
        (RECORD, "record", {"label": "hugging", "seconds": 5, "source": "taught"}),
        (RECORD | {"source": "recorded", "more": 1}, "record", {"label": "hugging", "seconds": 5, "source": "taught"}),
        ({"kind": "record", "stop": True}, "record", {"stop": True}),
        ({"kind": "keep-last", "label": "x"}, "keep-last", {}),
        ({"kind": "take", "take": 3, "label": "neutral"}, "take", {"take": 3, "label": "neutral"}),
        ({"kind": "take", "take": 3, "discard": True}, "take", {"take": 3, "discard": True}),
        ({"kind": "teach"}, "teach", {}),
        ({"kind": "model"}, "model", {"learned": False, "floors": {}}),
        (
            {"kind": "model", "learned": True, "floors": {"hugging": 40}},
            "model",
            {"learned": True, "floors": {"hugging": 40}},
        ),
        ({"kind": "model-back"}, "model-back", {}),
    ],
)
def test_what_can_be_wished_for_has_exactly_its_fields(said, kind, body):
    wanted = read({"pillow": PILLOW, **said}, KNOWN)
    assert (wanted.pillow, wanted.kind, wanted.body) == (PILLOW, kind, body)
    assert 0 < wanted.seconds <= 300


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "record",
        {},
        RECORD | {"pillow": "ffffffffffffffff"},
        RECORD | {"kind": "release"},
        RECORD | {"kind": ["record"]},
        RECORD | {"label": "cuddling"},
        RECORD | {"label": {}},
        RECORD | {"seconds": 0},
        RECORD | {"seconds": 121},
        RECORD | {"seconds": True},
        RECORD | {"seconds": math.nan},
        RECORD | {"seconds": "5"},
        {"pillow": PILLOW, "kind": "take"},
        {"pillow": PILLOW, "kind": "take", "take": "1", "discard": True},
        {"pillow": PILLOW, "kind": "take", "take": -1, "discard": True},
        {"pillow": PILLOW, "kind": "take", "take": 1},
        {"pillow": PILLOW, "kind": "model", "floors": {"hugging": 101}},
        {"pillow": PILLOW, "kind": "model", "floors": {"hugging": 1.5}},
        {"pillow": PILLOW, "kind": "model", "floors": {"neutral": 3}},
        {"pillow": PILLOW, "kind": "model", "floors": []},
    ],
)
def test_anything_else_is_a_sentence(said):
    with pytest.raises(Refusal):
        read(said, KNOWN)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = ("pillow", "kind", "label", "seconds", "take", "discard", "stop", "learned", "floors")


@given(st.fixed_dictionaries({}, optional={key: JSON | st.sampled_from((*RECORD.values(), "take")) for key in KEYS}))
def test_whatever_is_said_is_a_wish_or_a_sentence(said):
    try:
        read(said, KNOWN)
    except Refusal as refusal:
        assert str(refusal).endswith(".")


# -- Being told ------------------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path):
    with Home(tmp_path) as house:
        house.meet()
        yield house


@pytest.fixture
def app(house):
    return create_app(house.journal, hosts=[HOST, "cloud.example"], key=house.key, public=PUBLIC)


@pytest.fixture
def owner(house, app):
    viewer = Viewer(app, key=house.key)
    viewer.hears()
    return viewer


def emit(viewer, event, **said):
    return viewer.client.emit(event, said, callback=True)


@pytest.fixture
def record(house):
    """Begin a recording as the bridge would: its number, and its file."""
    file = TakeFile(takes.folder(house.folder) / "a.csv")
    with house.journal.transaction():
        number = house.journal.add_take(PILLOW, "hugging", "a.csv", "taught", 1)
    yield number, file
    file.close()
    with house.journal.transaction():
        house.journal.note_take(number, outcome="done")
    gevent.sleep(0.3)  # who tells of it comes to an end


def test_the_card_is_told_how_teaching_stands_and_what_is_felt(app, owner, record):
    number, file = record
    (lesson,) = emit(owner, "lesson", open=True)["lessons"]
    assert (lesson["pillow"], lesson["here"], lesson["recording"], len(lesson["takes"])) == (PILLOW, True, number, 1)
    file.add([(1, 2, 1000, 3, 4, 5, 6)] * 20)
    app.teach.tell()
    gevent.sleep(0.05)
    told = dict(owner.hears())
    assert told["lesson"]["recording"] == number
    assert told["waves"] == {"pillow": PILLOW, "take": number, "first": 0, "samples": [[1, 2, 1000, 3, 4, 5, 6]] * 20}
    file.add([(0,) * 7] * 3)
    gevent.sleep(0.25)
    assert dict(owner.hears())["waves"]["first"] == 20


def test_motion_goes_to_nobody_who_has_not_opened_the_card(app, owner, record):
    record[1].add([(1,) * 7] * 20)
    emit(owner, "lesson", open=True)
    emit(owner, "lesson", open=False)
    app.teach.tell()
    gevent.sleep(0.05)
    assert owner.hears() == []


@pytest.mark.parametrize("role", ["viewer", "hugger"])
def test_only_an_owner_may_teach_or_see_motion(house, app, owner, record, role):
    key = emit(owner, "invite", name="Oma", role=role, days=7)["key"]
    guest = Viewer(app, key=key)
    guest.hears()
    assert "error" in emit(guest, "lesson", open=True)
    assert "error" in guest.client.emit("teach", RECORD, callback=True)
    record[1].add([(1,) * 7] * 20)
    app.teach.tell()
    gevent.sleep(0.05)
    assert guest.hears() == []
    assert house.journal.open_wishes() == []


def test_a_wish_is_made_and_its_end_is_told(house, app, owner):
    wish = owner.client.emit("teach", RECORD, callback=True)["wish"]
    (made,) = house.journal.open_wishes()
    assert (made["wish"], made["kind"], made["body"]["label"]) == (wish, "record", "hugging")
    with house.journal.transaction():
        house.journal.end_wish(wish, "refused", "it is not there", 1)
    app.teach.tell()
    end = {"wish": wish, "kind": "record", "outcome": "refused", "why": "it is not there"}
    assert owner.hears() == [("taught", end)]


def test_away_from_home_there_is_no_such_card(house):
    app = create_app(house.journal, hosts=[HOST], key=house.key, is_away=True)
    page = app.test_client().get("/", base_url=f"http://{HOST}", headers={"X-Key": house.key}).text
    assert app.teach is None and "Teach the pillow" not in page and "that was wrong" not in page
