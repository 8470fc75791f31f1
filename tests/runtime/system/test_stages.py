"""Lines of stages: order, errors, and a clean end from either side."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time

import pytest

from landslip.runtime.errors import CancelledError, ResourceError
from landslip.runtime.system.stages import Line, Stopwatch
from landslip.runtime.system.stopping import Stop, heeding


def stages():
    return [thread for thread in threading.enumerate() if thread.name == "landslip-stage"]


def test_values_come_in_order_through_many_stages():
    with Line() as line:
        numbers = line.background(iter(range(100)))
        doubled = line.background(2 * n for n in numbers)
        assert list(line.background(n + 1 for n in doubled)) == [2 * n + 1 for n in range(100)]
    assert not stages()


def test_stages_run_ahead_only_as_far_as_the_queues_allow():
    made = []

    def source():
        for number in range(1000):
            made.append(number)
            yield number

    with Line() as line:
        values = line.background(source(), depth=3)
        assert next(values) == 0
        for _ in range(20):
            threading.Event().wait(0.01)
        # One taken, three waiting, one in hand.
        assert len(made) <= 5
    assert not stages()


def test_an_error_comes_after_the_values_before_it_and_ends_every_stage():
    def failing():
        yield 1
        yield 2
        raise OSError("gone")

    with Line() as line:
        values = line.background(failing())
        results = line.background(n * 10 for n in values)
        assert [next(results), next(results)] == [10, 20]
        with pytest.raises(OSError, match="gone"):
            next(results)
    assert not stages()


def test_leaving_early_ends_stages_that_are_blocked_on_either_side():
    started = threading.Event()

    def endless():
        started.set()
        while True:
            yield 0

    def interrupted():
        with Line() as line:
            first = line.background(endless())
            line.background(n for n in first)
            started.wait(60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not stages()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of POSIX")
def test_a_second_ctrl_c_waits_for_the_stages_as_well():
    code = """
import signal, threading, time
from landslip.runtime.system.stages import Line

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
begun = threading.Event()

def stubborn():
    begun.set()
    for _ in range(3):
        time.sleep(0.1)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    time.sleep(0.1)
    print("the stage has ended", flush=True)
    yield 0

try:
    with Line() as line:
        line.background(stubborn())
        begun.wait(60)
        raise OSError("so the line is left")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.splitlines(), done.stderr) == (["the stage has ended", "interrupted"], "")


def test_a_line_in_a_stage_of_another_one_comes_down_with_it():
    waiting, left, in_time = threading.Event(), threading.Event(), []

    def slow():
        waiting.set()
        in_time.append(left.wait(20))
        yield 0

    def inner():
        with Line() as line:
            values = line.background(slow())
            try:
                yield from values
            finally:
                left.set()

    def outer():
        with Line() as line:
            line.background(inner())
            assert waiting.wait(60)
            raise OSError("the outer one is left")

    with pytest.raises(OSError, match="the outer one is left"):
        outer()
    assert in_time == [True]
    assert not stages()


def refuse_from(number, monkeypatch):
    """Let no thread start any more after so many."""
    start, started = threading.Thread.start, itertools.count()

    def limited(thread):
        if next(started) >= number:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_stage_that_cannot_start_ends_the_others(number, monkeypatch):
    refuse_from(number, monkeypatch)

    def begun():
        with Line() as line:
            values = itertools.count()
            for _ in range(3):
                values = line.background(values)

    with pytest.raises(ResourceError, match="the system starts no more threads"):
        begun()
    assert not stages()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_lane_that_cannot_start_is_said(number, monkeypatch):
    refuse_from(number, monkeypatch)
    with pytest.raises(ResourceError, match="the system starts no more threads"), Line() as line:
        list(line.side_by_side(time.sleep, [0.1] * 5, 2))
    assert not stages()


def test_a_stopwatch_adds_up_by_stage():
    clock = Stopwatch()
    for _ in range(2):
        with clock("read"):
            threading.Event().wait(0.02)
    seconds = clock.seconds("read", "infer")
    assert seconds["read"] >= 0.03
    assert seconds["infer"] == 0
    assert seconds["total"] >= seconds["read"]


