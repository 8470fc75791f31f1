"""Areas of interest: the same pixels whatever windows are read and whatever is cut."""

from __future__ import annotations

import contextlib

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import transform
from rasterio.windows import Window

from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.scene.area import VectorArea, open_area

UTM = CRS.from_epsg(32632)
SIZE = 60
LATTICES = [(6.0, 600_000.0, 5_200_002.0), (4.8, 600_000.0, 5_200_003.2), (0.3, 600_000.3, 5_200_003.9)]
"""Resolution, left and top: in whole metres, and such as no float64 holds exactly."""


def grid_at(resolution, left, top, size=SIZE):
    return MapGrid(UTM, Affine(resolution, 0, left, 0, -resolution, top), size, size)


def inside(area, grid, step):
    """The whole map, read in square windows."""
    found = np.zeros((grid.height, grid.width), bool)
    for row in range(0, grid.height, step):
        for col in range(0, grid.width, step):
            window = Window(col, row, min(step, grid.width - col), min(step, grid.height - row))
            found[row : row + step, col : col + step] = area.valid(window)
    return found


def aligned(shapes, crs, grid):
    area = VectorArea("area.gpkg", crs, np.array(shapes))
    area.align(grid)
    return area


CENTRES = st.tuples(*[st.integers(-5, SIZE + 5)] * 2).map(lambda place: (place[0] + 0.5, place[1] + 0.5))


@pytest.mark.parametrize("lattice", LATTICES)
@settings(max_examples=50)
@given(corners=st.lists(CENTRES, min_size=3, max_size=6), step=st.sampled_from((13, 16, 37)))
def test_sides_through_the_centres_of_pixels_fall_alike_in_every_window_and_on_every_grid(lattice, corners, step):
    grids = [grid_at(*lattice), grid_at(1.0, 0.0, 0.0)]
    found = []
    for grid in grids:
        placed = [grid.transform @ corner for corner in corners]
        area = aligned([shapely.Polygon(placed)], UTM, grid)
        found.append(inside(area, grid, SIZE))
        np.testing.assert_array_equal(found[-1], inside(area, grid, step))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("lattice", LATTICES)
def test_of_a_box_through_centres_only_the_left_side_is_outside(lattice):
    grid = grid_at(*lattice)
    (left, top), (right, bottom) = grid.transform @ (10.5, 20.5), grid.transform @ (15.5, 22.5)
    expected = np.zeros((SIZE, SIZE), bool)
    expected[20:23, 11:16] = True
    np.testing.assert_array_equal(aligned([shapely.box(left, bottom, right, top)], UTM, grid).valid(WHOLE), expected)


WHOLE = Window(0, 0, SIZE, SIZE)
NORTH = 60.0
"""Degrees: the upper side of a box that is four degrees wide, 100 km around its middle; in UTM that bends by 1.3 km."""


@pytest.fixture
def wide(tmp_path):
    """A box in degrees as a file: four corners."""
    path = tmp_path / "area.gpkg"
    box = shapely.to_wkb([shapely.box(7.0, 59.0, 11.0, NORTH)])
    pyogrio.raw.write(path, box, [], [], geometry_type="Polygon", crs="EPSG:4326", driver="GPKG")
    return path


@pytest.mark.parametrize("resolution", [6.0, 60.0, 1000.0])
@pytest.mark.parametrize("longitude", [7.9, 9.0])
def test_sides_are_straight_in_the_crs_of_the_file_whatever_is_mapped(wide, resolution, longitude):
    (x,), (y,) = transform("EPSG:4326", UTM, [longitude], [NORTH])
    left, top = (round(part + turn * resolution * SIZE / 2) for part, turn in ((x, -1), (y, 1)))
    grid = grid_at(resolution, left, top)
    cols, rows = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    longitudes, latitudes = transform(
        UTM, "EPSG:4326", (left + cols * resolution).ravel(), (top - rows * resolution).ravel()
    )
    hangs = np.abs(np.array(latitudes) - NORTH) * 111_000 < 0.05  # metres
    expected = (np.array(latitudes) < NORTH) & (np.array(longitudes) > 7.0)
    with contextlib.ExitStack() as stack:
        area = open_area(wide, stack)
        area.align(grid)
        found = area.valid(WHOLE).ravel()
    assert found.any()
    assert not found.all()
    np.testing.assert_array_equal(found[~hangs], expected[~hangs])


def test_what_is_near_the_map_in_another_crs_only_does_not_widen_it():
    """North of the map, where its outline in another zone reaches: the box of the map is slanting there."""
    box = (500_000.0, 6_600_000.0, 530_000.0, 6_603_000.0)
    apart = shapely.box(500_000.0, 6_601_500.0, 510_000.0, 6_602_000.0)
    beyond = shapely.box(520_000.0, 6_603_400.0, 540_000.0, 6_604_400.0)
    zone = CRS.from_epsg(32633)
    shapes = shapely.transform(
        np.array([apart, beyond]), lambda points: np.column_stack(transform(UTM, zone, *points.T)[:2])
    )
    found = VectorArea("area.gpkg", zone, shapes).bounds_near(UTM, box)
    assert found == pytest.approx((500_000.0, 6_601_500.0, 510_000.0, 6_602_000.0), abs=3)
