"""Timing of several things side by side, so that whatever slows the machine for a while slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from landslip.runtime.errors import LandslipError, UsageError

if TYPE_CHECKING:
    from landslip.benchmarks.measuring.energy import Meter

STRIDE = 3
"""Subjects that run before the yardsticks run again."""

_NONE: Mapping[str, Callable[[], float]] = MappingProxyType({})


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
    """Seconds of each run where a repeat has several, as one of a yardstick has; empty elsewhere."""

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
        """Joules for a unit of work in the median repeat; None where the machine does not tell them."""
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
    subjects: Mapping[str, Callable[[], float]],
    repeats: int,
    warm_up: int = 1,
    meter: Meter | None = None,
    clock: Callable[[], float] = time.perf_counter,
    yardsticks: Mapping[str, Callable[[], float]] = _NONE,
) -> dict[str, Timing]:
    """Time several things in turn, A B C, then C B A, and so on.

    A yardstick runs again and again in between, so that a moment in which it alone is slow does not count for a whole
    repeat: its seconds in a repeat are those of its median run.

    Args:
        subjects: by name, each does its work once and returns how much it was, the same in every repeat.
        repeats: timed runs of each.
        warm_up: runs of each before those, which do not count.
        meter: what tells the energy; None to leave it out.
        clock: what tells the seconds; ``time.process_time`` counts those that the processor spent on this process.
        yardsticks: more of them, with short runs: all run before each ``STRIDE`` subjects.

    Returns:
        One timing for each yardstick and subject, in their order.

    Raises:
        UsageError: fewer than one repeat is asked for.
        LandslipError: a subject did more in one repeat than in another, so that they cannot be compared.
    """
    if repeats < 1:
        raise UsageError(f"{repeats} repeats measure nothing. Ask for one at least.")
    works = {**yardsticks, **subjects}
    runs: dict[str, list[list[_Run]]] = {name: [] for name in works}
    order = list(subjects)
    for repeat in range(-warm_up, repeats):
        done: dict[str, list[_Run]] = {name: [] for name in works}
        for name in _turns(order, list(yardsticks)):
            done[name].append(_timed(works[name], meter, clock))
        if repeat >= 0:
            for name in works:
                runs[name].append(done[name])
        order.reverse()
    return {name: _timing(name, done) for name, done in runs.items()}


class _Run(NamedTuple):
    seconds: float
    work: float
    joules: float | None


def _turns(order: Sequence[str], yardsticks: Sequence[str]) -> Iterator[str]:
    """Names of a repeat: all yardsticks before each ``STRIDE`` of the others."""
    for at, name in enumerate(order):
        if at % STRIDE == 0:
            yield from yardsticks
        yield name


def _timed(subject: Callable[[], float], meter: Meter | None, clock: Callable[[], float]) -> _Run:
    before = None if meter is None else meter.joules()
    began = clock()
    work = subject()
    seconds = clock() - began
    return _Run(seconds, work, None if meter is None or before is None else meter.joules() - before)


def _timing(name: str, repeats: list[list[_Run]]) -> Timing:
    """Timing of one subject from the runs of each repeat."""
    runs = [run for repeat in repeats for run in repeat]
    done = {run.work for run in runs}
    if len(done) > 1:
        raise LandslipError(
            f"{name} did between {min(done):g} and {max(done):g} units of work in its repeats. Give it equal work."
        )
    seconds = tuple(median(run.seconds for run in repeat) for repeat in repeats)
    joules = tuple(run.joules for run in runs if run.joules is not None)
    several = len(runs) > len(repeats)
    return Timing(seconds, done.pop(), joules, tuple(run.seconds for run in runs) if several else ())
