"""Scene: the rasters of one event, whatever their grids, read as aligned windows of one map grid."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.aoi import Area, open_area
from landslip.runtime.block_cache import kept_bytes
from landslip.runtime.cliffs import warn_of_cliffs
from landslip.runtime.elevation import FILL_REACH, Elevation
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.gdal import RASTER_ERRORS, bounds_in, reason, transform_points
from landslip.runtime.geodesy import is_metric
from landslip.runtime.grid import Bounds, MapGrid, intersection, utm_crs
from landslip.runtime.imagery import open_image
from landslip.runtime.layers import Layer, MaskLayer, RasterLayer, Shading, StackedLayer, Steepness, TerrainLayer
from landslip.runtime.location import Location, Locations, several
from landslip.runtime.measuring import Ground, prepared
from landslip.runtime.raster import Raster
from landslip.runtime.reading import Reading
from landslip.runtime.roles import classes, measured, shading, single
from landslip.runtime.sources import Source, sources_of
from landslip.runtime.spec import ModelSpec, Role

log = logging.getLogger(__name__)

MAX_PIXELS = 1 << 40
"""A map grid larger than this is a mistake in somebody's units."""


@dataclass(frozen=True)
class SceneFiles:
    """What a user gives: files of any grid, resolution and extent."""

    pre: Locations = None
    """RGB image before the event: one file, a Sentinel-2 product, or three files for red, green and blue."""
    post: Locations = None
    """RGB image after the event likewise."""
    dem: Locations = None
    """Elevation in metres, one file or tiles on one grid; hillshade and slope are computed from it. Or give those."""
    hillshade: Location | None = None
    """Ready hillshade, uint8 as from ``gdaldem hillshade``, 0 = unknown."""
    slope: Location | None = None
    """Ready slope in degrees."""
    masks: tuple[Location, ...] = ()
    """Masks, nonzero = not usable: clouds, shadows, snow."""
    aoi: Location | None = None
    """Area of interest: a raster, nonzero = inside, or polygons in any vector format."""
    reading: Reading = field(default_factory=Reading)
    """How to read them."""

    def __post_init__(self) -> None:
        """Check what would be wrong for any model."""
        if self.pre is None and self.post is None:
            raise UsageError("An image is missing: the map lies where the images are. Give --post, --pre, or both.")
        if self.dem is not None and (self.hillshade is not None or self.slope is not None):
            raise UsageError("Give either an elevation model (--dem) or hillshade and slope, not both.")
        if self.dem is None and (self.reading.dem_nodata is not None or self.reading.fill_voids):
            raise UsageError("--dem-nodata and --fill-voids say how to read an elevation model: give one with --dem.")
        if not self.masks and self.reading.mask_values is not None:
            raise UsageError("--mask-values says what masks mean: give one with --mask.")

    @property
    def images(self) -> dict[Role, tuple[Location, ...]]:
        """The images that are given, in the order of time: the last one leads where the map grid is laid."""
        given: tuple[tuple[Role, Locations], ...] = (("pre", self.pre), ("post", self.post))
        return {role: several(locations) for role, locations in given if locations is not None}

    def roles(self) -> Iterator[tuple[str, Location]]:
        """Every file with its role in the scene."""
        for role in ("pre", "post", "dem", "hillshade", "slope", "aoi"):
            for location in several(getattr(self, role)):
                yield role, location
        for location in self.masks:
            yield "mask", location

    def for_model(self, spec: ModelSpec) -> SceneFiles:
        """The files a model takes; the others are left out with a warning, so that they cannot hide parts of the map.

        Raises:
            UsageError: a file the model takes is missing.
        """
        takes = {entry.name for entry in spec.inputs}
        missing = [role for role in sorted(takes, key=get_args(Role).index) if not self._gives(role)]
        if missing:
            remedies = ", ".join(dict.fromkeys(_REMEDIES[role] for role in missing))
            raise UsageError(f"The model {spec.name} takes {', '.join(missing)}, which is missing. Give {remedies}.")
        unused = [role for role in get_args(Role) if role not in takes and getattr(self, role) is not None]
        unused += ["dem"] if self.dem is not None and not takes & _TERRAIN else []
        if unused:
            log.warning("The model %s takes no %s: what was given is not used.", spec.name, ", ".join(unused))
        nothing: dict[str, Any] = dict.fromkeys(unused)
        if "dem" in unused:
            nothing["reading"] = replace(self.reading, dem_nodata=None, fill_voids=False)
        return replace(self, **nothing)

    def _gives(self, role: Role) -> bool:
        return getattr(self, role) is not None or (role in _TERRAIN and self.dem is not None)


