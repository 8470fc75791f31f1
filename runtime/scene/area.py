"""Areas of interest: where a map is wanted, from a raster or from polygons."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window
from shapely.errors import ShapelyError

from landslip.runtime.access.degree_box import is_box, parsed_box
from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.access.location import Location, exists, shown
from landslip.runtime.access.polygon_pixels import burnt
from landslip.runtime.access.readable import check_kind
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.geo.areas import Outlines, bounds_around, clipped, on_lattice, outline_of, with_straight_sides
from landslip.runtime.geo.map_grid import Bounds, MapGrid
from landslip.runtime.geo.overlap import windows_under
from landslip.runtime.geo.projection import bounds_in, transform_points
from landslip.runtime.geo.resampler import Lattice, Resampler
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.polygon_files import read_polygons

_ROLE = "area of interest"
_WIDE = 90.0
"""Degrees: the outline of a raster that is wider has no place in a projection for a small part of the globe."""


class Area(Protocol):
    """Area where a map is wanted. Ask :meth:`bounds_near`, then :meth:`align` it with the grid, then read."""

    path: str

    @property
    def rasters(self) -> list[Raster]:
        """The raster files it reads."""
        ...

    def bounds_near(self, crs: CRS, box: Bounds) -> Bounds | None:
        """The outline in ``crs`` of what may lie inside ``box``; None where that is nothing."""
        ...

    def share_near(self, grid: MapGrid) -> float | None:
        """Share of the area, 0 to 1, that lies in the map; None where that is not known without reading it."""
        ...

    def align(self, grid: MapGrid) -> None:
        """Relate the area to the map grid."""
        ...

    def valid(self, window: Window) -> NDArray[np.bool_]:
        """Mask of the pixels (h, w) of a map window that lie inside."""
        ...


class RasterArea:
    """The nonzero pixels of a raster."""

    def __init__(self, raster: Raster) -> None:
        """Take an opened raster."""
        self._raster = raster
        self.path = raster.path

    @property
    def rasters(self) -> list[Raster]:
        """See :class:`Area`."""
        return [self._raster]

    def bounds_near(self, crs: CRS, box: Bounds) -> Bounds | None:
        """See :class:`Area`."""
        raster = self._raster
        with _placed(self.path, crs):
            if raster.crs.is_geographic and raster.bounds[2] - raster.bounds[0] > _WIDE:
                return box if windows_under(raster, crs, box) else None
            return bounds_in(raster.crs, raster.bounds, crs)

    def share_near(self, grid: MapGrid) -> float | None:
        """See :class:`Area`: the outline of a raster says nothing about its nonzero pixels."""
        del grid
        return None

    def align(self, grid: MapGrid) -> None:
        """See :class:`Area`."""
        raster = self._raster
        self._resampler = Resampler(Lattice(raster.crs, raster.transform, raster.height, raster.width), grid, "nearest")

    def valid(self, window: Window) -> NDArray[np.bool_]:
        """See :class:`Area`."""
        sampling = self._resampler.sampling(window)
        if sampling.source is None:
            return np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        values, stated = self._resampler.resample(sampling, self._raster.read(sampling.source, (1,)))
        valid: NDArray[np.bool_] = stated & (values[0] != 0)
        return valid


class VectorArea:
    """The inside of polygons."""

    def __init__(self, path: str, crs: CRS, geometries: NDArray[Any]) -> None:
        """Take shapely geometries in ``crs``."""
        self.path = path
        self._crs = crs
        self._outlines = Outlines(geometries, in_degrees=crs.is_geographic)

    @property
    def rasters(self) -> list[Raster]:
        """See :class:`Area`."""
        return []

    def bounds_near(self, crs: CRS, box: Bounds) -> Bounds | None:
        """See :class:`Area`."""
        with _placed(self.path, crs):  # in the CRS of the area the box is slanting, so more than it was cut
            geometries = clipped(self._near(crs, box), _widened(box))
        if not len(geometries):
            return None
        return bounds_around(geometries)

    def share_near(self, grid: MapGrid) -> float | None:
        """See :class:`Area`; measured in the area's own CRS."""
        with _placed(self.path, grid.crs):
            box = bounds_in(grid.crs, grid.bounds, self._crs)
            whole = self._outlines.area(box)
            return float(shapely.area(self._outlines.cut(box)).sum()) / whole if whole > 0 else None

    def align(self, grid: MapGrid) -> None:
        """See :class:`Area`."""
        self._on_grid = on_lattice(self._near(grid.crs, grid.bounds), grid.transform)

    def valid(self, window: Window) -> NDArray[np.bool_]:
        """See :class:`Area`; a pixel is inside when its centre is, and the same in every window that shows it."""
        place = Affine(1, 0, int(window.col_off), 0, -1, -int(window.row_off))
        return burnt(self._on_grid, (int(window.height), int(window.width)), place)

    def _near(self, crs: CRS, box: Bounds) -> NDArray[Any]:
        """The polygons in ``crs``, cut to a box with a margin first: a worldwide outline has no place in a UTM zone.

        Their sides are straight in the CRS of the file, whatever is cut.
        """
        with _placed(self.path, crs):
            around = bounds_in(crs, _widened(box), self._crs)
            cut = self._outlines.cut(around)
            if self._crs == crs:
                return cut

            def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
                return np.column_stack(transform_points(self._crs, crs, points[:, 0], points[:, 1]))

            on_grid: NDArray[Any] = shapely.transform(with_straight_sides(cut, around), moved)
            return on_grid


def open_area(location: Location, stack: contextlib.ExitStack) -> Area:
    """Open an area of interest: a box in degrees, polygons in a vector format, or a raster.

    Args:
        location: any raster or vector file GDAL reads, or ``W,S,E,N``.
        stack: closes what was opened.

    Raises:
        InputMissingError: there is no such file.
        InputError: the file is neither, or holds no polygon or several layers of them, or has no CRS.
        ConnectionLostError: it is behind a connection that cannot be made.
    """
    path = shown(location)
    if is_box(location):
        return VectorArea(path, CRS.from_epsg(4326), np.array([outline_of(parsed_box(path))]))
    if isinstance(location, Path) and not exists(location):
        raise InputMissingError(
            f"{_ROLE}: {path} does not exist.",
            "Check the path; a box is given in degrees as WEST,SOUTH,EAST,NORTH.",
            where=path,
        )
    check_kind(location, _ROLE)
    found = None if isinstance(location, HeldRaster) else read_polygons(location, _ROLE)
    if found is None:
        return RasterArea(stack.enter_context(Raster(location, _ROLE)))
    crs, geometries = found
    with _placed(path, crs):
        return VectorArea(path, CRS.from_user_input(crs), geometries)


def _widened(box: Bounds) -> Bounds:
    """A box with a tenth of its size on each side: what lies there may reach into the map."""
    left, bottom, right, top = box
    wide, high = (right - left) / 10, (top - bottom) / 10
    return left - wide, bottom - high, right + wide, top + high


@contextlib.contextmanager
def _placed(path: str, crs: object) -> Any:
    """Say which file it was when coordinates cannot be brought to another CRS."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # of coordinates that are no place
            yield
    except (*RASTER_ERRORS, ShapelyError) as error:
        raise InputError(
            f"{_ROLE}: {path} cannot be brought to {crs} ({reason(error)}).",
            "Check its coordinate reference system.",
            where=path,
        ) from error
