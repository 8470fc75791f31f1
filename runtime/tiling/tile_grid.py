"""Square tiles laid over a map: which rows and columns of it each shows. Pure geometry."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rasterio.windows import Window

from landslip.runtime.geo.windows import make_window


@dataclass(frozen=True)
class TileGrid:
    """Square tiles laid over a map of ``height`` x ``width`` pixels, in rows and columns.

    A tile may reach over the map's edge, where its content is filled by reflection; it always touches the map.
    """

    height: int
    """Rows of the map."""
    width: int
    """Columns of the map."""
    tile: int
    """Edge of a tile in pixels."""
    rows: tuple[int, ...]
    """First map row of each row of tiles, ascending."""
    cols: tuple[int, ...]
    """First map column of each column of tiles, ascending."""

    @classmethod
    def even(cls, height: int, width: int, tile: int, overlap: float) -> TileGrid:
        """Tiles that reach from edge to edge of the map in equal steps, without a ragged last one.

        The steps are those of nnU-Net (Isensee et al. 2021): as many tiles as ``overlap`` asks for, spread evenly, so
        that neighbours overlap by at least that much (up to the rounding of a pixel). A map smaller than a tile gets
        one tile, centred on it.

        Args:
            height: rows of the map, at least 1.
            width: columns of the map, at least 1.
            tile: edge of a tile in pixels.
            overlap: share of a tile that the next one covers again, from 0 up to, not including, 1.
        """
        hop = max(1, round(tile * (1.0 - overlap)))
        return cls(height, width, tile, even_starts(height, tile, hop), even_starts(width, tile, hop))

    @classmethod
    def published(cls, height: int, width: int, tile: int) -> TileGrid:
        """Tiles as in the authors' notebook: centres in ``range(tile/2 + 1, length - tile/2 - 1, tile/2)``.

        A border stays without tiles, and a map that is too small has none.
        """
        half = tile // 2
        rows = tuple(centre - half for centre in range(half + 1, height - half - 1, half))
        cols = tuple(centre - half for centre in range(half + 1, width - half - 1, half))
        return cls(height, width, tile, rows, cols)

    def __len__(self) -> int:
        return len(self.rows) * len(self.cols)

    def row_span(self, index: int) -> tuple[int, int]:
        """First and last (exclusive) map row that tile row ``index`` shows, clipped to the map."""
        start = self.rows[index]
        return max(0, start), min(self.height, start + self.tile)

    def strip(self, index: int) -> tuple[int, int]:
        """First and last (exclusive) map row that are finished once tile row ``index`` is: no later tile touches them.

        The strips of all tile rows, in order, cover each row of the map exactly once.
        """
        first = 0 if index == 0 else self.rows[index]
        last = self.rows[index + 1] if index + 1 < len(self.rows) else self.height
        return first, last

    def rows_to_read(self, index: int) -> tuple[int, int]:
        """First and last (exclusive) map row to read for tile row ``index``, when the earlier ones were read before.

        Those of all tile rows, in order, cover each row of the map exactly once (there may be none to read).
        """
        first = 0 if index == 0 else self.row_span(index - 1)[1]
        last = self.row_span(index)[1] if index + 1 < len(self.rows) else self.height
        return first, last

    def first_row_touching(self, index: int) -> int:
        """The first tile row that reaches into the strip of tile row ``index``."""
        first = self.strip(index)[0]
        return next(k for k, start in enumerate(self.rows) if start + self.tile > first or k == index)

    def windows(self) -> Iterator[Window]:
        """Every tile, row by row; offsets may be negative and windows may reach over the map's edge."""
        for row in self.rows:
            for col in self.cols:
                yield make_window(col, row, self.tile, self.tile)


def reflect(index: int, length: int) -> int:
    """Place of ``index`` when ``length`` pixels go on as their mirror image, the edge pixel not repeated."""
    if length == 1:
        return 0
    period = 2 * (length - 1)
    index %= period
    return index if index < length else period - index


def even_starts(length: int, tile: int, hop: int) -> tuple[int, ...]:
    """Starts of tiles from end to end of an axis, at most ``hop`` apart; of one alone, that it is in the middle."""
    if length <= tile:
        return (-((tile - length) // 2),)
    steps = math.ceil((length - tile) / hop)
    return tuple(round(step * (length - tile) / steps) for step in range(steps + 1))
