"""A look at an elevation model before the map is made, from an evenly spread sample of each file."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from rasterio.windows import Window

from landslip.runtime.declared.class_maps import ClassCounts
from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.system.figures import figure, file_name
from landslip.runtime.terrain.elevation import Elevation
from landslip.runtime.terrain.undeclared_nodata import Cliffs, blocks_of, near

log = logging.getLogger(__name__)

SAMPLE = 4 << 20
"""Most pixels of an elevation model that are looked at, ..."""
SAMPLE_OF_DECLARED = 1 << 20
"""... and of one whose files all declare a nodata value or have a mask."""


def look_at(elevation: Elevation, grid: MapGrid, *, cliffs: bool) -> list[str]:
    """Warn of values that lie all along a cliff, and find files that may be no elevation.

    Args:
        elevation: the model.
        grid: the map; only what lies near it is looked at.
        cliffs: whether cliffs are warned of.

    Returns:
        What speaks against each file, for the user to judge.
    """
    silent = any(tile.raster.nodata is None and not tile.raster.masked for tile in elevation.tiles)
    budget = (SAMPLE if silent else SAMPLE_OF_DECLARED) // len(elevation.tiles)
    names = [file_name(tile.raster.path) for tile in elevation.tiles]
    return figure(lambda: _look_at_all(elevation, grid, budget, cliffs), "elevation", names, budget)


def _look_at_all(elevation: Elevation, grid: MapGrid, budget: int, warned: bool) -> list[str]:
    doubts: list[str] = []
    for index, tile in enumerate(elevation.tiles):
        windows = near(tile.raster, grid)
        blocks = [block for window in windows for block in blocks_of(window, budget // len(windows))]
        if blocks:
            doubts += _look(elevation, index, blocks, warned)
    return doubts


def _look(elevation: Elevation, index: int, blocks: Iterable[Window], warned: bool) -> list[str]:
    raster = elevation.tiles[index].raster
    cliffs, classes = Cliffs(raster), ClassCounts(raster.dtypes[0], raster.colours[0] == "palette")
    for block in blocks:
        try:
            stored = raster.read(block, (1,))
        except InputError:
            continue  # said, or got over, when the map is made
        heights = elevation.heights_of(index, stored, block)
        cliffs.add(stored.values[0], heights)
        classes.add(Pixels(stored.values, heights.valid))
    if warned:
        cliffs.warn()
    if classes.is_mask():
        log.warning(
            "The %s %s holds nothing but 0 and 1, as a mask does. If it is one, the map is wrong: give heights.",
            raster.role,
            raster.path,
        )
    reason = classes.reason()
    return [] if reason is None else [
        f"The {raster.role} {raster.path} looks like a class map: it {reason}. Give heights."
    ]  # fmt: skip
