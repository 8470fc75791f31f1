"""Peak memory over scene height: it has to stay flat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from landslip.benchmarks.measuring.map_process import map_in_process
from landslip.benchmarks.reports.plots import Series, draw_lines
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.reports.report_plot import Plot
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.scenes.user_scene import DESCRIBED, as_users_have

RESOLUTION = 6.0
"""Metres per map pixel."""
LEAST = 500
"""Rows and columns of a map in which some of the scene has changed."""


def measure_memory(folder: Path, rows: Sequence[int], width: int, model: Path | None) -> Report:
    """Map scenes of one width and several heights, each in a process of its own.

    Args:
        folder: for scenes and maps.
        rows: heights in map rows, ascending, from :data:`LEAST` on.
        width: width in map pixels, likewise.
        model: ONNX file; None for the fake engine.
    """
    records = [_one(folder, height, width, model) for height in rows]
    heights = [record["grid"]["height"] for record in records]
    peaks = [record["peak_rss_bytes"] / 2**20 for record in records]
    return Report(
        name="memory" if model is None else f"memory-{model.stem}",
        question="How much memory does a map take as its scene grows taller?",
        settings={
            "engine": records[0]["engine"],
            "tile": records[0]["tile"],
            "overlap": records[0]["overlap"],
            "inputs": DESCRIBED,
            "peak": "maximum resident set size of the whole process",
            "repeats": 1,
        },
        tables=[
            Table(
                "",
                ("rows", "columns", "tiles", "peak MiB", "ratio to the first"),
                [_row(record, peak, peaks[0]) for record, peak in zip(records, peaks, strict=True)],
            )
        ],
        findings={
            "tallest_to_lowest": Finding(peaks[-1] / peaks[0], better="lower", timed=False),
            "rows_tallest_to_lowest": Finding(rows[-1] / rows[0], timed=False),
        },
        plots=[_plot(heights, peaks, width)],
    )


def _row(record: dict[str, Any], peak: float, first: float) -> tuple[Any, ...]:
    return record["grid"]["height"], record["grid"]["width"], record["tiles"]["predicted"], peak, peak / first


def _plot(heights: Sequence[float], peaks: Sequence[float], width: int) -> Plot:
    series = [Series("landslip map", heights, peaks)]
    draw = partial(draw_lines, series=series, x_label="rows of the map", y_label="peak memory of the process, MiB")
    return Plot(
        "height", f"Peak memory over the height of the scene, {width} columns wide.", partial(draw, powers=True)
    )


def _one(folder: Path, rows: int, width: int, model: Path | None) -> dict[str, Any]:
    scene = folder / f"scene-{rows}x{width}"
    write_pattern_scene(scene, as_users_have(rows * RESOLUTION, width * RESOLUTION))
    return map_in_process(scene, folder / f"map-{rows}x{width}", model)
