"""Grids and tiles: every pixel covered, all in bounds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from landslip.runtime.geo.map_grid import MapGrid, intersection, utm_crs
from landslip.runtime.tiling.tile_grid import TileGrid, reflect

UTM = CRS.from_epsg(32632)
lengths = st.integers(1, 1500)
tile_sizes = st.sampled_from([32, 64, 96, 224])
overlaps = st.floats(0.0, 0.9)


@given(lengths, lengths, tile_sizes, overlaps)
def test_even_tiles_cover_every_pixel_and_stay_on_the_map(height, width, tile, overlap):
    grid = TileGrid.even(height, width, tile, overlap)
    for starts, length in ((grid.rows, height), (grid.cols, width)):
        hit = np.zeros(length, bool)
        for start in starts:
            assert start + tile > 0
            assert start < length
            hit[max(0, start) : start + tile] = True
        assert hit.all()
        assert list(starts) == sorted(set(starts))
        if length >= tile:
            assert starts[0] == 0
            assert starts[-1] == length - tile


@given(lengths, tile_sizes, overlaps)
def test_even_tiles_overlap_by_at_least_what_was_asked(height, tile, overlap):
    starts = TileGrid.even(height, 1, tile, overlap).rows
    hop = max(1, round(tile * (1 - overlap)))
    assert all(later - earlier <= hop + 1 for earlier, later in itertools.pairwise(starts))


def test_a_map_smaller_than_a_tile_gets_one_tile_in_its_middle():
    grid = TileGrid.even(100, 31, 224, 0.5)
    assert (grid.rows, grid.cols) == ((-62,), (-96,))


@pytest.mark.parametrize("build", [TileGrid.even, lambda h, w, t, _: TileGrid.published(h, w, t)])
@given(height=lengths, width=lengths, tile=tile_sizes, overlap=overlaps)
def test_strips_and_rows_to_read_cover_each_row_once(build, height, width, tile, overlap):
    grid = build(height, width, tile, overlap)
    if not grid.rows:
        return
    for part in (grid.strip, grid.rows_to_read):
        rows = [row for index in range(len(grid.rows)) for row in range(*part(index))]
        assert rows == list(range(height))
    for index in range(len(grid.rows)):
        # What finishes with a tile row has been read by then, and no later tile reaches it.
        assert grid.strip(index)[1] <= grid.rows_to_read(index)[1]
        assert all(grid.rows[later] >= grid.strip(index)[1] for later in range(index + 1, len(grid.rows)))
        touching = [k for k in range(index + 1) if grid.rows[k] + tile > grid.strip(index)[0]]
        assert grid.first_row_touching(index) == min(touching, default=index)
        # Rows that are final before a tile row are not touched by it: their sums may go.
        assert max(0, grid.rows[index]) >= grid.strip(index)[0]


def test_published_tiles_are_those_of_the_notebook():
    grid = TileGrid.published(700, 500, 224)
    assert grid.rows == tuple(y - 112 for y in range(113, 700 - 113, 112))
    assert grid.cols == tuple(x - 112 for x in range(113, 500 - 113, 112))
    assert len(TileGrid.published(225, 500, 224)) == 0


@given(st.integers(-5000, 5000), st.integers(1, 300))
def test_reflection_is_numpys(index, length):
    padded = np.pad(np.arange(length), 5000, mode="reflect") if length > 1 else np.zeros(10001, int)
    assert reflect(index, length) == padded[(index + 5000) % len(padded)] or index + 5000 >= len(padded)


@given(
    st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(1, 5e4), st.floats(1, 5e4), st.sampled_from([0.5, 6.0, 10.0])
)
def test_covering_keeps_the_pixels_whose_centres_are_inside(left, bottom, width, height, resolution):
    grid = MapGrid.covering((left, bottom, left + width, bottom + height), UTM, resolution)
    low_x, low_y, high_x, high_y = grid.bounds
    half, hair = resolution / 2, 1e-4
    assert math.isclose(math.remainder(low_x, resolution), 0, abs_tol=1e-6)
    assert math.isclose(math.remainder(high_y, resolution), 0, abs_tol=1e-6)
    if grid.width and grid.height:
        assert left - hair <= low_x + half
        assert high_x - half <= left + width + hair
        assert bottom - hair <= low_y + half
        assert high_y - half <= bottom + height + hair
        assert low_x - half < left + hair
        assert high_x + half > left + width - hair


def test_intersection_and_utm():
    assert intersection([(0, 0, 10, 10), (5, -5, 20, 5)]) == (5, 0, 10, 5)
    assert intersection([(0, 0, 10, 10), (10, 0, 20, 10)]) is None
    assert utm_crs(103.8, 33.2) == CRS.from_epsg(32648)
    assert utm_crs(-71.0, -33.0) == CRS.from_epsg(32719)
    assert utm_crs(180.0, 1.0) == utm_crs(-180.0, 1.0) == CRS.from_epsg(32601)
    assert utm_crs(238.0, 40.0) == CRS.from_epsg(32610)
