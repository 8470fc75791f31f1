"""Extent of a map: its CRS, its pixels, and which files show a part of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

from rasterio.crs import CRS

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.geo.geodesy import degrees_per_unit, is_metric
from landslip.runtime.geo.gridded import Outlined, Placed
from landslip.runtime.geo.longitudes import TURN
from landslip.runtime.geo.map_grid import Bounds, MapGrid, intersection, utm_crs
from landslip.runtime.geo.overlap import windows_under
from landslip.runtime.geo.projection import bounds_in, to_degrees, transform_points
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.area import Area

log = logging.getLogger(__name__)

MAX_PIXELS = 1 << 40
"""A map grid larger than this is a mistake in somebody's units."""


def check_on_globe(raster: Placed) -> None:
    """Make sure that a raster in degrees has latitudes that there are.

    Raises:
        InputError: its middle is beyond a pole. A part may be: pixels that are centred on a pole reach beyond it.
    """
    if not raster.crs.is_geographic:
        return
    pole, (_, south, _, north) = 90 / degrees_per_unit(raster.crs), raster.bounds
    if not abs(south + north) / 2 <= pole:
        raise InputError(
            f"{raster.role}: {raster.path} lies outside the globe, at latitudes from {south:.9g} to {north:.9g} in "
            f"{raster.crs}. Either its coordinates are no degrees, or longitudes and latitudes are exchanged: give it "
            "the CRS of its coordinates (gdal_edit.py -a_srs EPSG:CODE FILE), or exchange them.",
            where=raster.path,
        )


def meets(raster: Raster, grid: MapGrid) -> bool:
    """Tell whether a raster shows a part of the map.

    Raises:
        InputError: its place is unknown, or none on the globe.
    """
    check_on_globe(raster)
    try:
        return bool(windows_under(raster, grid.crs, grid.bounds))
    except RASTER_ERRORS as error:
        raise _unrelated(raster.path, raster.crs, grid.crs, error) from error


def meeting(raster: Raster, grid: MapGrid) -> Raster:
    """A raster that shows at least a part of the map.

    Raises:
        InputError: it lies elsewhere, or its place is unknown.
    """
    if not meets(raster, grid):
        bounds = _bounds_in(raster.crs, raster.bounds, grid.crs, raster.path)
        raise InputError(
            f"{raster.role}: {raster.path} lies elsewhere, at {_box(bounds)}; the images show {_box(grid.bounds)} "
            f"in {grid.crs}.",
            "Check that it belongs to this place, and its CRS.",
            where=raster.path,
        )
    return raster


def common_grid(images: Sequence[Outlined], area: Area | None, reading: ReadOptions, resolution: float) -> MapGrid:
    """The grid of a map.

    Where no CRS is chosen, it has that of the leading image, the last one, if that is projected in metres, else the UTM
    zone of its middle. It covers the common area of the images and the area of interest. Where the leading image has
    the wanted resolution already, its own pixels are kept; otherwise pixel corners are whole multiples of it.

    Args:
        images: in the order of time.
        area: where a map is wanted; None for everywhere.
        reading: what was chosen.
        resolution: pixel size in metres where ``reading`` has none.

    Raises:
        UsageError: the CRS that was chosen has no true metres there.
        InputError: there is no common area, or a place is unknown, or none on the globe.
    """
    for raster in (*images, *(area.rasters if area is not None else ())):
        check_on_globe(raster)
    leading = images[-1]
    if reading.resolution is not None:
        _warn_of_another_size(reading.resolution, resolution)
        resolution = reading.resolution
    crs = _map_crs(leading, reading.map_crs)
    common = common_ground(images, crs)
    if area is not None:
        outline = area.bounds_near(crs, common)
        wanted = intersection([common, outline]) if outline is not None else None
        if wanted is None:
            raise InputError(
                f"The area of interest {area.path} lies outside the images ({_box(common)} in {crs}).",
                "Check its coordinates and CRS. A box is west, south, east, north in degrees.",
            )
        common = wanted
    grid = MapGrid.covering(common, crs, resolution, _anchor(leading, crs, resolution))
    if not 0 < grid.height * grid.width <= MAX_PIXELS:
        raise InputError(
            f"The common area of the inputs, {_box(common)} in {crs}, makes a map of {grid.width} x {grid.height} "
            f"pixels of {resolution:g} m.",
            f"Check the georeferencing of {' and '.join(image.path for image in images)}.",
        )
    return grid


