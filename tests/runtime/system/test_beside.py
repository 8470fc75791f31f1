"""Work done side by side: results in order, nested calls, errors, and threads that end with their last user."""

from __future__ import annotations

import contextvars
import threading
import time

import pytest

from landslip.runtime.errors import CancelledError
from landslip.runtime.system import stopping
from landslip.runtime.system.beside import beside, helped


def crew():
    return [thread for thread in threading.enumerate() if thread.name.startswith("landslip-beside")]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_results_come_in_the_order_of_the_items(count):
    with helped(count):
        assert beside(lambda number: number * number, range(50)) == [number * number for number in range(50)]


def test_pieces_are_under_way_at_once():
    meeting = threading.Barrier(3, timeout=20)
    with helped(2):
        beside(lambda _: meeting.wait(), range(3))  # breaks unless all three are there


def test_nested_calls_wait_for_nobody_that_has_not_begun():
    def inner(number):
        return sum(beside(lambda other: number * other, range(4)))

    with helped(1):
        assert beside(lambda number: beside(inner, [number, number + 1]), range(6)) == [
            [6 * number, 6 * (number + 1)] for number in range(6)
        ]


def test_the_first_error_in_order_comes_when_nothing_is_under_way_any_more():
    done = []

    def work(number):
        if number in (1, 3):
            raise ValueError(number)
        time.sleep(0.05)
        done.append(number)

    with helped(3):
        with pytest.raises(ValueError, match="1"):
            beside(work, range(4))
        seen = list(done)
        time.sleep(0.2)
    assert done == seen


def test_helpers_see_the_context_variables_of_the_caller():
    known = contextvars.ContextVar("known", default="nothing")
    meeting = threading.Barrier(2, timeout=20)

    def told(_):
        meeting.wait()  # so that a helper does one of them
        return known.get()

    known.set("the caller's")
    with helped(1):
        assert beside(told, range(2)) == ["the caller's"] * 2


def test_threads_end_with_their_last_user():
    assert not crew()
    with helped(2):
        with helped(5):
            beside(time.sleep, [0.05] * 6)
            assert 1 <= len(crew()) <= 2
        assert beside(str, [1, 2]) == ["1", "2"]
        assert crew()
    assert not crew()
    assert beside(str, [1, 2]) == ["1", "2"]


def test_callers_in_several_threads_share_them():
    found = {}

    def caller(name):
        with helped(2):
            found[name] = beside(lambda number: (name, number), range(100))

    threads = [threading.Thread(target=caller, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [(name, number) for number in range(100)] for name in range(4)}
    assert not crew()


def test_where_no_thread_can_be_started_the_caller_does_it_all(monkeypatch):
    def refused(self):
        raise RuntimeError("can't start new thread")

    with helped(2):
        monkeypatch.setattr(threading.Thread, "start", refused)
        assert beside(lambda number: -number, range(5)) == [0, -1, -2, -3, -4]


def test_nothing_is_done_twice():
    counts = dict.fromkeys(range(200), 0)

    def work(number):
        counts[number] += 1
        return number

    with helped(4):
        for _ in range(20):
            beside(work, range(200))
    assert set(counts.values()) == {20}


def test_threads_that_help_heed_the_stop_of_the_caller():
    cancel, meeting = threading.Event(), threading.Barrier(2, timeout=20)

    def work(_):
        meeting.wait()
        stopping.check()

    with helped(1), stopping.heeding(stopping.Stop(cancel)):
        beside(work, range(2))
        cancel.set()
        with pytest.raises(CancelledError):
            beside(work, range(2))
    assert stopping.current() is None
