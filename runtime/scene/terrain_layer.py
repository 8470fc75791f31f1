"""Layers of terrain that are computed from an elevation model on its own grid, and then brought onto the map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.channels import Terrain
from landslip.runtime.confidence import VOID
from landslip.runtime.geo.cell_size import CellSize
from landslip.runtime.geo.gridded import RasterLike
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.window_blocks import Pasted, blocks, resampler_of
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.reasons import Reasons, why_unknown
from landslip.runtime.terrain.aspect import aspect_of
from landslip.runtime.terrain.elevation import Elevation
from landslip.runtime.terrain.light import Light
from landslip.runtime.terrain.slope_and_hillshade import relief_of
from landslip.runtime.terrain.true_north import towards_east_and_north

_DTYPES: dict[Terrain, tuple[int, type[np.generic]]] = {
    "dem": (1, np.float32),
    "slope": (1, np.float32),
    "hillshade": (1, np.uint8),
    "aspect": (2, np.float32),
}
"""Bands and type of what is brought onto the map; of aspect the rises towards east and north, which have no jump."""

PUBLISHED: tuple[Terrain, ...] = ("hillshade", "slope")
"""Layers that the published network takes."""


class TerrainLayer:
    """Elevation in metres, slope and aspect in degrees, and hillshade of an elevation model: those that are taken."""

    def __init__(self, dem: Elevation, grid: MapGrid, kinds: Iterable[Terrain] = PUBLISHED) -> None:
        """Prepare reading.

        Args:
            dem: elevation in metres.
            grid: the map grid.
            kinds: layers that are taken; no other one is computed.

        Raises:
            InputError: the elevation model's CRS is not related to the globe.
        """
        self.dem = dem
        """The elevation model."""
        self._kinds: tuple[Terrain, ...] = tuple(dict.fromkeys(kinds))
        self._cells = CellSize(dem)
        self._light = Light(dem, grid) if "hillshade" in self._kinds else None
        self._resampler = resampler_of(dem, grid, "bilinear")

    @property
    def roles(self) -> tuple[str, ...]:
        """See :class:`~landslip.runtime.scene.layers.Layer`."""
        return self._kinds

    @property
    def rasters(self) -> tuple[RasterLike, ...]:
        """See :class:`~landslip.runtime.scene.layers.Layer`; of many tiles, those along one row."""
        return self.dem.rasters

    def read(self, window: Window) -> SceneBlock:
        """See :class:`~landslip.runtime.scene.layers.Layer`."""
        shape = (int(window.height), int(window.width))
        pasted = {kind: Pasted(_DTYPES[kind][0], shape, np.dtype(_DTYPES[kind][1])) for kind in self._kinds}
        for block in blocks(self._resampler, window):
            for kind, pixels in self._computed(block.source).items():
                pasted[kind].put(block.place, self._resampler.resample(block.sampling, pixels))
        found = {kind: part.pixels for kind, part in pasted.items()}
        # Heights are known in the outermost ring of a model, too, but nothing is that is computed of neighbours.
        valid = found[min(found, key=lambda kind: kind == "dem")].valid
        arrays: dict[str, NDArray[Any]] = {kind: pixels.values for kind, pixels in found.items()}
        if "aspect" in arrays:
            arrays["aspect"] = aspect_of(arrays["aspect"])
        if "dem" in arrays and not valid.all():
            arrays["dem"][:, ~valid] = 0
        return SceneBlock(window, arrays, valid)

    def reasons(self, window: Window) -> Reasons:
        """See :class:`~landslip.runtime.scene.layers.Layer`."""
        return why_unknown(self.dem, self._resampler, window, VOID)

    def _computed(self, window: Window) -> dict[Terrain, Pixels]:
        """Layers that are taken, on a window of the elevation model; those that are computed are valid alike."""
        if self._kinds == ("dem",):
            return {"dem": self.dem.read(window)}
        around, inner = self.dem.with_ring(window)
        first_row, last_row = int(around.row_off), int(around.row_off + around.height)
        cells = self._cells.of_rows(first_row, last_row)
        light = None if self._light is None else self._light.over(around)
        ground = self.dem.read(around)
        found = relief_of(ground.values[0], ground.valid, *cells, light, rises="aspect" in self._kinds)
        known, place = found.valid[inner], (slice(None), *inner)
        computed: dict[Terrain, Pixels] = {}
        if "dem" in self._kinds:
            computed["dem"] = Pixels(ground.values[place], ground.valid[inner])
        if "slope" in self._kinds:
            computed["slope"] = Pixels(found.slope[inner][None], known)
        if "hillshade" in self._kinds:
            computed["hillshade"] = Pixels(found.hillshade[inner][None], known)
        if "aspect" in self._kinds:
            computed["aspect"] = Pixels(towards_east_and_north(self.dem, found.rises[place], window), known)
        return computed
