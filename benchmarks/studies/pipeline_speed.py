"""The pipeline by itself: what it does with files of different layouts when the network takes no time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import rasterio

from landslip.benchmarks.measuring.fixed_tile_engine import fixed_tile_engine
from landslip.benchmarks.measuring.timing import Timing, alternate
from landslip.benchmarks.reports.plots import draw_shares
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.reports.report_plot import Plot
from landslip.benchmarks.scenes.band_scene import fourteen_bands_spec, write_band_scene
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.models.synthetic.writing import BLOCK
from landslip.runtime.artifacts.spec import ModelSpec, published_spec
from landslip.runtime.engines import EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import STAGES, map_scene
from landslip.runtime.mapping.request import MapRequest

SPEC = published_spec("stamp", "no network")
FOURTEEN = "14 bands, from 10 and 30 m"
"""Name of the case of twelve measured bands, slope and elevation in one input."""
_READ_ROWS = 2 * BLOCK


@dataclass
class Case:
    """One scene, mapped again and again."""

    files: SceneFiles
    """The scene."""
    request: MapRequest
    """Request for its map."""
    spec: ModelSpec = SPEC
    """Description of what the predictor takes."""
    records: list[dict[str, Any]] = field(default_factory=list)
    """Run records, the warm-up's included."""

    def map(self) -> float:
        """Make the map; gives the tiles."""
        batch = self.request.engine.batch
        self.records.append(map_scene(self.request, engine=fixed_tile_engine(self.spec, batch)))
        return float(self.records[-1]["tiles"]["predicted"])

    def decode(self) -> float:
        """Read every file once, block after block, and do nothing with it; gives the tiles of the map all the same."""
        for _, location in self.files.roles():
            with rasterio.open(location) as dataset:
                for first in range(0, dataset.height, _READ_ROWS):
                    dataset.read(window=((first, min(first + _READ_ROWS, dataset.height)), (0, dataset.width)))
        return float(self.records[-1]["tiles"]["predicted"])

    @property
    def shares(self) -> dict[str, float]:
        """Busy time of each stage as a share of the wall clock, in the median of the runs."""
        runs = [record["seconds"] for record in self.records[1:]]
        return {stage: median(run[stage] / run["total"] for run in runs) for stage in STAGES}


def layouts(height_km: float, width_km: float) -> dict[str, PatternLayout]:
    """Layouts that are measured, by name."""
    size = 1000 * height_km, 1000 * width_km
    return {
        "on the grid": PatternLayout(*size, image=6.0, dem=None),
        "elevation on the grid": PatternLayout(*size, image=6.0, dem=6.0),
        "resampled from 10 and 30 m": PatternLayout(*size, image=10.0, dem=30.0),
        "10 m, elevation in degrees": PatternLayout(*size, image=10.0, dem=30.0, in_degrees=True),
    }


def measure_pipeline(
    folder: Path, height_km: float = 48.0, width_km: float = 60.0, batch: int = 4, repeats: int = 3
) -> Report:
    """Map scenes of several layouts with a predictor that does no arithmetic.

    Args:
        folder: for scenes and maps.
        height_km: extent of the scenes from north to south.
        width_km: extent from west to east.
        batch: tiles per call.
        repeats: timed maps of each.
    """
    cases = {
        name: _case(folder / f"{number}", layout, batch)
        for number, (name, layout) in enumerate(layouts(height_km, width_km).items())
    }
    cases[FOURTEEN] = _fourteen_bands(folder / "bands", height_km, width_km, batch)
    timings = alternate(_subjects(cases), repeats)
    grid = cases["on the grid"].records[0]["grid"]
    shares = {name: case.shares for name, case in cases.items()}
    return Report(
        name="pipeline",
        question="What does everything but the network take?",
        settings={
            "predictor": "none: the same tiles are given back whatever the batch holds, some landslides on each",
            "map": f"{grid['height']} x {grid['width']} pixels at 6 m",
            "inputs": f"RGB before and after; hillshade and slope, or elevation; GeoTIFFs, deflated tiles of {BLOCK}",
            FOURTEEN: "twelve files of 16 bits at 10 m in reflectance, with slope and elevation from 30 m",
            "tile": SPEC.tile, "overlap": 0.5, "batch": batch,
            "time": "landslip map from opening the files to the last product, polygons and checksums included",
            "repeats": repeats, "warm_up": "one map of each",
        },
        tables=[
            _rates(cases, timings),
            Table(
                "Time each stage is busy, as a share of the wall clock; stages run side by side",
                ("inputs", *STAGES), [(name, *each.values()) for name, each in shares.items()],
            ),
        ],
        findings={
            "tiles_per_second_on_grid": Finding(timings["on the grid"].rate, "tiles/s", "higher"),
            "tiles_per_second_resampled": Finding(timings["resampled from 10 and 30 m"].rate, "tiles/s", "higher"),
            "on_grid_vs_decoding": Finding(_to_decoding(timings, "on the grid"), better="higher"),
            "tiles_per_second_14_bands": Finding(timings[FOURTEEN].rate, "tiles/s", "higher"),
            "fourteen_bands_vs_decoding": Finding(_to_decoding(timings, FOURTEEN), better="higher"),
            "resampled_vs_on_grid": Finding(
                timings["resampled from 10 and 30 m"].ratio(timings["on the grid"]), better="higher"
            ),
        },
        plots=[
            Plot(
                "stages", "Time each stage of the pipeline is busy; stages run side by side on the machine's cores.",
                lambda axes: draw_shares(axes, shares, "share of the wall clock"),
            )
        ],
    )  # fmt: skip


def _case(folder: Path, layout: PatternLayout, batch: int) -> Case:
    files = write_pattern_scene(folder / "scene", layout)
    return Case(files, _request(files, folder / "map", batch))


def _fourteen_bands(folder: Path, height_km: float, width_km: float, batch: int) -> Case:
    files = write_band_scene(folder / "scene", PatternLayout(1000 * height_km, 1000 * width_km, image=10.0, dem=30.0))
    return Case(files, _request(files, folder / "map", batch), fourteen_bands_spec())


def _request(files: SceneFiles, out: Path, batch: int) -> MapRequest:
    return MapRequest(Path("no-network"), files, out, engine=EngineOptions(batch=batch), overwrite=True, keep=False)


def _subjects(cases: Mapping[str, Case]) -> dict[str, Callable[[], float]]:
    subjects: dict[str, Callable[[], float]] = {}
    for name, case in cases.items():
        subjects |= {name: case.map, _decoding(name): case.decode}
    return subjects


def _decoding(name: str) -> str:
    return f"{name}: decoding alone"


def _to_decoding(timings: Mapping[str, Timing], name: str) -> float:
    return timings[name].ratio(timings[_decoding(name)])


def _rates(cases: Mapping[str, Case], timings: Mapping[str, Timing]) -> Table:
    columns = (
        "inputs", "tiles", "tiles/s", "slowest run", "fastest run", "to the files on the grid",
        "to decoding the files and nothing else",
    )  # fmt: skip
    rows = [
        (
            name, round(timings[name].work), timings[name].rate, timings[name].lowest_rate, timings[name].highest_rate,
            timings[name].ratio(timings["on the grid"]), _to_decoding(timings, name),
        )
        for name in cases
    ]  # fmt: skip
    return Table("", columns, rows)
