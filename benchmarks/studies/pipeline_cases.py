"""Scenes for the pipeline by itself, each of another layout, and how they are mapped and decoded."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from landslip.benchmarks.baselines.decoding import decode_files
from landslip.benchmarks.measuring.fixed_tile_engine import fixed_tile_engine
from landslip.benchmarks.scenes.band_scene import fourteen_bands_spec, write_band_scene
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.runtime.access.gdal import block_cache
from landslip.runtime.artifacts.spec import ModelSpec, published_spec
from landslip.runtime.engines import EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.assemble import read_rows
from landslip.runtime.mapping.pipeline import STAGES, map_scene
from landslip.runtime.mapping.prepared_map import cache_bytes
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling.plan import make_plan

SPEC = published_spec("stamp", "no network")
FOURTEEN = "14 bands, from 10 and 30 m"
"""Name of the case of twelve measured bands, slope and elevation in one input."""


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
    cpu: list[dict[str, float]] = field(default_factory=list)
    """Seconds of CPU that the busiest thread of each stage took, of the same runs."""
    all_cpu: list[float] = field(default_factory=list)
    """Seconds of CPU that the process took, of the same runs."""

    def map(self) -> float:
        """Make the map; gives the tiles."""
        clock, before = Stopwatch(), time.process_time()
        self.records.append(self.record(clock))
        self.all_cpu.append(time.process_time() - before)
        self.cpu.append(clock.busiest_thread(*STAGES))
        return float(self.records[-1]["tiles"]["predicted"])

    def record(self, clock: Stopwatch | None = None) -> dict[str, Any]:
        """Make the map; gives its record. A clock may measure its stages."""
        return map_scene(self.request, engine=fixed_tile_engine(self.spec, self.request.engine.batch), clock=clock)

    def read(self) -> None:
        """Read the rows of the scene, bring them onto the grid, and throw them away."""
        files = self.files.for_model(self.spec)
        with open_scene(files, self.spec.resolution, self.spec) as scene, block_cache(cache_bytes(scene)):
            for _ in read_rows(scene, make_plan("gaussian", scene.grid, self.spec, self.spec.tile, 0.5), Stopwatch()):
                pass

    def decode(self) -> float:
        """Read every file once, block after block, and do nothing with it; gives the tiles of the map all the same."""
        decode_files(self.files)
        return float(self.records[-1]["tiles"]["predicted"])

    @property
    def shares(self) -> dict[str, float]:
        """Busy time of each stage as a share of the wall clock, in the median of the runs."""
        runs = [record["seconds"] for record in self.records[1:]]
        return {stage: median(run[stage] / run["total"] for run in runs) for stage in STAGES}

    @property
    def busy_cores(self) -> float:
        """Cores that a map keeps busy on average, in the median of the runs."""
        timed = zip(self.all_cpu[1:], self.records[1:], strict=True)
        return float(median(cpu / record["seconds"]["total"] for cpu, record in timed))


def layouts(height_km: float, width_km: float) -> dict[str, PatternLayout]:
    """Layouts that are measured, by name."""
    size = 1000 * height_km, 1000 * width_km
    return {
        "on the grid": PatternLayout(*size, image=6.0, dem=None),
        "elevation on the grid": PatternLayout(*size, image=6.0, dem=6.0),
        "resampled from 10 and 30 m": PatternLayout(*size, image=10.0, dem=30.0),
        "10 m, elevation in degrees": PatternLayout(*size, image=10.0, dem=30.0, in_degrees=True),
    }


def write_cases(folder: Path, height_km: float, width_km: float, batch: int) -> dict[str, Case]:
    """Scenes of all layouts by name, written into a folder.

    Args:
        folder: for scenes and maps.
        height_km: extent from north to south.
        width_km: extent from west to east.
        batch: tiles per call.
    """
    cases = {
        name: _case(folder / f"{number}", layout, batch)
        for number, (name, layout) in enumerate(layouts(height_km, width_km).items())
    }
    return cases | {FOURTEEN: _fourteen_bands(folder / "bands", height_km, width_km, batch)}


def _case(folder: Path, layout: PatternLayout, batch: int) -> Case:
    files = write_pattern_scene(folder / "scene", layout)
    return Case(files, _request(files, folder / "map", batch))


def _fourteen_bands(folder: Path, height_km: float, width_km: float, batch: int) -> Case:
    files = write_band_scene(folder / "scene", PatternLayout(1000 * height_km, 1000 * width_km, image=10.0, dem=30.0))
    return Case(files, _request(files, folder / "map", batch), fourteen_bands_spec())


def _request(files: SceneFiles, out: Path, batch: int) -> MapRequest:
    return MapRequest(Path("no-network"), files, out, engine=EngineOptions(batch=batch), overwrite=True, keep=False)
