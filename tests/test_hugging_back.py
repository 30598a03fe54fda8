"""The card “Hug back” in a real browser: what people press, what they are told, what glows."""

import hashlib
import re
import time

import pytest
from onlookers import PILLOW
from playwright.sync_api import expect
from soon import SOON_S, until
from test_browser import INJECTIONS, browser, house, page, watched, window  # noqa: F401

from bridge import wishes
from bridge.bell import ring

SCREENS = [(320, 568), (390, 844), (844, 390), (1280, 800)]


def now_ms():
    return wishes.now_ms()


def ended(house, kind, body, outcome="applied", why="", who="Grandma", ago_ms=0):  # noqa: F811
    """A wish of somebody else that has just ended."""
    with house.journal.transaction():
        wish = house.journal.add_wish(PILLOW, kind, body, who, now_ms() - ago_ms - 1_000, now_ms() + 60_000)
        if outcome:
            wishes.end(house.journal, wish, outcome, why, now_ms() - ago_ms)
    ring(house.journal.bells())
    return wish


def newest(house):  # noqa: F811
    return until(lambda: house.journal.wishes(PILLOW, 1, ("hug", "light", "quiet", "name")))[0]


def lit(page, effect, seconds=SOON_S):  # noqa: F811
    expect(page.locator("#face")).to_have_attribute("data-light", effect, timeout=seconds * 1000)


def test_a_hug_in_a_colour_is_wished_with_one_press_and_its_end_is_shown(house, page):  # noqa: F811
    page.get_by_label("violet").check()
    page.get_by_role("button", name="Send a hug").click()
    wish = newest(house)
    assert (wish["kind"], wish["body"]) == ("hug", {"colour": "#9a5cff"})
    row = page.locator(f'[data-wish="{wish["wish"]}"]')
    expect(row).to_have_text("Somebody at home sent a hugwaits its turn")
    with house.journal.transaction():
        wishes.end(house.journal, wish["wish"], "refused", "this pillow has no light", now_ms())
    ring(house.journal.bells())
    expect(row).to_have_attribute("data-outcome", "refused")
    expect(row).to_contain_text("not done: this pillow has no light")


def test_a_nervous_finger_sends_one_hug(house, page):  # noqa: F811
    page.get_by_role("button", name="Send a hug").dblclick()
    time.sleep(0.5)
    assert len(house.journal.open_wishes()) == 1


