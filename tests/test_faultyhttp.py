"""The proxy does the harm that it is named for, and its log is true: or the tests that use it prove nothing."""

import time

import pytest
from faultyhttp import (
    Answers,
    Dawdles,
    FaultyHttp,
    IsSilent,
    Portal,
    Resets,
    StoresAndIsSilent,
    StoresAndResets,
    Trickles,
    first,
)
from soon import until

from bridge import cloud, cloudsettings
from bridge.cloud import Queue
from bridge.refusals import Denied, Unreachable


@pytest.fixture
def proxy(azurite):
    with FaultyHttp(azurite.port) as proxy:
        yield proxy


@pytest.fixture
def another(azurite, queue_name, proxy):
    """Makes a queue at the other side of the proxy, as patient as the real one unless told otherwise."""
    made = []

    def make():
        environ = {cloudsettings.CONNECTION: azurite.connection_string(proxy.port), cloudsettings.NAMED: queue_name}
        made.append(Queue(cloudsettings.read(environ), queue_name))
        return made[-1]

    yield make
    for queue in made:
        queue.close()


@pytest.fixture
def queue(another):
    queue = another()
    queue.send("[0]")
    return queue


@pytest.fixture
def hasty(queue, another, monkeypatch):
    """Only for who is never answered: a busy machine may be as slow as this to give an answer."""
    with monkeypatch.context() as hurry:
        hurry.setattr(cloud, "READ_S", 0.5)
        return another()


def everything(queue):
    return [one.text for one in queue.receive(32, 300)]


def test_without_a_fault_everything_goes_through(queue, proxy):
    assert everything(queue) == ["[0]"]
    assert proxy.stored == ["[0]"]


@pytest.mark.parametrize(
    ("fault", "meant", "stored"),
    [
        (Answers(503), "takes nothing now (503 ServerBusy): wait", False),
        (Answers(429, code="TooManyRequests"), "takes nothing now (429 TooManyRequests)", False),
        (Answers(500, code="InternalError"), "takes nothing now (500 InternalError)", False),
        (Answers(408, code="<script>"), "takes nothing now (408): wait", False),
        (Resets(), "does not answer in time", False),
        (StoresAndResets(), "does not answer in time", True),
        (Portal(), "something else answers for 127.0.0.1", False),
    ],
)
def test_each_fault_does_its_harm_once_and_is_told(queue, proxy, fault, meant, stored):
    proxy.choose = first(1, fault)
    with pytest.raises(Unreachable) as caught:
        queue.send("[1]")
    assert meant in str(caught.value)
    queue.send("[2]")
    assert proxy.stored == (["[0]", "[1]", "[2]"] if stored else ["[0]", "[2]"])
    assert everything(queue) == proxy.stored


@pytest.mark.parametrize(("fault", "stored"), [(StoresAndIsSilent(), True), (IsSilent(), False)])
def test_silence_is_not_waited_for(queue, hasty, proxy, fault, stored):
    proxy.choose = first(1, fault)
    with pytest.raises(Unreachable, match="does not answer in time"):
        hasty.send("[1]")
    expected = ["[0]", "[1]"] if stored else ["[0]"]
    until(lambda: proxy.stored == expected)  # Azurite may be slower than somebody hasty
    queue.send("[2]")
    assert everything(queue) == proxy.stored == [*expected, "[2]"]


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7), ("0", 0), ("999999999999", 3_600), ("soon", 0), ("-5", 0)])
def test_a_server_may_ask_for_a_pause(queue, proxy, asked, seconds):
    proxy.choose = first(1, Answers(429, asked))
    with pytest.raises(Unreachable) as caught:
        queue.send("[1]")
    assert caught.value.retry_after_s == seconds


def test_a_server_may_name_the_end_of_the_pause(queue, proxy):
    proxy.choose = first(1, Answers(503, time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3_000))))
    with pytest.raises(Unreachable) as caught:
        queue.send("[1]")
    assert 2_000 < caught.value.retry_after_s <= 3_000


def test_a_slow_answer_is_an_answer(queue, proxy):
    proxy.choose = first(2, Dawdles(0.1), Trickles(20_000))
    queue.send("[1]")
    queue.send("[2]")
    assert everything(queue) == ["[0]", "[1]", "[2]"]


def test_a_byte_a_second_is_too_slow_and_in_the_way_of_nothing(queue, another, proxy, monkeypatch):
    with monkeypatch.context() as hurry:
        hurry.setattr(cloud, "WHOLE_S", 1)
        slow = another()
    for text in ("[1]", "[2]"):
        proxy.choose = first(1, Trickles(1))
        with pytest.raises(Unreachable, match="does not answer in time"):
            slow.send(text)
        until(lambda text=text: text in proxy.stored)
    queue.send("[3]")
    assert everything(queue) == proxy.stored == ["[0]", "[1]", "[2]", "[3]"]


def test_a_clock_that_is_wrong_is_named(queue, proxy):
    def refuses(exchange):
        exchange.answer(
            403, [("Date", "Sun, 01 Nov 2020 10:00:00 GMT"), ("x-ms-error-code", "AuthenticationFailed")], b""
        )

    proxy.choose = first(1, refuses)
    with pytest.raises(Denied, match=r"nobody in whose clock is \d+ minutes wrong \(403 AuthenticationFailed\)"):
        queue.send("[1]")


def test_who_refuses_connections_refuses_them_and_then_takes_them_again(queue, proxy):
    proxy.refuse()
    with pytest.raises(Unreachable):
        queue.send("[1]")
    proxy.listen()
    queue.send("[2]")
    assert everything(queue) == ["[0]", "[2]"]
