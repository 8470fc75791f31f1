"""Time and peak memory of a map of the size of a Sentinel-2 tile, on a scene that is cheap to make."""

from __future__ import annotations

from pathlib import Path

from landslip.benchmarks.measuring.map_process import map_in_process
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.scenes.user_scene import DESCRIBED, IMAGE_PIXEL, as_users_have
from landslip.runtime.mapping.pipeline import STAGES

SIZE = 10_980
"""Rows and columns of a Sentinel-2 tile at 10 m."""


def measure_sentinel2(folder: Path, model: Path | None, size: int = SIZE) -> Report:
    """Map one large scene in a process of its own.

    Args:
        folder: for the scene and the map.
        model: ONNX file; None for the fake engine.
        size: rows and columns of the images.
    """
    write_pattern_scene(folder / "scene", as_users_have(size * IMAGE_PIXEL, size * IMAGE_PIXEL))
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
            "inputs": DESCRIBED,
            "images": f"{size} x {size} pixels",
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
