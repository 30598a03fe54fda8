"""There and back: a hug on the virtual pillow is seen away, and a hug back makes the pillow glow; each once.

All of it real: the firmware behind its port, the bridge, Azurite behind a proxy that does harm, two page programs and
two windows of Chromium.
"""

import json
import signal
import sys
import time
from collections import Counter
from contextlib import closing

import pytest
from afar import KEY, Far, environment
from faultyhttp import Answers, FaultyHttp, Resets, StoresAndIsSilent, StoresAndResets
from interpreters import micropython
from playwright.sync_api import expect
from soon import START_S, until
from test_browser import browser  # noqa: F401
from whole import Whole

from bridge.cloudevents import Ask, Wished, decode
from bridge.cloudsettings import NAMED
from bridge.home import journal_path
from bridge.journal import Journal
from bridge.report import Dated, Report

LONG_S = 120.0  # through faults: some of them take half a minute each


class World:
    """A home with the demo, a page away, and a way between them through `proxy`."""

    def __init__(self, folder, proxy, connection, queue, interpreter=sys.executable):
        self.proxy, self.folder = proxy, folder
        self.environment = environment(connection, **{NAMED: queue})
        self.interpreter = interpreter
        self.start_home()
        self.far = Far(folder / "far", "--queue", queue, **self.environment)

    def start_home(self):
        self.home = Whole(self.folder / "home", "demo", "--interpreter", self.interpreter, **self.environment)
        until(lambda: self.home.shown() == "neutral")

    def close(self):
        self.far.__exit__()
        self.home.close()

    # -- looking ----------------------------------------------------------------------------------------------------

    def journal(self, machine):
        return closing(Journal(journal_path(machine.folder), read_only=True))

    def wishes(self, machine):
        with self.journal(machine) as journal:
            (pillow,) = journal.pillows()
            return journal.wishes(pillow["pillow"], 50, ("hug", "light", "quiet", "name"))

    def outcomes(self, machine):
        return [wish["outcome"] for wish in self.wishes(machine)]

    def reports(self, machine):
        with self.journal(machine) as journal:
            return [(row["boot"], row["seq"], row["gesture"]) for row in journal.rows_after(0)]

    def sent(self, kind):
        return [event for text in self.proxy.stored for event in decode(text) if isinstance(event, kind)]

    def glow(self):
        """What the pillow's pixels show: red, green, blue."""
        path = self.home.folder / "virtual" / "glow.json"
        try:
            return tuple(int(part, 16) for part in json.loads(path.read_text())["pixels"][:3])
        except (OSError, ValueError):
            return (0, 0, 0)


@pytest.fixture
def proxy(azurite):
    with FaultyHttp(azurite.port) as proxy:
        yield proxy


@pytest.fixture(params=["python", "micropython"])
def interpreter(request):
    return sys.executable if request.param == "python" else str(micropython())


@pytest.fixture
def start(azurite, proxy, queue_name, tmp_path):
    started = []

    def start(interpreter=sys.executable):
        started.append(World(tmp_path, proxy, azurite.connection_string(proxy.port), queue_name, interpreter))
        return started[-1]

    yield start
    for world in started:
        world.close()


@pytest.fixture
def window(browser):  # noqa: F811
    context = browser.new_context(reduced_motion="reduce")  # two pages that are drawn all the time are slow
    context.set_default_timeout(START_S * 1000)
    yield context
    context.close()


def shows(page, gesture, seconds=START_S):
    expect(page.locator("#face")).to_have_attribute("data-gesture", gesture, timeout=seconds * 1000)


def ended(page, outcome, seconds=START_S):
    """Wait until the newest wish of the list has ended like this."""
    newest = page.locator("#wish-list li").first
    expect(newest).to_have_attribute("data-outcome", outcome, timeout=seconds * 1000)
    return newest


def is_green(world):
    red, green, blue = world.glow()
    return green > 10 and green > 2 * red and green > 2 * blue


