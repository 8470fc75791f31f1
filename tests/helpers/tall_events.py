"""Tall synthetic events without the minutes it takes to paint them: the north of one, mirrored again and again.

A line of cloud lies where two pieces meet. Without it landslides would be as tall as the scene, and so would be what
is kept of their outlines until they end.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio

from landslip.models.synthetic import EventSpec, event_files, write_event

_PAINTED = 3000.0
"""Metres from north to south that are painted."""


def write_tall_event(folder: Path, spec: EventSpec) -> None:
    """What :func:`landslip.models.synthetic.write_event` writes, without the truth; values go on where pieces meet."""
    painted = min(spec.height_m, _PAINTED)
    once, files = write_event(folder / "once", replace(spec, height_m=painted)), event_files(folder)
    for name in ("pre", "post", "dem", "clouds"):
        _mirrored(getattr(once, name), getattr(files, name), spec.height_m - painted)
    _draw_lines(files.clouds, once.clouds)


def _draw_lines(mask: Path, piece: Path) -> None:
    """Cover the rows of a mask where the pieces of a painted one meet."""
    with rasterio.open(piece) as dataset:
        rows = dataset.height
    with rasterio.open(mask, "r+") as dataset:
        values = dataset.read(1)
        values[rows::rows] = values[rows - 1 : -1 : rows] = 1
        dataset.write(values, 1)


def _mirrored(source: Path, target: Path, metres: float) -> None:
    """Copy a raster that goes on for so many metres more to the south."""
    with rasterio.open(source) as dataset:
        rows = math.ceil(metres / dataset.res[0])
        profile = dataset.profile | {"height": dataset.height + rows}
        values = np.pad(dataset.read(), ((0, 0), (0, rows), (0, 0)), mode="symmetric")
    with rasterio.open(target, "w", **profile) as dataset:
        dataset.write(values)
