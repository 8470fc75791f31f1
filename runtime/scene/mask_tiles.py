"""Masks side by side: class maps of several tiles are one mask, and each has to show its own part of the map alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.overlap import share_of_smaller
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.layers import MaskLayer
from landslip.runtime.scene.map_extent import meeting, meets
from landslip.runtime.scene.reasons import Reasons, first_of

APART = 0.5
"""Tiles have a smaller share of the smaller one in common: 0.09 of Sentinel-2, 0.3 of Landsat; two dates have 1."""


class MaskTiles:
    """One mask, or the tiles of one: valid is what one of them calls valid and none of them hides."""

    def __init__(self, tiles: Sequence[MaskLayer]) -> None:
        """Take masks as tiles of one."""
        self._tiles = tuple(tiles)

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """The files it reads."""
        return tuple(tile.raster for tile in self._tiles)

    def valid(self, window: Window) -> NDArray[np.bool_]:
        """Mask of the pixels (h, w) of a map window that may be used."""
        if len(self._tiles) == 1:
            return self._tiles[0].valid(window)
        valid, hidden = np.zeros((2, int(window.height), int(window.width)), dtype=np.bool_)
        for tile in self._tiles:
            found = tile.valid(window)
            valid |= found
            hidden |= tile.said(window) & ~found
        return valid & ~hidden

    def reasons(self, window: Window) -> Reasons:
        """Reasons why pixels of a map window that was read may not be used."""
        return first_of([tile.reasons(window) for tile in self._tiles])

    def takes(self, mask: MaskLayer) -> bool:
        """Tell whether another mask is a tile of it: a class map that is read alike and lies beside the others.

        Plain masks are none: those of clouds and of snow may cover different parts, and then neither says all.
        """
        if mask.rule.plain or mask.rule.says != self._tiles[0].rule.says:
            return False
        shares = [share_of_smaller(raster, mask.raster) for raster in self.rasters]
        return all(share is not None and share < APART for share in shares)

    def with_tile(self, mask: MaskLayer) -> MaskTiles:
        """Mask with one more tile."""
        return MaskTiles((*self._tiles, mask))


def side_by_side(masks: Sequence[MaskLayer], grid: MapGrid) -> list[MaskTiles]:
    """Masks with those put together that are tiles of one; several dates stay apart, as each hides what it hides.

    Raises:
        InputError: a mask shows no part of the map, and neither does another tile of it.
    """
    found: list[MaskTiles] = []
    for mask in masks:
        index = next((index for index, tiles in enumerate(found) if tiles.takes(mask)), None)
        if index is None:
            found.append(MaskTiles([mask]))
        else:
            found[index] = found[index].with_tile(mask)
    for tiles in found:
        if not any(meets(raster, grid) for raster in tiles.rasters):
            meeting(tiles.rasters[0], grid)
    return found
