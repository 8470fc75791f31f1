"""Scene: the rasters of one event, whatever their grids, read as aligned windows of one map grid."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.aoi import Area, open_area
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.gdal import RASTER_ERRORS, bounds_in, reason, transform_points
from landslip.runtime.geodesy import is_metric
from landslip.runtime.grid import Bounds, MapGrid, intersection, utm_crs
from landslip.runtime.layers import Layer, MaskLayer, RasterLayer, TerrainLayer
from landslip.runtime.raster import Raster
from landslip.runtime.spec import Role

log = logging.getLogger(__name__)

MAX_PIXELS = 1 << 40
"""A map grid larger than this is a mistake in somebody's units."""


@dataclass(frozen=True)
class SceneFiles:
    """What a user gives: files of any grid, resolution and extent."""

    pre: Path
    """RGB image before the event, uint8, in the first three bands."""
    post: Path
    """RGB image after the event, uint8, in the first three bands."""
    dem: Path | None = None
    """Elevation in metres; hillshade and slope are computed from it. Or give both of them."""
    hillshade: Path | None = None
    """Ready hillshade, uint8 as from ``gdaldem hillshade``, 0 = unknown."""
    slope: Path | None = None
    """Ready slope in degrees."""
    masks: tuple[Path, ...] = ()
    """Masks, nonzero = not usable: clouds, shadows, snow."""
    aoi: Path | None = None
    """Area of interest: a raster, nonzero = inside, or polygons in any vector format."""

    def __post_init__(self) -> None:
        """Check that the terrain is given in exactly one way."""
        ready = (self.hillshade is not None, self.slope is not None)
        if self.dem is not None and any(ready):
            raise UsageError("Give either an elevation model (--dem) or hillshade and slope, not both.")
        if self.dem is None and not all(ready):
            raise UsageError("Terrain is missing: give --dem, or both --hillshade and --slope.")

    def roles(self) -> Iterator[tuple[str, Path]]:
        """Every file with its role in the scene."""
        for role in ("pre", "post", "dem", "hillshade", "slope", "aoi"):
            path = getattr(self, role)
            if path is not None:
                yield role, path
        for path in self.masks:
            yield "mask", path


@dataclass(frozen=True)
class Patch:
    """A window of the scene on the map grid."""

    window: Window
    """Which window of the map grid."""
    arrays: dict[Role, NDArray[Any]]
    """Raw values by role: (bands, rows, cols); 0 where a source does not reach or is nodata."""
    valid: NDArray[np.bool_]
    """(rows, cols): every source is known there, no mask hides it, and it lies in the area of interest."""


class Scene:
    """Opened rasters of one event, read as windows of :attr:`grid`.

    Not safe for use from two threads at once; the pipeline reads from one.
    """

    def __init__(self, grid: MapGrid, layers: Sequence[Layer], masks: Sequence[MaskLayer], area: Area | None) -> None:
        """Put a scene together; :func:`open_scene` is the usual way."""
        self.grid = grid
        self._layers = tuple(layers)
        self._masks = tuple(masks)
        self._area = area

    def read(self, window: Window) -> Patch:
        """Every source on a window that lies inside the map grid."""
        arrays: dict[Role, NDArray[Any]] = {}
        valid = np.ones((window.height, window.width), dtype=np.bool_)
        for layer in self._layers:
            values, known = layer.read(window)
            arrays.update(values)
            valid &= known
        for mask in self._masks:
            valid &= mask.usable(window)
        if self._area is not None:
            valid &= self._area.inside(window)
        return Patch(window, arrays, valid)

    def slope(self, window: Window) -> NDArray[np.float32]:
        """Slope in degrees on a window, NaN where unknown: (rows, cols) float32."""
        layer = next(layer for layer in self._layers if "slope" in layer.roles)
        values, known = layer.read(window)
        degrees: NDArray[np.float32] = values["slope"][0].astype(np.float32, copy=False)
        degrees[~known] = np.nan
        return degrees

    @property
    def bands(self) -> dict[Role, int]:
        """How many bands each role has."""
        return {role: 3 if role in {"pre", "post"} else 1 for layer in self._layers for role in layer.roles}

    @property
    def cache_bytes(self) -> int:
        """What GDAL has to keep in memory so that no block of a source is decoded twice."""
        rasters = [raster for layer in self._layers for raster in layer.rasters]
        rasters += [mask.raster for mask in self._masks]
        rasters += [] if self._area is None else self._area.rasters
        return sum(raster.block_row_bytes for raster in rasters)


