"""Pieces of a map whose features are computed once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.errors import UsageError
from landslip.runtime.tiling.piece_grid import PieceAxis, PieceGrid
from landslip.runtime.tiling.tile_grid import TileGrid

TILE = 32


@st.composite
def grids(draw):
    height, width = draw(st.integers(1, 300)), draw(st.integers(1, 300))
    return TileGrid.even(height, width, TILE, draw(st.sampled_from([0.0, 0.5, 0.7])))


@given(grids(), st.integers(0, 7))
def test_every_row_that_a_tile_shows_is_taken_from_one_piece_that_has_it_right(tiles, reach):
    axis = PieceAxis.over(tiles.rows, TILE, reach)
    taken = [row for index in range(len(axis.starts)) for row in range(*axis.owned(index))]
    assert taken == list(range(tiles.rows[0], tiles.rows[-1] + TILE))
    for index, start in enumerate(axis.starts):
        first, last = axis.owned(index)
        assert start == taken[0] or first - start >= reach
        assert start + TILE == axis.end or start + TILE - last >= reach


@given(grids(), st.integers(0, 7))
def test_a_tile_row_has_pieces_for_all_it_shows_and_reads_what_they_show(tiles, reach):
    grid = PieceGrid.of(tiles, reach)
    before = 0
    for index, start in enumerate(tiles.rows):
        rows = grid.in_row(index)
        assert grid.rows.owned(rows[0])[0] <= start
        assert grid.rows.owned(rows[-1])[1] >= start + TILE
        first, last = grid.rows_to_read(index)
        assert last >= before
        before = last
        assert first <= max(0, grid.rows.starts[rows[0]])
        assert last == min(tiles.height, grid.rows.starts[rows[-1]] + TILE)
        assert grid.rows.owned(rows[-1])[1] - start <= grid.rows_at_hand(0)
    for col, start in enumerate(tiles.cols):
        cols = grid.in_cols([col])
        assert grid.cols.owned(cols[0])[0] <= start
        assert grid.cols.owned(cols[-1])[1] >= start + TILE


def test_a_piece_for_each_four_tiles_and_a_little_more():
    tiles = TileGrid.even(2240, 2240, 224, 0.5)
    assert len(tiles) == 19 * 19
    assert PieceGrid.of(tiles, 6).per_tile == pytest.approx(11 * 11 / 19**2)


def test_tiles_that_are_nothing_but_rim_are_refused():
    with pytest.raises(UsageError, match="too small to share features that see 16 pixels"):
        PieceAxis.over((0, 16), TILE, 16)
