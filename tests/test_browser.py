import os
import re
import shutil
import time
from pathlib import Path

import pytest
from onlookers import PILLOW, Home
from playwright.sync_api import expect, sync_playwright
from soon import SOON_S, until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
OTHER = "ffeeddccbbaa9988"
SHOWS = {  # what is drawn for each gesture, and nothing else of its kind
    "neutral": {"eyes-dot", "mouth-smile"},
    "hugging": {"eyes-tall", "mouth-happy", "arms-front"},
    "punching": {"eyes-shut", "mouth-wavy", "anger"},
    "shaking": {"eyes-dot", "mouth-smile", "ghosts"},
    "spinning": {"eyes-spiral", "mouth-oval", "stars"},
    "throwing": {"eyes-wide", "mouth-grin", "arms-up", "wind"},
    "sensorfault": {"eyes-puzzled", "mouth-puzzled", "question"},
    "notconnected": set(),
}


@pytest.fixture(scope="module")
def browser():
    expect.set_options(timeout=SOON_S * 1000)
    with sync_playwright() as playwright:
        bundled = playwright.chromium.executable_path
        found = next(filter(None, map(shutil.which, (*NAMES, MAC, bundled))), None)
        if not found:
            missing = "there is no Chromium here: `.venv/bin/python -m playwright install chromium` brings it"
            pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
        flags = [*QUIET, "--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else QUIET
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def house(tmp_path):
    with Home(tmp_path) as house:
        house.meet()
        yield house.open()


@pytest.fixture
def window(browser):
    context = browser.new_context(reduced_motion="reduce")  # or it is drawn all the time
    context.set_default_timeout(SOON_S * 1000)
    yield context
    context.close()


@pytest.fixture
def page(house, window):
    page = window.new_page()
    page.goto(house.address)
    expect(page.locator("#name")).to_have_text("Cirrus")
    return page


def face(page, gesture):
    expect(page.locator("#face")).to_have_attribute("data-gesture", gesture)


def leave(house):
    with house.journal.transaction():
        house.journal.leave(PILLOW, round(time.time() * 1000))
    house.feel()


def drawn(page):
    """Give the classes that are drawn in the big face, of those that a gesture brings or takes away."""
    shows = "names => names.filter(name => getComputedStyle(face.querySelector(`.${name}`)).opacity > .5)"
    return set(page.evaluate(shows, sorted(set.union(*SHOWS.values()))))


# -- The face --------------------------------------------------------------------------------------------------


def test_every_gesture_is_on_the_face_and_looks_like_itself(house, page):
    face(page, "neutral")
    for gesture in ("hugging", "punching", "shaking", "spinning", "throwing", "sensorfault", "neutral"):
        house.feel(gesture)
        face(page, gesture)
        until(lambda gesture=gesture: drawn(page) == SHOWS[gesture])
    leave(house)
    face(page, "notconnected")
    until(lambda: drawn(page) == set())
    expect(page.locator("#face .body")).to_have_css("opacity", "0")


def test_the_words_say_what_the_face_shows(house, page):
    house.feel("hugging")
    expect(page.locator("#words")).to_have_text("being hugged")
    expect(page).to_have_title("Cirrus: being hugged")
    leave(house)
    expect(page.locator("#more")).to_contain_text("Press “plug in” to wake it.")


def test_an_old_report_never_moves_the_face_but_is_told(house, page):
    house.feel("punching", late=True, at_ms=round(time.time() * 1000) - 60_000)
    expect(page.locator("#away-words")).to_have_text("While you were away: 1 punch.")
    face(page, "neutral")


def test_with_reduced_motion_nothing_moves(house, browser):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(house.address)
    for gesture in ("hugging", "throwing", "spinning", "shaking"):
        house.feel(gesture)
        face(page, gesture)
        moving = "document.getAnimations().filter(one => one instanceof CSSAnimation).length"
        assert page.evaluate(moving) == 0
    context.close()


def test_otherwise_it_is_alive(house, page):
    page.emulate_media(reduced_motion="no-preference")
    house.feel("hugging")
    face(page, "hugging")
    assert page.evaluate("document.getAnimations().filter(one => one instanceof CSSAnimation).length") > 3


def test_several_pillows_have_a_face_each_and_one_is_big(house, page):
    expect(page.locator("#pillows")).to_be_hidden()
    house.meet(OTHER, "Nimbus", "usb")
    house.feel()
    expect(page.locator(f'[data-pillow="{OTHER}"]')).to_be_visible()
    house.feel("hugging")
    expect(page.locator(f'[data-pillow="{PILLOW}"][data-gesture="hugging"]')).to_be_visible()
    expect(page.locator(f'[data-pillow="{OTHER}"][data-gesture="neutral"]')).to_be_visible()
    page.locator(f'[data-pillow="{OTHER}"]').click()
    expect(page.locator("#name")).to_have_text("Nimbus")
    face(page, "neutral")
    expect(page.locator("#presses")).to_be_hidden()


# -- What was missed -------------------------------------------------------------------------------------------


def test_a_page_that_lost_its_bridge_says_so_and_then_tells_exactly_what_it_missed(house, page):
    house.feel("hugging")
    face(page, "hugging")
    house.shut()
    face(page, "notconnected")
    expect(page.locator("#more")).to_contain_text("make run")
    house.feel("neutral", "hugging", "neutral", "hugging", "neutral", "punching", "neutral")
    house.open(port=house.port)
    face(page, "neutral")
    expect(page.locator("#away-words")).to_have_text("While you were away: 2 hugs and 1 punch.")
    expect(page.locator("#counts")).to_have_text("3 hugs1 punch")
    assert page.locator('#strip rect[data-is="hugging"]').count() == 3


def test_a_page_that_is_opened_again_tells_what_happened_since(house, window, page):
    house.feel("hugging", "neutral")
    expect(page.locator("#counts")).to_have_text("1 hug")
    page.close()
    house.feel("hugging", "neutral", "throwing", "neutral")
    again = window.new_page()
    again.goto(house.address)
    expect(again.locator("#away-words")).to_have_text("While you were away: 1 hug and 1 throw.")
    again.locator("#away-close").click()
    expect(again.locator("#away")).to_be_hidden()
    again.reload()
    expect(again.locator("#counts")).to_have_text("2 hugs1 throw")
    expect(again.locator("#away")).to_be_hidden()


def test_what_stalls_is_said_on_the_page(house, page):
    with house.journal.transaction():
        house.journal.trouble("disk", "the disk is full: free some space", 1)
    expect(page.locator("#trouble")).to_have_text("the disk is full: free some space")


# -- The virtual pillow ----------------------------------------------------------------------------------------


def test_a_press_is_a_wish_and_its_refusal_is_told(house, page):
    page.get_by_role("button", name="hug", exact=True).click()
    (wish,) = until(house.journal.open_wishes)
    assert (wish["pillow"], wish["body"]["act"]) == (PILLOW, "hug")
    with house.journal.transaction():
        house.journal.end_wish(wish["wish"], "refused", "it is asleep", 1)
    expect(page.locator("#answer")).to_have_text("That did not happen: it is asleep.")


def test_an_unplugged_virtual_pillow_can_be_plugged_in_again(house, page):
    page.get_by_role("button", name="unplug").click()
    assert until(house.journal.open_wishes)[0]["body"]["act"] == "unplug"
    leave(house)
    expect(page.get_by_role("button", name="hug", exact=True)).to_be_disabled()
    page.get_by_role("button", name="plug in").click()
    until(lambda: house.journal.open_wishes()[-1]["body"]["act"] == "plug")


def test_a_real_pillow_has_no_buttons(house, page):
    expect(page.locator("#presses")).to_be_visible()
    house.meet(OTHER, "Nimbus", "usb")
    house.feel()
    page.locator(f'[data-pillow="{OTHER}"]').click()
    expect(page.locator("#presses")).to_be_hidden()


# -- Those who mean no good ------------------------------------------------------------------------------------

INJECTIONS = (
    "<script>document.body.id='owned'</script>",
    "<img src=x onerror=\"document.body.id='owned'\">",
    '"><svg onload="document.body.id=\'owned\'">',
    "'-document.body.setAttribute('id','owned')-'",
    "javascript:document.body.id='owned'",
    "<iframe srcdoc=\"<script>parent.document.body.id='owned'</script>\">",
    "<style>*{display:none}</style>",
    "</title><script>document.body.id='owned'</script>",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "\u202etxet desrever \x00 \x1b[31m",
    "<math><mi//xlink:href=\"data:x,<script>document.body.id='owned'</script>\">",
    "__proto__",
)


def watched(window, heard):
    page = window.new_page()
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.add_init_script(
        "window.broken = []; addEventListener('securitypolicyviolation', event => broken.push(event.blockedURI))"
    )
    return page


def test_names_and_console_lines_are_text_and_nothing_else(house, window):
    with house.journal.transaction():
        for number, text in enumerate(INJECTIONS):
            house.journal.say(text, text, 1_000)
            house.journal.trouble(text, text, 1_000)
            house.journal.arrive(f"{number:016x}", "usb", 1_000, version=text[:40], cause=text[:40])
            house.journal.note(f"{number:016x}", name=text)
    heard = []
    page = watched(window, heard)
    page.goto(house.address)
    expect(page.locator("#pillows > li")).to_have_count(len(INJECTIONS) + 1)
    for item in page.locator("#pillows button").all():
        item.dispatch_event("click")
    page.locator("#health summary").click()
    for text in ("<script>", "onerror", "{{7*7}}"):
        expect(page.locator("#console")).to_contain_text(text)
        expect(page.locator("#trouble")).to_contain_text(text)
    assert page.evaluate("document.body.id") == ""
    assert page.locator("main script, main style, main img, main iframe").count() == 0
    assert (page.evaluate("broken"), heard) == ([], [])


def test_the_small_faces_are_not_made_anew_while_nothing_changes(house, page):
    house.meet(OTHER, "Nimbus", "usb")
    house.feel()
    page.locator(f'[data-pillow="{OTHER}"]').focus()
    house.feel("hugging", "neutral", "hugging")
    expect(page.locator(f'[data-pillow="{PILLOW}"]')).to_have_attribute("data-gesture", "hugging")
    expect(page.locator(f'[data-pillow="{OTHER}"]')).to_be_focused()


def test_the_page_asks_nobody_but_its_own_server_and_breaks_no_rule(house, window):
    heard, asked = [], []
    page = watched(window, heard)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda opened: asked.append(opened.url.replace("ws:", "http:")))
    page.goto(house.address)
    for gesture in ("hugging", "throwing", "neutral"):
        house.feel(gesture)
        face(page, gesture)
    assert any("websocket" in url for url in asked)
    assert [url for url in asked if not url.startswith(f"http://127.0.0.1:{house.port}/")] == []
    assert (page.evaluate("broken"), heard) == ([], [])