def goes_dark(world):
    """Wait until the pillow has been dark for longer than between two heartbeats."""
    lit_s = begun_s = time.monotonic()
    while time.monotonic() - lit_s < 2:
        assert time.monotonic() - begun_s < START_S, "it glows on"
        if world.glow() != (0, 0, 0):
            lit_s = time.monotonic()
        time.sleep(0.02)


def test_a_hug_there_and_a_hug_back_each_once(start, window, interpreter):
    world = start(interpreter)
    away, home = window.new_page(), window.new_page()
    away.goto(f"http://127.0.0.1:{world.far.port}/?key={KEY}")
    home.goto(world.home.page())
    shows(away, "neutral")
    home.locator('#presses [data-act="hug"]').click()
    shows(away, "hugging")
    shows(away, "neutral")

    away.get_by_label("green").check()
    away.get_by_role("button", name="Send a hug").click()
    until(lambda: is_green(world))
    expect(home.locator("#face")).to_have_attribute("data-light", "hug")
    expect(home.locator("#hugged")).to_have_text("a hug from far away")
    ended(away, "applied")
    expect(away.locator("#face")).to_have_attribute("data-light", "hug")
    goes_dark(world)  # by itself, when it has had its time
    expect(away.locator("#face")).to_have_attribute("data-light", "")

    assert world.outcomes(world.home) == world.outcomes(world.far) == ["applied"]
    assert [wish["who"] for wish in world.wishes(world.home)] == ["away"]
    assert world.reports(world.far) == world.reports(world.home)
    assert [gesture for *_, gesture in world.reports(world.home)].count("hugging") == 1
    (ask,) = world.sent(Ask)
    assert {(said.ask.uid, said.outcome) for said in world.sent(Wished)} <= {(ask.uid, ""), (ask.uid, "applied")}


def test_what_an_owner_sets_away_is_set_at_home_and_refusals_travel_back(start, window):
    world = start()
    away = window.new_page()
    away.goto(f"http://127.0.0.1:{world.far.port}/?key={KEY}")
    shows(away, "neutral")
    away.get_by_role("button", name="give it another name").click()
    away.get_by_role("textbox", name="its name", exact=True).fill("Nimbus")
    away.get_by_role("button", name="keep").first.click()
    expect(away.locator("#name")).to_have_text("Nimbus", timeout=START_S * 1000)
    until(lambda: world.home.ask("/api/state")["pillows"][0]["name"] == "Nimbus")

    minute = time.localtime().tm_hour * 60 + time.localtime().tm_min
    clock = ["{:02d}:{:02d}".format(*divmod((minute + later) % 1440, 60)) for later in (-5, 30)]
    away.locator("#quiet summary").click()
    away.get_by_label("from").fill(clock[0])
    away.get_by_label("to", exact=True).fill(clock[1])
    away.locator("#quiet-form").get_by_role("button", name="keep").click()
    ended(away, "applied")
    expect(away.locator("#quiet-now")).not_to_have_text("none")

    away.locator("#light summary").click()
    away.get_by_role("button", name="light it").click()
    refused = ended(away, "refused")
    expect(refused).to_contain_text(f"quiet hours until {clock[1]}")
    away.get_by_role("button", name="Send a hug").click()
    until(lambda: world.outcomes(world.home)[0] == "" and len(world.outcomes(world.home)) == 4)
    time.sleep(1)
    assert world.glow() == (0, 0, 0)  # it waits
    away.locator("#quiet-none").click()
    until(lambda: world.glow() != (0, 0, 0))


