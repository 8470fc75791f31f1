"""Timing of several things side by side, so that whatever slows the machine for a while slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from landslip.runtime.errors import LandslipError, UsageError

if TYPE_CHECKING:
    from landslip.benchmarks.measuring.energy import Meter

Works = Mapping[str, Callable[[], float]]
"""Things to time, by name: each does its work once and returns how much it was, the same in every repeat."""

_NONE: Works = MappingProxyType({})


@dataclass(frozen=True)
class Timing:
    """One thing, measured repeatedly."""

    seconds: tuple[float, ...]
    """Seconds of each repeat by the wall clock, or by another one that was asked for, in the order of the repeats."""
    work: float
    """Work of each repeat, in units of the thing's own: tiles, km² …"""
    joules: tuple[float, ...] = ()
    """Energy of each run; empty where the machine does not tell it."""
    runs: tuple[float, ...] = ()
    """Seconds of each run of a yardstick, which has several in a repeat; empty for all else."""

    @property
    def rate(self) -> float:
        """Work per second in the median repeat."""
        return self.work / self.median

    @property
    def lowest_rate(self) -> float:
        """Work per second in the slowest repeat."""
        return self.work / max(self.seconds)

    @property
    def highest_rate(self) -> float:
        """Work per second in the fastest repeat."""
        return self.work / min(self.seconds)

    @property
    def energy(self) -> float | None:
        """Joules for a unit of work in the median run; None where the machine does not tell them."""
        return float(np.median(self.joules)) / self.work if self.joules else None

    def percentile(self, q: float) -> float:
        """Seconds that ``q`` percent of the repeats took at most, linear between two of them."""
        return float(np.percentile(self.seconds, q))

    @property
    def median(self) -> float:
        """Seconds of the median repeat."""
        return self.percentile(50)

    @property
    def p90(self) -> float:
        """Seconds that nine of ten repeats took at most."""
        return self.percentile(90)

    @property
    def p95(self) -> float:
        """Seconds that 95 percent of the repeats took at most."""
        return self.percentile(95)

    @property
    def p99(self) -> float:
        """Seconds that 99 percent of the repeats took at most."""
        return self.percentile(99)

    def ratios(self, base: Timing) -> tuple[float, ...]:
        """Speed in multiples of that of ``base``, repeat by repeat: those of one number ran close together."""
        pairs = zip(self.seconds, base.seconds, strict=True)
        return tuple((self.work / ours) / (base.work / theirs) for ours, theirs in pairs)

    def ratio(self, base: Timing) -> float:
        """Speed in multiples of that of ``base``: the median over the repeats."""
        return float(np.median(self.ratios(base)))

    def spread(self, base: Timing | None = None) -> float | None:
        """Difference of the fastest and the slowest repeat as a share of the median; None for a single repeat.

        Args:
            base: what each repeat is compared with; None for the rates themselves.
        """
        return spread_of([self.work / each for each in self.seconds] if base is None else self.ratios(base))


def spread_of(figures: Sequence[float]) -> float | None:
    """Difference of the largest and the smallest figure of the repeats as a share of the median; None for one alone."""
    return None if len(figures) < 2 else (max(figures) - min(figures)) / float(np.median(figures))


def alternate(
    subjects: Works,
    repeats: int,
    warm_up: int = 1,
    meter: Meter | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time several things in turn, A B C, then C B A, and so on.

    Args:
        subjects: what is timed.
        repeats: timed runs of each.
        warm_up: runs of each before those, which do not count.
        meter: what tells the energy; None to leave it out.
        clock: what tells the seconds; ``time.process_time`` counts those that the processor spent on this process.

    Returns:
        One timing for each subject, in their order.

    Raises:
        UsageError: fewer than one repeat is asked for.
        LandslipError: a subject did more in one repeat than in another, so that they cannot be compared.
    """
    return alternate_groups([subjects], _NONE, repeats, warm_up, meter, clock)


def alternate_groups(
    groups: Sequence[Works],
    yardsticks: Works,
    repeats: int,
    warm_up: int = 1,
    meter: Meter | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time groups of things in turn, there and back as :func:`alternate` does, and yardsticks before each group.

    A yardstick has several short runs in a repeat. Its seconds are those of the median one, so that a moment in which
    it alone is slow does not count for all of the repeat.

    Args:
        groups: what is timed; those of a group are compared with each other, and nothing runs between them.
        yardsticks: what all of them are compared with.
        repeats: timed runs of each.
        warm_up: see :func:`alternate`, as for what follows.
        meter: what tells the energy.
        clock: what tells the seconds.

    Returns:
        One timing for each yardstick and subject, in their order.

    Raises:
        UsageError: fewer than one repeat is asked for, or there is no group.
        LandslipError: a subject did more in one run than in another.
    """
    if repeats < 1:
        raise UsageError(f"{repeats} repeats measure nothing. Ask for one at least.")
    if not groups:
        raise UsageError("There is nothing to measure.")
    works = {name: work for each in (yardsticks, *groups) for name, work in each.items()}
    turn = [name for group in groups for name in (*yardsticks, *group)]
    back = [name for group in reversed(groups) for name in (*yardsticks, *reversed(list(group)))]
    runs: dict[str, list[list[_Run]]] = {name: [] for name in works}
    for repeat in range(-warm_up, repeats):
        done: dict[str, list[_Run]] = {name: [] for name in works}
        for name in turn if (repeat + warm_up) % 2 == 0 else back:
            done[name].append(_timed(works[name], meter, clock))
        if repeat >= 0:
            for name, each in done.items():
                runs[name].append(each)
    return {name: _timing(name, done, several=name in yardsticks) for name, done in runs.items()}


class _Run(NamedTuple):
    seconds: float
    work: float
    joules: float | None


def _timed(subject: Callable[[], float], meter: Meter | None, clock: Callable[[], float]) -> _Run:
    before = None if meter is None else meter.joules()
    began = clock()
    work = subject()
    seconds = clock() - began
    return _Run(seconds, work, None if meter is None or before is None else meter.joules() - before)


def _timing(name: str, repeats: list[list[_Run]], *, several: bool) -> Timing:
    """Timing of one subject from the runs of each repeat, of which a yardstick has several."""
    runs = [run for repeat in repeats for run in repeat]
    done = {run.work for run in runs}
    if len(done) > 1:
        raise LandslipError(
            f"{name} did between {min(done):g} and {max(done):g} units of work in its repeats. Give it equal work."
        )
    seconds = tuple(median(run.seconds for run in repeat) for repeat in repeats)
    joules = tuple(run.joules for run in runs if run.joules is not None)
    return Timing(seconds, done.pop(), joules, tuple(run.seconds for run in runs) if several else ())
