"""Layers one behind the other: granules of one acquisition on their own grids; of each pixel the first valid counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rasterio.windows import Window

from landslip.runtime.confidence import DAMAGED, OUTSIDE
from landslip.runtime.geo.gridded import RasterLike
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.imagery.image import Image
from landslip.runtime.scene.layers import Layer, RasterLayer, SceneBlock, StackedLayer
from landslip.runtime.scene.reasons import Reasons


class BehindLayer:
    """Layers of equal inputs; a pixel is that of the first layer that knows it, and valid where one does."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Lay one behind the other, the first on top.

        Args:
            layers: one or more, which give the same inputs in the same types.
        """
        self._layers = tuple(layers)

    @property
    def roles(self) -> tuple[str, ...]:
        """See :class:`~landslip.runtime.scene.layers.Layer`."""
        return self._layers[0].roles

    @property
    def rasters(self) -> tuple[RasterLike, ...]:
        """See :class:`~landslip.runtime.scene.layers.Layer`."""
        return tuple(raster for layer in self._layers for raster in layer.rasters)

    def read(self, window: Window) -> SceneBlock:
        """See :class:`~landslip.runtime.scene.layers.Layer`; those behind are read only where something is missing."""
        block = self._layers[0].read(window)
        for layer in self._layers[1:]:
            if block.valid.all():
                break
            block = _filled(block, layer.read(window))
        return block

    def reasons(self, window: Window) -> Reasons:
        """See :class:`~landslip.runtime.scene.layers.Layer`: damage first, and the end of a layer only if all end."""
        found = [np.asarray(layer.reasons(window), dtype=np.uint8) for layer in self._layers]
        first = found[0]
        for codes in found[1:]:
            first = np.where((codes == DAMAGED) | (first == OUTSIDE), codes, first)
        return first if first.ndim else int(first)


def layer_of(image: Image, grid: MapGrid) -> Layer:
    """Layer of an image on the map: its granules one behind the other, or all that it is made of together."""
    if image.apart:
        return BehindLayer([RasterLayer(image.role, part, grid) for part in image.parts])
    return StackedLayer(image.role, image.inputs, grid)


def _filled(front: SceneBlock, behind: SceneBlock) -> SceneBlock:
    """A block with the pixels of another where only that one is valid."""
    new = behind.valid & ~front.valid
    if not new.any():
        return front
    if not front.valid.any():
        return behind
    arrays = {role: np.where(new, behind.arrays[role], values) for role, values in front.arrays.items()}
    return SceneBlock(front.window, arrays, front.valid | new)
