"""Time to alert: from the arrival of the last row of a landslide to its polygon in the hands of a program."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.benchmarks.measuring.timing import spread_of
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.studies.alert_events import MapEvents, noted
from landslip.models.synthetic import EventSpec, write_event
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.mapper import Mapper, open_mapper
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.run.map_result import MapResult

_SHARES = {"shortest": 0.0, "p50": 0.5, "p90": 0.9, "p95": 0.95, "longest": 1.0}
"""Shares of the landslides for which figures of the distribution are given."""

_P95 = 0.95


@dataclass(frozen=True)
class AlertRun:
    """Times of one map."""

    waits: NDArray[np.float64]
    """(landslides,) seconds from the arrival of a landslide's last row to its polygon."""
    beyond_tiles: NDArray[np.float64]
    """(landslides,) seconds of these that the tiles that touch a landslide do not take."""
    after_tiles: NDArray[np.float64]
    """(landslides,) seconds from the end of the last of these tiles to the polygon."""
    seconds_per_tile: float
    """Seconds of the engine for a tile."""
    first: float
    """Seconds from the call to the first landslide."""
    seconds: float
    """Seconds from the call to the end of the map."""


def measure_alert(
    folder: Path, model: Path, width_km: float = 12.0, height_km: float = 12.0, repeats: int = 3, seed: int = 7
) -> Report:
    """Map a generated scene, and time each landslide on its way to a program that waits for it.

    Args:
        folder: for the scene.
        model: ONNX file.
        width_km: extent of the scene from west to east.
        height_km: extent from north to south.
        repeats: timed maps.
        seed: of the scene.

    Raises:
        UsageError: the map has no landslide.
    """
    made = write_event(folder, EventSpec(seed, 1000 * width_km, 1000 * height_km))
    files = SceneFiles(pre=made.pre, post=made.post, dem=made.dem, masks=(made.clouds,))
    with open_mapper(model) as mapper:
        _run(mapper, files)  # warm-up
        runs = [_run(mapper, files) for _ in range(repeats)]
        result = mapper.map(files, out=folder / "map")
    return Report(
        name="alert",
        question="How long after the last row of a landslide is its polygon with the program that waits for it?",
        settings=_settings(result, f"{height_km:g} x {width_km:g} km, generated, seed {seed}", repeats),
        tables=[_distribution(runs), _each_map(runs)],
        findings=alert_findings(runs),
    )


def _run(mapper: Mapper, files: SceneFiles) -> AlertRun:
    events, came = MapEvents(), list[tuple[float, Landslide]]()
    began = time.perf_counter()
    with noted(events), mapper.landslides(files) as landslides:
        for landslide in landslides:
            came.append((time.perf_counter(), landslide))
    ended = time.perf_counter()
    if not came:
        raise UsageError("The map has no landslide to wait for.", "Take a larger scene.")
    delays, each = [events.delay(_box(events, found), at) for at, found in came], events.seconds_per_tile
    return AlertRun(
        np.array([delay.wait for delay in delays]),
        np.array([delay.beyond(each) for delay in delays]),
        np.array([delay.after_tiles for delay in delays]),
        each,
        came[0][0] - began,
        ended - began,
    )


def _box(events: MapEvents, landslide: Landslide) -> Window:
    """Bounding box of a landslide on the map."""
    west, south, east, north = landslide.geometry.bounds
    (left, top), (right, bottom) = (~events.transform @ corner for corner in ((west, north), (east, south)))
    return make_window(round(left), round(top), round(right - left), round(bottom - top))


