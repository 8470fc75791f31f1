"""Presets: what larger tiles do to the map, to the number of operations, and to speed."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import rasterio

from landslip.benchmarks.measuring.timing import alternate
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.studies.contest import ratio_finding
from landslip.models.demo.embedded import DEMO_MODEL, TEST_SEEDS
from landslip.models.synthetic import EventFiles, EventSpec, write_event
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.confidence import NOT_OBSERVED, level_of
from landslip.runtime.engines import EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.run.product_names import CONFIDENCE
from landslip.runtime.scoring.confusion import Scores, confusion
from landslip.runtime.scoring.score_run import score_map
from landslip.runtime.tiling.presets import FAITHFUL, PRESETS, Preset
from landslip.runtime.tiling.tile_grid import TileGrid

CONTROL = 0.6
"""Overlap of the control: tiles as large as the faithful ones, and more of them, but elsewhere."""

SHARED_FEATURES = f"{FAITHFUL}, features shared"
"""Name of the row of the faithful tiles whose features are computed once for all that show a place."""

_COLUMNS = (
    "preset", "largest tile", "tile here", "IoU, mean", "IoU, lowest", "area, mean ratio", "F1 against the truth",
    "operations per km2, ratio", "the same on a map of 110 x 110 km", "km2/h, ratio (median)",
)  # fmt: skip

LARGE = 18_300
"""Edge in map pixels of a scene as large as a Sentinel-2 tile."""


@dataclass(frozen=True)
class PresetsBench:
    """Options of the measurement."""

    model: Path = DEMO_MODEL
    """ONNX file whose speed is measured."""
    judge: Path = DEMO_MODEL
    """ONNX file whose maps are compared; a trained one, as what a network with random weights maps means nothing."""
    seeds: Sequence[int] = tuple(TEST_SEEDS)
    """Seeds of the synthetic scenes that are compared; the first one is the one that is timed."""
    size_km: float = 8.0
    """Edge of these scenes in kilometres."""
    repeats: int = 3
    """Timed maps of each preset; the median counts."""
    engine: EngineOptions = field(default_factory=EngineOptions)
    """Engine, device and precision that compute all maps; tiles and batch are those of the presets."""


@dataclass(frozen=True)
class Likeness:
    """Likeness of a map and the faithful one of the same scene."""

    tile: int
    """Edge of its tiles in pixels: small maps get smaller ones than a preset may have."""
    iou: float
    """Intersection over union of the pixels at or above the threshold."""
    area: float
    """Mapped area as a ratio to the faithful one's."""
    scores: Scores
    """Scores of the map against the landslides that are known."""
    operations: float
    """Predicted tiles times their pixels, for each pixel of the map."""


def measure_presets(bench: PresetsBench, folder: Path) -> Report:
    """Compare the presets' maps with the faithful ones, scene by scene, and time them, alternating.

    Args:
        bench: how to measure.
        folder: for the scenes and the maps.
    """
    scenes = [_scene(folder, seed, bench.size_km) for seed in bench.seeds]
    found: dict[str, list[Likeness]] = {}
    for event in scenes:
        for name, likeness in _compared(bench, event, folder).items():
            found.setdefault(name, []).append(likeness)
    speeds, last = _speeds(bench, scenes[0], folder)
    spec = read_onnx_file(bench.judge).spec
    rows = [_row(name, likenesses, found[FAITHFUL], speeds.get(name), spec) for name, likenesses in found.items()]
    return Report(
        name="presets" if bench.model == DEMO_MODEL else f"presets-{bench.model.stem}",
        question="What do larger tiles do to the map, to the operations it needs, and to speed?",
        settings=_settings(bench, spec, last),
        tables=[Table("", _COLUMNS, rows)],
        findings=dict(_findings(rows, speeds)),
    )


def _scene(folder: Path, seed: int, size_km: float) -> EventFiles:
    return write_event(folder / f"scene-{seed}", EventSpec(seed=seed, width_m=1000 * size_km, height_m=1000 * size_km))


def _map(bench: PresetsBench, model: Path, event: EventFiles, out: Path, **how: Any) -> Record:
    files = SceneFiles(pre=event.pre, post=event.post, dem=event.dem, masks=(event.clouds,))
    options: dict[str, Any] = {"engine": bench.engine, "overwrite": True, "keep": False} | how
    return map_scene(MapRequest(model, files, out, **options))


def _compared(bench: PresetsBench, event: EventFiles, folder: Path) -> dict[str, Likeness]:
    """Every preset on one scene, the control, and features that are shared where the engine does that."""
    plain = folder / "map-faithful"
    faithful = _map(bench, bench.judge, event, plain)
    found = {FAITHFUL: _likeness(faithful, faithful, (plain, plain), event.truth)}
    others: dict[str, dict[str, Any]] = {name: {"preset": name} for name in PRESETS if name != FAITHFUL}
    if faithful["engine"]["device"] == "cpu":
        others[SHARED_FEATURES] = {"engine": replace(bench.engine, share_features=True)}
    for name, how in {_control(): {"overlap": CONTROL}, **others}.items():
        record = _map(bench, bench.judge, event, folder / "map-other", **how)
        found[name] = _likeness(record, faithful, (folder / "map-other", plain), event.truth)
    return found


