import contextlib
import threading

import pytest
from soon import SOON_S, until

from bridge.patience import LEFT_MOST, Late, Patience


@pytest.fixture
def patience():
    patience = Patience(SOON_S, "patient")
    yield patience
    patience.end()


@pytest.fixture
def impatience():
    patience = Patience(0.2, "patient")
    yield patience
    patience.end()


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "patient"]


def test_what_is_in_time_is_as_without_it(patience):
    assert [patience.do(lambda number=number: number * 2) for number in range(3)] == [0, 2, 4]
    with pytest.raises(ZeroDivisionError):
        patience.do(lambda: 1 // 0)
    assert len(threads()) == 1


def test_a_call_that_times_out_by_itself_is_not_late(patience):
    def refuse():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        patience.do(refuse)
    assert patience.do(lambda: 1) == 1


def does(patience):
    """Whether it does something small, which a busy machine may take too long for."""
    with contextlib.suppress(Late):
        return patience.do(lambda: True)


def test_who_takes_too_long_is_left_behind_and_nobody_waits(impatience):
    gate = threading.Event()
    for _ in range(LEFT_MOST):
        with pytest.raises(Late):
            impatience.do(lambda: gate.wait(10 * SOON_S))
    with pytest.raises(Late):  # at once: there is no thread any more to do it
        impatience.do(lambda: 1)
    assert len(threads()) == LEFT_MOST
    left = threads()
    gate.set()
    [thread.join(SOON_S) for thread in left]
    until(lambda: does(impatience))
    until(lambda: len(threads()) == 1)


def test_its_thread_ends(patience):
    patience.do(lambda: None)
    (thread,) = threads()
    patience.end()
    thread.join(SOON_S)
    assert not thread.is_alive()
