"""A pillow is taught on its page: the whole program, its firmware on real MicroPython, and a real browser."""

import time

import pytest
from interpreters import micropython
from playwright.sync_api import expect
from soon import until
from test_browser import browser  # noqa: F401 - a fixture
from whole import Whole

SOON_MS = 60_000
TAKE_MS = 90_000  # of count-in, hug and letting go, on a busy machine
LEAST = 3  # takes that a gesture is learned from
HUG_S = 8  # a press, and what the pillow needs to be sure that it was none


@pytest.fixture
def weak(tmp_path):
    """A demo with a pillow that feels hugs too little, its firmware on MicroPython."""
    whole = Whole(tmp_path, "demo", "--interpreter", str(micropython()), "--pillow", "weak", HUGGABLE_SEED="3")
    yield whole
    whole.close()


@pytest.fixture
def page(weak, browser):  # noqa: F811
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(SOON_MS)
    page.goto(weak.page())
    expect(page.locator("#face")).to_have_attribute("data-gesture", "neutral", timeout=SOON_MS)
    page.locator("#teach > summary").click()
    expect(page.locator("#teach-start")).to_be_enabled(timeout=SOON_MS)
    yield page
    context.close()


def press(page, act):
    page.locator(f'#presses [data-act="{act}"]').click()


def phase(page, name):
    expect(page.locator("#teach")).to_have_attribute("data-phase", name, timeout=TAKE_MS)


def hugs(whole):
    return sum(row["gesture"] == "hugging" for row in whole.ask("/api/reports?limit=500"))


def is_told(whole, page, seconds=SOON_MS / 1000):
    """Hug it once. Returns whether the pillow says so."""
    before, deadline_s = hugs(whole), time.monotonic() + seconds
    press(page, "hug")
    while time.monotonic() < deadline_s and hugs(whole) == before:
        page.wait_for_timeout(200)
    press(page, "nothing")
    return hugs(whole) > before


def test_a_hug_that_is_taught_on_the_page_is_told_by_the_pillow(weak, page):
    page.locator("#teach-start").click()
    for number in range(LEAST):
        phase(page, "count")
        phase(page, "now")
        press(page, "hug")
        phase(page, "pause")
        expect(page.locator("#teach-takes li")).to_have_count(number + 1)
    page.locator("#teach-stop").click()
    assert hugs(weak) == 0, "a weak pillow does not tell a hug before it is taught"

    page.locator("#teach-learn").click()
    row = page.locator('#teach-table tr[data-label="hugging"] td')
    expect(row).to_have_text([f"0 of {LEAST}", f"{LEAST} of {LEAST}"], timeout=SOON_MS)
    page.locator("#teach-use").click()
    expect(page.locator("#teach-state")).to_have_text("The pillow uses what it was taught here.", timeout=SOON_MS)
    expect(row).to_have_text([f"0 of {LEAST}", f"{LEAST} of {LEAST}"])
    assert is_told(weak, page)
    assert weak.huggable("replay", "--home").stdout.endswith(f"{LEAST} of {LEAST} right\n")

    page.locator("#teach-back").click()
    expect(page.locator("#teach-state")).to_have_text("The pillow knows what every new pillow knows.", timeout=SOON_MS)
    expect(page.locator("#teach-table")).to_be_hidden()
    expect(page.locator("#teach-use")).to_be_disabled()
    assert not is_told(weak, page, HUG_S)
    weak.stop()
    assert weak.err == []


def test_what_was_wrong_becomes_an_example_of_this_home(weak, page):
    press(page, "shake")
    until(lambda: any(row["gesture"] == "shaking" for row in weak.ask("/api/reports")))
    page.locator("#wrong-press").click()
    expect(page.locator("#wrong-words")).to_have_text("It said “being shaken”. What was it?", timeout=SOON_MS)
    page.locator('#wrong-labels [data-label="neutral"]').click()
    expect(page.locator("#wrong-words")).to_contain_text("one of this home's examples")
    done = until(lambda: (weak.huggable("replay", "--home"),)[0].stdout)
    assert "WRONG  neutral" in done and "shaking" in done
    target = weak.folder / "out.zip"
    assert weak.huggable("export", "takes", str(target)).stdout == f"1 recording in {target}\n"


def test_a_pillow_that_is_unplugged_in_the_middle_is_said_and_can_be_recorded_again(weak, page):
    page.locator("#teach-start").click()
    phase(page, "now")
    press(page, "unplug")
    expect(page.locator("#teach-answer")).to_contain_text("some of it was lost on the way", timeout=SOON_MS)
    phase(page, "idle")
    expect(page.locator("#teach-takes .bad")).to_be_visible()
    assert list((weak.folder / "takes").glob("*.csv")) == []
    press(page, "plug")
    expect(page.locator("#teach-start")).to_be_enabled(timeout=SOON_MS)
    page.locator("#teach-start").click()
    phase(page, "count")
    expect(page.locator("#teach-takes .bad")).to_have_count(0)
    page.locator("#teach-stop").click()
    phase(page, "idle")