def test_a_stage_that_several_threads_are_in_is_busy_once():
    clock, both = Stopwatch(), threading.Barrier(2, timeout=30)

    def work():
        with clock("infer"):
            both.wait()
            time.sleep(0.05)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = clock.seconds("infer")
    assert 0.05 <= seconds["infer"] <= seconds["total"] + 0.001


def test_the_cpu_time_of_a_stage_is_that_of_its_busiest_thread_and_of_no_wait():
    clock = Stopwatch()

    def items():
        yield spun(0.1)

    def spun(seconds):
        began = time.thread_time()
        while time.thread_time() < began + seconds:
            pass

    def work(busy):
        with clock("read"):
            spun(busy)
            time.sleep(0.2)
        with clock("write"):
            list(clock.left_out("write", items()))

    threads = [threading.Thread(target=work, args=(busy,)) for busy in (0.05, 0.12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = clock.busiest_thread("read", "write", "infer")
    assert 0.12 <= seconds["read"] < 0.17
    assert 0 <= seconds["write"] < 0.1
    assert seconds["infer"] == 0


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(lanes):
    def slow_if_even(number):
        time.sleep(0.002 * (number % 2 == 0))
        return 2 * number

    with Line() as line:
        assert list(line.side_by_side(slow_if_even, range(20), lanes)) == [2 * number for number in range(20)]
    assert not stages()


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_a_result_comes_while_the_next_item_is_waited_for(lanes):
    came, in_time = [threading.Event() for _ in range(4)], []

    def items():
        for number, taken in enumerate(came):
            yield number
            in_time.append(taken.wait(20))

    with Line() as line:
        for number in line.side_by_side(lambda number: number, items(), lanes):
            came[number].set()
    assert in_time == [True] * 4


@pytest.mark.parametrize("lanes", [2, 3])
def test_no_more_items_are_taken_than_the_lanes_and_one_ahead_of_the_results(lanes):
    taken, enough = [], threading.Event()

    def items():
        for number in range(100):
            taken.append(number)
            if number == lanes:
                enough.set()
            yield number

    with Line() as line:
        results = line.side_by_side(lambda number: number, items(), lanes)
        assert next(results) == 0
        assert enough.wait(20)
        time.sleep(0.1)
        assert len(taken) == lanes + 1
    assert not stages()


def test_an_error_of_a_call_ends_the_others():
    started = []

    def work(number):
        started.append(number)
        if number == 0:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"), Line() as line:
        list(line.side_by_side(work, range(100), 2))
    assert len(started) <= 3
    assert not stages()


def test_an_error_of_a_call_comes_while_the_next_item_is_waited_for():
    came = threading.Event()

    def items():
        yield 0
        assert came.wait(20)

    def fail(_):
        raise OSError("gone")

    with Line() as line:
        results = line.side_by_side(fail, line.background(items()), 2)
        with pytest.raises(OSError, match="gone"):
            next(results)
        came.set()
    assert not stages()


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_an_error_of_the_items_comes_after_the_results_of_those_before_it(lanes):
    def items():
        yield from range(5)
        raise OSError("damaged")

    with Line() as line:
        results = line.side_by_side(lambda number: 2 * number, items(), lanes)
        assert [next(results) for _ in range(5)] == [0, 2, 4, 6, 8]
        with pytest.raises(OSError, match="damaged"):
            next(results)


def test_a_stop_drops_the_calls_that_wait_and_ends_every_lane():
    started, free, flag = [], threading.Event(), threading.Event()

    def work(number):
        started.append(number)
        assert free.wait(20)

    def stopped():
        with Line() as line:
            results = line.side_by_side(work, itertools.count(), 2)
            threading.Timer(0.1, flag.set).start()
            threading.Timer(0.4, free.set).start()
            list(line.background(results))

    with heeding(Stop(flag)), pytest.raises(CancelledError):
        stopped()
    assert sorted(started) == [0, 1]
    assert not stages()


def test_a_stopwatch_can_be_read_while_it_runs_and_leaves_out_what_it_is_told():
    clock = Stopwatch()

    def slow():
        for number in range(3):
            time.sleep(0.03)
            yield number

    with clock("trace"):
        for _ in clock.left_out("trace", slow()):
            time.sleep(0.01)
        seconds = clock.seconds("trace")
    assert 0.03 <= seconds["trace"] < seconds["total"] - 0.08
    assert clock.seconds("trace")["trace"] >= seconds["trace"]
