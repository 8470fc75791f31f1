"""Tiles of a map that will be predicted, and why the others will not: counted, or estimated from a sample."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo.windows import make_window
from landslip.runtime.scene.scene import Scene
from landslip.runtime.scene.scene_inputs import SceneInput
from landslip.runtime.tiling import kernels
from landslip.runtime.tiling.plan import Plan

PATIENCE = 60.0
"""Seconds that counting may take; a scene that takes longer is sampled."""

TOGETHER = "all inputs together"
"""Name of what hides a tile that no input hides by itself."""

_TRIAL = 0.1
"""Share of the patience after which it is judged how long all of it would take."""

_ALONG = 10
"""Tiles sampled along each axis."""

ValidByInput = Mapping[str, NDArray[np.bool_]]
"""Masks by input: (rows, cols) where it is valid."""


@dataclass(frozen=True)
class Survey:
    """Plan for the tiles of a map."""

    predicted: int
    """Tiles that will be predicted."""
    skipped: dict[str, int]
    """Tiles that will not be, by what leaves too few valid pixels in them."""
    sampled: int | None
    """Tiles that the figures are estimated from; None where every tile was counted."""
    read_seconds: float
    """Seconds that reading the whole scene takes."""


def survey(scene: Scene, plan: Plan, patience: float = PATIENCE) -> Survey:
    """Look where a scene is valid, row by row as a run does, or in a sample of its tiles if that would take too long.

    Args:
        scene: the scene.
        plan: its tiles.
        patience: seconds that looking at all of it may take.
    """
    began, counted = time.perf_counter(), Counter[str]()
    count, seconds = len(plan.tiles.rows), 0.0
    for index, (first, valid) in enumerate(_rows(scene, plan)):
        counted.update(_row_of_tiles(plan, index, first, valid))
        spent = time.perf_counter() - began
        seconds = spent * count / (index + 1)
        if spent >= _TRIAL * patience and seconds > patience:
            return _sampled(scene, plan, seconds)
    predicted = counted.pop("", 0)
    return Survey(predicted, dict(counted.most_common()), None, seconds)


def _rows(scene: Scene, plan: Plan) -> Iterator[tuple[int, ValidByInput]]:
    """First map row that each row of tiles shows, and validity from there on."""
    held: dict[str, NDArray[np.bool_]] = {}
    first = 0
    for index in range(len(plan.tiles.rows)):
        window = scene.grid.rows(*plan.tiles.rows_to_read(index))
        start = plan.tiles.row_span(index)[0]
        for entry in _different(scene):
            new = entry.valid(window)
            old = held.get(entry.name, new[:0])
            held[entry.name] = np.concatenate([old, new])[start - first :]
        first = start
        yield first, held


def _different(scene: Scene) -> Iterable[SceneInput]:
    """The inputs, each once: the same file may have been given twice, and would have one name then."""
    return {entry.name: entry for entry in scene.inputs}.values()


def _row_of_tiles(plan: Plan, index: int, first: int, valid: ValidByInput) -> Iterator[str]:
    top, tile = plan.tiles.rows[index] - first, plan.tiles.tile
    together = np.logical_and.reduce(list(valid.values()))
    rows = len(together)
    for left in plan.tiles.cols:
        if kernels.count_valid(together, top, left, tile, rows) >= plan.least_valid:
            yield ""
            continue
        yield _blame(
            {name: kernels.count_valid(pixels, top, left, tile, rows) for name, pixels in valid.items()},
            plan.least_valid,
        )


def _blame(valid: Mapping[str, int], least: int) -> str:
    """The inputs that leave too few pixels by themselves."""
    return " and ".join(name for name, pixels in valid.items() if pixels < least) or TOGETHER


def _sampled(scene: Scene, plan: Plan, seconds: float) -> Survey:
    tiles, counted = plan.tiles, Counter[str]()
    rows, cols = (_spread(starts) for starts in (tiles.rows, tiles.cols))
    for row in rows:
        for col in cols:
            window = _clipped(row, col, plan)
            valid = {entry.name: entry.valid(window) for entry in _different(scene)}
            if np.logical_and.reduce(list(valid.values())).sum() >= plan.least_valid:
                counted[""] += 1
            else:
                counted[_blame({name: int(pixels.sum()) for name, pixels in valid.items()}, plan.least_valid)] += 1
    looked = sum(counted.values())
    skipped = {name: round(len(tiles) * found / looked) for name, found in counted.most_common() if name}
    return Survey(len(tiles) - sum(skipped.values()), skipped, looked, seconds)


def _spread(starts: tuple[int, ...]) -> list[int]:
    """Some of the starts, from the first to the last in even steps."""
    places = np.unique(np.linspace(0, len(starts) - 1, min(_ALONG, len(starts))).round().astype(int))
    return [starts[place] for place in places]


def _clipped(row: int, col: int, plan: Plan) -> Window:
    top, left = max(0, row), max(0, col)
    bottom, right = min(plan.tiles.height, row + plan.tiles.tile), min(plan.tiles.width, col + plan.tiles.tile)
    return make_window(left, top, right - left, bottom - top)
