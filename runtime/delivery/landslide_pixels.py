"""Pixels of a part of a map that lie in its landslides, as its polygons have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import rasterio.transform
import shapely
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.access.bound_pyogrio import pyogrio
from landslip.runtime.delivery.layer_files import MapLayer, read_errors


def landslide_pixels(layer: MapLayer, transform: Affine, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask of the pixels of a window that lie in polygons of a layer.

    Polygons of a map run along the edges of its pixels, so that each pixel is in or out as it was when it was traced.

    Args:
        layer: the layer.
        transform: of the window, north up.
        shape: rows and columns of the window.

    Returns:
        bool (rows, cols).

    Raises:
        InputError: the file cannot be read.
    """
    left, bottom, right, top = rasterio.transform.array_bounds(*shape, transform)
    with read_errors(layer.path):
        _, _, geometry, _ = pyogrio.raw.read(layer.path, layer=layer.name, columns=[], bbox=(left, bottom, right, top))
    return _inside(shapely.from_wkb(geometry), transform, shape)


def _inside(outlines: NDArray[Any], transform: Affine, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels inside outlines along edges of pixels: those with an odd number of upright edges to their left."""
    height, width = shape
    corners, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(outlines)), return_index=True)
    cols, rows = np.rint((corners - (transform.c, transform.f)) / (transform.a, transform.e)).astype(np.int64).T
    upright = (np.diff(ring) == 0) & (np.diff(rows) != 0)
    column = np.clip(cols[:-1][upright], 0, width)
    first, last = (np.clip(end(rows[:-1], rows[1:])[upright], 0, height) for end in (np.minimum, np.maximum))
    crossed = np.zeros((height + 1, width + 1), dtype=np.uint8)
    np.bitwise_xor.at(crossed, (first, column), 1)
    np.bitwise_xor.at(crossed, (last, column), 1)
    down = np.bitwise_xor.accumulate(crossed, axis=0, out=crossed)
    return np.bitwise_xor.accumulate(down, axis=1, out=down)[:height, :width].astype(np.bool_)
