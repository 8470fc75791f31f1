"""Places of tiles in a pyramid over the map: pure geometry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TILE = 512
"""Edge of a tile in pixels."""

OVERVIEW = 1600
"""Longest edge in pixels of the picture of the whole map, the top of the pyramid."""

MARGIN = 24
"""Map pixels around a landslide that are shown as sharply as itself."""

Box = tuple[int, int, int, int]
"""First column, first row, and those behind the last, in map pixels."""


@dataclass(frozen=True, order=True)
class TilePlace:
    """Place of a tile: a pixel of level ``n`` shows 2**n by 2**n of the map."""

    level: int
    """0 for the pixels of the map."""
    row: int
    """Row of tiles."""
    col: int
    """Column of tiles."""


@dataclass(frozen=True)
class Pyramid:
    """Levels of pictures over one map: tiles, and above them one picture of the whole map."""

    height: int
    """Rows of the map."""
    width: int
    """Columns of the map."""

    @property
    def top(self) -> int:
        """Level of the picture of the whole map; those below are in tiles."""
        level = 0
        while max(self.size(level)) > OVERVIEW:
            level += 1
        return level

    def size(self, level: int) -> tuple[int, int]:
        """Rows and columns of a level in pixels."""
        return -(-self.height >> level), -(-self.width >> level)

    def counts(self, level: int) -> tuple[int, int]:
        """Rows and columns of a level in tiles."""
        rows, cols = self.size(level)
        return -(-rows // TILE), -(-cols // TILE)

    def places(self, level: int) -> Iterator[TilePlace]:
        """Every tile of a level, row by row."""
        rows, cols = self.counts(level)
        return (TilePlace(level, row, col) for row in range(rows) for col in range(cols))

    def under(self, box: Box, level: int) -> Iterator[TilePlace]:
        """Tiles of a level that show a box of map pixels or what is near it."""
        rows, cols = self.counts(level)
        edge = TILE << level
        left, top, right, bottom = box
        for row in range(max(0, top - MARGIN) // edge, min(rows, (bottom + MARGIN - 1) // edge + 1)):
            for col in range(max(0, left - MARGIN) // edge, min(cols, (right + MARGIN - 1) // edge + 1)):
                yield TilePlace(level, row, col)

    def weights(self, boxes: Iterable[tuple[Box, float]]) -> dict[TilePlace, float]:
        """Weight of each tile of each level that shows a landslide: that of the weightiest one in it.

        Args:
            boxes: box and weight of each landslide.
        """
        found: dict[TilePlace, float] = {}
        for box, weight in boxes:
            for level in range(self.top):
                for place in self.under(box, level):
                    if found.get(place, -1.0) < weight:
                        found[place] = weight
        return found
