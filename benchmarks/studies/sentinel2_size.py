"""Time and peak memory of a map of the size of a Sentinel-2 tile, on a scene that is cheap to make."""

from __future__ import annotations

from pathlib import Path

from landslip.benchmarks.measuring.map_process import map_in_process
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.models.synthetic.writing import BLOCK
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import STAGES

SIZE = 10_980
"""Rows and columns of a Sentinel-2 tile at 10 m."""
PIXEL, DEM_PIXEL = 10.0, 30.0
"""Metres."""


def measure_sentinel2(folder: Path, model: Path | None, size: int = SIZE) -> Report:
    """Map one large scene in a process of its own.

    Args:
        folder: for the scene and the map.
        model: ONNX file; None for the fake engine.
        size: rows and columns of the images.
    """
    write_large_scene(folder / "scene", size)
    record = map_in_process(folder / "scene", folder / "map", model)
    grid, seconds, peak = record["grid"], record["seconds"], record["peak_rss_bytes"] / 2**20
    row = (
        grid["height"], grid["width"], record["tiles"]["predicted"], record["landslides"], peak, seconds["total"],
        record["tiles_per_second"],
    )  # fmt: skip
    return Report(
        name="sentinel2" if model is None else f"sentinel2-{model.stem}",
        question="What does a map of the size of a Sentinel-2 tile take?",
        settings={
            "engine": record["engine"],
            "tile": record["tile"],
            "overlap": record["overlap"],
            "inputs": f"RGB of {size} x {size} pixels at 10 m before and after, elevation at 30 m, cloud mask at 10 m; "
            f"a pattern that repeats, in deflated tiles of {BLOCK}",
            "peak": "maximum resident set size of the whole process",
            "time": "from opening the files to the last product, polygons and checksums included",
            "repeats": 1,
        },
        tables=[
            Table("", ("rows", "columns", "tiles", "landslides", "peak MiB", "seconds", "tiles/s"), [row]),
            Table("Seconds each stage was busy", STAGES, [tuple(seconds[name] for name in STAGES)]),
        ],
        findings={
            "peak_mib": Finding(peak, "MiB", "lower", timed=False),
            "seconds": Finding(seconds["total"], "s", "lower"),
        },
    )


def write_large_scene(folder: Path, size: int) -> SceneFiles:
    """Write images of so many rows and columns, elevation and clouds; see :func:`write_pattern_scene`."""
    return write_pattern_scene(folder, PatternLayout(size * PIXEL, size * PIXEL, PIXEL, DEM_PIXEL, clouds=True))
