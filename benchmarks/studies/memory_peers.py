"""Peak memory of one large scene: landslip against MONAI's sliding window, both without a network."""

from __future__ import annotations

from pathlib import Path

from landslip.benchmarks.measuring.map_process import said_by
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.scenes.grid_scene import DESCRIBED, on_the_grid
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene

MIB = 2**20


def measure_memory_against_monai(folder: Path, size: int = 10_000) -> Report:
    """Map one scene both ways, each in a process of its own.

    Args:
        folder: for the scene and the map.
        size: rows and columns of the map.

    Raises:
        LandslipError: MONAI is not installed, or one of the two failed.
    """
    write_pattern_scene(folder / "scene", on_the_grid(size, size))
    theirs, ours = (_in_process(name, folder) for name in ("MONAI", "landslip"))
    rows = [(name, *_row(taken)) for name, taken in (("landslip map", ours), ("MONAI", theirs))]
    return Report(
        name="memory-monai",
        question=f"How much memory does a map of {size} x {size} pixels take, compared with MONAI's sliding window?",
        settings={
            "engine": "none: the same tiles with a few landslides again and again, both ways",
            "inputs": f"the same files both ways: {DESCRIBED}",
            "landslip": "from files to files, all products, in a process set up as its commands are",
            "MONAI": "one float32 tensor of all 8 bands, read with no copy beside it; the map stays in memory",
            "tile": 224, "overlap": 0.5, "batch": 4,
            "peak": "maximum resident set size of the whole process, libraries included",
            "repeats": 1,
        },
        tables=[Table("", ("what", "tiles", "peak MiB", "after imports MiB", "beyond imports MiB"), rows)],
        findings={
            "peak_memory_vs_monai": Finding(ours["peak"] / theirs["peak"], better="lower", timed=False),
            "peak_beyond_imports_vs_monai": Finding(_beyond(ours) / _beyond(theirs), better="lower", timed=False),
        },
    )  # fmt: skip


def _in_process(name: str, folder: Path) -> dict[str, int]:
    arguments = [name, str(folder / "scene"), str(folder / "map")]
    what = f"The map of {folder / 'scene'} by {name}"
    return said_by("landslip.benchmarks.baselines.whole_scene", arguments, what, lean=name == "landslip")


def _row(taken: dict[str, int]) -> tuple[float, ...]:
    return taken["tiles"], taken["peak"] / MIB, taken["imports"] / MIB, _beyond(taken) / MIB


def _beyond(taken: dict[str, int]) -> int:
    return taken["peak"] - taken["imports"]
