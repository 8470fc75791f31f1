"""Scenes whose rasters lie on the map's grid already, to be taken as they are by landslip and by others."""

from __future__ import annotations

from typing import Any

import rasterio
from numpy.typing import NDArray

from landslip.benchmarks.scenes.pattern_scene import PatternLayout
from landslip.models.synthetic.writing import BLOCK
from landslip.runtime.inputs.scene_files import SceneFiles

RESOLUTION = 6.0
"""Metres of a pixel."""

DESCRIBED = f"images, hillshade and slope on the map's grid, GeoTIFFs in deflated tiles of {BLOCK}"


def edge_of(tiles: int, tile: int, overlap: float) -> int:
    """Pixels along an edge on which that many tiles lie without a rest, so that all tilings agree where they are."""
    return tile + (tiles - 1) * round(tile * (1.0 - overlap))


def on_the_grid(rows: int, cols: int) -> PatternLayout:
    """A scene of so many map pixels."""
    return PatternLayout(rows * RESOLUTION, cols * RESOLUTION, image=RESOLUTION, dem=None)


def read_whole(files: SceneFiles) -> dict[str, NDArray[Any]]:
    """The rasters of such a scene in memory: (bands, rows, cols) by role."""
    arrays = {}
    for role, path in files.roles():
        with rasterio.open(path) as dataset:
            arrays[role] = dataset.read()
    return arrays
