"""The progress of a build, as TensorRT reports it: phases inside phases, from several threads."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.engines.tensor_rt.phases import Phases, interruptible


class Recorder:
    """A progress that remembers."""

    def __init__(self):
        self.started, self.done, self.finished = [], [], 0

    def start(self, what, total, _):
        self.started.append(what)
        self.total = total
        self.done.append(0)

    def advance(self, count):
        assert count > 0
        self.done[-1] += count

    def finish(self):
        self.finished += 1


def test_steps_become_shares():
    phases = Phases(progress := Recorder())
    phases.start("Building Engine", None, 4)
    assert phases.complete("Building Engine", 0)
    assert progress.done == [250]
    phases.complete("Building Engine", 1)
    assert progress.done == [500]
    phases.finish("Building Engine")
    assert progress.done == [progress.total]
    assert (progress.started, progress.finished) == (["TensorRT: Building Engine"], 1)


def test_a_phase_inside_a_step_is_a_part_of_it():
    phases = Phases(progress := Recorder())
    phases.start("Building Engine", None, 2)
    phases.complete("Building Engine", 0)
    phases.start("Timing graph nodes", "Building Engine", 10)
    phases.complete("Timing graph nodes", 4)
    assert progress.done == [750]
    phases.start("Tactics", "Timing graph nodes", 2)
    phases.complete("Tactics", 0)
    assert progress.done == [775]
    for inner in ("Tactics", "Timing graph nodes"):
        phases.finish(inner)
    assert progress.done == [775]
    assert progress.finished == 0


def test_phases_one_after_the_other_are_shown_one_after_the_other():
    phases = Phases(progress := Recorder())
    for name in ("Parsing", "Building"):
        phases.start(name, None, 1)
        phases.complete(name, 0)
        phases.finish(name)
    assert progress.started == ["TensorRT: Parsing", "TensorRT: Building"]
    assert progress.done == [1000, 1000]
    assert progress.finished == 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 9)), max_size=60), st.integers(1, 5))
def test_whatever_is_reported_progress_never_goes_back_or_beyond_its_end(reports, steps):
    phases = Phases(progress := Recorder())
    for name, step in reports:
        if step < 0:
            phases.start(name, {"a": None, "b": "a", "c": "b"}[name], steps)
        elif step == 9:
            phases.finish(name)
        else:
            phases.complete(name, step)
        assert all(0 <= done <= 1000 for done in progress.done)


def test_a_build_that_is_cancelled_is_told_so_at_its_next_step():
    phases = Phases(progress := Recorder())
    phases.start("Building", None, 4)
    assert phases.complete("Building", 0)
    phases.cancel()
    assert not phases.complete("Building", 1)
    phases.finish("Building")
    assert progress.done == [500]
    assert progress.finished == 1


def test_a_closed_terminal_does_not_stop_a_build():
    class Broken(Recorder):
        def advance(self, _):
            raise BrokenPipeError

    phases = Phases(Broken())
    phases.start("Building", None, 2)
    assert phases.complete("Building", 0)


def test_reports_may_come_from_many_threads():
    phases = Phases(progress := Recorder())
    phases.start("Building", None, 100)
    phases.start("Timing", "Building", 4000)
    threads = [
        threading.Thread(target=lambda part=part: [phases.complete("Timing", part * 1000 + n) for n in range(1000)])
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    phases.finish("Timing")
    phases.finish("Building")
    assert progress.done == [1000]


def test_a_long_call_gives_its_result_and_its_errors():
    assert interruptible(lambda: 3, lambda: None) == 3
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 // 0, lambda: None)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_cancels_a_build_and_waits_for_its_end():
    phases, log = Phases(Recorder()), []

    def build():
        phases.start("Building", None, 1000)
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        for step in range(1000):
            if not phases.complete("Building", step):
                log.append("stopped")
                return
            time.sleep(0.02)
        log.append("went on to the end")

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interruptible(build, phases.cancel)
    finally:
        signal.signal(signal.SIGINT, before)
    assert log == ["stopped"]
