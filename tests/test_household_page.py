"""Whose pillow it is, on the page: what an owner may ask, and what becomes of a password."""

import pytest
from onlookers import PILLOW, Home, Onlooker

from bridge import letter

NETWORK = "SG9tZSBTd2VldCBIb21l"  # in base64


@pytest.fixture
def house(tmp_path):
    with Home(tmp_path) as house:
        house.meet(link="usb")
        yield house.open()


@pytest.fixture
def owner(house):
    with Onlooker(house.port, {"key": house.key}, query=f"&key={house.key}") as owner:
        yield owner


def test_an_owner_adopts_the_pillow_that_is_plugged_in(house, owner):
    answer = owner.ask("adopt", {"pillow": PILLOW})
    wish = house.journal.wish(answer["wish"])
    assert (wish["pillow"], wish["kind"], wish["body"]) == (PILLOW, "adopt", {})


def test_a_password_is_in_a_letter_and_not_in_the_journal(house, owner):
    answer = owner.ask("wifi", {"pillow": PILLOW, "network": NETWORK, "password": "correct horse"})
    wish = house.journal.wish(answer["wish"])
    assert wish["body"]["network"] == NETWORK
    assert letter.take(house.folder, wish["body"]["letter"]) == "correct horse"
    written = [path.read_bytes() for path in house.folder.rglob("*") if path.is_file()]
    assert not any(b"correct horse" in content for content in written)


def test_how_it_stands_is_told_without_any_secret(house, owner):
    with house.journal.transaction():
        house.journal.set_setting(PILLOW, "networks", [[NETWORK, -50, True]], "bridge", 1)
        house.journal.set_setting(PILLOW, "key", "none", "bridge", 1)
    wish = owner.ask("networks", {"pillow": PILLOW}, 1)["wish"]
    with house.journal.transaction():
        house.journal.end_wish(wish, "applied", "", 2)
    told = owner.ask("household", {"pillow": PILLOW, "wish": wish}, 2)
    assert told == {
        "pillow": PILLOW, "key": "none", "networks": [[NETWORK, -50, True]],
        "kind": "networks", "outcome": "applied", "why": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "event, said",
    [
        ("adopt", {}), ("adopt", None), ("adopt", {"pillow": "ffffffffffffffff"}), ("networks", {"pillow": 7}),
        ("wifi", {"pillow": PILLOW}), ("wifi", {"pillow": PILLOW, "network": "", "password": ""}),
        ("wifi", {"pillow": PILLOW, "network": NETWORK, "password": "x" * 300}), ("household", []),
    ],
)  # fmt: skip
def test_what_is_not_asked_well_is_refused(house, owner, event, said):
    assert "error" in owner.ask(event, said)
    assert house.journal.open_wishes() == []
    assert not (house.folder / letter.FOLDER).exists()