def _warn_of_another_size(chosen: float, trained: float) -> None:
    if not 0.8 <= chosen / trained <= 1.25:
        log.warning(
            "The map is made with %g m per pixel, and the model was trained with %g: it may not know landslides of "
            "that size.", chosen, trained,
        )  # fmt: skip


def common_ground(images: Sequence[Outlined], crs: CRS) -> Bounds:
    """The box in ``crs`` that all of them show.

    Raises:
        InputError: there is none, or a place is unknown.
    """
    # The outline of an image around the globe has no place in a projection for a part of it, and limits nothing.
    boxes = [_bounds_in(raster.crs, raster.bounds, crs, raster.path) for raster in images if not _goes_around(raster)]
    common = intersection(boxes)
    if common is None:
        raise InputError(
            f"The {' and the '.join(f'{raster.role} {raster.path}' for raster in images)} have no area in common: "
            f"{' and '.join(map(_box, boxes))} in {crs}.",
            "Check that all show the same place.",
        )
    return common


def _goes_around(image: Outlined) -> bool:
    """Tell whether it spans more than half of the globe, as mosaics over the date line do."""
    return bool(image.crs.is_geographic) and image.bounds[2] - image.bounds[0] > TURN / 2


def _map_crs(image: Outlined, chosen: CRS | None) -> CRS:
    """The CRS of the map: the chosen one, that of the image where its metre is one on the ground, or its UTM zone."""
    left, bottom, right, top = image.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    if _goes_around(image):
        raise InputError(
            f"{image.role}: {image.path} spans {right - left:.0f} degrees of longitude, so where the map is wanted "
            "is unknown.",
            "Cut the place out first: gdalwarp -t_srs EPSG:CODE -te WEST SOUTH EAST NORTH -te_srs EPSG:4326 FILE "
            "NEW.tif, with the code of its UTM zone.",
            where=image.path,
        )
    try:
        if chosen is not None:
            return _true_to_scale(chosen, image, x, y)
        if is_metric(image.crs, x, y):
            return image.crs
        longitudes, latitudes = to_degrees(image.crs, [x], [y])
    except RASTER_ERRORS as error:
        raise InputError(
            f"{image.role}: the place of {image.path} on the globe is unknown ({reason(error)}).",
            "Give it a CRS that is tied to the globe, for example with gdalwarp.",
            where=image.path,
        ) from error
    if not (math.isfinite(longitudes[0]) and math.isfinite(latitudes[0])):
        raise InputError(
            f"{image.role}: the place of {image.path} on the globe is unknown: its CRS {image.crs} is not made for it.",
            "Check its coordinates.",
            where=image.path,
        )
    crs = utm_crs(float(longitudes[0]), float(latitudes[0]))
    log.info("map in %s: the %s is in %s, which has no true metres there", crs, image.role, image.crs)
    return crs


def _true_to_scale(crs: CRS, image: Outlined, x: float, y: float) -> CRS:
    xs, ys = transform_points(image.crs, crs, [x], [y])
    if not (math.isfinite(xs[0]) and math.isfinite(ys[0]) and is_metric(crs, float(xs[0]), float(ys[0]))):
        raise UsageError(
            f"{crs} has no true metres where {image.path} lies, and the network knows landslides by their size.",
            "Choose a CRS that is made for that place, such as its UTM zone, or leave `crs` out.",
            where=image.path,
        )
    return crs


def _anchor(image: Outlined, crs: CRS, resolution: float) -> tuple[float, float]:
    transform = image.transform
    fits = math.isclose(transform.a, resolution) and math.isclose(transform.e, -resolution)
    return (transform.c, transform.f) if image.crs == crs and image.axis_aligned and fits else (0.0, 0.0)


def _bounds_in(source: CRS, bounds: Bounds, crs: CRS, path: str) -> Bounds:
    try:
        return bounds_in(source, bounds, crs)
    except RASTER_ERRORS as error:
        raise _unrelated(path, source, crs, error) from error


def _unrelated(path: str, source: CRS, crs: CRS, error: Exception) -> InputError:
    return InputError(
        f"{path}: its outline cannot be brought from {source} to {crs} ({reason(error)}).",
        "Reproject it first, for example with gdalwarp.",
        where=path,
    )


def _box(bounds: Bounds) -> str:
    left, bottom, right, top = bounds
    return f"x {left:.0f} to {right:.0f}, y {bottom:.0f} to {top:.0f}"
