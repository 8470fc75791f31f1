"""Tall synthetic events without the minutes it takes to paint them: the north of one, mirrored again and again."""

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
    """What :func:`landslip.models.synthetic.write_event` writes, without the truth; no edges where pieces meet."""
    painted = min(spec.height_m, _PAINTED)
    once, files = write_event(folder / "once", replace(spec, height_m=painted)), event_files(folder)
    for name in ("pre", "post", "dem", "clouds"):
        _mirrored(getattr(once, name), getattr(files, name), spec.height_m - painted)


def _mirrored(source: Path, target: Path, metres: float) -> None:
    """Copy a raster that goes on for so many metres more to the south."""
    with rasterio.open(source) as dataset:
        rows = math.ceil(metres / dataset.res[0])
        profile = dataset.profile | {"height": dataset.height + rows}
        values = np.pad(dataset.read(), ((0, 0), (0, rows), (0, 0)), mode="symmetric")
    with rasterio.open(target, "w", **profile) as dataset:
        dataset.write(values)
