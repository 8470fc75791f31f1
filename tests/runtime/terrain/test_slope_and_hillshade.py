"""Slope and hillshade against GDAL."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from helpers.rasters import elevation, write
from landslip.runtime.geo.geodesy import metres_per_degree
from landslip.runtime.terrain.slope_and_hillshade import horn

needs_gdaldem = pytest.mark.skipif(
    shutil.which("gdaldem") is None, reason="gdaldem (Debian: gdal-bin) is not installed"
)


def terrain(dem, wide, high, valid=None):
    known = np.ones(dem.shape, bool) if valid is None else valid
    return horn(dem, known, np.full(len(dem), wide), np.full(len(dem), high))


def gdaldem(what, source, target):
    subprocess.run(["gdaldem", what, "-q", str(source), str(target)], check=True)
    with rasterio.open(target) as dataset:
        return dataset.read(1), dataset.nodata


@needs_gdaldem
@pytest.mark.parametrize("cell", [(30.0, 30.0), (29.9972, 30.0016), (5.0, 5.0)])
@pytest.mark.parametrize("base", [0.0, 5000.0])
def test_equal_to_gdaldem(tmp_path, cell, base):
    dem = elevation(150, 200, seed=4) + np.float32(base)
    write(tmp_path / "dem.tif", dem, cell)
    hillshade, slope, known = terrain(dem, *cell)
    gdal_slope, _ = gdaldem("slope", tmp_path / "dem.tif", tmp_path / "slope.tif")
    gdal_hillshade, _ = gdaldem("hillshade", tmp_path / "dem.tif", tmp_path / "hillshade.tif")
    np.testing.assert_array_equal(slope[known], gdal_slope[known])
    difference = np.abs(hillshade.astype(int) - gdal_hillshade)
    # gdaldem takes an approximate square root: a value on the edge of rounding may fall to the other side.
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


@needs_gdaldem
def test_voids_spread_as_in_gdaldem(tmp_path):
    dem = elevation(60, 80)
    dem[20:23, 30:40] = -9999
    write(tmp_path / "dem.tif", dem, 30.0, nodata=-9999)
    _, _, known = terrain(dem, 30.0, 30.0, dem != -9999)
    gdal_slope, nodata = gdaldem("slope", tmp_path / "dem.tif", tmp_path / "slope.tif")
    np.testing.assert_array_equal(known, gdal_slope != nodata)


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_plane_has_its_slope_everywhere(east, south):
    rows, cols = np.mgrid[:6, :7].astype(np.float32)
    hillshade, slope, known = terrain((cols * east * 10 + rows * south * 10).astype(np.float32), 10.0, 10.0)
    assert known[1:-1, 1:-1].all()
    assert not known[0].any()
    assert not known[:, 0].any()
    np.testing.assert_allclose(slope[known], np.degrees(np.arctan(np.hypot(east, south))), atol=1e-3)
    assert (hillshade[known] >= 1).all()
    assert (hillshade[~known] == 0).all()


def test_light_comes_from_the_north_west():
    rows, cols = np.mgrid[:5, :5].astype(np.float32)
    facing, _, _ = terrain(10 * (rows + cols), 10.0, 10.0)
    averted, _, _ = terrain(-10 * (rows + cols), 10.0, 10.0)
    flat, _, _ = terrain(np.zeros((5, 5), np.float32), 10.0, 10.0)
    assert facing[2, 2] > flat[2, 2] > averted[2, 2]
    assert flat[2, 2] == 181  # 1 + 254 sin 45 degrees, rounded half up


def test_length_of_a_degree():
    # Snyder (1987), table 6 to 8: 111.320 km and 110.574 km at the equator, 78.849 km and 111.132 km at 45 degrees.
    longitude, latitude = metres_per_degree(np.array([0.0, 45.0]))
    np.testing.assert_allclose(longitude, [111_320, 78_847], atol=3)
    np.testing.assert_allclose(latitude, [110_574, 111_132], atol=3)
