# ruff: noqa: F811  (a fixture of another file)
"""Whose pillow it is, on the page: what an owner may ask, and what becomes of a password."""

import time

import pytest
from onlookers import PILLOW, Home, Onlooker
from playwright.sync_api import expect
from soon import until
from test_browser import browser  # noqa: F401

from bridge import letter
from bridge.bell import ring

SLOW_MS = 60_000  # the page asks every 2.5 s

WHYS = {
    "no such network": "does not see this network",
    "wrong password": "The password is wrong",
    "no address": "gave the pillow no address",
    "bridge not reachable": "cannot reach this computer",
}
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


# -- In a browser ------------------------------------------------------------------------------------------------


def meets(house, key):
    with house.journal.transaction():
        house.journal.show(PILLOW, "neutral", round(time.time() * 1000))
        house.journal.set_setting(PILLOW, "key", key, "bridge", 1)


def ends(house, kind, outcome, why=""):
    """Do what the bridge does about the wish that the page has just made."""
    wish = until(lambda: next((wish for wish in house.journal.open_wishes() if wish["kind"] == kind), None))
    with house.journal.transaction():
        house.journal.end_wish(wish["wish"], outcome, why, round(time.time() * 1000))


def test_a_person_adopts_a_pillow_and_shows_it_the_wifi(house, browser):
    meets(house, "none")
    page = browser.new_page()
    told = []
    page.on("websocket", lambda line: line.on("framereceived", lambda frame: told.append(str(frame))))
    page.on("response", lambda answer: told.append(answer.url + str(answer.headers)))
    page.goto(house.address)
    page.locator("#adopt").click()
    ends(house, "adopt", "applied")
    expect(page.locator("#household-answer")).to_have_text("It is yours.", timeout=SLOW_MS)
    meets(house, "proved")
    expect(page.locator("#adopt-box")).to_be_hidden(timeout=SLOW_MS)
    page.locator("#wifi-look").click()
    with house.journal.transaction():
        house.journal.set_setting(PILLOW, "networks", [[NETWORK, -50, True], ["Y2FmZQ==", -80, False]], "bridge", 1)
    ends(house, "networks", "applied")
    expect(page.locator("#wifi-network option")).to_have_text(
        ["Home Sweet Home (strong)", "cafe (weak, open)", "another, which is hidden"], timeout=SLOW_MS
    )
    for why, words in WHYS.items():
        page.fill("#wifi-password", "correct horse")
        page.locator("#wifi-form button").click()
        ends(house, "wifi", "refused", why)
        expect(page.locator("#household-answer")).to_contain_text(words, timeout=SLOW_MS)
        assert page.input_value("#wifi-password") == ""
    assert "correct horse" not in page.content()
    assert told and not any("correct horse" in one for one in told)
    page.close()


def test_a_pillow_on_wifi_or_a_virtual_one_is_asked_nothing(house, browser):
    page = browser.new_page()
    page.goto(house.address)
    for link in ("wifi", "virtual"):
        with house.journal.transaction():
            house.journal.arrive(PILLOW, link, 1)
        ring(house.journal.bells())
        expect(page.locator("#link")).to_contain_text("Wi-Fi" if link == "wifi" else "virtual", timeout=SLOW_MS)
        expect(page.locator("#household")).to_be_hidden(timeout=SLOW_MS)
    page.close()


def test_two_hundred_pillows_are_each_there_and_those_who_need_somebody_come_first(house, browser):
    with house.journal.transaction():
        for number in range(200):
            pillow = f"{number:016x}"
            house.journal.arrive(pillow, "wifi", 1)
            house.journal.show(pillow, "sensorfault" if number == 150 else "neutral", 2)
        house.journal.trouble("wifi 1", "one thing that stalls", 1)
        house.journal.trouble("wifi 2", "another thing that stalls", 2)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(house.address)
    expect(page.locator("#pillows > li")).to_have_count(201, timeout=SLOW_MS)
    first = page.locator("#pillows button").first
    expect(first).to_have_attribute("data-pillow", f"{150:016x}")
    expect(first).to_have_attribute("data-gesture", "sensorfault")
    expect(page.locator("#trouble p")).to_have_text(["one thing that stalls", "another thing that stalls"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelectorAll('*').length") < 15_000
    page.close()


def test_a_pillow_that_sleeps_is_shown_sleeping(house, browser):
    with house.journal.transaction():
        house.journal.sleep(PILLOW, 1, 2**50)
    page = browser.new_page()
    page.goto(house.address)
    expect(page.locator("#face")).to_have_attribute("data-gesture", "sleeping", timeout=SLOW_MS)
    expect(page.locator("#words")).to_have_text("fast asleep")
    expect(page.locator("#face .eyes-lids")).to_have_css("opacity", "1")
    page.close()
