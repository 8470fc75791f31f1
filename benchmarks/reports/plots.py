"""Drawing functions for the plots of reports: each draws plain figures into the axes it is given.

Colours are those of Okabe and Ito 2008, which people with any kind of colour vision can tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
"""Colours in the order they are taken."""
OF_PRECISION = {"fp32": COLOURS[0], "fp16": COLOURS[5], "bf16": COLOURS[1], "int8": COLOURS[2], "int8+bf16": COLOURS[2]}
MARKERS = "osD^vPX*"
GREY = "#999999"
BAR_INCHES = 0.42
"""Height of a bar with its room."""


@dataclass(frozen=True)
class Bar:
    """One bar of a chart."""

    label: str
    """Name of what it stands for."""
    value: float
    """Length of the bar."""
    lowest: float | None = None
    """Least of the repeats; None where there was one."""
    highest: float | None = None
    """Greatest of the repeats; None where there was one."""
    ours: bool = True
    """True for a bar of landslip's; others are grey."""


@dataclass(frozen=True)
class Series:
    """One line of a chart."""

    label: str
    """Name of what it stands for."""
    x: Sequence[float]
    """Positions of its points."""
    y: Sequence[float]
    """Heights of its points."""


@dataclass(frozen=True)
class Roof:
    """A height that nothing exceeds."""

    label: str
    """Name of what sets it."""
    precision: str
    """Number format it holds for, a key of :data:`OF_PRECISION`."""
    height: float
    """Height in the unit of the points."""


@dataclass(frozen=True)
class Point:
    """A network in a roofline."""

    label: str
    """Engine and precision."""
    precision: str
    """Number format it computes in; it has the colour of the roof of that precision."""
    intensity: float
    """Operations per byte moved."""
    speed: float
    """Operations per second, in the unit of the roofs."""


def bars_height(count: int) -> float:
    """Inches that a chart of so many bars takes."""
    return 1.9 + BAR_INCHES * count


