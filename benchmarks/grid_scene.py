"""Scenes whose rasters lie on the map's grid already, of any size, cheap to make: nothing has to be resampled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.models.synthetic.writing import BLOCK, finished_together, new_raster
from landslip.runtime.scene import SceneFiles

RESOLUTION = 6.0
"""Metres of a pixel."""

DESCRIBED = f"images, hillshade and slope (whole degrees) on the map's grid, 8-bit GeoTIFFs, deflated tiles of {BLOCK}"

_BANDS = {"pre": 3, "post": 3, "hillshade": 1, "slope": 1}
_WEST, _NORTH, _EPSG = 600_000.0, 5_200_020.0, 32632


def edge_of(tiles: int, tile: int, overlap: float) -> int:
    """Pixels along an edge on which that many tiles lie without a rest, so that all tilings agree where they are."""
    return tile + (tiles - 1) * round(tile * (1.0 - overlap))


def grid_scene_files(folder: Path) -> SceneFiles:
    """The files that :func:`write_grid_scene` writes into a folder."""
    pre, post, hillshade, slope = _paths(folder)
    return SceneFiles(pre=pre, post=post, hillshade=hillshade, slope=slope)


def write_grid_scene(folder: Path, height: int, width: int) -> SceneFiles:
    """Write waves and noise, with brighter spots in the second image, band of blocks by band of blocks.

    Args:
        folder: made if it is not there.
        height: rows.
        width: columns.

    Raises:
        OutputError: the folder cannot be written.
    """
    place = Affine(RESOLUTION, 0.0, _WEST, 0.0, -RESOLUTION, _NORTH)
    with finished_together(_paths(folder)) as partial, ExitStack() as stack:
        files = {
            role: stack.enter_context(new_raster(path, (height, width), place, _EPSG, count=bands, dtype="uint8"))
            for (role, bands), path in zip(_BANDS.items(), partial, strict=True)
        }
        for first, rows in _bands_of_rows(height, width):
            for role, values in rows.items():
                files[role].write(values, window=Window(0, first, width, values.shape[1]))
    return grid_scene_files(folder)


def read_whole(files: SceneFiles) -> dict[str, NDArray[Any]]:
    """The rasters of such a scene in memory: (bands, rows, cols) by role."""
    arrays = {}
    for role, path in files.roles():
        with rasterio.open(path) as dataset:
            arrays[role] = dataset.read()
    return arrays


def _paths(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / f"{role}.tif" for role in _BANDS)


def _bands_of_rows(height: int, width: int) -> Iterator[tuple[int, dict[str, NDArray[np.uint8]]]]:
    """First row and the rows of every raster."""
    rng = np.random.default_rng(5)
    cols = np.arange(width)
    for first in range(0, height, BLOCK):
        rows = np.arange(first, min(first + BLOCK, height))[:, None]
        wave = np.sin(2 * np.pi * rows / 257) * np.cos(2 * np.pi * cols / 311)
        spots = np.sin(rows / 23) * np.sin(cols / 29) > 0.9
        ground = 70 + 30 * wave
        yield (
            first,
            {
                "pre": (ground + rng.integers(0, 16, (3, *wave.shape))).astype(np.uint8),
                "post": (ground + 110 * spots + rng.integers(0, 16, (3, *wave.shape))).astype(np.uint8),
                "hillshade": (140 + 90 * wave + rng.integers(0, 16, (1, *wave.shape))).astype(np.uint8),
                "slope": (25 + 20 * wave + rng.integers(0, 4, (1, *wave.shape))).astype(np.uint8),
            },
        )