@contextlib.contextmanager
def open_scene(files: SceneFiles, resolution: float) -> Iterator[Scene]:
    """Open the rasters of an event and lay the map grid over what they share.

    The grid has the CRS of the post-event image where that is projected in metres, else the UTM zone of its middle. It
    covers the common area of both images and the area of interest. Where the post-event image has the wanted
    resolution already, its own pixels are kept; otherwise pixel corners are whole multiples of the resolution.

    Args:
        files: the scene.
        resolution: pixel size of the map in metres.

    Raises:
        InputMissingError: a file is not there.
        InputError: a file cannot be used, or the images have no area in common.
    """
    with contextlib.ExitStack() as stack:

        def opened(path: Path, role: str) -> Raster:
            return stack.enter_context(Raster(path, role))

        pre = _rgb(opened(files.pre, "pre-event image"))
        post = _rgb(opened(files.post, "post-event image"))
        area = None if files.aoi is None else open_area(files.aoi, stack)
        grid = _common_grid(pre, post, area, resolution)
        layers: list[Layer] = [RasterLayer("pre", pre, (1, 2, 3), grid), RasterLayer("post", post, (1, 2, 3), grid)]
        if files.dem is not None:
            layers.append(TerrainLayer(_meeting(_measured(opened(files.dem, "elevation model")), grid), grid))
        elif files.hillshade is not None and files.slope is not None:
            layers.append(_ready_hillshade(opened(files.hillshade, "hillshade"), grid))
            layers.append(_ready_slope(opened(files.slope, "slope"), grid))
        masks = [MaskLayer(_meeting(_single(opened(path, "mask")), grid), grid) for path in files.masks]
        if area is not None:
            area.align(grid)
        yield Scene(grid, layers, masks, area)


def _meeting(raster: Raster, grid: MapGrid) -> Raster:
    """A raster that shows at least a part of the map."""
    bounds = _bounds_in(raster.crs, raster.bounds, grid.crs, raster.path)
    if intersection([bounds, grid.bounds]) is None:
        raise InputError(
            f"{raster.role}: {raster.path} lies elsewhere, at {_box(bounds)}; the images show {_box(grid.bounds)} in "
            f"{grid.crs}. Check that it belongs to this place, and its CRS."
        )
    return raster


def _rgb(raster: Raster) -> Raster:
    if raster.bands < 3:
        raise InputError(
            f"{raster.role}: {raster.path} has {raster.bands} band{'s'[: raster.bands > 1]}, but red, green and "
            "blue are needed as bands 1 to 3. Stack them first, for example with gdalbuildvrt -separate."
        )
    remedy = "Stretch it to 8 bits first, for example with gdal_translate -ot Byte -scale."
    return _typed(raster, "uint8", raster.dtypes[:3], remedy)


def _measured(raster: Raster) -> Raster:
    """A single band of real numbers in its own unit."""
    if raster.dtypes[0].startswith("complex"):
        raise InputError(
            f"{raster.role}: {raster.path} holds complex numbers. Give the band of real values, in float32 for example."
        )
    if raster.scaled:
        raise InputError(
            f"{raster.role}: {raster.path} stores its values with a scale or an offset. "
            "Write the values themselves: gdal_translate -unscale -ot Float32 FILE NEW."
        )
    return _single(raster)


def _single(raster: Raster) -> Raster:
    if raster.bands != 1:
        raise InputError(
            f"{raster.role}: {raster.path} has {raster.bands} bands, but one is expected. "
            "Extract the right one, for example with gdal_translate -b."
        )
    return raster


