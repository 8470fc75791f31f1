"""Scene: the rasters of one event, whatever their grids, read as aligned windows of one map grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.channels import TERRAIN, Date
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.imagery.acquisition_dates import Times
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.area import Area
from landslip.runtime.scene.block_cache import cached_bytes
from landslip.runtime.scene.date_pictures import DatePicture, ready_pictures
from landslip.runtime.scene.ground import GroundReader
from landslip.runtime.scene.layers import Layer, SceneBlock
from landslip.runtime.scene.mask_tiles import MaskTiles
from landslip.runtime.scene.network_inputs import NetworkInput, not_computed
from landslip.runtime.scene.reasons import Unknown, first_reasons, outside
from landslip.runtime.scene.scene_inputs import SceneInput, inputs_of
from landslip.runtime.system.beside import beside


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
        inputs: Sequence[NetworkInput] | None = None,
        pictures: Sequence[DatePicture] | None = None,
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
            inputs: what the network takes; None for every layer as it is.
            pictures: what people are shown; None for the layers that are pictures.
        """
        self._inputs = None if inputs is None else tuple(inputs)
        self._pictures = ready_pictures(layers) if pictures is None else tuple(pictures)
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
        read: dict[str, Pixels] = {}
        found: list[Unknown] = []
        blocks = beside(lambda layer: layer.read(window), self._layers)
        for layer, block in zip(self._layers, blocks, strict=True):
            read |= {role: Pixels(values, block.valid) for role, values in block.arrays.items()}
            found.append(Unknown(layer.reasons, block.valid))
        fed = read if self._inputs is None else {each.entry.name: each.of(read) for each in self._inputs}
        found += not_computed(self._inputs or (), fed, [each.valid for each in found])
        clear = beside(lambda mask: mask.valid(window), self._masks)
        found += [Unknown(mask.reasons, valid) for mask, valid in zip(self._masks, clear, strict=True)]
        if self._area is not None:
            found.append(Unknown(outside, self._area.valid(window)))
        unknown = [each for each in found if not each.valid.all()]
        valid = np.ones((window.height, window.width), dtype=np.bool_)
        for each in unknown:
            valid &= each.valid
        return SceneBlock(
            window,
            {name: pixels.values for name, pixels in fed.items()},
            valid,
            first_reasons(window, unknown),
            {picture.date: picture.of(read) for picture in self._pictures},
            {kind: read[kind].values for kind in TERRAIN if kind in read},
        )

    def read_images(self, window: Window) -> dict[Date, NDArray[np.uint8]]:
        """The pictures alone on a window, as :attr:`SceneBlock.pictures` has them: (3, rows, cols) each."""
        return {picture.date: picture.read(window) for picture in self._pictures}

    @property
    def images(self) -> tuple[Date, ...]:
        """Roles of its images in the order of time."""
        return tuple(picture.date for picture in self._pictures)

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
    def files(self) -> tuple[Path, ...]:
        """Local raster files that are read."""
        return tuple(sorted({raster.location for raster in self._opened if isinstance(raster.location, Path)}))

    @property
    def damaged(self) -> list[dict[str, Any]]:
        """Places of the files that were passed over so far because they cannot be read, in the order of the files."""
        return [
            {"role": raster.role, "path": raster.path, "rows": list(key[:2]), "cols": list(key[2:]), "reason": why}
            for raster in self._opened
            for key, why in sorted(raster.damaged.items())
        ]
