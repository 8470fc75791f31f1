"""Terrain of a scene: an elevation model, or ready hillshade and slope, as the layers that a network takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from landslip.runtime.access.location import Location, several
from landslip.runtime.artifacts.channels import Terrain
from landslip.runtime.declared.units import unit_in_doubt
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.rasters.requirements import measured
from landslip.runtime.scene.layers import Layer, RasterLayer
from landslip.runtime.scene.map_extent import meeting, meets
from landslip.runtime.scene.terrain_layer import TerrainLayer
from landslip.runtime.terrain.elevation import FILL_REACH, Elevation
from landslip.runtime.terrain.elevation_sample import look_at
from landslip.runtime.terrain.ready_terrain import Shading, Steepness

Opener = Callable[[Location, str], Raster]
"""Opens a file in a role."""


@dataclass(frozen=True)
class OpenedTerrain:
    """Layers of terrain, and what there is to say of them."""

    layers: tuple[Layer, ...] = ()
    """Layers that give what is taken."""
    facts: dict[str, Any] | None = None
    """Facts on how the elevation model is read, for the run record; None where there is none."""
    doubts: tuple[str, ...] = ()
    """Doubts about it, for the user to judge."""


def open_terrain(files: SceneFiles, kinds: Collection[Terrain], grid: MapGrid, opened: Opener) -> OpenedTerrain:
    """Open the terrain of a scene.

    Args:
        files: the scene.
        kinds: layers of terrain that are taken.
        grid: the map grid.
        opened: opens a raster in a role.

    Raises:
        InputMissingError: a file is not there.
        InputError: a file cannot be used, or lies elsewhere.
    """
    if files.dem is None:
        return OpenedTerrain(tuple(_ready(files, grid, opened)))
    if not kinds:
        return OpenedTerrain()
    tiles = [measured(opened(given, "elevation model")) for given in several(files.dem)]
    dem = _elevation(tiles, files.reading, grid)
    return OpenedTerrain((TerrainLayer(dem, grid, kinds),), dem.facts, tuple(_doubts(dem, files.reading, grid)))


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
