"""Rates of the stages of the pipeline by themselves: which of them caps a map where there are many cores?"""

from __future__ import annotations

import time
from collections.abc import Mapping

from landslip.benchmarks.measuring.timing import Timing
from landslip.benchmarks.reports.report import Finding, Table
from landslip.benchmarks.studies.contest import rate_finding
from landslip.benchmarks.studies.pipeline_cases import Case

OF_ONE_THREAD = ("prepare", "stitch", "write", "polygons")
"""Stages whose busiest thread decides, whatever the number of cores. Reading has threads for each core."""

LEAST = 1e-6
"""Seconds of CPU that a stage takes at the least, as far as clocks tell."""


def stage_caps(case: Case) -> dict[str, Timing]:
    """Timing of each stage by itself, in tiles and in seconds of CPU: what it could do on one core.

    A stage is measured inside the maps of a case, by the CPU time of its busiest thread, in each repeat. Reading is
    done once more by itself, and measured by the CPU time of the process, GDAL's threads included.

    Args:
        case: a scene that was mapped, after one map that warmed up.
    """
    tiles = float(case.records[-1]["tiles"]["predicted"])
    began = time.process_time()
    case.read()
    read = time.process_time() - began
    taken = {"read": (read,)} | {stage: tuple(each[stage] for each in case.cpu[1:]) for stage in OF_ONE_THREAD}
    return {stage: Timing(tuple(max(each, LEAST) for each in runs), tiles) for stage, runs in taken.items()}


def caps_table(caps: Mapping[str, Mapping[str, Timing]]) -> Table:
    """Table of what :func:`stage_caps` gives, by the name of the case."""
    rows = [
        (name, each["read"].rate, *(each[stage].rate for stage in OF_ONE_THREAD), _lowest_stage(each))
        for name, each in caps.items()
    ]
    columns = ("inputs", "read (many threads)", *OF_ONE_THREAD, "lowest of one thread")
    title = (
        "Tiles per second that the busiest thread of each stage could do on one core of its own, by its CPU time: it "
        "caps the map however many cores there are. `polygons` has three threads, `write` one beside the map and one "
        "at its end, and threads that help read the ground are not counted"
    )
    return Table(title, columns, rows)


def cap_findings(caps: Mapping[str, Timing]) -> dict[str, Finding]:
    """Findings that the caps of one case boil down to: the lowest of the stages of one thread."""
    return {"lowest_cap_tiles_per_second": rate_finding(caps[_lowest_stage(caps)])}


def _lowest_stage(caps: Mapping[str, Timing]) -> str:
    return min(OF_ONE_THREAD, key=lambda stage: caps[stage].rate)