def _settings(result: MapResult, scene: str, repeats: int) -> dict[str, Any]:
    record = result.record
    return {
        "model": record.model.name, "engine": f"{record.engine.name}, {record.engine.precision}",
        "scene": f"{scene}; images of 10 m, elevation of 30 m",
        "map": f"{record.grid.height} x {record.grid.width} pixels at {record.grid.transform[0]:g} m",
        "tile": record.tile, "overlap": record.overlap, "batch": record.batch.taken,
        "tiles": record.tiles.total, "landslides": f"{record.landslides} in each of {repeats} maps",
        "from": "the block of rows that holds the last row of the landslide has been read and resampled",
        "to": "the program gets the landslide from Mapper.landslides; the network is included, and no file is made",
        "tiles_that_touch_it": "those that have a pixel in common with its bounding box, and were computed after its "
        "last row had come; what they take is their number times the seconds of the engine for a tile, all lanes busy",
        "warm_up": "one map",
    }  # fmt: skip


def _distribution(runs: Sequence[AlertRun]) -> Table:
    whole = _whole(runs)
    waits, beyond, after = (_joined(runs, name) for name in ("waits", "beyond_tiles", "after_tiles"))
    lines = {
        "seconds": waits,
        "share of the whole map": waits / whole,
        "seconds beyond those of the tiles that touch it": beyond,
        "seconds after the last of these tiles": after,
    }
    return Table(
        "Seconds from the last row of a landslide to its polygon, over all landslides",
        ("", *_SHARES),
        [(name, *np.quantile(values, list(_SHARES.values())).tolist()) for name, values in lines.items()],
    )


def _each_map(runs: Sequence[AlertRun]) -> Table:
    columns = (
        "map", "first landslide after, s", "whole map, s", "median wait, s", "longest wait, s", "engine, s per tile",
    )  # fmt: skip
    rows = [
        (number, run.first, run.seconds, float(np.median(run.waits)), float(run.waits.max()), run.seconds_per_tile)
        for number, run in enumerate(runs, 1)
    ]
    return Table("Each map", columns, rows)


def alert_findings(runs: Sequence[AlertRun]) -> dict[str, Finding]:
    """Findings that the maps boil down to, each with what it differs by from map to map."""
    shares = {"median": _SHARES["p50"], "90_percent": _SHARES["p90"], "p95": _P95, "longest": _SHARES["longest"]}
    return {
        **{f"alert_seconds_{name}": _seconds(runs, "waits", share) for name, share in shares.items()},
        "p95_beyond_tiles_seconds": _seconds(runs, "beyond_tiles", _P95),
        "p95_after_tiles_seconds": _seconds(runs, "after_tiles", _P95),
        "alert_to_whole_map": _of_whole(runs, lambda some: float(np.median(_joined(some, "waits")))),
        "first_landslide_to_whole_map": _of_whole(runs, lambda some: float(np.median([run.first for run in some]))),
    }


def _seconds(runs: Sequence[AlertRun], name: str, share: float) -> Finding:
    """Seconds of the landslides of all maps that a share of them takes at most.

    What a wait has beyond its tiles may be hardly anything, and even less than nothing. So its difference from map to
    map is told as a share of the waits that it is a part of, and not of itself.
    """
    each = [float(np.quantile(getattr(run, name), share)) for run in runs]
    waits = float(np.quantile(_joined(runs, "waits"), share))
    spread = None if len(runs) < 2 else (max(each) - min(each)) / waits
    return Finding(float(np.quantile(_joined(runs, name), share)), "s", "lower", spread=spread)


def _of_whole(runs: Sequence[AlertRun], seconds_of: Callable[[Sequence[AlertRun]], float]) -> Finding:
    """Seconds of some maps as a share of a whole one."""
    shares = [seconds_of([run]) / run.seconds for run in runs]
    return Finding(seconds_of(runs) / _whole(runs), better="lower", spread=spread_of(shares))


def _joined(runs: Sequence[AlertRun], name: str) -> NDArray[np.float64]:
    """Values of all landslides of all maps."""
    return np.concatenate([getattr(run, name) for run in runs])


def _whole(runs: Sequence[AlertRun]) -> float:
    """Seconds of a map."""
    return float(np.median([run.seconds for run in runs]))
