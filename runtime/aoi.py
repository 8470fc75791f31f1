"""Areas of interest: where a map is wanted, from a raster or from polygons."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyogrio.raw import read as read_vector
from rasterio.crs import CRS
from rasterio.errors import RasterioIOError
from rasterio.features import rasterize
from rasterio.windows import Window
from rasterio.windows import transform as window_transform
from shapely.errors import ShapelyError

from landslip.runtime.dataset import opened
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.gdal import RASTER_ERRORS, bounds_in, reason, transform_points
from landslip.runtime.grid import Bounds, MapGrid
from landslip.runtime.ignoring import warnings_ignored
from landslip.runtime.location import Location, gdal_name, is_networked, shown
from landslip.runtime.raster import Raster
from landslip.runtime.readable import check_kind
from landslip.runtime.remote import opening_error, patiently, set_up_pyogrio
from landslip.runtime.resample import Lattice, Resampler

_ROLE = "area of interest"
_VECTOR_ERRORS = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError)


class Area(Protocol):
    """Where a map is wanted. Ask :meth:`bounds_near`, then :meth:`align` it with the grid, then read."""

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

    def inside(self, window: Window) -> NDArray[np.bool_]:
        """Which pixels (h, w) of a map window lie inside."""
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
        del box
        with _placed(self.path, crs):
            return bounds_in(self._raster.crs, self._raster.bounds, crs)

    def share_near(self, grid: MapGrid) -> float | None:
        """See :class:`Area`: the outline of a raster says nothing about its nonzero pixels."""
        del grid
        return None

    def align(self, grid: MapGrid) -> None:
        """See :class:`Area`."""
        raster = self._raster
        self._resampler = Resampler(Lattice(raster.crs, raster.transform, raster.height, raster.width), grid, "nearest")

    def inside(self, window: Window) -> NDArray[np.bool_]:
        """See :class:`Area`."""
        sampling = self._resampler.sampling(window)
        if sampling.source is None:
            return np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        values, valid = self._resampler.resample(sampling, *self._raster.read(sampling.source, (1,)))
        inside: NDArray[np.bool_] = valid & (values[0] != 0)
        return inside


class VectorArea:
    """The inside of polygons."""

    def __init__(self, path: str, crs: CRS, geometries: NDArray[Any]) -> None:
        """Take shapely geometries in ``crs``."""
        self.path = path
        self._crs, self._geometries = crs, geometries

    @property
    def rasters(self) -> list[Raster]:
        """See :class:`Area`."""
        return []

    def bounds_near(self, crs: CRS, box: Bounds) -> Bounds | None:
        """See :class:`Area`."""
        geometries = self._near(crs, box)
        if not len(geometries):
            return None
        left, bottom, right, top = shapely.total_bounds(geometries)
        return float(left), float(bottom), float(right), float(top)

    def share_near(self, grid: MapGrid) -> float | None:
        """See :class:`Area`; measured in the area's own CRS."""
        with _placed(self.path, grid.crs):
            inside = shapely.clip_by_rect(self._geometries, *bounds_in(grid.crs, grid.bounds, self._crs))
        whole = float(shapely.area(self._geometries).sum())
        return float(shapely.area(inside).sum()) / whole if whole > 0 else None

    def align(self, grid: MapGrid) -> None:
        """See :class:`Area`."""
        self._transform, self._on_grid = grid.transform, self._near(grid.crs, grid.bounds)

    def inside(self, window: Window) -> NDArray[np.bool_]:
        """See :class:`Area`; a pixel is inside when its centre is."""
        burnt = np.zeros((int(window.height), int(window.width)), dtype=np.uint8)
        if len(self._on_grid):
            shapes = [(shape, 1) for shape in self._on_grid]
            rasterize(shapes, out=burnt, transform=window_transform(window, self._transform))
        return burnt.astype(np.bool_)

    def _near(self, crs: CRS, box: Bounds) -> NDArray[Any]:
        """The polygons in ``crs``, cut to a box with a margin first: a worldwide outline has no place in a UTM zone."""
        with _placed(self.path, crs):
            left, bottom, right, top = bounds_in(crs, box, self._crs)
            wide, high = (right - left) / 10, (top - bottom) / 10
            cut: NDArray[Any] = shapely.clip_by_rect(
                self._geometries, left - wide, bottom - high, right + wide, top + high
            )
            cut = cut[~shapely.is_empty(cut)]
            if self._crs == crs:
                return cut

            def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
                return np.column_stack(transform_points(self._crs, crs, points[:, 0], points[:, 1]))

            on_grid: NDArray[Any] = shapely.transform(cut, moved)
            return on_grid


