"""Size of the cells of a raster on the ground."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS

from landslip.runtime.errors import InputError
from landslip.runtime.geo.geodesy import degrees_per_unit, is_metric, metres_per_degree, metres_per_unit


class OnGlobe(Protocol):
    """A raster on an axis-aligned grid."""

    role: str
    path: str
    crs: CRS
    transform: Affine
    height: int
    width: int


class CellSize:
    """Width and height of a raster's cells in metres, row by row.

    They vary with latitude where the grid is in degrees, or in a projection that is not true to scale there.
    """

    def __init__(self, raster: OnGlobe) -> None:
        """Take the grid of a raster.

        Raises:
            InputError: its CRS is not related to the globe.
        """
        self._crs, self._transform = raster.crs, raster.transform
        self._middle, y = self._transform @ (raster.width / 2, raster.height / 2)
        if not (raster.crs.is_geographic or raster.crs.is_projected):
            raise InputError(
                f"{raster.role}: the CRS of {raster.path} is neither projected nor in degrees, so its cells have no "
                "size on the ground.",
                "Reproject it, for example with gdalwarp.",
                where=raster.path,
            )
        self._metric = is_metric(raster.crs, self._middle, y)

    def of_rows(self, first_row: int, last_row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Width and height (rows,) of the cells of some rows; negative where columns run west or rows run north."""
        transform, rows = self._transform, np.arange(first_row, last_row, dtype=np.float64) + 0.5
        wide, high = np.full(len(rows), transform.a), np.full(len(rows), -transform.e)
        if self._crs.is_geographic:
            degrees = degrees_per_unit(self._crs)
            per_longitude, per_latitude = metres_per_degree((transform.f + rows * transform.e) * degrees)
            return wide * degrees * per_longitude, high * degrees * per_latitude
        if self._metric:
            return wide, high
        along_x, along_y = metres_per_unit(self._crs, self._middle, transform.f + rows * transform.e)
        return wide * along_x, high * along_y
