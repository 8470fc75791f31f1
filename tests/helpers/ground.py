"""Elevation in files that state units, and the terrain a scene makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio

from helpers.rasters import LEFT, TOP, write
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import open_scene


def stated(
    path: Path,
    values: np.ndarray,
    *,
    unit: str | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    colours: dict[int, tuple[int, int, int]] | None = None,
    **options: object,
) -> Path:
    """Write values of one band in cells of 30 m, beneath the mixed scene, with what is stated of them."""
    place = {"resolution": 30.0, "left": LEFT - 300, "top": TOP + 300}
    write(path, values, **(place | options))
    with rasterio.open(path, "r+") as dataset:
        dataset.units, dataset.scales, dataset.offsets = (unit,), (scale,), (offset,)
        if colours:
            dataset.write_colormap(1, colours)
    return path


def seen(files: SceneFiles) -> SceneBlock:
    """The whole scene."""
    with open_scene(files, 6.0) as scene:
        return scene.read(scene.grid.rows(0, scene.grid.height))


def terrain_of(files: SceneFiles, **given: Path) -> SceneBlock:
    """The scene with other terrain and without masks."""
    return seen(replace(files, **({"dem": None, "masks": ()} | given)))
