"""Ctrl-C in code that swallows everything."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from landslip.export.conversion.interrupts import interrupts_remembered
from landslip.runtime.system.endings import Terminated


@pytest.fixture(autouse=True)
def usual_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def swallowed():
    with contextlib.suppress(BaseException):
        signal.raise_signal(signal.SIGINT)


def test_what_is_swallowed_comes_at_the_end():
    went_on = []

    def work():
        with interrupts_remembered():
            swallowed()
            went_on.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert went_on == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_that_follows_does_not_hide_it():
    def work():
        with interrupts_remembered():
            swallowed()
            raise RuntimeError

    with pytest.raises(KeyboardInterrupt) as caught:
        work()
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_one_that_gets_through_is_raised_once():
    with pytest.raises(KeyboardInterrupt), interrupts_remembered():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_one_nothing_changes():
    with interrupts_remembered():
        pass
    with pytest.raises(RuntimeError), interrupts_remembered():
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_is_content_to_note_it_decides():
    noted = []
    signal.signal(signal.SIGINT, lambda *_: noted.append(True))
    with interrupts_remembered():
        signal.raise_signal(signal.SIGINT)
    assert noted == [True]


def test_ignored_signals_stay_ignored_and_other_threads_are_left_alone():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts_remembered():
        signal.raise_signal(signal.SIGINT)
    done = []

    def elsewhere():
        with interrupts_remembered():
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert done == [signal.SIG_IGN]


@pytest.mark.tensorflow
def test_the_conversion_is_guarded(monkeypatch):
    from landslip.export.conversion.convert import convert

    class Function:
        input_signature = None

    import tf2onnx

    def caught(*_, **__):
        swallowed()
        return None, None

    monkeypatch.setattr(tf2onnx.convert, "from_function", caught)
    with pytest.raises(KeyboardInterrupt):
        convert(Function(), "m")


def test_sigterm_is_remembered_as_what_it_is(monkeypatch):
    """As landslip's own handler raises it."""

    def terminate(*_):
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with pytest.raises(Terminated), interrupts_remembered(), contextlib.suppress(BaseException):
            signal.getsignal(signal.SIGTERM)(signal.SIGTERM, None)
        assert signal.getsignal(signal.SIGTERM) is terminate
    finally:
        signal.signal(signal.SIGTERM, before)