def open_area(location: Location, stack: contextlib.ExitStack) -> Area:
    """Open an area of interest: polygons in a vector format, or a raster.

    Args:
        location: any raster or vector file GDAL reads.
        stack: closes what was opened.

    Raises:
        InputMissingError: there is no such file.
        InputError: the file is neither, or holds no polygon or several layers of them, or has no CRS.
        ConnectionLostError: it is behind a connection that cannot be made.
    """
    path = shown(location)
    if isinstance(location, Path) and not location.exists():
        raise InputMissingError(f"{_ROLE}: {path} does not exist. Check the path.")
    check_kind(location, _ROLE)
    found = _polygons(location)
    if found is None:
        return RasterArea(stack.enter_context(Raster(location, _ROLE)))
    meta, shapes = found
    try:
        geometries = shapely.from_wkb(shapes) if shapes is not None else np.empty(0, dtype=object)
    except ShapelyError as error:
        raise InputError(
            f"{_ROLE}: {path} holds damaged outlines ({reason(error)}). Draw or export them again."
        ) from error
    geometries = geometries[shapely.get_dimensions(geometries) == 2]
    if not len(geometries):
        raise InputError(f"{_ROLE}: {path} holds no polygon. Give a file with the area as polygons.")
    if meta["crs"] is None:
        raise InputError(f"{_ROLE}: {path} has no coordinate reference system. Assign one, then try again.")
    with _placed(path, meta["crs"]):
        return VectorArea(path, CRS.from_user_input(meta["crs"]), shapely.make_valid(geometries))


_Polygons: TypeAlias = "tuple[dict[str, Any], Any]"
"""Description of a layer, and WKB of its features."""


def _polygons(location: Location) -> _Polygons | None:
    """Description and WKB of the polygons in a file; None where it is in no vector format that GDAL reads."""
    set_up_pyogrio(location)

    def read() -> _Polygons | None:
        try:
            found = _read_polygons(location)
            if is_networked(location) and not _same(found, _read_polygons(location)):
                raise RasterioIOError("it came in part, and differs when it is read again")
        except _VECTOR_ERRORS as error:
            if is_networked(location):
                opened(location).close()  # If it is no raster either, the connection may have broken.
            elif isinstance(error, DataSourceError) and "not recognized" not in str(error):
                raise InputError(
                    f"{_ROLE}: {shown(location)} cannot be read ({reason(error)}). Save or copy it again."
                ) from error
            return None
        return found

    try:
        return patiently(location, read, RASTER_ERRORS)
    except RASTER_ERRORS as error:
        raise opening_error(location, _ROLE, reason(error)) or InputError(
            f"{_ROLE}: {shown(location)} cannot be read ({reason(error)}). Give polygons, or a raster."
        ) from error


def _read_polygons(location: Location) -> _Polygons:
    with warnings_ignored(Warning):  # GDAL remarks on content that is questionable: what counts is checked
        meta, _, shapes, _ = read_vector(gdal_name(location), layer=_polygon_layer(location), columns=[])
    return meta, shapes


def _same(found: _Polygons, again: _Polygons) -> bool:
    return found[0]["crs"] == again[0]["crs"] and np.array_equal(found[1], again[1])


def _polygon_layer(location: Location) -> str | None:
    """The one layer that may hold polygons; None where there is no layer to choose."""
    layers = pyogrio.list_layers(gdal_name(location))
    polygons = [name for name, kind in layers if kind is not None and ("Polygon" in kind or kind == "Unknown")]
    if len(polygons) > 1:
        raise InputError(
            f"{_ROLE}: {shown(location)} has several layers of polygons ({', '.join(polygons)}). "
            "Save the one wanted by itself."
        )
    return polygons[0] if polygons else None


@contextlib.contextmanager
def _placed(path: str, crs: object) -> Any:
    """Say which file it was when coordinates cannot be brought to another CRS."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # of coordinates that are no place
            yield
    except (*RASTER_ERRORS, ShapelyError) as error:
        raise InputError(
            f"{_ROLE}: {path} cannot be brought to {crs} ({reason(error)}). Check its coordinate reference system."
        ) from error