def draw_bars(axes: Axes, bars: Sequence[Bar], unit: str, reference: float | None = 1.0) -> None:
    """Horizontal bars from the top down, each with its value, and the range of the repeats as a whisker.

    Args:
        axes: to draw into.
        bars: the uppermost first.
        unit: what the values are.
        reference: where a line marks what the others are compared with; None for no line.
    """
    places = range(len(bars))
    axes.barh(places, [bar.value for bar in bars], color=[COLOURS[0] if bar.ours else GREY for bar in bars], height=0.7)
    ends = [bar.value if bar.highest is None else max(bar.value, bar.highest) for bar in bars]
    for place, bar, end in zip(places, bars, ends, strict=True):
        if bar.lowest is not None and bar.highest is not None:
            axes.plot(
                [bar.lowest, bar.highest], [place, place], color="#222222", linewidth=1.2, marker="|", markersize=7
            )
        axes.annotate(f"{bar.value:.3g}", (end, place), xytext=(5, 0), textcoords="offset points", va="center")
    if reference is not None:
        axes.axvline(reference, color="#222222", linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set(xlabel=unit, yticks=places, yticklabels=[bar.label for bar in bars], xlim=(0, 1.1 * max(ends, default=1)))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def draw_shares(axes: Axes, rows: Mapping[str, Mapping[str, float]], unit: str) -> None:
    """Stacked horizontal bars: what each part takes of its row.

    Args:
        axes: to draw into.
        rows: parts of each row by name; the same parts in each.
        unit: what the lengths are.
    """
    parts = list(dict.fromkeys(part for row in rows.values() for part in row))
    starts = dict.fromkeys(rows, 0.0)
    widest = max((sum(row.values()) for row in rows.values()), default=1.0)
    for colour, part in zip(_repeated(COLOURS), parts, strict=False):
        lengths = [row.get(part, 0.0) for row in rows.values()]
        axes.barh(range(len(rows)), lengths, left=list(starts.values()), color=colour, label=part, height=0.65)
        for place, (name, length) in enumerate(zip(rows, lengths, strict=True)):
            if length > 0.05 * widest:
                _inside(axes, starts[name] + length / 2, place, f"{100 * length:.0f} %", colour)
            starts[name] += length
    axes.set(xlabel=unit, yticks=range(len(rows)), yticklabels=list(rows), xlim=(0, widest))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.legend(ncols=len(parts), loc="lower right", bbox_to_anchor=(1, 1), handlelength=1, columnspacing=1.2)


def draw_lines(
    axes: Axes, series: Sequence[Series], x_label: str, y_label: str, *, powers: bool = False, even: bool = False
) -> None:
    """Lines with a marker for each point, named beside their last ones; heights begin at 0.

    Args:
        axes: to draw into.
        series: the lines.
        x_label: what is along, with its unit.
        y_label: what is up, with its unit.
        powers: a logarithmic scale along, with a tick at each point.
        even: also draw what is in proportion to x, through the first point of the first line.
    """
    highest = max((y for line in series for y in line.y), default=1.0)
    if even and series:
        first = series[0]
        straight = [first.y[0] / first.x[0] * x for x in first.x]
        axes.plot(first.x, straight, color=GREY, linewidth=1, linestyle=(0, (4, 3)), label="in proportion")
        highest = max(highest, *straight)
    for line, colour, marker in zip(series, _repeated(COLOURS), _repeated(MARKERS), strict=False):
        axes.plot(line.x, line.y, color=colour, marker=marker, label=line.label)
    if powers:
        axes.set_xscale("log")
        axes.minorticks_off()
    places = sorted({x for line in series for x in line.x})
    axes.set_xticks(places, [_plain(place) for place in places])
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_ylim(0, 1.1 * highest)
    if len(series) > 1 or even:
        axes.legend(loc="best")


def draw_roofline(axes: Axes, points: Sequence[Point], roofs: Sequence[Roof], bandwidth: float, unit: str) -> None:
    """A roofline: what the memory allows rises with the operations per byte until arithmetic is the limit.

    Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model".

    Args:
        axes: to draw into, both scales logarithmic.
        points: what was measured.
        roofs: what the arithmetic allows.
        bandwidth: bytes per second, in the unit of the speeds.
        unit: what speeds are in.
    """
    highest, ridge = max(roof.height for roof in roofs), min(roof.height for roof in roofs) / bandwidth
    left = 0.3 * min([*(point.intensity for point in points), ridge])
    right = 3.0 * max([*(point.intensity for point in points), highest / bandwidth])
    axes.plot([left, highest / bandwidth], [left * bandwidth, highest], color="#444444")
    _annotate(axes, "memory", (1.25 * left, 1.25 * left * bandwidth), "#444444", (8, -3))
    for roof in roofs:
        start, colour = (roof.height / bandwidth, roof.height), OF_PRECISION[roof.precision]
        axes.plot([start[0], right], [roof.height, roof.height], color=colour, linewidth=1.4)
        _annotate(axes, roof.label, start, colour, (16, 4))
    for point, marker in zip(points, _repeated(MARKERS), strict=False):
        colour = OF_PRECISION[point.precision]
        axes.plot(
            point.intensity, point.speed, label=point.label, color=colour, marker=marker, linestyle="",
            markeredgecolor="#222222", markersize=8,
        )  # fmt: skip
    lowest = min([*(point.speed for point in points), left * bandwidth])
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(lowest / 1.5, 1.6 * highest))
    axes.set(xlabel="FLOP per byte that the convolutions move (estimate)", ylabel=unit)
    axes.set_xticks(*_round_numbers(left, right))
    axes.set_yticks(*_round_numbers(lowest / 1.5, 1.6 * highest))
    axes.minorticks_off()
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=9)


def _round_numbers(low: float, high: float) -> tuple[list[float], list[str]]:
    """1, 2 and 5 of every decade in a range, and how they are written."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    numbers = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    within = [number for number in numbers if low <= number <= high]
    return within, [_plain(number) for number in within]


def _plain(number: float) -> str:
    """A number with its thousands apart, as people write it."""
    return f"{number:,.10g}".replace(",", "\u2009")


def _annotate(axes: Axes, text: str, place: tuple[float, float], colour: str, offset: tuple[int, int]) -> None:
    axes.annotate(text, place, xytext=offset, textcoords="offset points", color=colour, fontsize=9)


def _repeated(values: Iterable[str]) -> Iterable[str]:
    values = tuple(values)
    while True:
        yield from values


def _inside(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    """A text on a bar, dark on light colours and white on dark ones."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 140  # luma of ITU-R BT.601
    axes.text(x, y, text, ha="center", va="center", color="#222222" if light else "white", fontsize=9)
