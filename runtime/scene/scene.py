"""Opening of a scene: the files of an event as what a network takes, on the map grid that they share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.geo.proj_database import check_projections
from landslip.runtime.imagery.acquisition_dates import times_of
from landslip.runtime.imagery.stretch_limits import Ground
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.area import open_area
from landslip.runtime.scene.channel_needs import Described, image_needs, terrain_needs
from landslip.runtime.scene.cut_off import warn_of_limits
from landslip.runtime.scene.ground import ground_under
from landslip.runtime.scene.image_inputs import doubts_of, open_images
from landslip.runtime.scene.layers import Layer, SceneBlock
from landslip.runtime.scene.map_extent import common_grid, common_ground
from landslip.runtime.scene.network_inputs import Leaf, NetworkInput, Plane, terrain_places
from landslip.runtime.scene.read_scene import Scene
from landslip.runtime.scene.scene_masks import masks_of
from landslip.runtime.scene.terrain_inputs import open_terrain
from landslip.runtime.system.beside import beside, helped
from landslip.runtime.system.machine import usable_cores

__all__ = ["Scene", "SceneBlock", "SceneFiles", "open_scene"]


@contextlib.contextmanager
def open_scene(files: SceneFiles, resolution: float, spec: Described | None = None) -> Iterator[Scene]:
    """Open the rasters of an event and lay the map grid over what they share.

    See :func:`landslip.runtime.scene.map_extent.common_grid` for where it lies.

    Args:
        files: the scene.
        resolution: pixel size of the map in metres where ``files.reading`` has none.
        spec: what the network takes; None for pictures, hillshade and slope, as far as they are given.

    Raises:
        UsageError: the CRS that was chosen has no true metres there.
        InputMissingError: a file is not there.
        InputError: a file cannot be used, or the images have no area in common.
    """
    check_projections()
    with contextlib.ExitStack() as stack:
        stack.enter_context(helped(usable_cores() - 1))
        rasters: list[Raster] = []

        def opened(location: Location, role: str) -> Raster:
            raster = stack.enter_context(Raster(location, role, salvage=files.reading.on_error == "skip"))
            rasters.append(raster)
            return raster

        found = open_images(image_needs(spec, files), files, opened)
        area = None if files.aoi is None else open_area(files.aoi, stack)
        shown_by = [raster for image in found for raster in image.rasters]
        grid = common_grid(shown_by, area, files.reading, resolution)
        ground = Ground(grid.crs, common_ground(shown_by, grid.crs))
        images = beside(lambda image: image.prepared(ground, files.reading), found)
        facts: dict[str, Any] = {"images": {image.date: image.facts for image in images}}
        doubts = doubts_of(images, files.reading)
        of_images = [tuple(image.layers(grid)) for image in images]
        layers: list[Layer] = [layer for each in of_images for layer in each]
        terrain = open_terrain(files, terrain_needs(spec), grid, opened)
        layers += terrain.layers
        facts |= {} if terrain.facts is None else {"elevation": terrain.facts}
        doubts += terrain.doubts
        masks = masks_of(files, grid, opened)
        facts |= masks.facts
        doubts += masks.doubts
        if area is not None:
            area.align(grid)
        rasters += [] if area is None else area.rasters
        beneath = ground_under(layers, grid)
        if beneath is not None:
            stack.enter_context(beneath)
        places: dict[Leaf, Plane] = terrain_places(role for layer in layers for role in layer.roles)
        for image in images:
            places |= image.places
        inputs = None if spec is None else [NetworkInput(entry, places) for entry in spec.inputs]
        if spec is not None:
            warn_of_limits(spec, images, ground)
        pictures = [image.shown(each, ground) for image, each in zip(images, of_images, strict=True)]
        times = times_of([image.image for image in found], files)
        yield Scene(grid, layers, masks.tiles, area, facts, rasters, times, doubts, beneath, inputs, pictures)