def _control() -> str:
    return f"{FAITHFUL}, overlap {CONTROL:g}"


def _likeness(record: Record, faithful: Record, maps: tuple[Path, Path], truth: Path) -> Likeness:
    ours, theirs = (folder / CONFIDENCE for folder in maps)
    with rasterio.open(ours) as one, rasterio.open(theirs) as other:
        mine, plain = one.read(1), other.read(1)
    level = level_of(record["threshold"])
    scores = confusion(mine >= level, plain >= level, (mine != NOT_OBSERVED) & (plain != NOT_OBSERVED))
    union = scores.pixels - scores.true_negative
    return Likeness(
        tile=record["tile"],
        iou=scores.true_positive / union if union else 1.0,
        area=record["above_threshold_km2"] / faithful["above_threshold_km2"] if union else 1.0,
        scores=score_map(ours, truth, record["threshold"]).matrix,
        operations=record["tiles"]["predicted"] * record["tile"] ** 2 / mine.size,
    )


def _speeds(bench: PresetsBench, event: EventFiles, folder: Path) -> tuple[dict[str, Finding], Record]:
    """Speed of each preset over ground, end to end, as a ratio to the faithful one; and the record of the last map."""
    records: list[Record] = []

    def work(preset: str) -> float:
        records.append(_map(bench, bench.model, event, folder / "map-timed", preset=preset))
        grid = records[-1]["grid"]
        return float(grid["height"] * grid["width"] * grid["transform"][0] ** 2 / 1e6)

    timings = alternate({name: partial(work, name) for name in PRESETS}, bench.repeats)
    return {name: ratio_finding(timing, timings[FAITHFUL]) for name, timing in timings.items()}, records[-1]


def _findings(rows: Sequence[tuple[Any, ...]], speeds: Mapping[str, Finding]) -> Iterator[tuple[str, Finding]]:
    for name, _, _, iou, lowest, _, f1, _, operations, _ in rows:
        if name == SHARED_FEATURES:
            yield "shared_features_lowest_iou", Finding(lowest, "IoU", "higher", timed=False)
        if name in PRESETS:
            yield f"{name}_iou", Finding(iou, "IoU", "higher", timed=False)
            yield f"{name}_lowest_iou", Finding(lowest, "IoU", "higher", timed=False)
            yield f"{name}_f1", Finding(f1, "F1", "higher", timed=False)
            yield f"{name}_operations", Finding(operations, better="lower", timed=False)
            yield f"{name}_vs_faithful_km2", speeds[name]


def _row(
    name: str, found: list[Likeness], faithful: list[Likeness], speed: Finding | None, spec: ModelSpec
) -> tuple[Any, ...]:
    preset = PRESETS[FAITHFUL] if name == SHARED_FEATURES else PRESETS.get(name)
    needed, usual = (sum(each.operations for each in which) for which in (found, faithful))
    return (
        name,
        (preset or PRESETS[FAITHFUL]).times * spec.tile,
        max(each.tile for each in found),
        statistics.mean(each.iou for each in found),
        min(each.iou for each in found),
        statistics.mean(each.area for each in found),
        sum((each.scores for each in found), Scores()).f1,
        None if name == SHARED_FEATURES else needed / usual,
        None if name == SHARED_FEATURES else _on_large(spec, preset) / _on_large(spec, PRESETS[FAITHFUL]),
        None if speed is None else speed.value,
    )


def _on_large(spec: ModelSpec, preset: Preset | None) -> int:
    """Pixels of all tiles of a large map without holes; of the control where there is no preset."""
    tile = spec.tile if preset is None else preset.tile_for(spec, LARGE, LARGE)
    overlap = CONTROL if preset is None else preset.overlap_of(spec, tile)
    return len(TileGrid.even(LARGE, LARGE, tile, overlap)) * tile**2


def _settings(bench: PresetsBench, spec: ModelSpec, record: Record) -> dict[str, Any]:
    engine = record["engine"]
    return {
        "maps_compared": f"{bench.judge.stem}, {len(bench.seeds)} synthetic scenes of "
        f"{bench.size_km:g} x {bench.size_km:g} km, seeds {', '.join(map(str, bench.seeds))}",
        "threshold": record["threshold"],
        "overlap": f"{spec.tile // 2} pixels in every preset",
        "control": f"the faithful tiles with an overlap of {CONTROL:g}: what laying them elsewhere does to the map",
        "speed": f"{bench.model.stem}, {engine['name']} {engine['precision']} on {engine['device']}, scene of seed "
        f"{bench.seeds[0]}, from opening the files to the last product",
        "batch": f"{bench.engine.batch} tiles of {spec.tile} pixels, or as many fewer larger ones",
        "repeats": bench.repeats,
        "warm_up": "one map of each",
    }
