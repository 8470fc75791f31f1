"""Scene: the rasters of one event, whatever their grids, read as aligned windows of one map grid."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.access.location import Location, several
from landslip.runtime.artifacts.channels import DATES, Date
from landslip.runtime.declared.units import unit_in_doubt
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.proj_database import check_projections
from landslip.runtime.imagery.acquisition_dates import Times, times_of
from landslip.runtime.imagery.image_files import open_image
from landslip.runtime.imagery.rendering import rendered_apart
from landslip.runtime.imagery.stretch_limits import Ground, prepared
from landslip.runtime.imagery.undeclared_fill import without_fill
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.rasters.requirements import measured
from landslip.runtime.scene.area import Area, open_area
from landslip.runtime.scene.block_cache import cached_bytes
from landslip.runtime.scene.ground import GroundReader, ground_under
from landslip.runtime.scene.layers import Layer, RasterLayer, SceneBlock, StackedLayer, TerrainLayer
from landslip.runtime.scene.map_extent import common_grid, common_ground, meeting, meets
from landslip.runtime.scene.mask_inputs import open_masks
from landslip.runtime.scene.mask_tiles import MaskTiles, side_by_side
from landslip.runtime.scene.reasons import Unknown, first_reasons, outside
from landslip.runtime.scene.scene_inputs import SceneInput, inputs_of
from landslip.runtime.terrain.elevation import FILL_REACH, Elevation
from landslip.runtime.terrain.elevation_sample import look_at
from landslip.runtime.terrain.ready_terrain import Shading, Steepness

__all__ = ["Scene", "SceneBlock", "SceneFiles", "open_scene"]


class Scene:
    """Opened rasters of one event, read as windows of :attr:`grid`.

    Not safe for use from two threads at once; the pipeline reads from one.
    """

    def __init__(
        self,
        grid: MapGrid,
        layers: Sequence[Layer],
        masks: Sequence[MaskTiles],
        area: Area | None,
        facts: Mapping[str, Any] | None = None,
        opened: Sequence[Raster] = (),
        times: Times | None = None,
        doubts: Sequence[str] = (),
        ground: GroundReader | None = None,
    ) -> None:
        """Put a scene together; :func:`open_scene` is the usual way.

        Args:
            grid: the map grid.
            layers: what the network sees.
            masks: what hides the result.
            area: where a map is wanted; None for everywhere.
            facts: how the files were read, for the run record; plain values.
            opened: every raster file that is read.
            times: when the images were taken.
            doubts: what speaks against its files, for the user to judge.
            ground: reads its terrain a second time.
        """
        self.ground = ground
        """Reader of the ground under landslides, for another thread; None where the scene has no slope."""
        self.times: Times = dict(times or {})
        """Times when the images were taken, file by file."""
        self._opened = tuple(opened)
        self.doubts = tuple(doubts)
        self.facts: dict[str, Any] = dict(facts or {})
        self.grid = grid
        self._layers = tuple(layers)
        self._masks = tuple(masks)
        self._area = area

    def read(self, window: Window) -> SceneBlock:
        """Every network input on a window that lies inside the map grid.

        A pixel is valid where every input is, no mask hides it, and the area of interest holds it; why others are not
        is found out only where there are any.
        """
        arrays: dict[str, NDArray[Any]] = {}
        found: list[Unknown] = []
        for layer in self._layers:
            block = layer.read(window)
            arrays.update(block.arrays)
            found.append(Unknown(layer.reasons, block.valid))
        found += [Unknown(mask.reasons, mask.valid(window)) for mask in self._masks]
        if self._area is not None:
            found.append(Unknown(outside, self._area.valid(window)))
        unknown = [each for each in found if not each.valid.all()]
        valid = np.ones((window.height, window.width), dtype=np.bool_)
        for each in unknown:
            valid &= each.valid
        return SceneBlock(window, arrays, valid, first_reasons(window, unknown))

    def read_images(self, window: Window) -> dict[Date, NDArray[np.uint8]]:
        """The images alone on a window, in the colours that the network sees: (3, rows, cols) each, 0 where unknown."""
        layers = [(date, layer) for date in DATES for layer in self._layers if date in layer.roles]
        return {date: layer.read(window).arrays[date] for date, layer in layers}

    @property
    def images(self) -> tuple[Date, ...]:
        """Roles of its images in the order of time."""
        return tuple(date for date in DATES if date in self.bands)

    @property
    def bands(self) -> dict[str, int]:
        """Number of bands of each role."""
        return {role: 3 if role in {"pre", "post"} else 1 for layer in self._layers for role in layer.roles}

    @property
    def inputs(self) -> tuple[SceneInput, ...]:
        """Inputs it is made of, one by one, for checks and reports."""
        return inputs_of(self._layers, self._masks, self._area)

    @property
    def area(self) -> Area | None:
        """Area where a map is wanted; None for everywhere."""
        return self._area

    def cache_bytes(self, rows: int) -> int:
        """Bytes GDAL has to keep so that no block is decoded twice where the map is read ``rows`` at a time."""
        rasters = [raster for layer in self._layers for raster in layer.rasters]
        rasters += [raster for mask in self._masks for raster in mask.rasters]
        rasters += [] if self._area is None else self._area.rasters
        rasters += [] if self.ground is None else self.ground.rasters
        return sum(cached_bytes(raster, self.grid, rows) for raster in rasters)

    @property
    def parts(self) -> tuple[Path, ...]:
        """Local files that its files refer to or are accompanied by: sources of a VRT, masks and statistics beside."""
        return tuple(sorted({part for raster in self._opened for part in raster.parts}))

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

    See :func:`landslip.runtime.scene.map_extent.common_grid` for where it lies.

    Args:
        files: the scene.
        resolution: pixel size of the map in metres where ``files.reading`` has none.

    Raises:
        UsageError: the CRS that was chosen has no true metres there.
        InputMissingError: a file is not there.
        InputError: a file cannot be used, or the images have no area in common.
    """
    check_projections()
    with contextlib.ExitStack() as stack:
        rasters: list[Raster] = []

        def opened(location: Location, role: str) -> Raster:
            raster = stack.enter_context(Raster(location, role, salvage=files.reading.on_error == "skip"))
            rasters.append(raster)
            return raster

        found = [open_image(role, given, files.reading, opened) for role, given in files.images.items()]
        area = None if files.aoi is None else open_area(files.aoi, stack)
        shown_by = [raster for image in found for raster in image.rasters]
        grid = common_grid(shown_by, area, files.reading, resolution)
        ground = Ground(grid.crs, common_ground(shown_by, grid.crs))
        cleaned = [without_fill(image, ground, files.reading) for image in found]
        images = [prepared(image, ground, files.reading.rgb_range) for image in cleaned]
        facts: dict[str, Any] = {"images": {image.role: image.facts for image in images}}
        doubts = [doubt for image in images for doubt in image.doubts]
        doubts += [] if files.reading.rgb_range is not None else rendered_apart(images)
        layers: list[Layer] = [StackedLayer(image.role, image.inputs, grid) for image in images]
        if files.dem is not None:
            tiles = [measured(opened(given, "elevation model")) for given in several(files.dem)]
            dem = _elevation(tiles, files.reading, grid)
            layers.append(TerrainLayer(dem, grid))
            facts["elevation"] = dem.facts
            doubts += _doubts(dem, files.reading, grid)
        layers += _ready(files, grid, opened)
        masks, unclear = open_masks(files.masks, files.reading, grid, opened)
        doubts += unclear
        if (chosen := files.reading.mask_choice) is not None:
            facts[chosen.option] = chosen.given
        if masks:
            facts["masks"] = [mask.rule.says for mask in masks]
        if area is not None:
            area.align(grid)
        rasters += [] if area is None else area.rasters
        beneath, tiled = ground_under(layers, grid), side_by_side(masks, grid)
        if beneath is not None:
            stack.enter_context(beneath)
        yield Scene(grid, layers, tiled, area, facts, rasters, times_of(found, files), doubts, beneath)