def test_what_is_wished_at_home_is_seen_away(start, window):
    world = start()
    away, home = window.new_page(), window.new_page()
    away.goto(f"http://127.0.0.1:{world.far.port}/?key={KEY}")
    home.goto(world.home.page())
    shows(away, "neutral")
    assert world.home.huggable("hug").returncode == 0
    expect(ended(away, "applied")).to_contain_text("Somebody at home sent a hug")
    expect(away.locator("#hugged")).to_have_text("a hug from home")

    home.locator("#quiet summary").click()
    home.get_by_label("from").fill("21:15")
    home.get_by_label("to", exact=True).fill("07:30")
    home.locator("#quiet-form").get_by_role("button", name="keep").click()
    expect(away.locator("#quiet-now")).not_to_have_text("none", timeout=START_S * 1000)
    assert away.locator("#quiet-now").inner_text() == home.locator("#quiet-now").inner_text()
    until(lambda: world.outcomes(world.home) == world.outcomes(world.far) == ["applied"] * 2)
    assert [wish["uid"] for wish in world.wishes(world.home)] == [wish["uid"] for wish in world.wishes(world.far)]


SENDS = [StoresAndResets(), Answers(503), Resets(), Answers(429, retry_after="1"), StoresAndIsSilent(), Answers(500)]
OTHERS = [Resets(), Answers(503), StoresAndResets()]  # a receive whose answer is lost hides messages for half a minute


def harms():
    """Do harm to every second message that is sent, and to every fifth of the other requests."""
    sends, others = iter(range(1 << 30)), iter(range(1 << 30))

    def choose(request):
        number, every, faults = (next(sends), 2, SENDS) if request.is_send else (next(others), 5, OTHERS)
        return faults[number // every % len(faults)] if number % every == 0 else None

    return choose


def test_through_faults_with_the_bridge_killed_in_between_each_is_there_once(start, window, proxy):
    world = start()
    away = window.new_page()
    away.goto(f"http://127.0.0.1:{world.far.port}/?key={KEY}")
    shows(away, "neutral")
    proxy.choose = harms()
    assert world.home.huggable("press", "hug", "--seconds", "3").returncode == 0
    shows(away, "hugging", LONG_S)

    away.get_by_label("green").check()
    away.get_by_role("button", name="Send a hug").click()
    until(lambda: is_green(world))
    world.home.stop(signal.SIGKILL)
    world.home.close()
    world.start_home()
    ended(away, "applied", LONG_S)
    shows(away, "neutral", LONG_S)

    assert proxy.asked > len(proxy.log)  # some of it did not even come through
    proxy.choose = lambda request: None
    until(lambda: world.reports(world.far) == world.reports(world.home))
    assert world.outcomes(world.home) == world.outcomes(world.far) == ["applied"]
    said = Counter((one.said.boot, one.said.seq) for one in world.sent(Dated) if isinstance(one.said, Report))
    assert said  # some of them perhaps twice: the queue is told again what it may not have heard
    assert [gesture for *_, gesture in world.reports(world.far)].count("hugging") == 1
    assert {event.uid for event in world.sent(Ask)} == {wish["uid"] for wish in world.wishes(world.home)}


def test_a_hug_for_a_pillow_that_sleeps_glows_when_it_wakes(start, window):
    world = start()
    away = window.new_page()
    away.goto(f"http://127.0.0.1:{world.far.port}/?key={KEY}")
    shows(away, "neutral")
    assert world.home.huggable("press", "unplug").returncode == 0
    shows(away, "notconnected")
    away.get_by_label("green").check()
    away.get_by_role("button", name="Send a hug").click()
    expect(ended(away, "waiting")).to_contain_text("waits until it wakes")
    until(lambda: world.outcomes(world.home) == [""])
    assert world.home.huggable("press", "plug").returncode == 0
    until(lambda: is_green(world))
    ended(away, "applied")
    goes_dark(world)
    assert world.outcomes(world.far) == ["applied"]


def test_nothing_that_opens_the_queue_is_in_what_is_kept_or_shown(start, azurite):
    world = start()
    until(lambda: world.far.ask("/api/state")["pillows"])
    kept = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert azurite.key.encode() not in kept
    assert azurite.key not in "".join(world.home.out + world.home.err + world.far.err)
