"""Pieces of a map whose features are computed once, for all tiles that show them. Pure geometry.

A piece has the size of a tile. Features see some pixels to each side, so a piece has the right ones but for a rim of
that width, and pieces overlap by two rims; where tiles begin and end at the edge of what they all show, so do pieces,
which have no rim there. Pieces depend on the tiles alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from landslip.runtime.errors import UsageError
from landslip.runtime.tiling.tile_grid import TileGrid, even_starts


@dataclass(frozen=True)
class PieceAxis:
    """Pieces along one axis."""

    starts: tuple[int, ...]
    """First map row or column of each, ascending; negative where tiles reach over the edge of the map."""
    tile: int
    """Edge of a piece."""
    reach: int
    """Width of the rim."""

    @classmethod
    def over(cls, tiles: tuple[int, ...], tile: int, reach: int) -> PieceAxis:
        """Pieces of all that tiles show which start there; at least one tile.

        Raises:
            UsageError: a tile is nothing but rim.
        """
        if tile <= 2 * reach:
            raise UsageError(
                f"Tiles of {tile} pixels are too small to share features that see {reach} pixels to each side.",
                "Take a larger `tile`, or map without share_features=True.",
                option="tile",
            )
        length = tiles[-1] + tile - tiles[0]
        return cls(tuple(tiles[0] + start for start in even_starts(length, tile, tile - 2 * reach)), tile, reach)

    @property
    def end(self) -> int:
        """Row or column after the last one."""
        return self.starts[-1] + self.tile

    def owned(self, index: int) -> tuple[int, int]:
        """First and last (exclusive) row or column that are taken from a piece; those of all follow one another."""
        first = self.starts[index] + (self.reach if index else 0)
        last = self.starts[index + 1] + self.reach if index + 1 < len(self.starts) else self.end
        return first, last

    def meeting(self, first: int, last: int) -> range:
        """Pieces from which something is taken between two rows or columns, the second exclusive."""
        found = [index for index in range(len(self.starts)) if _meet(self.owned(index), (first, last))]
        return range(found[0], found[-1] + 1)


@dataclass(frozen=True)
class PieceGrid:
    """Pieces of all that the tiles of a map show."""

    tiles: TileGrid
    """The tiles, at least one."""
    rows: PieceAxis
    """Pieces from the top down."""
    cols: PieceAxis
    """Pieces from left to right."""

    @classmethod
    def of(cls, tiles: TileGrid, reach: int) -> PieceGrid:
        """Pieces for features that see ``reach`` pixels to each side.

        Raises:
            UsageError: tiles are too small for them.
        """
        return cls(tiles, PieceAxis.over(tiles.rows, tiles.tile, reach), PieceAxis.over(tiles.cols, tiles.tile, reach))

    @property
    def per_tile(self) -> float:
        """Number of pieces for each tile."""
        return len(self.rows.starts) * len(self.cols.starts) / len(self.tiles)

    @property
    def width(self) -> int:
        """Columns that the tiles show."""
        return self.cols.end - self.cols.starts[0]

    def in_row(self, index: int) -> range:
        """Rows of pieces that tile row ``index`` takes from."""
        start = self.tiles.rows[index]
        return self.rows.meeting(start, start + self.tiles.tile)

    def in_cols(self, cols: list[int]) -> list[int]:
        """Columns of pieces that the tiles of these columns take from."""
        starts = [self.tiles.cols[col] for col in cols]
        return sorted({each for start in starts for each in self.cols.meeting(start, start + self.tiles.tile)})

    def rows_to_read(self, index: int) -> tuple[int, int]:
        """First and last (exclusive) map row that the pieces of tile row ``index`` show."""
        pieces = self.in_row(index)
        return max(0, self.rows.starts[pieces[0]]), min(
            self.tiles.height, self.rows.starts[pieces[-1]] + self.rows.tile
        )

    def rows_at_hand(self, start: int) -> int:
        """The most rows of features that are needed at a time, from tile row ``start`` on."""
        return max(
            self.rows.owned(self.in_row(index)[-1])[1] - self.tiles.rows[index]
            for index in range(start, len(self.tiles.rows))
        )


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
