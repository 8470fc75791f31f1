"""Shares of outlines, against counting points one by one with PROJ."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform, transform_bounds

from helpers.rasters import LEFT, TOP, write
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.overlap import pixels_below_map, share_of_map, share_of_smaller
from landslip.runtime.rasters.raster import Raster

GRID = MapGrid.covering((LEFT, TOP - 6000, LEFT + 9000, TOP), CRS.from_epsg(32632), 6.0)


def counted(path, grid):
    """Share of points spread over the map that lie inside the file, each brought there by PROJ."""
    left, bottom, right, top = grid.bounds
    xs, ys = (part.ravel() for part in np.meshgrid(np.linspace(left, right, 201), np.linspace(bottom, top, 201)))
    with rasterio.open(path) as dataset:
        xs, ys = transform(grid.crs, dataset.crs, xs, ys)
        inverse = ~dataset.transform
        cols = inverse.a * np.array(xs) + inverse.b * np.array(ys) + inverse.c
        rows = inverse.d * np.array(xs) + inverse.e * np.array(ys) + inverse.f
        return np.mean((cols >= 0) & (cols < dataset.width) & (rows >= 0) & (rows < dataset.height))


def placed(path, crs, share):
    """A raster in another CRS that begins where the map does and reaches over a share of its extent in x."""
    left, bottom, right, top = transform_bounds(GRID.crs, crs, *GRID.bounds)
    wide, high = (right - left) * share / 60, (top - bottom) / 40
    return write(path, np.zeros((40, 60), np.uint8), (wide, high), left=left, top=top, crs=crs)


@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:32633", "EPSG:4326", "EPSG:3857", "EPSG:3035"])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_the_share_is_that_of_points_counted(tmp_path, crs, share):
    path = placed(tmp_path / "part.tif", crs, share)
    with Raster(path, "mask") as raster:
        assert share_of_map(raster, GRID) == pytest.approx(counted(path, GRID), abs=0.01)


def test_a_rotated_raster_covers_by_its_own_sides(tmp_path):
    turn = Affine.translation(LEFT + 4500, TOP - 3000) @ Affine.rotation(35) @ Affine.scale(60, -60)
    path = write(tmp_path / "turned.tif", np.zeros((50, 60), np.uint8), 1.0, transform=turn)
    with Raster(path, "mask") as raster:
        assert share_of_map(raster, GRID) == pytest.approx(counted(path, GRID), abs=0.01)


def test_the_whole_globe_covers_everything(tmp_path):
    path = write(tmp_path / "globe.tif", np.zeros((18, 36), np.uint8), 10.0, left=-180, top=90, crs="EPSG:4326")
    with Raster(path, "elevation model") as raster:
        assert share_of_map(raster, GRID) == pytest.approx(1)
        assert 0 < pixels_below_map(raster, GRID) < 1


def test_longitudes_beyond_the_date_line(tmp_path):
    grid = MapGrid.covering((295_000, 3_800_000, 305_000, 3_810_000), CRS.from_epsg(32601), 6.0)  # about 179.2 W
    for left in (179.0, -181.0):
        path = write(tmp_path / f"{left}.tif", np.zeros((20, 30), np.uint8), 0.1, left=left, top=35.5, crs="EPSG:4326")
        with Raster(path, "elevation model") as raster:
            assert share_of_map(raster, grid) == pytest.approx(1)


def test_pixels_below_the_map_are_those_of_the_source(tmp_path):
    path = write(tmp_path / "fine.tif", np.zeros((3000, 3000), np.uint8), 3.0, left=LEFT - 600, top=TOP + 600)
    with Raster(path, "mask") as raster:
        assert pixels_below_map(raster, GRID) == pytest.approx(8400 / 3 * 6000 / 3, rel=1e-3)


def test_of_two_images_the_smaller_one_counts(tmp_path):
    large = write(tmp_path / "large.tif", np.zeros((100, 100), np.uint8), 10.0)
    small = write(tmp_path / "small.tif", np.zeros((40, 50), np.uint8), 5.0, left=LEFT + 875, top=TOP)
    far = write(tmp_path / "far.tif", np.zeros((40, 50), np.uint8), 5.0, left=LEFT + 1e5, top=TOP)
    with Raster(large, "a") as first, Raster(small, "b") as second, Raster(far, "c") as third:
        assert share_of_smaller(first, second) == share_of_smaller(second, first) == pytest.approx(0.5)
        assert share_of_smaller(first, third) == 0


def test_a_place_that_a_projection_does_not_know_tells_nothing(tmp_path):
    # Polar stereographic coordinates beyond the globe.
    path = write(tmp_path / "north.tif", np.zeros((10, 10), np.uint8), 1e7, left=-5e8, top=5e8, crs="EPSG:32632")
    other = write(tmp_path / "other.tif", np.zeros((10, 10), np.uint8), 1.0, left=0, top=50, crs="EPSG:4326")
    with Raster(path, "a") as first, Raster(other, "b") as second:
        assert share_of_smaller(first, second) is None
