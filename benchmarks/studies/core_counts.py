"""The pipeline without a network on some of the cores: which stage is the slowest, and does it use more cores?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from time import perf_counter

from landslip.benchmarks.measuring.timing import Timing
from landslip.benchmarks.reports.report import Finding, Table
from landslip.benchmarks.studies.contest import rate_finding, ratio_finding
from landslip.benchmarks.studies.pipeline_cases import Case
from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.pipeline import STAGES
from landslip.runtime.system.machine import usable_cores

GPU_NEED = 1600.0
"""Tiles per second that a data-centre GPU takes of the published network in half precision."""

MAPPED = tuple(stage for stage in STAGES if stage != "infer")
"""Stages that have something to do without a network."""


_LEAST = 1e-3
"""Seconds that a stage is busy at the least, as far as records tell."""


@dataclass(frozen=True)
class OnCores:
    """One scene, mapped and read on some cores."""

    cores: int
    """Logical cores that the process might use."""
    name: str
    """Name of the scene."""
    maps: Timing
    """Timing of whole maps, in tiles."""
    reading: Timing
    """Timing where the rows are read, brought onto the grid, and thrown away."""
    stages: dict[str, Timing]
    """Timing by stage: the tiles of the map, and the time for which the stage is busy."""


def powers(most: int | None = None) -> tuple[int, ...]:
    """1, 2, 4 … and all cores of the machine, or so many."""
    cores = most or usable_cores()
    found = [1]
    while 2 * found[-1] < cores:
        found.append(2 * found[-1])
    return tuple(dict.fromkeys((*found, cores)))


def measure_on_cores(cases: dict[str, Case], counts: Sequence[int], repeats: int) -> list[OnCores]:
    """Map scenes on some of the cores, for each number of them in a process of its own.

    Args:
        cases: scenes by name.
        counts: numbers of logical cores.
        repeats: maps of each scene, after one that warms up; the median counts.

    Raises:
        UsageError: the system binds no process to cores, or there are fewer.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise UsageError("This system binds no process to some of its cores.", "Leave out `cores`.", option="cores")
    if max(counts) > usable_cores():
        raise UsageError(f"This process may use {usable_cores()} cores.", "Give no more.", option="cores")
    found: list[OnCores] = []
    for count in counts:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_bind, initargs=(count,)) as pool:
            found += [pool.submit(_measured, count, name, case, repeats).result() for name, case in cases.items()]
    return found


def core_table(found: Sequence[OnCores]) -> Table:
    """Table of what was measured."""
    rows = [
        (
            each.name, each.cores, each.maps.rate, each.reading.rate,
            *(each.stages[stage].rate for stage in MAPPED), _slowest(each),
        )
        for each in sorted(found, key=lambda each: (each.name, each.cores))
    ]  # fmt: skip
    title = (
        "Tiles per second by logical cores: of whole maps, of reading by itself, and of each stage while it is busy "
        f"beside the others; a data-centre GPU needs {GPU_NEED:g} and more"
    )
    return Table(title, ("inputs", "cores", "map", "reading alone", *MAPPED, "slowest stage"), rows)


def core_findings(found: Sequence[OnCores]) -> dict[str, Finding]:
    """Findings that the table boils down to, of the first scene."""
    of_first = [each for each in found if each.name == found[0].name]
    fewest, most = min(of_first, key=lambda each: each.cores), max(of_first, key=lambda each: each.cores)
    return {
        "reading_alone_on_most_cores_vs_fewest": ratio_finding(most.reading, fewest.reading),
        "slowest_stage_tiles_per_second": rate_finding(most.stages[_slowest(most)]),
    }


def _slowest(each: OnCores) -> str:
    return min(each.stages, key=lambda stage: each.stages[stage].rate)


def _bind(count: int) -> None:
    """Let this process, and all threads that it will start, use some of its cores alone."""
    with suppress(AttributeError):  # checked before
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def _measured(count: int, name: str, case: Case, repeats: int) -> OnCores:
    records = [case.record() for _ in range(repeats + 1)][1:]
    tiles = records[0]["tiles"]["predicted"]

    def busy(stage: str) -> Timing:
        return Timing(tuple(max(record["seconds"][stage], _LEAST) for record in records), tiles)

    reading = Timing(tuple(_read(case) for _ in range(repeats)), tiles)
    return OnCores(count, name, busy("total"), reading, {stage: busy(stage) for stage in MAPPED})


def _read(case: Case) -> float:
    """Seconds where nothing is done but reading."""
    began = perf_counter()
    case.read()
    return perf_counter() - began
