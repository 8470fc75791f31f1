"""Outline of granules on grids of their own, such as those of two UTM zones: where their image lies as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence

from affine import Affine

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import Bounds
from landslip.runtime.geo.projection import bounds_in
from landslip.runtime.rasters.mosaic import named
from landslip.runtime.rasters.raster import Raster


class GranuleOutline:
    """Grid of the first granule, extended over all of them."""

    def __init__(self, rasters: Sequence[Raster]) -> None:
        """Measure where they lie.

        Raises:
            InputError: one has no place in the CRS of the first.
        """
        first = rasters[0]
        self.role, self.path, self.crs = first.role, named(rasters), first.crs
        boxes = [_bounds(raster, first) for raster in rasters]
        left, top = min(box[0] for box in boxes), max(box[3] for box in boxes)
        right, bottom = max(box[2] for box in boxes), min(box[1] for box in boxes)
        wide, high = first.transform.a, -first.transform.e
        cols, rows = math.ceil((first.transform.c - left) / wide), math.ceil((top - first.transform.f) / high)
        self.transform = first.transform @ Affine.translation(-cols, -rows)
        self.width = math.ceil((right - self.transform.c) / wide)
        self.height = math.ceil((self.transform.f - bottom) / high)

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top in its CRS."""
        right, bottom = self.transform @ (self.width, self.height)
        return self.transform.c, bottom, right, self.transform.f

    @property
    def axis_aligned(self) -> bool:
        """Tell whether rows and columns run along the axes of the CRS."""
        return True


def _bounds(raster: Raster, first: Raster) -> Bounds:
    if not raster.axis_aligned:
        raise InputError(
            f"{raster.role}: {raster.path} is turned against its CRS, as granules of satellites are not.",
            "Bring it north up first: gdalwarp FILE NEW.tif.",
            where=raster.path,
        )
    try:
        return bounds_in(raster.crs, raster.bounds, first.crs)
    except RASTER_ERRORS as error:
        raise InputError(
            f"{raster.role}: {raster.path} cannot be laid beside {first.path} ({reason(error)}).",
            "Check that both are of one place, and their CRS.",
            where=raster.path,
        ) from error
