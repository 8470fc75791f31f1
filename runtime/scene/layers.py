"""Layers: inputs brought onto the map grid window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.channels import DATES, Date, Terrain
from landslip.runtime.confidence import MASKED, NODATA, VOID
from landslip.runtime.declared.mask_rule import MaskRule
from landslip.runtime.geo.gridded import RasterLike
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.window_blocks import Pasted, blocks, resampler_of
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.reasons import Reasons, first_of, why_unknown
from landslip.runtime.system.beside import beside


@dataclass(frozen=True)
class SceneBlock:
    """Network inputs on a window of the map grid, read in one go: those of one layer, or of all."""

    window: Window
    """Window of the map grid."""
    arrays: dict[str, NDArray[Any]]
    """Raw values (bands, rows, cols) by the name of the network's input, of one layer by role; 0 where their input does
    not reach or is nodata."""
    valid: NDArray[np.bool_]
    """(rows, cols): which pixels may be used."""
    reasons: NDArray[np.uint8] | None = None
    """(rows, cols): why pixels may not be used, by codes of :mod:`landslip.runtime.confidence`, 0 where they may. None
    where all may, and in the block of one layer."""
    pictures: dict[Date, NDArray[np.uint8]] = field(default_factory=dict)
    """Images as people see them: (3, rows, cols) red, green, blue, 0 where unknown; none in the block of one layer."""
    relief: dict[Terrain, NDArray[Any]] = field(default_factory=dict)
    """Layers of terrain that are read: (1, rows, cols); none in the block of one layer."""


class Layer(Protocol):
    """Layer that gives one or more network inputs."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The inputs it gives."""
        ...

    @property
    def rasters(self) -> tuple[RasterLike, ...]:
        """The files it reads."""
        ...

    def read(self, window: Window) -> SceneBlock:
        """The inputs it gives on a window of the map grid."""
        ...

    def reasons(self, window: Window) -> Reasons:
        """Reasons why pixels of a window that was read are not valid."""
        ...


class LayerInput(Protocol):
    """Values of one raster on its own grid, as a network input takes them."""

    @property
    def raster(self) -> RasterLike:
        """The file, or the tiles together."""
        ...

    @property
    def count(self) -> int:
        """Number of bands it gives."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        ...

    def read(self, window: Window) -> Pixels:
        """Read its bands on a window of the raster."""
        ...


class RasterLayer:
    """Bands of one raster, resampled bilinearly."""

    def __init__(self, role: str, bands: LayerInput, grid: MapGrid) -> None:
        """Prepare reading.

        Args:
            role: the network input it feeds.
            bands: its values.
            grid: the map grid.
        """
        self._role = role
        self.bands = bands
        """Values of the raster."""
        self._resampler = resampler_of(bands.raster, grid, "bilinear")

    @property
    def roles(self) -> tuple[str, ...]:
        """See :class:`Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[RasterLike, ...]:
        """See :class:`Layer`."""
        return (self.bands.raster,)

    def read(self, window: Window) -> SceneBlock:
        """See :class:`Layer`."""
        shape = (int(window.height), int(window.width))
        pasted = Pasted(self.bands.count, shape, self.bands.dtype)
        for block in blocks(self._resampler, window):
            pasted.put(block.place, self._resampler.resample(block.sampling, self.bands.read(block.source)))
        return SceneBlock(window, {self._role: pasted.pixels.values}, pasted.pixels.valid)

    def reasons(self, window: Window) -> Reasons:
        """See :class:`Layer`."""
        code = NODATA if is_of_image(self._role) else VOID
        return why_unknown(self.bands.raster, self._resampler, window, code)


def is_of_image(role: str) -> bool:
    """Tell whether a role of a layer is that of an image: its date, perhaps with more words."""
    return role.partition(" ")[0] in DATES


class StackedLayer:
    """One network input from several rasters, each on its own grid; valid where all of them are."""

    def __init__(self, role: str, inputs: Sequence[LayerInput], grid: MapGrid) -> None:
        """Prepare reading; the bands come in the order of the inputs."""
        self._role = role
        self._layers = [RasterLayer(role, bands, grid) for bands in inputs]

    @property
    def roles(self) -> tuple[str, ...]:
        """See :class:`Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[RasterLike, ...]:
        """See :class:`Layer`."""
        return tuple(raster for layer in self._layers for raster in layer.rasters)

    def read(self, window: Window) -> SceneBlock:
        """See :class:`Layer`."""
        if len(self._layers) == 1:
            return self._layers[0].read(window)
        found = beside(lambda layer: layer.read(window), self._layers)
        valid = np.logical_and.reduce([block.valid for block in found])
        values = np.concatenate([block.arrays[self._role] for block in found])
        values[:, ~valid] = 0
        return SceneBlock(window, {self._role: values}, valid)

    def reasons(self, window: Window) -> Reasons:
        """See :class:`Layer`."""
        return first_of([layer.reasons(window) for layer in self._layers])


class MaskLayer:
    """A mask: marked pixels are not valid, and neither are pixels the mask says nothing about."""

    def __init__(self, raster: Raster, grid: MapGrid, rule: MaskRule | None = None) -> None:
        """Prepare reading; the nearest mask pixel counts.

        Args:
            raster: the mask.
            grid: the map grid.
            rule: which values hide a pixel; None for all but 0.
        """
        self.raster = raster
        self.rule = rule or MaskRule()
        self._resampler = resampler_of(raster, grid, "nearest")

    def valid(self, window: Window) -> NDArray[np.bool_]:
        """Mask of the pixels (h, w) of a map window that may be used."""
        return self._on_map(window, lambda valid_pixels, _: valid_pixels)

    def said(self, window: Window) -> NDArray[np.bool_]:
        """Mask of the pixels (h, w) of a map window of which it says anything: where it reaches and is not nodata."""
        return self._on_map(window, lambda valid_pixels, stated: valid_pixels | stated)

    def reasons(self, window: Window) -> Reasons:
        """Reasons why pixels of a map window that was read may not be used."""
        return why_unknown(self.raster, self._resampler, window, MASKED, missed=MASKED)

    def _on_map(
        self, window: Window, wanted: Callable[[NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.bool_]]
    ) -> NDArray[np.bool_]:
        """Bring what is wanted, of where the mask is clear and where it states anything, onto a window of the map."""
        found = np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        for block in blocks(self._resampler, window):
            mask = self.raster.read(block.source, (self.rule.band,), fill=1)
            valid_pixels = self.rule.valid_pixels(mask, masked=self.raster.masked)
            marks = Pixels(mask.values, wanted(valid_pixels, mask.valid))
            found[block.place] = self._resampler.resample(block.sampling, marks).valid
        return found
