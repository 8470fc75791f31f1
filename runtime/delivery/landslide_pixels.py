"""Pixels of a part of a map that lie in its landslides, as its polygons have them."""

from __future__ import annotations

import numpy as np
import pyogrio.raw
import rasterio.features
import rasterio.transform
import shapely
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.delivery.layer_files import MapLayer, read_errors


def landslide_pixels(layer: MapLayer, transform: Affine, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask of the pixels of a window that lie in polygons of a layer.

    Polygons of a map run along the edges of its pixels, so that each pixel is in or out as it was when it was traced.

    Args:
        layer: the layer.
        transform: of the window.
        shape: rows and columns of the window.

    Returns:
        bool (rows, cols).

    Raises:
        InputError: the file cannot be read.
    """
    left, bottom, right, top = rasterio.transform.array_bounds(*shape, transform)
    with read_errors(layer.path):
        _, _, geometry, _ = pyogrio.raw.read(layer.path, layer=layer.name, columns=[], bbox=(left, bottom, right, top))
    if not len(geometry):
        return np.zeros(shape, dtype=bool)
    outlines = shapely.from_wkb(geometry)
    burnt = rasterio.features.rasterize(outlines, shape, transform=transform, dtype="uint8")
    return np.asarray(burnt, dtype=bool)
