"""Cuts of a map into shards of whole tile rows. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from landslip.runtime.tiling.tile_grid import TileGrid

LEAST = 15
"""Tile rows of a shard at the least, where the map has as many: with fewer, what is computed twice weighs too much."""
USUAL = 60
"""Tile rows of a shard where there are more than the workers need: what a lost worker costs stays small."""
_SLACK = 3
"""Tile rows by which a cut may move to where fewer tiles are computed twice."""


@dataclass(frozen=True, order=True)
class Shard:
    """Tile rows that one worker computes in one go."""

    first: int
    """First tile row whose strip it gives."""
    stop: int
    """Tile row after the last one."""


@dataclass(frozen=True)
class Piece:
    """A part of the map that comes from one shard."""

    shard: Shard
    """The shard."""
    start: int
    """First tile row that is taken of it: those before come from elsewhere."""
    finished: bool
    """True if an earlier run has computed it."""


def map_rows(tiles: TileGrid, shard: Shard) -> tuple[int, int]:
    """First and last (exclusive) map row that a shard gives."""
    return tiles.strip(shard.first)[0], tiles.strip(shard.stop - 1)[1]


def computed_twice(tiles: TileGrid, cut: int) -> int:
    """Tile rows above a cut that the shard below it computes, too, because they reach into its rows."""
    return cut - tiles.first_row_touching(cut)


def pieces_of(tiles: TileGrid, workers: int, first: int = 0, finished: Iterable[Shard] = ()) -> list[Piece]:
    """Parts of the rest of a map, from the top down, each tile row in one of them.

    Args:
        tiles: the tiles.
        workers: shards that can be computed at a time.
        first: tile row that the rest begins with.
        finished: shards of earlier runs, which are taken as they are.
    """
    ready = sorted(shard for shard in finished if shard.stop <= len(tiles.rows))
    found: list[Piece] = []
    at, end = first, len(tiles.rows)
    while at < end:
        reaching = [shard for shard in ready if shard.first <= at < shard.stop]
        if reaching:
            shard = max(reaching, key=lambda each: each.stop)
            found.append(Piece(shard, at, finished=True))
            at = shard.stop
            continue
        gap = min((shard.first for shard in ready if shard.first > at), default=end)
        found += [Piece(shard, shard.first, finished=False) for shard in _cut(tiles, at, min(gap, end), workers)]
        at = min(gap, end)
    return found


def _cut(tiles: TileGrid, first: int, stop: int, workers: int) -> Iterator[Shard]:
    """Shards of about equal size that cover some tile rows, as many as keep all workers busy."""
    rows = stop - first
    rounds = max(1, round(rows / (USUAL * workers)))
    count = max(1, min(workers * rounds, rows // LEAST))
    above = first
    for number in range(1, count):
        below = _best_cut(tiles, first + rows * number // count, above + LEAST, stop - (count - number) * LEAST)
        yield Shard(above, below)
        above = below
    yield Shard(above, stop)


def _best_cut(tiles: TileGrid, wanted: int, least: int, most: int) -> int:
    """The cut near a wanted one that makes the fewest tile rows be computed twice."""
    places = range(max(least, wanted - _SLACK), min(most, wanted + _SLACK) + 1)
    return min(places, key=lambda cut: (computed_twice(tiles, cut), abs(cut - wanted)), default=wanted)
