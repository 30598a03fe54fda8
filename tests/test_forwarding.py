"""The whole program with a cloud: real processes, a real pillow at a port, Azurite behind a proxy that does harm."""

import signal
import sys
from pathlib import Path

import pytest
from azurite import Azurite, missing
from desk import PillowOnDesk
from faultyhttp import Answers, FaultyHttp, IsSilent, Resets, StoresAndIsSilent, Trickles
from soon import ENDS_S, START_S, until

from bridge.cloudevents import State, decode
from bridge.cloudsettings import CONNECTION, NAMED
from bridge.home import journal_path
from bridge.journal import Journal
from bridge.outgoing import CURSOR
from bridge.report import Dated


@pytest.fixture
def proxy(azurite):
    with FaultyHttp(azurite.port) as proxy:
        yield proxy


@pytest.fixture
def environment(azurite, proxy, queue_name):
    return {CONNECTION: azurite.connection_string(proxy.port), NAMED: queue_name}


@pytest.fixture
def pillow():
    pillow = PillowOnDesk()
    yield pillow
    pillow.pull()


@pytest.fixture
def home(start, pillow, environment):
    """A bridge with a pillow at a port, connected and shown."""
    home = start("run", "--port", pillow.url, **environment)
    until(lambda: home.shown() == "neutral")
    return home


def events(proxy, kind=Dated):
    return [event for text in proxy.stored for event in decode(text) if isinstance(event, kind)]


def seqs(proxy):
    return [dated.said.seq for dated in events(proxy)]


def faces(proxy):
    return [state.gesture for state in events(proxy, State)]


def waiting(home):
    journal = Journal(journal_path(home.folder), read_only=True)
    try:
        return journal.behind(CURSOR)
    finally:
        journal.close()


def test_a_hug_is_in_the_queue_with_the_face_it_makes(home, pillow, proxy):
    until(lambda: "neutral" in faces(proxy))
    pillow.feel("hugging")
    until(lambda: seqs(proxy) == [1])
    until(lambda: faces(proxy)[-1] == "hugging")
    until(lambda: waiting(home) == 0)
    assert "The cloud has every report." in home.huggable("status").stdout
    assert home.stop() < ENDS_S
    assert home.err == []


def test_without_a_cloud_nothing_is_kept_for_one(home, start, pillow):
    until(lambda: waiting(home) is not None)
    home.stop()
    alone = start("run", "--port", pillow.url)
    until(lambda: alone.shown() == "neutral")
    until(lambda: waiting(alone) is None)
    assert "cloud:" not in alone.huggable("status").stdout.lower()


def test_nothing_that_is_started_from_here_gets_the_key(home, azurite):
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux shows what a program was given")
    (page,) = home.children()
    for told in ("environ", "cmdline"):
        assert azurite.key.encode() not in Path(f"/proc/{page}/{told}").read_bytes()
    assert azurite.key.encode() not in Path(f"/proc/{home.process.pid}/cmdline").read_bytes()


def test_a_wrong_key_is_one_sentence_and_asks_no_more_than_once_a_minute(start, pillow, azurite, proxy, queue_name):
    string = azurite.connection_string(proxy.port, key="d3Jvbmc=")
    home = start("run", "--port", pillow.url, **{CONNECTION: string, NAMED: queue_name})
    until(lambda: home.shown() == "neutral")
    until(lambda: home.err)
    for number in range(20):
        pillow.feel(("neutral", "hugging")[number % 2])
        until(lambda number=number: home.ask("/api/state")["row"] > number)
    (sentence,) = home.err
    assert sentence == (
        f"127.0.0.1:{proxy.port} refuses the key (403 AuthenticationFailed):"
        " copy AZURE_STORAGE_CONNECTION_STRING anew from the storage account"
    )
    assert proxy.asked == 2  # for reports, and for wishes
    said = home.huggable("status")
    assert sentence in said.stdout and "The cloud: 20 reports wait to be sent." in said.stdout
    assert said.returncode == 1


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {CONNECTION: "what I copied"},
            f"huggable: {CONNECTION} is not one: copy it from the storage account's access keys",
        ),
        (
            {CONNECTION: "AccountName=a;AccountKey=YQ==", NAMED: "My Queue"},
            "huggable: 'My Queue' is no name of a queue: set HUGGABLE_QUEUE to 3 to 56 of a-z, 0-9 and single hyphens",
        ),
    ],
)
def test_settings_that_cannot_be_end_it_with_a_sentence(start, environment, sentence):
    home = start("run", **environment)
    home.process.wait(START_S)
    home.stop()
    assert home.process.returncode == 1
    assert home.err == [sentence]


@pytest.mark.parametrize(
    "fault",
    [IsSilent(), StoresAndIsSilent(), Trickles(1), Resets(), Answers(503)],
    ids=lambda fault: type(fault).__name__,
)
def test_whatever_the_network_does_the_page_lives_and_the_end_is_in_time(home, pillow, proxy, fault):
    until(lambda: "neutral" in faces(proxy))
    proxy.choose = lambda request: fault
    before = proxy.asked
    pillow.feel("hugging")
    until(lambda: proxy.asked > before)
    until(lambda: home.shown() == "hugging")
    pillow.feel("neutral")
    until(lambda: home.shown() == "neutral")
    assert home.stop() < ENDS_S
    assert home.err == []


def test_a_network_that_comes_back_brings_everything_in_order(home, pillow, proxy):
    until(lambda: "neutral" in faces(proxy))
    proxy.refuse()
    for number in range(9):
        pillow.feel(("hugging", "neutral")[number % 2])
    until(lambda: waiting(home) == 9)
    proxy.listen()
    until(lambda: seqs(proxy) == list(range(1, 10)))


@pytest.mark.parametrize("step", ["forward", "forwarded"])
def test_a_bridge_that_dies_around_a_message_loses_nothing(start, pillow, proxy, environment, step):
    home = start("run", "--port", pillow.url, **environment, PILLOW_CRASH_AT=f"{step}:3")
    for number in range(5):
        pillow.feel(("hugging", "neutral")[number % 2])
        until(lambda number=number: home.process.poll() is not None or number < len(seqs(proxy)))
    home.process.wait(START_S)
    assert home.process.returncode == 70
    home = start("run", "--port", pillow.url, **environment)
    until(lambda: set(seqs(proxy)) == {1, 2, 3, 4, 5} and waiting(home) == 0)
    assert list(dict.fromkeys(seqs(proxy))) == [1, 2, 3, 4, 5]
    ids = {(dated.said, dated.at_ms) for dated in events(proxy)}
    assert len(ids) == 5  # what came twice says the same twice


def test_azurite_killed_in_the_middle_costs_nothing_that_it_had_not_taken(start, pillow, queue_name):
    """What it had taken it forgets, as it keeps everything in memory: the proxy's log is the truth."""
    if why := missing():
        pytest.skip(why)
    first = Azurite()
    with FaultyHttp(first.port) as proxy:
        string = first.connection_string(proxy.port)
        home = start("run", "--port", pillow.url, **{CONNECTION: string, NAMED: queue_name})
        until(lambda: home.shown() == "neutral")
        pillow.feel("hugging")
        until(lambda: seqs(proxy) == [1])
        first.kill()
        for number in range(6):
            pillow.feel(("neutral", "hugging")[number % 2])
        until(lambda: home.ask("/api/state")["row"] == 7)
        second = Azurite(account=(first.account, first.key))
        proxy.to(second.port)
        until(lambda: seqs(proxy) == list(range(1, 8)))
        assert home.stop(signal.SIGTERM) < ENDS_S
        second.kill()
