"""Blending of several classes, against whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.oracles import weighted_mean
from landslip.runtime.errors import EngineError
from landslip.runtime.tiling.class_stitch import ClassStitcher
from landslip.runtime.tiling.stitch import Stitcher, centre_weights, gaussian_weights
from landslip.runtime.tiling.tile_grid import TileGrid

TILE = 32
LANDSLIDE = (False, True, False, True)

grids = st.builds(
    TileGrid.even,
    st.integers(1, 110),
    st.integers(1, 110),
    st.just(TILE),
    st.floats(0.0, 0.7),
)


def stitched(grid, tiles, valid, weights):
    """The whole map in percent, and its classes, through the stitcher."""
    stitcher, parts = ClassStitcher(grid, weights, LANDSLIDE), []
    for row in range(len(grid.rows)):
        for col in range(len(grid.cols)):
            if (row, col) in tiles:
                stitcher.put(row, col, tiles[row, col])
        parts.append(stitcher.finish(row, valid[slice(*grid.strip(row))]))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def class_tiles(grid, seed):
    """Confidences of four classes that add up to 1 at each pixel."""
    rng = np.random.default_rng(seed)
    drawn = {
        (row, col): rng.random((4, TILE, TILE)) ** 3 for row in range(len(grid.rows)) for col in range(len(grid.cols))
    }
    return {place: (values / values.sum(0)).astype(np.float32) for place, values in drawn.items()}


@given(grids, st.integers(0, 100))
def test_each_class_is_blended_and_the_surest_one_taken(grid, seed):
    tiles, valid = class_tiles(grid, seed), np.ones((grid.height, grid.width), bool)
    percent, classes = stitched(grid, tiles, valid, gaussian_weights(TILE))
    blended = np.stack(
        [
            weighted_mean(grid, {place: tile[band] for place, tile in tiles.items()}, gaussian_weights(TILE))
            for band in range(4)
        ]
    )
    expected = 100 * blended[[1, 3]].sum(0)
    assert ((percent <= expected + 1e-3) & (percent >= expected - 1 - 1e-3)).all()
    first, second = np.sort(blended, axis=0)[[-1, -2]]
    is_clear = first - second > 1e-5
    np.testing.assert_array_equal(classes[is_clear], blended.argmax(0)[is_clear])
    assert is_clear.mean() > 0.9


@given(grids, st.integers(0, 100))
def test_one_landslide_class_has_the_percentages_of_a_single_band(grid, seed):
    rng = np.random.default_rng(seed)
    tiles, valid = class_tiles(grid, seed), rng.random((grid.height, grid.width)) < 0.9
    tiles = {place: tile for place, tile in tiles.items() if rng.random() < 0.8}
    tiles = {place: np.stack([tile[0] + tile[3], tile[1], tile[2], 0 * tile[3]]) for place, tile in tiles.items()}
    alone, parts = Stitcher(grid, gaussian_weights(TILE)), []
    for row in range(len(grid.rows)):
        for col in range(len(grid.cols)):
            if (row, col) in tiles:
                alone.put(row, col, tiles[row, col][1])
        parts.append(alone.finish(row, valid[slice(*grid.strip(row))]))
    percent, classes = stitched(grid, tiles, valid, gaussian_weights(TILE))
    np.testing.assert_array_equal(percent, np.concatenate(parts))
    np.testing.assert_array_equal(classes == 255, percent == 255)


def test_of_equal_classes_the_first_is_taken():
    grid = TileGrid.even(TILE, TILE, TILE, 0.5)
    tile = np.zeros((4, TILE, TILE), np.float32)
    tile[:, 0] = np.float32([0.25, 0.25, 0.25, 0.25])[:, None]
    tile[:, 1] = np.float32([0.0, 0.5, 0.0, 0.5])[:, None]
    tile[:, 2:] = np.float32([0.125, 0.25, 0.5, 0.125])[:, None, None]
    percent, classes = stitched(grid, {(0, 0): tile}, np.ones((TILE, TILE), bool), centre_weights(TILE) + 1)
    assert classes[:3, 5].tolist() == [0, 1, 2]
    assert percent[:3, 5].tolist() == [50, 100, 37]


@pytest.mark.parametrize("band", range(4))
def test_a_value_that_is_no_confidence_is_refused_in_every_class(band):
    grid = TileGrid.even(TILE, TILE, TILE, 0.5)
    tile = np.full((4, TILE, TILE), 0.25, np.float32)
    tile[band, 5, 7] = np.nan
    with pytest.raises(EngineError, match="outside 0"):
        ClassStitcher(grid, gaussian_weights(TILE), LANDSLIDE).put(0, 0, tile)


@pytest.mark.parametrize("total", [0.5, 1.5])
def test_classes_that_do_not_add_up_are_refused(total):
    grid = TileGrid.even(TILE, TILE, TILE, 0.5)
    tile = np.full((4, TILE, TILE), 0.25, np.float32)
    tile[:, 5, 7] = total / 4
    with pytest.raises(EngineError, match=f"{total:g}.*and not to 1") as refused:
        ClassStitcher(grid, gaussian_weights(TILE), LANDSLIDE).put(0, 0, tile)
    assert "softmax" in refused.value.remedy
