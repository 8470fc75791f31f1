"""The stitching invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.oracles import weighted_mean
from landslip.runtime.errors import EngineError
from landslip.runtime.tiling.stitch import Stitcher, centre_weights, covered, gaussian_weights, normalised
from landslip.runtime.tiling.tile_grid import TileGrid

TILE = 32

grids = st.builds(
    TileGrid.even,
    st.integers(1, 150),
    st.integers(1, 150),
    st.just(TILE),
    st.floats(0.0, 0.8),
)


def run(grid, tiles, valid, weights):
    """The whole map in percent, through the stitcher."""
    stitcher = Stitcher(grid, weights)
    percent = []
    for row in range(len(grid.rows)):
        for col in range(len(grid.cols)):
            if (row, col) in tiles:
                stitcher.put(row, col, tiles[row, col])
        first, last = grid.strip(row)
        percent.append(stitcher.finish(row, valid[first:last]))
    return np.concatenate(percent)


def random_tiles(grid, seed):
    rng = np.random.default_rng(seed)
    return {
        (row, col): rng.random((TILE, TILE), dtype=np.float32)
        for row in range(len(grid.rows))
        for col in range(len(grid.cols))
    }


@given(grids)
def test_weights_sum_to_one_on_every_pixel(grid):
    for starts, length in ((grid.rows, grid.height), (grid.cols, grid.width)):
        shares = normalised(starts, length, gaussian_weights(TILE))
        total = np.zeros(length)
        for start, weights in zip(starts, shares, strict=True):
            for i, weight in enumerate(weights):
                if 0 <= start + i < length:
                    total[start + i] += weight
        np.testing.assert_allclose(total, 1.0, atol=1e-6)


@given(grids, st.integers(0, 100))
def test_blending_is_the_weighted_mean(grid, seed):
    tiles = random_tiles(grid, seed)
    valid = np.ones((grid.height, grid.width), bool)
    expected = 100 * weighted_mean(grid, tiles, gaussian_weights(TILE))
    percent = run(grid, tiles, valid, gaussian_weights(TILE))
    # Whole percent, truncated: within 1e-3 percent of a whole number it may be either.
    assert ((percent <= expected + 1e-3) & (percent >= expected - 1 - 1e-3)).all()


def test_blending_is_as_exact_as_float32():
    """Confidences so that every mean lies between two whole percents, except for the 1e-5 around one."""
    grid = TileGrid.even(90, 130, TILE, 0.6)
    valid, weights = np.ones((grid.height, grid.width), bool), gaussian_weights(TILE)
    for offset in (-1e-5, 2e-5):
        tiles = {place: np.full_like(tile, 0.37 + offset) for place, tile in random_tiles(grid, 0).items()}
        assert (run(grid, tiles, valid, weights) == (36 if offset < 0 else 37)).all()


@given(grids, st.integers(0, 100), st.integers(0, 100))
def test_a_constant_stays_constant_whatever_is_masked(grid, value, seed):
    # Masks in large pieces, so that whole tiles are skipped.
    coarse = np.random.default_rng(seed).random((grid.height // 40 + 1, grid.width // 40 + 1)) < 0.5
    valid = np.kron(coarse, np.ones((40, 40), bool))[: grid.height, : grid.width].astype(bool)
    tiles = {}
    for row, top in enumerate(grid.rows):
        for col, left in enumerate(grid.cols):
            if valid[max(0, top) : top + TILE, max(0, left) : left + TILE].any():
                tiles[row, col] = np.full((TILE, TILE), value / 100, np.float32)
    percent = run(grid, tiles, valid, gaussian_weights(TILE))
    assert (percent[valid] == value).all()
    assert (percent[~valid] == 255).all()


def test_truncation_keeps_the_decision():
    grid = TileGrid.even(TILE, TILE, TILE, 0.5)
    tile = np.full((TILE, TILE), 0.4999, np.float32)
    tile[0, 0], tile[0, 1], tile[0, 2] = 0.5, 1.0, 0.0
    percent = run(grid, {(0, 0): tile}, np.ones((TILE, TILE), bool), gaussian_weights(TILE))
    assert percent[0, :4].tolist() == [50, 100, 0, 49]


def test_pasting_centres_leaves_the_rest_not_observed():
    grid = TileGrid.published(100, 120, TILE)
    tiles = random_tiles(grid, 3)
    del tiles[1, 2]
    percent = run(grid, tiles, np.ones((100, 120), bool), centre_weights(TILE))
    expected = np.full((100, 120), 255, np.uint8)
    for (row, col), values in tiles.items():
        top, left = grid.rows[row] + 8, grid.cols[col] + 8
        expected[top : top + 16, left : left + 16] = (values[8:24, 8:24] * 100 + np.float32(1e-4)).astype(np.uint8)
    np.testing.assert_array_equal(percent, expected)


def test_covered_knows_the_border():
    assert covered((1,), 40, centre_weights(TILE)).tolist() == [9 <= i < 25 for i in range(40)]


@pytest.mark.parametrize("bad", [np.nan, -0.5, 1.5, np.inf])
def test_values_that_are_no_confidence_are_refused(bad):
    grid = TileGrid.even(TILE, TILE, TILE, 0.5)
    tile = np.zeros((TILE, TILE), np.float32)
    tile[5, 7] = bad
    with pytest.raises(EngineError, match="outside 0"):
        Stitcher(grid, gaussian_weights(TILE)).put(0, 0, tile)
