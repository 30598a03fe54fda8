import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import kinds
from bridge.kinds import light_fields, read

GLOW = {"effect": "glow", "colour": "#ff6496", "percent": 20, "seconds": 5}


@pytest.mark.parametrize(
    ("kind", "said", "body"),
    [
        ("hug", {}, {"colour": kinds.HUG_COLOUR}),
        ("hug", {"colour": "#A0B1C2", "seconds": 9}, {"colour": "#a0b1c2"}),
        ("light", GLOW | {"extra": [1]}, GLOW),
        ("light", {"effect": "off"}, {"effect": "off", "colour": "#000000", "percent": 0, "seconds": 0}),
        ("quiet", {"from": 1320, "to": 420}, {"from": 1320, "to": 420}),
        ("quiet", {"from": None, "to": None}, {"from": None, "to": None}),
        ("name", {"name": "  Nimbus ☁ "}, {"name": "Nimbus ☁"}),
    ],
)
def test_a_wish_has_exactly_the_fields_of_its_kind(kind, said, body):
    assert read(kind, said) == body
    assert read(kind, body) == body


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("hug", None),
        ("hug", []),
        ("hug", {"colour": None}),
        ("hug", {"colour": "red"}),
        ("hug", {"colour": "#12345"}),
        ("hug", {"colour": "#1234567"}),
        ("hug", {"colour": "#12345\n"}),
        ("hug", {"colour": "#\uff11\uff12\uff13\uff14\uff15\uff16"}),
        ("light", {}),
        ("light", GLOW | {"effect": "strobe"}),
        ("light", GLOW | {"effect": ["glow"]}),
        ("light", GLOW | {"percent": 0}),
        ("light", GLOW | {"percent": 101}),
        ("light", GLOW | {"percent": True}),
        ("light", GLOW | {"percent": "50"}),
        ("light", GLOW | {"seconds": 0}),
        ("light", GLOW | {"seconds": 3601}),
        ("light", GLOW | {"seconds": 1.5}),
        ("light", GLOW | {"seconds": 10**400}),
        ("quiet", {}),
        ("quiet", {"from": 0}),
        ("quiet", {"from": 0, "to": None}),
        ("quiet", {"from": None, "to": 60}),
        ("quiet", {"from": -1, "to": 60}),
        ("quiet", {"from": 0, "to": 1440}),
        ("quiet", {"from": 60, "to": 60}),
        ("name", {}),
        ("name", {"name": "   "}),
        ("name", {"name": "x" * 41}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "a\u202eb"}),
        ("name", {"name": "\ud800"}),
        ("name", {"name": 5}),
        ("press", {"act": "hug"}),
        ("release", {}),
        ("", {}),
    ],
)
def test_what_a_kind_cannot_say_is_refused_with_a_sentence(kind, said):
    with pytest.raises(ValueError, match=r"^(Expected|Give|Quiet).+\.$"):
        read(kind, said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
NAMES = st.sampled_from(["colour", "effect", "percent", "seconds", "from", "to", "name"])


@given(st.sampled_from([*kinds.READERS]), JSON | st.dictionaries(NAMES, JSON | st.sampled_from(["glow", "#ff0000", 7])))
def test_anything_is_read_or_refused_and_what_was_read_can_be_recorded_and_done(kind, said):
    try:
        body = read(kind, said)
    except ValueError:
        return
    assert read(kind, json.loads(json.dumps(body, allow_nan=False))) == body
    if kind in ("hug", "light"):
        effect, *numbers = light_fields(kind, body)
        assert effect in kinds.EFFECTS
        assert all(type(number) is int and 0 <= number <= 3600 for number in numbers)


def test_every_kind_that_a_page_may_wish_has_a_reader_a_role_and_an_expiry():
    assert set(kinds.READERS) == set(kinds.LEAST_ROLE) == set(kinds.LASTS_S)
