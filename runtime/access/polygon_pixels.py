"""Pixels from polygons, and polygons from pixels: rasterio does both, for one thread at a time.

It exchanges the filters of warnings meanwhile, to keep one of its own quiet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize, shapes  # noqa: TID251 - the one place

from landslip.runtime.system.ignored_warnings import filters_exchanged


def burnt(polygons: Iterable[shapely.Geometry], shape: tuple[int, int], transform: Affine) -> NDArray[np.bool_]:
    """Tell which pixels have their centre in a polygon: bool (rows, cols).

    Args:
        polygons: any number, in the coordinates that ``transform`` leads to.
        shape: rows and columns.
        transform: from (column, row).
    """
    pixels = np.zeros(shape, dtype=np.uint8)
    values = [(polygon, 1) for polygon in polygons]
    if values:
        with filters_exchanged():
            rasterize(values, out=pixels, transform=transform)
    return pixels.astype(np.bool_)


def outlines_of(pixels: NDArray[np.bool_]) -> NDArray[Any]:
    """Outlines of 4-connected sets of pixels, in columns and rows: object array (n,) of ``shapely.Polygon``.

    Args:
        pixels: (rows, cols), true in a set.
    """
    with filters_exchanged():
        found = list(shapes(pixels.astype(np.uint8), mask=pixels, connectivity=4))
    outlines = np.empty(len(found), dtype=object)
    outlines[:] = [shapely.geometry.shape(polygon) for polygon, _ in found]
    return outlines
