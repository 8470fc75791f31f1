"""Bringing sources onto the map grid: equal to GDAL's warper, independent of windows, nothing unknown mixed in."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window

from helpers.rasters import LEFT, TOP, rgb
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.projection import transform_points
from landslip.runtime.geo.resampler import Lattice, Resampler

UTM32, UTM33, WGS84 = CRS.from_epsg(32632), CRS.from_epsg(32633), CRS.from_epsg(4326)


def grid_of(height, width, resolution=6.0, left=LEFT, top=TOP):
    return MapGrid(UTM32, Affine(resolution, 0, left, 0, -resolution, top), height, width)


def sample(lattice, grid, values, *, valid=None, method="bilinear", window=None):
    """A map window through the resampler, from a whole source (bands, rows, cols)."""
    resampler = Resampler(lattice, grid, method)
    window = window or Window(0, 0, grid.width, grid.height)
    sampling = resampler.sampling(window)
    known = np.ones(values.shape[1:], bool) if valid is None else valid
    if sampling.source is None:
        shape = (window.height, window.width)
        return np.zeros((len(values), *shape), values.dtype), np.zeros(shape, bool)
    rows, cols = sampling.source.toslices()
    return resampler.resample(sampling, Pixels(values[:, rows, cols], known[rows, cols]))


def warped(lattice, grid, values, method=Resampling.bilinear):
    out = np.zeros((len(values), grid.height, grid.width), values.dtype)
    return reproject(
        values, out, src_transform=lattice.transform, src_crs=lattice.crs,
        dst_transform=grid.transform, dst_crs=grid.crs, resampling=method, tolerance=0,
    )[0]  # fmt: skip


@pytest.mark.parametrize("resolution", [2.0, 4.0, 5.0, 6.0, 10.0, 30.0])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (3.7, -1.2)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_equal_to_gdal_on_aligned_grids(resolution, offset, dtype):
    values = rgb(90, 110).astype(dtype)
    lattice = Lattice(UTM32, Affine(resolution, 0, LEFT + offset[0], 0, -resolution, TOP + offset[1]), 90, 110)
    grid = grid_of(int(80 * resolution / 6), int(100 * resolution / 6), left=LEFT + 24, top=TOP - 24)
    out, known = sample(lattice, grid, values)
    expected = warped(lattice, grid, values)
    assert known.all()
    # Ratios such as 5:6 put many values exactly between two integers, where GDAL's float sums fall to either side.
    np.testing.assert_allclose(out.astype(float), expected, atol=1 if dtype == "uint8" else 1e-3)
    assert (np.abs(out.astype(float) - expected) > 0.01).mean() < 0.02


@pytest.mark.parametrize(
    "lattice",
    [
        Lattice(UTM33, Affine(10, 0, 27_500, 0, -10, 5_018_500), 400, 400),
        Lattice(WGS84, Affine(1e-4, 0, 8.99, 0, -1e-4, 45.16), 400, 400),
        Lattice(UTM32, Affine(8, 3, LEFT - 600, 3, -8, TOP + 300), 400, 400),
        Lattice(UTM32, Affine(10, 0, LEFT - 600, 0, 10, TOP - 1500), 400, 400),
    ],
    ids=["other zone", "degrees", "rotated", "south up"],
)
def test_equal_to_gdal_on_any_grid(lattice):
    rows, cols = np.mgrid[:400, :400]
    values = (100 + 80 * np.sin(rows / 15) * np.cos(cols / 19))[None].astype(np.float32)
    grid = grid_of(150, 170, left=LEFT + 60, top=TOP - 120)
    out, known = sample(lattice, grid, values)
    expected = warped(lattice, grid, values)
    inside = known & (expected[0] != 0)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(out[0][inside], expected[0][inside], atol=0.05)


@given(
    st.integers(0, 100), st.integers(0, 120), st.integers(1, 60), st.integers(1, 60),
    st.sampled_from(["aligned", "rotated", "other zone"]), st.sampled_from(["bilinear", "nearest"]),
    st.sampled_from(["uint8", "float32"]),
)  # fmt: skip
def test_windows_do_not_matter(row, col, height, width, kind, method, dtype):
    values = (rgb(300, 300) + np.linspace(0, 1, 300)).astype(dtype)
    transform = Affine(10, 0, LEFT - 500, 0, -10, TOP + 500)
    lattice = Lattice(UTM32, transform, 300, 300)
    if kind == "rotated":  # some of the map lies outside
        lattice = Lattice(
            UTM32, Affine.translation(LEFT - 100, TOP + 50) @ Affine.rotation(20) @ Affine.scale(10, -10), 60, 70
        )
        values = values[:, :60, :70]
    if kind == "other zone":
        lattice = Lattice(UTM33, Affine(10, 0, 27_500, 0, -10, 5_018_500), 300, 300)
    grid = grid_of(170, 190)
    whole, whole_known = sample(lattice, grid, values, method=method)
    part, known = sample(lattice, grid, values, method=method, window=Window(col, row, width, height))
    rows, cols = slice(row, row + height), slice(col, col + width)
    if row + height <= 170 and col + width <= 190:
        np.testing.assert_array_equal(part, whole[:, rows, cols])
        np.testing.assert_array_equal(known, whole_known[rows, cols])


@pytest.mark.parametrize("pixel", [2.5, 3.6, 4.0, 10.0])
@pytest.mark.parametrize("turned", [0.0, 90.0, 20.0])
@pytest.mark.parametrize("unknown", [-3.4028234663852886e38, 3.4028234663852886e38])
def test_numbers_that_stand_for_unknown_do_not_spoil_what_is_known(pixel, turned, unknown):
    values = np.full((1, 200, 200), 30, np.float32)
    values[:, :, 90:110] = unknown
    corner = (LEFT, TOP - 200 * pixel) if turned == 90.0 else (LEFT, TOP)
    place = Affine.translation(*corner) @ Affine.rotation(turned) @ Affine.scale(pixel, -pixel)
    lattice, grid = Lattice(UTM32, place, 200, 200), grid_of(90, 90)
    out, known = sample(lattice, grid, values, valid=values[0] == 30)
    assert known.any()
    np.testing.assert_allclose(out[0][known], 30, atol=1e-4)
    assert (out[0][~known] == 0).all()


def test_a_source_on_the_map_grid_comes_through_unchanged():
    values = rgb(50, 60)
    valid = np.random.default_rng(1).random((50, 60)) < 0.7
    out, known = sample(Lattice(UTM32, grid_of(50, 60).transform, 50, 60), grid_of(50, 60), values, valid=valid)
    np.testing.assert_array_equal(known, valid)
    np.testing.assert_array_equal(out, np.where(valid, values, 0))


@given(st.integers(0, 1000), st.sampled_from([4.0, 10.0, 17.0]))
def test_nothing_unknown_is_mixed_in(seed, resolution):
    values = np.full((1, 40, 40), 100, np.uint8)
    valid = np.random.default_rng(seed).random((40, 40)) < 0.9
    values[0][~valid] = 255
    lattice = Lattice(UTM32, Affine(resolution, 0, LEFT, 0, -resolution, TOP), 40, 40)
    out, known = sample(lattice, grid_of(30, 30, left=LEFT - 12, top=TOP + 12), values, valid=valid)
    assert (out[0][known] == 100).all()
    assert (out[0][~known] == 0).all()


def test_outside_the_source_nothing_is_known():
    lattice = Lattice(UTM32, Affine(10, 0, LEFT + 30, 0, -10, TOP - 30), 3, 3)
    _, known = sample(lattice, grid_of(15, 15), np.ones((1, 3, 3), np.uint8))
    assert known.sum() == 25
    assert known[5:10, 5:10].all()
    far = Lattice(UTM32, Affine(10, 0, LEFT + 3000, 0, -10, TOP), 3, 3)
    assert not sample(far, grid_of(15, 15), np.ones((1, 3, 3), np.uint8))[1].any()


@pytest.mark.parametrize("resolution", [5.0, 10.0])
def test_nearest_is_gdals(resolution):
    values = np.random.default_rng(0).integers(0, 12, (1, 80, 80)).astype(np.uint8)
    lattice = Lattice(UTM32, Affine(resolution, 0, LEFT + 0.7, 0, -resolution, TOP - 0.3), 80, 80)
    grid = grid_of(50, 50, left=LEFT + 6, top=TOP - 6)
    np.testing.assert_array_equal(
        sample(lattice, grid, values, method="nearest")[0], warped(lattice, grid, values, Resampling.nearest)
    )


def test_coordinates_between_nodes_are_projs():
    lattice = Lattice(UTM33, Affine(10, 0, 27_500, 0, -10, 5_018_500), 4000, 4000)
    grid = grid_of(2000, 2000)
    sampling = Resampler(lattice, grid, "bilinear").sampling(Window(1000, 37, 700, 300))
    cols, rows = np.meshgrid(np.arange(1000, 1700) + 0.5, np.arange(37, 337) + 0.5)
    xs, ys = transform_points(UTM32, UTM33, LEFT + 6 * cols, TOP - 6 * rows)
    exact_cols, exact_rows = (xs - 27_500) / 10 - 0.5, (5_018_500 - ys) / 10 - 0.5
    np.testing.assert_allclose(sampling.cols.ravel(), exact_cols, atol=1e-3)
    np.testing.assert_allclose(sampling.rows.ravel(), exact_rows, atol=1e-3)


def test_a_worldwide_source_is_read_only_where_the_map_lies_across_the_date_line():
    utm60s = CRS.from_epsg(32760)
    left, top = (float(part[0]) for part in transform_points(WGS84, utm60s, [179.9], [-17.0]))
    grid = MapGrid(utm60s, Affine(100, 0, left, 0, -100, top), 50, 600)
    for centre in (180.0, -180.0):
        world = Lattice(WGS84, Affine(0.01, 0, centre - 10, 0, -0.01, -10), 1500, 2000)
        window = Resampler(world, grid, "bilinear").sampling(Window(0, 0, 600, 50)).source
        assert window is not None
        assert 40 < window.width < 80
        assert window.height < 20