def test_a_script_that_gets_in_all_the_same_is_not_run(house, page):
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "document.body.id = 'owned'";
        document.body.append(script);
    }""")
    assert page.evaluate("document.body.id") == ""


def test_the_key_leaves_the_address_and_the_page_can_be_loaded_again(house, page):
    expect(page).to_have_url(f"http://127.0.0.1:{house.port}/")
    page.reload()
    expect(page.locator("#name")).to_have_text("Cirrus")
    assert house.key not in page.evaluate("document.cookie + JSON.stringify(localStorage)")


def test_without_the_key_there_is_a_sentence_and_no_face(house, browser):
    context = browser.new_context()
    page = context.new_page()
    assert page.goto(f"http://127.0.0.1:{house.port}/?key=wrong").status == 403
    expect(page.locator("body")).to_contain_text("make run")
    context.close()


def test_a_key_that_is_no_longer_right_is_said(house, page):
    house.shut()
    Path(house.folder / "key").write_text("another-key-altogether-1234", encoding="ascii")
    house.open(port=house.port)
    expect(page.locator("#more")).to_contain_text("opens with its key")
    face(page, "notconnected")


# -- Screens ---------------------------------------------------------------------------------------------------


def test_it_fits_the_screen(house, page):
    house.feel("throwing")
    face(page, "throwing")
    for width, height in ((320, 568), (390, 844), (844, 390), (1280, 800), (2560, 1440)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator("#face").bounding_box()
        assert box["y"] >= 0 and box["x"] >= 0 and box["width"] >= 200


def test_every_control_has_a_name_and_the_face_is_described(house, page):
    for button in page.locator("button:visible, summary:visible").all():
        assert re.search(r"\w", button.get_attribute("aria-label") or button.inner_text())
    expect(page.get_by_role("img", name="all is calm")).to_be_visible()
    expect(page.get_by_role("status").first).to_have_text("all is calm")