def test_light_is_wished_as_it_was_chosen_with_the_keyboard_alone(house, page):  # noqa: F811
    page.locator("#light summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("heartbeat").focus()
    page.keyboard.press("Space")
    page.get_by_label("bright", exact=True).check()
    page.get_by_label("10 s").check()
    page.get_by_role("button", name="light it").press("Enter")
    assert newest(house)["body"] == {"effect": "hug", "colour": "#ff5a8c", "percent": 100, "seconds": 10}
    page.get_by_role("button", name="off").click()
    until(lambda: newest(house)["body"]["effect"] == "off")


def test_the_pillow_glows_on_the_page_while_its_light_does_and_says_from_whom(house, page):  # noqa: F811
    lit(page, "")
    ended(house, "hug", {"colour": "#3ad66b"}, ago_ms=9_000)
    lit(page, "hug")
    expect(page.locator("#hugged")).to_have_text("a hug from Grandma")
    assert page.evaluate("face.style.getPropertyValue('--light')") == "#3ad66b"
    lit(page, "", 5)
    expect(page.locator("#hugged")).to_be_empty()
    ended(house, "light", {"effect": "breathe", "colour": "#3d9bff", "percent": 5, "seconds": 60})
    lit(page, "breathe")
    ended(house, "light", {"effect": "off", "colour": "#000000", "percent": 0, "seconds": 0})
    lit(page, "")


def test_what_was_not_done_does_not_glow(house, page):  # noqa: F811
    for outcome in ("", "refused", "expired", "superseded"):
        ended(house, "hug", {"colour": "#3ad66b"}, outcome, "because")
    expect(page.locator("#wish-list li")).to_have_count(4)
    lit(page, "")


def test_with_reduced_motion_the_light_is_still(house, browser):  # noqa: F811
    context = browser.new_context(reduced_motion="reduce")
    still = context.new_page()
    still.goto(house.address)
    ended(house, "hug", {"colour": "#3ad66b"})
    lit(still, "hug", SOON_S)
    moving = "document.getAnimations().filter(one => one instanceof CSSAnimation).length"
    assert still.evaluate(moving) == 0
    assert float(still.evaluate("getComputedStyle(halo).opacity")) >= 0
    context.close()


def test_an_owner_renames_it_in_its_place(house, page):  # noqa: F811
    page.get_by_role("button", name="give it another name").click()
    field = page.get_by_role("textbox", name="its name", exact=True)
    expect(field).to_be_focused()
    field.press("Escape")
    expect(page.get_by_role("heading", name="Cirrus")).to_be_visible()
    page.get_by_role("button", name="give it another name").click()
    field.fill("Nimbus the Second")
    field.press("Enter")
    wish = newest(house)
    assert (wish["kind"], wish["body"]) == ("name", {"name": "Nimbus the Second"})
    with house.journal.transaction():
        wishes.end(house.journal, wish["wish"], "applied", "", now_ms())
    ring(house.journal.bells())
    expect(page.get_by_role("heading", name="Nimbus the Second")).to_be_visible()


def test_quiet_hours_are_set_and_ended(house, page):  # noqa: F811
    page.locator("#quiet summary").click()
    page.get_by_label("from").fill("22:30")
    page.get_by_label("to", exact=True).fill("06:15")
    page.locator("#quiet-form").get_by_role("button", name="keep").click()
    wish = newest(house)
    assert wish["body"] == {"from": 22 * 60 + 30, "to": 6 * 60 + 15}
    with house.journal.transaction():
        wishes.end(house.journal, wish["wish"], "applied", "", now_ms())
    ring(house.journal.bells())
    expect(page.locator("#quiet-now")).to_have_text(re.compile("10:30|22:30"))
    page.get_by_role("button", name="none").click()
    until(lambda: newest(house)["body"] == {"from": None, "to": None})


@pytest.mark.parametrize(
    ("role", "seen"),
    [("viewer", set()), ("hugger", {"#hug-form", "#light"}), ("owner", {"#hug-form", "#light", "#quiet", "#rename"})],
)
def test_each_role_sees_what_it_may_do_and_everybody_what_became_of_it(house, browser, role, seen):  # noqa: F811
    with house.journal.transaction():
        token = hashlib.sha256(role.encode()).hexdigest()
        house.journal.invite(f"{1:016x}", "Ada", role, token, now_ms(), now_ms() + 60_000)
    ended(house, "hug", {"colour": "#3ad66b"}, "expired", "nobody could do it in time")
    context = browser.new_context()
    guest = context.new_page()
    guest.goto(f"http://127.0.0.1:{house.port}/?key={role}")
    expect(guest.locator("#wish-list li")).to_have_text("Grandma sent a hugtoo late: nobody could do it in time")
    parts = ("#hug-form", "#light", "#quiet", "#rename")
    assert {part for part in parts if guest.locator(part).is_visible()} == seen
    context.close()


def test_names_of_guests_and_sentences_are_text_and_nothing_else(house, window):  # noqa: F811
    for text in INJECTIONS[:4]:
        ended(house, "hug", {"colour": "#3ad66b"}, "refused", text, who=text)
    ended(house, "hug", {"colour": "#3ad66b"}, who=INJECTIONS[0])
    heard = []
    hostile = watched(window, heard)
    hostile.goto(house.address)
    expect(hostile.locator("#wish-list li")).to_have_count(5)
    expect(hostile.locator("#hugged")).to_contain_text("<script>")
    assert hostile.evaluate("document.body.id") == ""
    assert (hostile.evaluate("broken"), heard) == ([], [])


def test_the_list_is_not_made_anew_while_nothing_changes(house, page):  # noqa: F811
    ended(house, "hug", {"colour": "#3ad66b"}, "refused", "it is asleep")
    expect(page.locator("#wish-list li")).to_have_count(1)
    page.evaluate("document.querySelector('#wish-list li').dataset.mine = 'yes'")
    house.feel("hugging", "neutral")
    time.sleep(2.2)
    assert page.evaluate("document.querySelector('#wish-list li').dataset.mine") == "yes"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_the_screen_with_everything_open(house, page, scheme):  # noqa: F811
    page.emulate_media(color_scheme=scheme)
    ended(house, "hug", {"colour": "#3ad66b"}, who="Uncle Bartholomew of the Very Long Names Indeed")
    lit(page, "hug")
    for part in ("#light summary", "#quiet summary", "#rename"):
        page.locator(part).click()
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for button in page.locator("#wishes button:visible, #wishes summary:visible").all():
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width
            assert box["height"] >= 24  # a finger finds it
