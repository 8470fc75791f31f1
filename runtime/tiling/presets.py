"""Presets: how large tiles are, and with that how many operations a map needs. Pure geometry.

Larger tiles need fewer operations because what they share with their neighbours stays as wide as it is: half of the
tile the model was trained with, whatever the tile. What a network says near a tile's edge suffers from what lies
beyond it, and that reaches a number of pixels, not a share of the tile. So each pixel is mostly decided by a tile whose
edge is a quarter of an own tile away at least, as in the authors' notebook, which pastes the central halves of its
tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

from landslip.runtime.artifacts.spec import MAX_TILE, ModelSpec
from landslip.runtime.tiling.tile_grid import TileGrid

SHARED = 0.5
"""Overlap of neighbours, as a share of the tile the model was trained with."""


@dataclass(frozen=True)
class Preset:
    """Layout of tiles where neither their size nor their overlap is given."""

    times: int
    """Edge of the largest tiles, as a multiple of that of the tile the model was trained with."""

    def tile_for(self, spec: ModelSpec, height: int, width: int) -> int:
        """Edge of the tiles of a map in pixels: the one that needs the fewest operations.

        From the model's own tile up to ``times`` as much, or the largest that any model takes, in steps of
        ``spec.multiple``, so that tiles are no larger than a small map needs. A model that takes its own tile alone is
        given the largest, for it to refuse.

        Args:
            spec: the model.
            height: rows of the map.
            width: columns of the map.
        """
        if spec.fixed:
            return self.times * spec.tile
        largest = min(self.times * spec.tile, MAX_TILE - MAX_TILE % spec.multiple)
        sizes = range(largest, spec.tile - 1, -spec.multiple)
        return min(sizes, key=lambda tile: len(self._tiles(spec, height, width, tile)) * tile * tile)

    def overlap_of(self, spec: ModelSpec, tile: int) -> float:
        """Share of a tile that the next one covers again.

        Args:
            spec: the model.
            tile: edge of a tile in pixels.
        """
        return SHARED if self.times == 1 else min(SHARED, SHARED * spec.tile / tile)

    def _tiles(self, spec: ModelSpec, height: int, width: int, tile: int) -> TileGrid:
        return TileGrid.even(height, width, tile, self.overlap_of(spec, tile))


@dataclass(frozen=True)
class Layout:
    """Layout of the tiles of one map, and how they are handed to the engine."""

    tile: int
    """Edge of a tile in pixels."""
    overlap: float
    """Share of a tile that the next one covers again."""
    batch: int
    """Tiles per call of the engine."""


FAITHFUL = "faithful"
"""The default: the model's own tile, half of it covered again, as it was trained and published."""

PRESETS = {FAITHFUL: Preset(1), "balanced": Preset(2), "fast": Preset(3)}
"""Presets by the name a user gives."""