_TERRAIN: frozenset[Role] = frozenset({"hillshade", "slope"})
_REMEDIES: dict[Role, str] = {
    "pre": "--pre",
    "post": "--post",
    "hillshade": "--dem (or --hillshade)",
    "slope": "--dem (or --slope)",
}


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

    def __init__(
        self,
        grid: MapGrid,
        layers: Sequence[Layer],
        masks: Sequence[MaskLayer],
        area: Area | None,
        facts: Mapping[str, Any] | None = None,
        opened: Sequence[Raster] = (),
    ) -> None:
        """Put a scene together; :func:`open_scene` is the usual way.

        Args:
            grid: the map grid.
            layers: what the network sees.
            masks: what hides the result.
            area: where a map is wanted; None for everywhere.
            facts: how the files were read, for the run record; plain values.
            opened: every raster file that is read.
        """
        self._opened = tuple(opened)
        self.facts: dict[str, Any] = dict(facts or {})
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

    @property
    def images(self) -> tuple[Role, ...]:
        """Roles of its images in the order of time."""
        return tuple(role for role in self.bands if role in {"pre", "post"})

    @property
    def has_slope(self) -> bool:
        """Whether the scene tells how steep the ground is."""
        return "slope" in self.bands

    def slope(self, window: Window) -> NDArray[np.float32]:
        """Slope in degrees on a window, NaN where unknown: (rows, cols) float32. The scene has to have one."""
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
    def sources(self) -> tuple[Source, ...]:
        """What it is made of, one by one, for checks and reports."""
        return sources_of(self._layers, self._masks, self._area)

    @property
    def area(self) -> Area | None:
        """Where a map is wanted; None for everywhere."""
        return self._area

    def cache_bytes(self, rows: int) -> int:
        """Bytes GDAL has to keep so that no block is decoded twice where the map is read ``rows`` at a time."""
        rasters = [raster for layer in self._layers for raster in layer.rasters]
        rasters += [mask.raster for mask in self._masks]
        rasters += [] if self._area is None else self._area.rasters
        return sum(kept_bytes(raster, self.grid, rows) for raster in rasters)

    @property
    def damaged(self) -> list[dict[str, Any]]:
        """Places of the files that were passed over so far because they cannot be read, in the order of the files."""
        return [
            {"role": raster.role, "path": raster.path, "rows": list(key[:2]), "cols": list(key[2:]), "reason": why}
            for raster in self._opened
            for key, why in sorted(raster.damaged.items())
        ]


@contextlib.contextmanager
def open_scene(files: SceneFiles, resolution: float) -> Iterator[Scene]:
    """Open the rasters of an event and lay the map grid over what they share.

    Where no CRS is chosen, the grid has that of the leading image, which is the post-event one where there is one, if
    that is projected in metres, else the UTM zone of its middle. It covers the common area of the images and the area
    of interest. Where the leading image has the wanted resolution already, its own pixels are kept; otherwise pixel
    corners are whole multiples of the resolution.

    Args:
        files: the scene.
        resolution: pixel size of the map in metres where ``files.reading`` has none.

    Raises:
        UsageError: the CRS that was chosen has no true metres there.
        InputMissingError: a file is not there.
        InputError: a file cannot be used, or the images have no area in common.
    """
    with contextlib.ExitStack() as stack:
        rasters: list[Raster] = []

        def opened(location: Location, role: str) -> Raster:
            raster = stack.enter_context(Raster(location, role, salvage=files.reading.on_error == "skip"))
            rasters.append(raster)
            return raster

        found = [open_image(role, given, files.reading, opened) for role, given in files.images.items()]
        area = None if files.aoi is None else open_area(files.aoi, stack)
        shown_by = [raster for image in found for raster in image.rasters]
        grid = _common_grid(shown_by, area, files.reading, resolution)
        ground = Ground(grid.crs, _common_ground(shown_by, grid.crs))
        images = [prepared(image, ground, files.reading.rgb_range) for image in found]
        facts: dict[str, Any] = {"images": {image.role: image.facts for image in images}}
        layers: list[Layer] = [StackedLayer(image.role, image.parts, grid) for image in images]
        if files.dem is not None:
            tiles = [measured(opened(given, "elevation model")) for given in several(files.dem)]
            dem = _elevation(tiles, files.reading, grid)
            layers.append(TerrainLayer(dem, grid))
            facts["elevation"] = dem.facts
            if files.reading.dem_nodata is None:
                warn_of_cliffs(dem, grid)
        if files.hillshade is not None:
            shaded = _meeting(shading(opened(files.hillshade, "hillshade")), grid)
            layers.append(RasterLayer("hillshade", Shading(shaded), grid))
        if files.slope is not None:
            steep = _meeting(measured(opened(files.slope, "slope")), grid)
            layers.append(RasterLayer("slope", Steepness(steep), grid))
        chosen = files.reading.mask_classes
        usual = single if chosen is None else classes
        masks = [MaskLayer(_meeting(usual(opened(given, "mask")), grid), grid, chosen) for given in files.masks]
        if chosen is not None:
            facts["mask_values"] = files.reading.mask_values
        if area is not None:
            area.align(grid)
        rasters += [] if area is None else area.rasters
        yield Scene(grid, layers, masks, area, facts, rasters)