def _ready_hillshade(raster: Raster, grid: MapGrid) -> RasterLayer:
    _typed(
        _meeting(_single(raster), grid),
        "uint8",
        raster.dtypes,
        "Make it with gdaldem hillshade, which the network was trained on.",
    )
    return RasterLayer("hillshade", raster, (1,), grid, zero_is_unknown=True)


def _ready_slope(raster: Raster, grid: MapGrid) -> RasterLayer:
    return RasterLayer("slope", _meeting(_measured(raster), grid), (1,), grid, dtype="float32", largest=90.0)


def _typed(raster: Raster, wanted: str, found: Sequence[str], remedy: str) -> Raster:
    if any(dtype != wanted for dtype in found):
        raise InputError(f"{raster.role}: {raster.path} is {', '.join(dict.fromkeys(found))}, not {wanted}. {remedy}")
    return raster


def _common_grid(pre: Raster, post: Raster, area: Area | None, resolution: float) -> MapGrid:
    crs = _map_crs(post)
    boxes = [_bounds_in(raster.crs, raster.bounds, crs, raster.path) for raster in (pre, post)]
    common = intersection(boxes)
    if common is None:
        raise InputError(
            f"The pre-event image {pre.path} and the post-event image {post.path} have no area in common: "
            f"{_box(boxes[0])} and {_box(boxes[1])} in {crs}. Check that both show the same place."
        )
    if area is not None:
        outline = area.bounds_near(crs, common)
        common = intersection([common, outline]) if outline is not None else None
        if common is None:
            raise InputError(
                f"The area of interest {area.path} lies outside the images ({_box(boxes[1])} in {crs}). "
                "Check its coordinates and CRS."
            )
    grid = MapGrid.covering(common, crs, resolution, _anchor(post, crs, resolution))
    if not 0 < grid.height * grid.width <= MAX_PIXELS:
        raise InputError(
            f"The common area of the inputs, {_box(common)} in {crs}, makes a map of {grid.width} x {grid.height} "
            f"pixels of {resolution:g} m. Check the georeferencing of {pre.path} and {post.path}."
        )
    return grid


def _map_crs(post: Raster) -> CRS:
    """The CRS of the post-event image where its metre is one on the ground, else the UTM zone of the image's middle."""
    left, bottom, right, top = post.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    try:
        if is_metric(post.crs, x, y):
            return post.crs
        longitudes, latitudes = transform_points(post.crs, CRS.from_epsg(4326), [x], [y])
    except RASTER_ERRORS as error:
        raise InputError(
            f"{post.role}: the place of {post.path} on the globe is unknown ({reason(error)}). "
            "Give it a CRS that is tied to the globe, for example with gdalwarp."
        ) from error
    if not (math.isfinite(longitudes[0]) and math.isfinite(latitudes[0])):
        raise InputError(
            f"{post.role}: {post.path} lies outside the area its CRS {post.crs} is made for. Check its coordinates."
        )
    crs = utm_crs(float(longitudes[0]), float(latitudes[0]))
    log.info("map in %s: the post-event image is in %s, which has no true metres there", crs, post.crs)
    return crs


def _anchor(post: Raster, crs: CRS, resolution: float) -> tuple[float, float]:
    transform = post.transform
    fits = math.isclose(transform.a, resolution) and math.isclose(transform.e, -resolution)
    return (transform.c, transform.f) if post.crs == crs and post.axis_aligned and fits else (0.0, 0.0)


def _bounds_in(source: CRS, bounds: Bounds, crs: CRS, path: Path) -> Bounds:
    try:
        return bounds_in(source, bounds, crs)
    except RASTER_ERRORS as error:
        raise InputError(
            f"{path}: its outline cannot be brought from {source} to {crs} ({reason(error)}). "
            "Reproject it first, for example with gdalwarp."
        ) from error


def _box(bounds: Bounds) -> str:
    left, bottom, right, top = bounds
    return f"x {left:.0f} to {right:.0f}, y {bottom:.0f} to {top:.0f}"
