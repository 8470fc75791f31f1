"""Elevation models: tiles against one merged file, unknown values, and terrain against whole-array references."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.merge import merge
from rasterio.warp import Resampling, reproject

from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, scene_on_grid, write
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.geo.geodesy import metres_per_degree
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.terrain.elevation import FILL_REACH, Elevation
from landslip.runtime.terrain.slope_and_hillshade import horn

STEP = 1 / 3600
WEST, NORTH = 9.0, 45.2
VOID = -32768


def opened(stack, paths, **options):
    return Elevation([stack.enter_context(Raster(path, "elevation model")) for path in paths], **options)


def read_elevation(paths, **options):
    with ExitStack() as stack:
        dem = opened(stack, paths, **options)
        values, valid = dem.read(make_window(0, 0, dem.width, dem.height))
        return dem, values[0], valid


def read_scene(files):
    with open_scene(files, 6.0) as scene:
        return scene.read(scene.grid.rows(0, scene.grid.height)), scene.facts


def srtm(folder, size=61):
    """Four tiles in degrees that share a row or a column with the next, as SRTM's do; the last one is missing.

    Returns their paths and the one array they were cut from, with voids over a seam.
    """
    whole = np.round(elevation(2 * size - 1, 2 * size - 1)).astype("int16")
    whole[30:34, size - 4 : size + 3] = VOID
    paths = []
    for row, col, dtype, nodata in ((0, 0, "int16", VOID), (0, 1, "float32", -9999), (1, 0, "int16", VOID)):
        top, left = row * (size - 1), col * (size - 1)
        part = whole[top : top + size, left : left + size]
        part = np.where(part == VOID, nodata, part).astype(dtype)
        corner = {"left": WEST + left * STEP, "top": NORTH - top * STEP, "crs": "EPSG:4326", "nodata": nodata}
        paths.append(write(folder / f"tile{row}{col}.tif", part, STEP, **corner))
    whole[size:, size:] = VOID
    return paths, whole


def images(folder):
    """Images in a UTM zone that lie over the middle of the tiles."""
    place = {"left": 500_400.0, "top": 5_004_600.0}
    return SceneFiles(
        pre=write(folder / "pre.tif", rgb(160, 170), 10.0, **place),
        post=write(folder / "post.tif", rgb(160, 170, 1), 10.0, **place),
    )


def merged(folder, paths):
    """What rasterio makes of tiles: one file."""
    with ExitStack() as stack:
        values, transform = merge(
            [stack.enter_context(rasterio.open(path)) for path in paths], nodata=-1e4, dtype="float32"
        )
    values[np.isin(values, (VOID, -9999))] = -1e4
    return write(folder / "merged.tif", values, STEP, crs="EPSG:4326", nodata=-1e4, transform=transform)


def test_tiles_are_one_elevation_model(tmp_path):
    paths, whole = srtm(tmp_path)
    _, values, known = read_elevation(paths)
    np.testing.assert_array_equal(known, whole != VOID)
    np.testing.assert_array_equal(values, np.where(whole == VOID, 0, whole))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
@pytest.mark.parametrize("fill", [False, True])
def test_terrain_over_seams_is_that_of_a_merged_file_to_the_bit(tmp_path, order, fill):
    paths, _ = srtm(tmp_path)
    tiles = tuple(paths[k] for k in order)
    files = replace(images(tmp_path), dem=tiles, reading=ReadOptions(fill_voids=fill))
    patch, facts = read_scene(files)
    expected, _ = read_scene(replace(files, dem=merged(tmp_path, paths)))
    np.testing.assert_array_equal(patch.valid, expected.valid)
    for role in ("hillshade", "slope"):
        np.testing.assert_array_equal(patch.arrays[role], expected.arrays[role])
    with open_scene(files, 6.0) as scene:
        strips = [scene.read(scene.grid.rows(row, min(row + 23, scene.grid.height))) for row in range(0, 267, 23)]
    for role in ("hillshade", "slope"):
        np.testing.assert_array_equal(np.hstack([strip.arrays[role][0].T for strip in strips]).T, patch.arrays[role][0])
    assert 0.8 < patch.valid.mean() < (0.97 if fill else 0.95)  # the voids and the missing tile
    assert facts["elevation"] == {
        "tiles": 3,
        "nodata": [-32768.0, -9999.0],
        "voids": f"filled up to {FILL_REACH} pixels" if fill else "not observed",
    }


def test_where_tiles_overlap_the_first_that_knows_counts(tmp_path):
    first, second = np.full((8, 10), 100, "float32"), np.full((8, 10), 200, "float32")
    first[2:4, 6:9] = -1
    a = write(tmp_path / "a.tif", first, 30.0, nodata=-1)
    b = write(tmp_path / "b.tif", second, 30.0, left=LEFT + 5 * 30)
    dem, values, known = read_elevation([a, b])
    assert (dem.height, dem.width) == (8, 15)
    assert known.all()
    expected = np.full((8, 15), 200)
    expected[:, :10] = 100
    expected[2:4, 6:9] = 200
    np.testing.assert_array_equal(values, expected)


def test_tiles_meet_over_the_date_line(tmp_path):
    values = elevation(6, 20)
    place = {"top": 10.0, "crs": "EPSG:4326"}
    east = write(tmp_path / "east.tif", values[:, 10:], 0.1, left=-180.0, **place)
    west = write(tmp_path / "west.tif", values[:, :10], 0.1, left=179.0, **place)
    for tiles in ((east, west), (west, east)):
        dem, found, known = read_elevation(tiles)
        assert (dem.width, dem.transform.c) == (20, 179.0)
        assert known.all()
        np.testing.assert_array_equal(found, values)


def tile(folder, name, col=0, **options):
    options = {"resolution": 30.0, "left": LEFT + col * 300.0} | options
    return write(folder / f"{name}.tif", elevation(10, 10), **options)


ODD = {
    "in another zone": ({"crs": "EPSG:32633"}, r"it is in EPSG:32633, not EPSG:32632"),
    "coarser": ({"resolution": 40.0}, r"its pixels are 40 x -40, not 30 x -30"),
    "a little coarser": ({"resolution": 30.2}, r"its pixels are 30.2 x -30.2, not 30 x -30"),
    "beside the grid": ({"left": LEFT + 612.0}, r"it lies 0.40 of a pixel beside it"),
    "south up": ({"transform": Affine(30, 0, LEFT + 600, 0, 30, TOP - 300)}, r"its pixels are 30 x 30, not 30 x -30"),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("place", [0, 2])
def test_the_odd_tile_is_named(tmp_path, kind, place):
    options, found = ODD[kind]
    paths = [tile(tmp_path, "one", 0), tile(tmp_path, "two", 1)]
    paths.insert(place, tile(tmp_path, "odd", 2, **options))
    with pytest.raises(InputError, match=rf"odd\.tif does not lie on the pixel grid of .*(one|two)\.tif: {found}\. Br"):
        read_elevation(paths)


def test_headers_may_be_rounded(tmp_path):
    a, b = tile(tmp_path, "a"), tile(tmp_path, "b", left=LEFT + 300.4, resolution=30.001)
    dem, _, known = read_elevation([a, b])
    assert dem.width == 20
    assert known.all()


def test_a_rotated_tile_is_refused(tmp_path):
    odd = tile(tmp_path, "odd", transform=Affine(30, 2, LEFT, 2, -30, TOP))
    with pytest.raises(InputError, match=r"odd\.tif is rotated"):
        read_elevation([tile(tmp_path, "a"), odd])


def test_tiles_that_all_lie_elsewhere_are_refused(tmp_path):
    # Their common outline holds the map.
    tiles = (tile(tmp_path, "a", left=LEFT - 9000), tile(tmp_path, "b", left=LEFT + 9000))
    with pytest.raises(InputError, match=r"a\.tif lies elsewhere"):
        read_scene(replace(scene_mixed(tmp_path), dem=tiles))


def test_a_damaged_tile_is_the_one_named(tmp_path):
    a, b = tile(tmp_path, "a"), tile(tmp_path, "b", 1)
    b.write_bytes(b.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"b\.tif cannot be read in rows 0 to 10, columns 0 to 10"):
        read_elevation([a, b])


@pytest.mark.parametrize(("dtype", "value"), [("int16", 0), ("float32", -333.3), ("uint8", 0)])
def test_a_chosen_nodata_value_is_unknown_besides_the_declared_one(tmp_path, dtype, value):
    values = (elevation(20, 30) / 10).astype(dtype)
    values[3:6, 4:8], values[10, 10] = value, 7
    path = write(tmp_path / "dem.tif", values, 30.0, nodata=7)
    expected = values != 7
    _, _, known = read_elevation([path])
    np.testing.assert_array_equal(known, expected)
    expected[3:6, 4:8] = False
    dem, _, known = read_elevation([path], nodata=float(value))
    np.testing.assert_array_equal(known, expected)
    assert set(dem.facts["nodata"]) == {7.0, float(value)}


def test_a_value_that_the_type_cannot_hold_hides_nothing(tmp_path):
    path = write(tmp_path / "dem.tif", np.full((5, 5), 241, "uint8"), 30.0)
    _, _, known = read_elevation([path], nodata=-9999.0)
    assert known.all()


def test_numbers_that_are_none_are_unknown(tmp_path):
    values = elevation(12, 12).astype("float64")
    values[2, 2], values[3, 3], values[4, 4] = np.nan, np.inf, -1e300
    _, found, known = read_elevation([write(tmp_path / "dem.tif", values, 30.0)])
    assert np.argwhere(~known).tolist() == [[2, 2], [3, 3], [4, 4]]
    assert np.isfinite(found).all()


SEAMS = st.tuples(st.integers(0, 39), st.integers(0, 49), st.integers(1, 40), st.integers(1, 50))


@pytest.fixture(scope="module")
def holes(tmp_path_factory):
    """Two tiles with voids of all sizes, in one and over the seam."""
    folder, values = tmp_path_factory.mktemp("holes"), elevation(40, 50)
    rng = np.random.default_rng(3)
    for _ in range(25):
        row, col = rng.integers(0, 40), rng.integers(0, 50)
        values[row : row + rng.integers(1, 12), col : col + rng.integers(1, 12)] = -1
    left, right = values[:, :28], values[:, 27:]
    return (
        write(folder / "left.tif", left, 30.0, nodata=-1, tiled=True, blockxsize=16, blockysize=16),
        write(folder / "right.tif", right, 30.0, left=LEFT + 27 * 30, nodata=-1),
    )


@given(SEAMS)
def test_filled_elevations_do_not_depend_on_windows(holes, box):
    row, col, height, width = box[0], box[1], min(box[2], 40 - box[0]), min(box[3], 50 - box[1])
    with ExitStack() as stack:
        dem = opened(stack, holes, reach=5)
        whole, whole_known = dem.read(make_window(0, 0, 50, 40))
        values, known = dem.read(make_window(col, row, width, height))
    part = (slice(row, row + height), slice(col, col + width))
    np.testing.assert_array_equal(values[0], whole[0][part])
    np.testing.assert_array_equal(known, whole_known[part])
    assert not whole_known.all()


def test_voids_are_hidden_or_filled_as_chosen(tmp_path):
    files = replace(scene_mixed(tmp_path), masks=())
    with rasterio.open(files.dem) as dataset:
        values = dataset.read(1)
    values[50:54, 60:70] = -9999
    place = {"left": LEFT - 300, "top": TOP + 300, "nodata": -9999}
    holed = replace(files, dem=write(tmp_path / "holed.tif", values, 30.0, **place))
    hidden, facts = read_scene(holed)
    filled, _ = read_scene(replace(holed, reading=ReadOptions(fill_voids=True)))
    assert facts["elevation"]["voids"] == "not observed"
    assert filled.valid.all()
    # The voids, the ring around them where a slope needs them, and what would be interpolated from that.
    area = (~hidden.valid).sum() * 36 / 900
    assert 6 * 12 < area < 8 * 14
    for role in ("slope", "hillshade"):
        np.testing.assert_array_equal(
            np.where(hidden.valid, hidden.arrays[role], 0), np.where(hidden.valid, filled.arrays[role], 0)
        )


def test_terrain_of_degrees_in_whole_numbers_against_whole_arrays(tmp_path):
    """int16 in degrees with voids at the seam of two tiles, brought to 6 m in UTM: Horn over the array, then GDAL."""
    tiles, whole = srtm(tmp_path)
    files = replace(images(tmp_path), dem=tuple(tiles))
    patch, _ = read_scene(files)
    latitude = NORTH - (np.arange(len(whole)) + 0.5) * STEP
    wide, high = (size * STEP for size in metres_per_degree(latitude))
    _, slope, known = horn(whole.astype("float32"), whole != VOID, wide, high)
    with open_scene(files, 6.0) as scene:
        grid = scene.grid
    place = {"src_transform": Affine(STEP, 0, WEST, 0, -STEP, NORTH), "src_crs": "EPSG:4326"}
    target = {"dst_transform": grid.transform, "dst_crs": grid.crs, "resampling": Resampling.bilinear, "tolerance": 0}
    expected, share = (
        reproject(values, np.zeros((grid.height, grid.width), "float32"), **place, **target)[0]
        for values in (slope, known.astype("float32"))
    )
    # GDAL places a pixel to about a thousandth of a pixel of ours, which are a fifth as wide as the model's.
    valid = patch.valid
    assert (valid == (share > 0.9999)).mean() > 0.999
    np.testing.assert_allclose(patch.arrays["slope"][0][valid], expected[valid], atol=0.02)
    assert 0.3 < valid.mean() < 0.95
    assert not valid[share < 0.99].any()


def test_readings_of_what_is_not_given_are_refused(tmp_path):
    files = scene_on_grid(tmp_path, 40, 50)
    for reading in (ReadOptions(dem_nodata=0), ReadOptions(fill_voids=True)):
        with pytest.raises(UsageError, match="give one with `dem`"):
            replace(files, reading=reading)
