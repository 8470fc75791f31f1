"""Plots show the figures they are given."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from landslip.benchmarks.reports.plots import (
    OF_PRECISION,
    Bar,
    Point,
    Roof,
    Series,
    draw_bars,
    draw_lines,
    draw_roofline,
    draw_shares,
)


@pytest.fixture
def axes():
    return Figure().add_subplot()


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_bars_begin_at_the_top_and_tell_their_values(axes):
    bars = [Bar("published", 1.0, ours=False), Bar("ours", 6.25, 6.0, 7.0)]
    draw_bars(axes, bars, "tiles/s")
    assert [patch.get_width() for patch in axes.patches] == [1.0, 6.25]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["published", "ours"]
    assert axes.yaxis_inverted()
    assert texts(axes) == ["1", "6.25"]
    assert axes.get_xlim()[1] > 7.0
    assert axes.get_xlabel() == "tiles/s"
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()


def test_shares_lie_end_to_end(axes):
    draw_shares(axes, {"one": {"read": 0.25, "infer": 0.75}, "two": {"read": 0.5}}, "share")
    extents = [(patch.get_x(), patch.get_width()) for patch in axes.patches]
    assert extents == [(0.0, 0.25), (0.0, 0.5), (0.25, 0.75), (0.5, 0.0)]
    assert texts(axes) == ["25 %", "50 %", "75 %"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["read", "infer"]


def test_lines_have_a_tick_at_each_point_and_begin_at_nothing(axes):
    series = [Series("ours", [1000, 2000], [3.0, 4.0]), Series("theirs", [1000, 4000], [1.0, 2.0])]
    draw_lines(axes, series, "rows", "MiB", powers=True)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1\u2009000", "2\u2009000", "4\u2009000"]
    assert axes.get_ylim()[0] == 0
    assert axes.get_legend() is not None
    assert [list(line.get_ydata()) for line in axes.lines] == [[3.0, 4.0], [1.0, 2.0]]


def test_what_would_be_in_proportion(axes):
    draw_lines(axes, [Series("ours", [1, 2, 4], [1.0, 1.8, 3.0])], "threads", "ratio", even=True)
    assert [list(line.get_ydata()) for line in axes.lines] == [[1.0, 2.0, 4.0], [1.0, 1.8, 3.0]]


def test_memory_meets_arithmetic_where_they_are_equal(axes):
    points = [Point("fp32 network", "fp32", 100.0, 0.9), Point("int8 network", "int8", 400.0, 2.5)]
    roofs = [Roof("fp32 GEMM", "fp32", 1.0), Roof("int8 GEMM", "int8", 4.0)]
    draw_roofline(axes, points, roofs, bandwidth=0.1, unit="ratio")
    memory, fp32, int8, first, second = axes.lines
    assert (memory.get_xdata()[-1], memory.get_ydata()[-1]) == (40.0, 4.0)
    assert (fp32.get_xdata()[0], fp32.get_ydata()[0]) == (10.0, 1.0)
    assert set(int8.get_ydata()) == {4.0}
    assert (first.get_xdata()[0], first.get_ydata()[0]) == (100.0, 0.9)
    assert second.get_color() == int8.get_color() == OF_PRECISION["int8"]
    low, high = axes.get_xlim()
    assert low < 10.0
    assert high > 400.0