def _ready(files: SceneFiles, grid: MapGrid, opened: Callable[[Location, str], Raster]) -> Iterator[Layer]:
    """Ready hillshade and slope, where they are given."""
    steepness = None
    shaded = None if files.hillshade is None else meeting(measured(opened(files.hillshade, "hillshade")), grid)
    if files.slope is not None:
        steepness = Steepness(meeting(measured(opened(files.slope, "slope")), grid))
    if shaded is not None:
        yield RasterLayer("hillshade", Shading(shaded, steepness), grid)
    if steepness is not None:
        yield RasterLayer("slope", steepness, grid)


def _elevation(tiles: Sequence[Raster], reading: ReadOptions, grid: MapGrid) -> Elevation:
    """Tiles of which one at least shows a part of the map."""
    if not any(meets(tile, grid) for tile in tiles):
        meeting(tiles[0], grid)
    reach = FILL_REACH if reading.fill_voids else 0
    return Elevation(tiles, nodata=reading.dem_nodata, reach=reach, unit=reading.dem_unit)


def _doubts(dem: Elevation, reading: ReadOptions, grid: MapGrid) -> list[str]:
    """Doubts about an elevation model."""
    doubts = look_at(dem, grid, cliffs=reading.dem_nodata is None)
    open_units = [] if reading.dem_unit else [unit_in_doubt(tile.raster) for tile in dem.tiles]
    return [*doubts, *(doubt for doubt in open_units[:1] if doubt)]
