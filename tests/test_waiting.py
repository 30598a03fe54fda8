"""The line of jobs in front of the journal."""

import queue
from concurrent.futures import Future

import pytest

from bridge.waiting import INSISTED_JOBS, WAITING_JOBS, Job, Waiting


def job(name, key=None):
    return Job(lambda journal: name, Future(), key)


def names(jobs):
    return [one.work(None) for one in jobs]


def test_jobs_are_done_in_the_order_in_which_they_were_said():
    waiting = Waiting()
    [waiting.add(job(name, key)) for name, key in (("a", None), ("b", "face"), ("c", None))]
    assert names(waiting.take(2)) == ["a", "b"]
    assert names(waiting.take(2)) == ["c"]


def test_a_newer_word_takes_the_place_of_an_older_one_at_the_end_of_the_line():
    waiting = Waiting()
    old = job("old", "face")
    [waiting.add(one) for one in (old, job("between"), job("new", "face"))]
    assert names(waiting.take(9)) == ["between", "new"]
    assert old.future.cancelled()


def test_what_could_not_be_committed_comes_before_what_was_said_later():
    waiting = Waiting()
    [waiting.add(one) for one in (job("a", 1), job("b", 2))]
    failed = waiting.take(9)
    waiting.add(job("c"))
    waiting.put_back(failed)
    assert names(waiting.take(9)) == ["a", "b", "c"]


def test_what_could_not_be_committed_gives_way_to_what_was_said_meanwhile():
    waiting = Waiting()
    [waiting.add(one) for one in (job("hugging", "face"), job("applied", "wish"))]
    failed = waiting.take(9)
    waiting.add(job("neutral", "face"))
    waiting.put_back(failed)
    assert names(waiting.take(9)) == ["applied", "neutral"]
    assert failed[0].future.cancelled()
    assert not failed[1].future.done()


def test_a_long_line_refuses_the_next_one_and_drops_nobody():
    waiting = Waiting()
    [waiting.add(job(number)) for number in range(WAITING_JOBS)]
    with pytest.raises(queue.Full):
        waiting.add(job("one too many"))
    [waiting.add(job(number, number)) for number in range(INSISTED_JOBS - WAITING_JOBS)]
    with pytest.raises(queue.Full):
        waiting.add(job("one too many", "new"))
    waiting.add(job("newer", 0))  # takes no room
    assert len(waiting.take(9_999)) == INSISTED_JOBS
