"""Images of a scene: the bands of one file, of one file per band, or of tiles, read as 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from landslip.runtime.artifacts.spec import Role
from landslip.runtime.geo.gridded import Outlined
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.granule_outline import GranuleOutline
from landslip.runtime.imagery.stretch import Stretch
from landslip.runtime.imagery.tiled_image import TiledBands, TiledRaster

ImageInput: TypeAlias = "Bands | TiledBands"
"""Input that is brought onto the map as one: bands of a file, or of tiles."""


@dataclass(frozen=True)
class Image:
    """Red, green and blue of one date."""

    role: Role
    """pre or post."""
    parts: tuple[Bands, ...]
    """One part with three bands, or three parts with one band each, which may differ in their grids, or tiles."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Facts on how it is read, for the run record."""
    doubts: tuple[str, ...] = ()
    """Doubts about it, for the user to judge."""
    levels: tuple[tuple[float, float], ...] | None = None
    """Levels at which the network sees each band's 2nd and 98th percentile, 0 to 255; None where that is not known."""
    tiled: TiledRaster | None = None
    """Grid of the parts if they are tiles, each with all three bands; None where they are not."""
    apart: bool = False
    """True if the parts are granules on grids of their own, each with all three bands; the first valid one counts."""

    @property
    def inputs(self) -> tuple[ImageInput, ...]:
        """Inputs that are brought onto the map one by one: its parts, tiles put together."""
        return self.parts if self.tiled is None else (TiledBands(self.tiled, self.parts),)

    def stretched(self, stretches: Sequence[Stretch]) -> Image:
        """The image with what brings its inputs to 8 bits; as it is where there is none."""
        if not stretches:
            return self
        each = stretches if self.tiled is None else [stretches[0]] * len(self.parts)
        parts = (replace(part, stretch=stretch) for part, stretch in zip(self.parts, each, strict=True))
        return replace(self, parts=tuple(parts))

    @property
    def rasters(self) -> tuple[Outlined, ...]:
        """Files or mosaic of the image, the one with the smallest pixels last: it leads where the map grid is laid."""
        if self.apart:
            return (GranuleOutline([part.raster for part in self.parts]),)
        files = [bands.raster for bands in self.inputs]
        finest = min(files, key=lambda raster: abs(raster.transform.determinant))
        return (*(raster for raster in files if raster is not finest), finest)
