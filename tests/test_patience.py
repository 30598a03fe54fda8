import threading

import pytest

from bridge.patience import LEFT_MOST, Late, Patience


@pytest.fixture
def patience():
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


def test_who_takes_too_long_is_left_behind_and_nobody_waits(patience):
    gate = threading.Event()
    for _ in range(LEFT_MOST):
        with pytest.raises(Late):
            patience.do(lambda: gate.wait(30))
    with pytest.raises(Late):  # at once: there is no thread any more to do it
        patience.do(lambda: 1)
    assert len(threads()) == LEFT_MOST
    left = threads()
    gate.set()
    [thread.join(10) for thread in left]
    assert patience.do(lambda: 1) == 1
    assert len(threads()) == 1


def test_its_thread_ends(patience):
    patience.do(lambda: None)
    (thread,) = threads()
    patience.end()
    thread.join(10)
    assert not thread.is_alive()
