"""Contestants timed in turn, and what comes of it: rates in tiles and in ground, as ratios to one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from landslip.benchmarks.measuring.energy import Meter
from landslip.benchmarks.measuring.timing import Timing, alternate_groups
from landslip.benchmarks.reports.report import Finding, Table
from landslip.benchmarks.studies.contestants import Contestant


@dataclass(frozen=True)
class Result:
    """Result of one contestant."""

    contestant: Contestant
    """Contestant that ran."""
    tiles: Timing
    """Timing of its runs, in tiles."""
    joules: tuple[float, ...] = ()
    """Joules that each run took; empty where nothing tells."""

    @property
    def ground(self) -> Timing:
        """Timing of its runs, in square kilometres."""
        return Timing(self.tiles.seconds, self.contestant.km2())

    @property
    def joules_per_km2(self) -> float | None:
        """Joules per square kilometre of the median run; None where nothing tells."""
        return median(self.joules) / self.contestant.km2() if self.joules else None


Results = Mapping[str, Result]
"""Results by the name of the contestant."""


def contest(
    groups: Sequence[Sequence[Contestant]],
    repeats: int,
    meter: Meter | None = None,
    yardsticks: Sequence[Contestant] = (),
) -> dict[str, Result]:
    """Let them work in turn, there and back, and yardsticks before each group.

    They have to be warm: every run counts.

    Args:
        groups: who takes part; those who are compared with each other make a group, and nothing runs between them.
        repeats: runs of each.
        meter: of energy; None where there is none.
        yardsticks: those with whom all are compared, with short runs.
    """
    everyone = [*yardsticks, *(each for group in groups for each in group)]
    joules: dict[str, list[float]] = {each.name: [] for each in everyone}

    def works(group: Sequence[Contestant]) -> dict[str, Callable[[], float]]:
        return {each.name: _metered(each.work, meter, joules[each.name]) for each in group}

    timings = alternate_groups([works(group) for group in groups], works(yardsticks), repeats, warm_up=0)
    return {each.name: Result(each, timings[each.name], tuple(joules[each.name])) for each in everyone}


def ratio_table(title: str, results: Results, base: str) -> Table:
    """Rates of all as ratios to those of ``base``."""
    columns = (
        "what", "fed with", "tile", "overlap", "batch", "tiles", "km²", f"tiles/s to {base}", "lowest", "highest",
        f"km²/h to {base}", "J/km²",
    )  # fmt: skip
    return Table(title, columns, [_row(result, results[base]) for result in results.values()])


def rate_table(title: str, results: Results) -> Table:
    """Rates of all as they are, which are true for one machine in one state."""
    columns = ("what", "tiles/s", "slowest run", "fastest run", "km²/h")
    rows = [
        (name, each.tiles.rate, each.tiles.lowest_rate, each.tiles.highest_rate, 3600 * each.ground.rate)
        for name, each in results.items()
    ]
    return Table(title, columns, rows)


def run_table(title: str, results: Results) -> Table:
    """Rates of the single runs of yardsticks, as ratios to the rate of their median run."""
    columns = ("what", "runs", "tiles of each", "slowest", "lower quartile", "upper quartile", "fastest")
    rows = [(name, *_run_row(each.tiles)) for name, each in results.items() if each.tiles.runs]
    return Table(title, columns, rows)


def rate_finding(timing: Timing) -> Finding:
    """Tiles per second, with what the repeats differ by."""
    return Finding(timing.rate, "tiles/s", "higher", spread=timing.spread())


def ratio_finding(ours: Timing, theirs: Timing) -> Finding:
    """Ratio of two speeds, with what its repeats differ by."""
    return Finding(ours.ratio(theirs), better="higher", spread=ours.spread(theirs))


def tiles_ratio(results: Results, ours: str, theirs: str) -> Finding:
    """Ratio of the tiles per second of two contestants."""
    return ratio_finding(results[ours].tiles, results[theirs].tiles)


def ground_ratio(results: Results, ours: str, theirs: str) -> Finding:
    """Ratio of the ground per hour of two contestants."""
    return ratio_finding(results[ours].ground, results[theirs].ground)


def _metered(work: Callable[[], float], meter: Meter | None, joules: list[float]) -> Callable[[], float]:
    """Work of a contestant that also appends the joules it takes to ``joules``."""
    if meter is None:
        return work

    def metered() -> float:
        before = meter.joules()
        done = work()
        joules.append(meter.joules() - before)
        return done

    return metered


def _run_row(timing: Timing) -> tuple[object, ...]:
    quantiles = np.percentile(timing.runs, (100, 75, 25, 0))
    return (len(timing.runs), round(timing.work), *(median(timing.runs) / quantiles))


def _row(result: Result, base: Result) -> tuple[object, ...]:
    who, tiling = result.contestant, result.contestant.tiling
    ratios = result.tiles.ratios(base.tiles)
    return (
        who.name, who.fed, tiling.tile, tiling.overlap, tiling.batch, round(result.tiles.work), result.ground.work,
        result.tiles.ratio(base.tiles), min(ratios), max(ratios), result.ground.ratio(base.ground),
        result.joules_per_km2,
    )  # fmt: skip