def _elevation(tiles: Sequence[Raster], reading: Reading, grid: MapGrid) -> Elevation:
    """Tiles of which one at least shows a part of the map."""
    if not any(_meets(tile, grid) for tile in tiles):
        _meeting(tiles[0], grid)
    return Elevation(tiles, nodata=reading.dem_nodata, reach=FILL_REACH if reading.fill_voids else 0)


def _meets(raster: Raster, grid: MapGrid) -> bool:
    bounds = _bounds_in(raster.crs, raster.bounds, grid.crs, raster.path)
    return intersection([bounds, grid.bounds]) is not None


def _meeting(raster: Raster, grid: MapGrid) -> Raster:
    """A raster that shows at least a part of the map."""
    if not _meets(raster, grid):
        bounds = _bounds_in(raster.crs, raster.bounds, grid.crs, raster.path)
        raise InputError(
            f"{raster.role}: {raster.path} lies elsewhere, at {_box(bounds)}; the images show {_box(grid.bounds)} in "
            f"{grid.crs}. Check that it belongs to this place, and its CRS."
        )
    return raster


def _common_grid(images: Sequence[Raster], area: Area | None, reading: Reading, resolution: float) -> MapGrid:
    leading, resolution = images[-1], reading.resolution or resolution
    crs = _map_crs(leading, reading.map_crs)
    common = _common_ground(images, crs)
    if area is not None:
        outline = area.bounds_near(crs, common)
        wanted = intersection([common, outline]) if outline is not None else None
        if wanted is None:
            raise InputError(
                f"The area of interest {area.path} lies outside the images ({_box(common)} in {crs}). "
                "Check its coordinates and CRS."
            )
        common = wanted
    grid = MapGrid.covering(common, crs, resolution, _anchor(leading, crs, resolution))
    if not 0 < grid.height * grid.width <= MAX_PIXELS:
        raise InputError(
            f"The common area of the inputs, {_box(common)} in {crs}, makes a map of {grid.width} x {grid.height} "
            f"pixels of {resolution:g} m. Check the georeferencing of {' and '.join(image.path for image in images)}."
        )
    return grid


def _common_ground(images: Sequence[Raster], crs: CRS) -> Bounds:
    """The box that all of them show."""
    boxes = [_bounds_in(raster.crs, raster.bounds, crs, raster.path) for raster in images]
    common = intersection(boxes)
    if common is None:
        raise InputError(
            f"The {' and the '.join(f'{raster.role} {raster.path}' for raster in images)} have no area in common: "
            f"{' and '.join(map(_box, boxes))} in {crs}. Check that all show the same place."
        )
    return common


def _map_crs(image: Raster, chosen: CRS | None) -> CRS:
    """The CRS of the map: the chosen one, that of the image where its metre is one on the ground, or its UTM zone."""
    left, bottom, right, top = image.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    try:
        if chosen is not None:
            return _true_to_scale(chosen, image, x, y)
        if is_metric(image.crs, x, y):
            return image.crs
        longitudes, latitudes = transform_points(image.crs, CRS.from_epsg(4326), [x], [y])
    except RASTER_ERRORS as error:
        raise InputError(
            f"{image.role}: the place of {image.path} on the globe is unknown ({reason(error)}). "
            "Give it a CRS that is tied to the globe, for example with gdalwarp."
        ) from error
    if not (math.isfinite(longitudes[0]) and math.isfinite(latitudes[0])):
        raise InputError(
            f"{image.role}: {image.path} lies outside the area its CRS {image.crs} is made for. Check its coordinates."
        )
    crs = utm_crs(float(longitudes[0]), float(latitudes[0]))
    log.info("map in %s: the %s is in %s, which has no true metres there", crs, image.role, image.crs)
    return crs


def _true_to_scale(crs: CRS, image: Raster, x: float, y: float) -> CRS:
    xs, ys = transform_points(image.crs, crs, [x], [y])
    if not (math.isfinite(xs[0]) and math.isfinite(ys[0]) and is_metric(crs, float(xs[0]), float(ys[0]))):
        raise UsageError(
            f"{crs} has no true metres where {image.path} lies, and the network knows landslides by their size. Choose "
            "a CRS that is made for that place, such as its UTM zone, or leave --crs out."
        )
    return crs


def _anchor(image: Raster, crs: CRS, resolution: float) -> tuple[float, float]:
    transform = image.transform
    fits = math.isclose(transform.a, resolution) and math.isclose(transform.e, -resolution)
    return (transform.c, transform.f) if image.crs == crs and image.axis_aligned and fits else (0.0, 0.0)


def _bounds_in(source: CRS, bounds: Bounds, crs: CRS, path: str) -> Bounds:
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
