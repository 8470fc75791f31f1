"""Progress: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import io
import logging
import sys
import threading
import time

import pytest

from landslip.runtime.system import progress as module
from landslip.runtime.system.progress import BarProgress, LineProgress, NoProgress, progress_for, waiting


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines():
    assert isinstance(progress_for(Terminal()), BarProgress)
    assert isinstance(progress_for(io.StringIO()), LineProgress)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, and is the only one that looks at it."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module, "_TICK", 3600.0)
    return now


def lines_of(caplog):
    return [record.getMessage() for record in caplog.records]


def test_lines_have_share_rate_and_time_left(caplog, clock):
    with caplog.at_level(logging.INFO, "landslip"):
        lines = LineProgress()
        lines.start("mapping", 100, "tile")
        for seconds, count in ((1.0, 2), (2.0, 2), (5.0, 6), (12.0, 26), (13.0, 4)):
            clock[0] = seconds
            lines.advance(count)
        lines.finish()
    assert lines_of(caplog) == [
        "mapping: 4 of 100 tiles (4 %), 2.0/s, 48 s left",  # the first soon, the others every ten seconds
        "mapping: 36 of 100 tiles (36 %), 3.0/s, 21 s left",
    ]


def test_lines_go_on_while_nothing_ends(caplog, monkeypatch):
    monkeypatch.setattr(module, "_TICK", 0.01)
    monkeypatch.setattr(module, "_FIRST", 0.05)
    monkeypatch.setattr(module, "_EVERY", 0.05)
    with caplog.at_level(logging.INFO, "landslip"):
        lines = LineProgress()
        lines.start("mapping", 100, "tile")
        eventually(lambda: len(lines_of(caplog)) >= 2)
        lines.finish()
        with waiting(lines, "writing confidence.tif"):
            eventually(lambda: lines_of(caplog)[-1] == "writing confidence.tif: 0 s")
        said = len(lines_of(caplog))
        time.sleep(0.2)
    assert lines_of(caplog)[0] == "mapping: 0 of 100 tiles (0 %), 0 s"
    assert len(lines_of(caplog)) == said


def test_a_bar_moves_while_nothing_ends_and_one_of_waiting_leaves_nothing(capsys, monkeypatch):
    monkeypatch.setattr(module, "_TICK", 0.05)
    bar = BarProgress()
    with waiting(bar, "measuring the images"):
        time.sleep(0.4)
    shown = capsys.readouterr().err
    assert shown.count("measuring the images: 00:0") > 3
    assert shown.endswith("\r")
    bar.start("mapping", 3, "tile")
    time.sleep(0.4)
    bar.finish()
    assert capsys.readouterr().err.count("0/3") > 3


def test_work_goes_on_when_the_terminal_is_closed(monkeypatch):
    class Closed(Terminal):
        def write(self, _):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Closed())
    bar = BarProgress()
    bar.start("mapping", 3, "tile")
    bar.advance(3)
    bar.finish()
    with waiting(bar, "measuring"):
        pass


def test_a_progress_of_the_callers_own_needs_no_more_than_the_three():
    class Own:
        start = advance = finish = None

    with waiting(Own(), "measuring"):
        pass


def test_without_a_thread_it_moves_with_the_work(monkeypatch, caplog, clock):
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with caplog.at_level(logging.INFO, "landslip"):
        lines = LineProgress()
        lines.start("mapping", 4, "tile")
        clock[0] = 2.0
        lines.advance(2)
    assert lines_of(caplog) == ["mapping: 2 of 4 tiles (50 %), 1.0/s, 2 s left"]


def refuse(_):
    raise RuntimeError("can't start new thread")


def eventually(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("not in five seconds")


def test_a_bar_counts_what_it_is_told(capsys):
    bar = BarProgress()
    bar.start("mapping", 3, "tile")
    bar.advance(1)
    bar.advance(2)
    bar.finish()
    err = capsys.readouterr().err
    assert "mapping" in err
    assert "3/3" in err


def test_silence(capsys):
    nothing = NoProgress()
    nothing.start("mapping", 3, "tile")
    nothing.advance(3)
    nothing.finish()
    assert capsys.readouterr() == ("", "")


def test_bytes_are_counted_in_thousands_and_millions(capsys):
    bar = BarProgress()
    bar.start("net.hdf5", 251_000_000, "byte")
    bar.advance(251_000_000)
    bar.finish()
    assert "251M/251M" in capsys.readouterr().err
