"""Progress: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import io
import logging

from landslip.runtime import progress as module
from landslip.runtime.progress import BarProgress, LineProgress, NoProgress, progress_for


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines():
    assert isinstance(progress_for(Terminal()), BarProgress)
    assert isinstance(progress_for(io.StringIO()), LineProgress)


def test_lines_have_share_rate_and_time_left(caplog, monkeypatch):
    now = iter([0.0, 5.0, 20.0, 25.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(now))
    with caplog.at_level(logging.INFO, "landslip"):
        lines = LineProgress()
        lines.start("mapping", 100, "tile")
        lines.advance(10)
        lines.advance(30)
        lines.advance(10)
        lines.finish()
    assert [record.getMessage() for record in caplog.records] == [
        "mapping: 40 of 100 tiles (40 %), 2.0/s, 30 s left",
    ]


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
