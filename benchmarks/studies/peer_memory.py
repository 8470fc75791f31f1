"""Peak memory of all who map the same files to a file, without a network, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from landslip.benchmarks.baselines.peer_scene import write_stacked
from landslip.benchmarks.measuring.map_process import said_by
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.scenes.grid_scene import on_the_grid
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.studies.one_peer_map import STACKED
from landslip.benchmarks.studies.peer_contestants import (
    LANDSLIP,
    FileContestant,
    installed,
    left_out_table,
    whole_tiles,
)
from landslip.benchmarks.studies.peer_settings import COMMON, scene_of
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.errors import LandslipError

MIB = 2**20

Taken = Mapping[str, Mapping[str, int]]
"""Bytes of each contestant by name: ``imports`` and ``peak``."""


def measure_peers_memory(folder: Path, size: int) -> Report:
    """Map one scene by all that are installed.

    Args:
        folder: for the scene and the maps.
        size: rows and columns, rounded down to whole tiles.

    Raises:
        LandslipError: landslip failed; where another one does, the report says so.
    """
    edge, (taking_part, left_out) = whole_tiles(size), installed()
    files = write_pattern_scene(folder / "scene", on_the_grid(edge, edge))
    write_stacked(files, published_spec("stamp", "no network").inputs, folder / "scene" / STACKED)
    taken, failed = peaks(folder, [each for each in taking_part if not each.same_map])
    return Report(
        name="peers-memory",
        question=f"How much memory does a map of {edge} x {edge} pixels take from files to a file, against others?",
        settings={"scene": scene_of(edge), **COMMON, "repeats": 1},
        tables=[memory_table("", taken), *left_out_table(left_out | failed)],
        findings=dict(memory_findings(taken)),
    )


def peaks(folder: Path, taking_part: Sequence[FileContestant]) -> tuple[Taken, dict[str, str]]:
    """Map ``folder / "scene"`` by each, one after the other.

    Args:
        folder: of the scene; for the maps.
        taking_part: all who map.

    Returns:
        What memory they took, and what was said by those who failed, as where memory runs out.

    Raises:
        LandslipError: landslip failed.
    """
    taken: dict[str, Mapping[str, int]] = {}
    failed: dict[str, str] = {}
    for each in taking_part:
        arguments = [each.name, str(folder / "scene"), str(folder / "maps" / each.name)]
        try:
            what, lean = f"The map by {each.name}", each.name == LANDSLIP
            taken[each.name] = said_by("landslip.benchmarks.studies.one_peer_map", arguments, what, lean=lean)
        except LandslipError as error:
            if each.name == LANDSLIP:
                raise
            failed[each.name] = str(error)
    return taken, failed


def memory_table(title: str, taken: Taken) -> Table:
    """Memory of all in MiB."""
    rows = [
        (name, each["peak"] / MIB, each["imports"] / MIB, (each["peak"] - each["imports"]) / MIB)
        for name, each in taken.items()
    ]
    return Table(title, ("what", "peak MiB", "after imports MiB", "beyond imports MiB"), rows)


def memory_findings(taken: Taken) -> Iterator[tuple[str, Finding]]:
    """Peak memory of landslip's against that of the peer which takes least."""
    peers = [each for name, each in taken.items() if name != LANDSLIP]
    if not peers:
        return
    ratio = taken[LANDSLIP]["peak"] / min(each["peak"] for each in peers)
    yield "peak_memory_vs_leanest_peer", Finding(ratio, better="lower", timed=False)
