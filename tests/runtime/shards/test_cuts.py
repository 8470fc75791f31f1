"""Cuts of a map into shards: every row once, shards that are large enough, and hardly anything computed twice."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.shards.cuts import LEAST, Shard, computed_twice, map_rows, pieces_of
from landslip.runtime.tiling.tile_grid import TileGrid

grids = st.builds(
    lambda height, tile, overlap: TileGrid.even(height, 10, tile, overlap),
    st.integers(1, 20_000),
    st.sampled_from([32, 64, 128, 224]),
    st.sampled_from([0.0, 0.25, 0.5, 0.75]),
)
workers = st.integers(1, 40)


@st.composite
def rests(draw):
    """A grid, a tile row that its rest begins with, and shards of earlier runs, which may overlap."""
    tiles = draw(grids)
    count = len(tiles.rows)
    ends = st.lists(st.integers(0, count), min_size=2, max_size=2, unique=True).map(sorted)
    shards = draw(st.lists(ends, max_size=5)) if count > 1 else []
    return tiles, draw(st.integers(0, count)), [Shard(*pair) for pair in shards]


@given(rests(), workers)
def test_every_tile_row_and_every_map_row_comes_once(rest, count):
    tiles, first, finished = rest
    pieces = pieces_of(tiles, count, first, finished)
    taken = [row for piece in pieces for row in range(piece.start, piece.shard.stop)]
    assert taken == [*range(first, len(tiles.rows))]
    rows = [map_rows(tiles, Shard(piece.start, piece.shard.stop)) for piece in pieces]
    assert [start for start, _ in rows[1:]] == [stop for _, stop in rows[:-1]]
    if rows:
        assert (rows[0][0], rows[-1][1]) == (tiles.strip(first)[0], tiles.height)
    for piece in pieces:
        assert not piece.finished or piece.shard in finished
        assert piece.shard.first <= piece.start < piece.shard.stop
        assert piece.finished or piece.start == piece.shard.first


@given(grids, workers)
def test_shards_are_balanced_and_large_enough(tiles, count):
    sizes = [piece.shard.stop - piece.shard.first for piece in pieces_of(tiles, count)]
    assert min(sizes) >= min(LEAST, len(tiles.rows))
    assert max(sizes) - min(sizes) <= 7  # cuts may move by three tile rows
    assert len(sizes) == 1 or len(sizes) % count == 0 or len(sizes) == len(tiles.rows) // LEAST


@given(grids, workers)
def test_a_cut_costs_the_tile_rows_that_reach_over_it(tiles, count):
    steps = [below - above for above, below in zip(tiles.rows, tiles.rows[1:], strict=False)]
    most = math.ceil(tiles.tile / min(steps, default=tiles.tile)) - 1
    for piece in pieces_of(tiles, count)[1:]:
        assert computed_twice(tiles, piece.shard.first) <= most
        if min(steps) * 2 >= tiles.tile:
            assert computed_twice(tiles, piece.shard.first) <= 1


@pytest.mark.parametrize(
    ("rows", "count", "shards"), [(31, 2, 2), (29, 2, 1), (120, 4, 4), (815, 10, 10), (1200, 2, 20)]
)
def test_as_many_shards_as_keep_the_workers_busy(rows, count, shards):
    tiles = TileGrid.even(64 + 32 * (rows - 1), 10, 64, 0.5)
    assert len(tiles.rows) == rows
    assert len(pieces_of(tiles, count)) == shards


def test_what_is_there_already_is_not_computed_again():
    tiles = TileGrid.even(64 + 32 * 99, 10, 64, 0.5)
    pieces = pieces_of(tiles, 2, 10, [Shard(0, 25), Shard(50, 75)])
    assert [(piece.shard.first, piece.shard.stop, piece.start, piece.finished) for piece in pieces] == [
        (0, 25, 10, True),
        (25, 50, 25, False),
        (50, 75, 50, True),
        (75, 100, 75, False),
    ]
