"""Why pixels are not observed: each input for itself, the order of reasons, and the same whatever the windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.windows import Window

from helpers.rasters import LEFT, TOP, elevation, rgb, scene_on_grid, write
from landslip.runtime.confidence import DAMAGED, MASKED, NODATA, OUTSIDE, VOID
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.scene.reasons import PRECEDENCE, Unknown, first_reasons
from landslip.runtime.scene.scene import open_scene

ROWS, COLS, BLOCK = 160, 180, 64
HOLE = (slice(20, 31), slice(30, 45))
TILED = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate"}


def reasons_of(files, resolution=6.0):
    """Reasons and validity of a whole scene, after checking that parts of it have the same."""
    with open_scene(files, resolution) as scene:
        whole = scene.read(scene.grid.rows(0, scene.grid.height))
        for window in (Window(11, 23, 71, 40), Window(0, 0, scene.grid.width, 64), Window(40, 25, 1, 1)):
            part, place = scene.read(window), window.toslices()
            expected = None if whole.reasons is None else whole.reasons[place]
            if part.reasons is None:
                assert part.valid.all()
            else:
                np.testing.assert_array_equal(part.reasons, expected)
    if whole.reasons is not None:
        assert whole.reasons.dtype == np.uint8
        np.testing.assert_array_equal(whole.reasons == 0, whole.valid)
    return whole.reasons


def holed(folder, name, dtype=np.uint8, hole=HOLE, **options):
    values = rgb(ROWS, COLS, 7).astype(dtype)
    values[(slice(None), *hole)] = 0
    return write(folder / name, values, 6.0, nodata=0, **options)


def where(code, hole=HOLE):
    expected = np.zeros((ROWS, COLS), np.uint8)
    expected[hole] = code
    return expected


@pytest.fixture
def files(tmp_path):
    return scene_on_grid(tmp_path, ROWS, COLS)


def test_where_all_is_valid_there_are_no_reasons(files):
    assert reasons_of(files) is None


@pytest.mark.parametrize("role", ["pre", "post"])
def test_nodata_of_an_image(files, tmp_path, role):
    np.testing.assert_array_equal(reasons_of(replace(files, **{role: holed(tmp_path, "h.tif")})), where(NODATA))


def test_nodata_of_one_band_in_a_file_of_its_own(files, tmp_path):
    values = rgb(ROWS, COLS, 3).astype(np.int16)
    paths = [tmp_path / f"B0{number}.tif" for number in (4, 3, 2)]
    for number, path in enumerate(paths):
        band = values[number].copy()
        band[HOLE] = -9999 if number == 1 else band[HOLE]
        write(path, band, 6.0, nodata=-9999)
    found = reasons_of(replace(files, post=tuple(paths), reading=ReadOptions(rgb_range=(1, 255))))
    np.testing.assert_array_equal(found, where(NODATA))


def test_a_mask_that_marks_a_pixel_or_says_nothing_of_it(files, tmp_path):
    mask = np.zeros((ROWS, COLS - 40), np.uint8)  # and it does not reach the last columns
    mask[HOLE] = 1
    expected = where(MASKED)
    expected[:, COLS - 40 :] = MASKED
    found = reasons_of(replace(files, masks=(write(tmp_path / "mask.tif", mask, 6.0),)))
    np.testing.assert_array_equal(found, expected)


def test_beyond_the_end_of_terrain_is_outside(files, tmp_path):
    with rasterio.open(files.slope) as dataset:
        short = dataset.read(1)[: ROWS - 30]
    expected = np.zeros((ROWS, COLS), np.uint8)
    expected[ROWS - 30 :] = OUTSIDE
    found = reasons_of(replace(files, slope=write(tmp_path / "short.tif", short, 6.0)))
    np.testing.assert_array_equal(found, expected)


def test_a_hole_in_ready_terrain_is_a_void(files):
    with rasterio.open(files.slope, "r+") as dataset:
        values = dataset.read(1)
        values[HOLE] = -9999
        dataset.nodata = -9999
        dataset.write(values, 1)
    np.testing.assert_array_equal(reasons_of(files), where(VOID))


def test_an_image_that_lies_askew_does_not_reach_its_corners(files, tmp_path):
    transform = (
        rasterio.Affine.translation(LEFT + 300, TOP - 60)
        @ rasterio.Affine.rotation(-30)
        @ (rasterio.Affine.scale(6.0, -6.0))
    )
    askew = write(tmp_path / "askew.tif", rgb(90, 90), 6.0, transform=transform)
    found = reasons_of(replace(files, pre=askew, slope=None, hillshade=None))
    assert 0.3 < (found == OUTSIDE).mean() < 0.7
    assert set(np.unique(found)) == {0, OUTSIDE}


def test_an_area_of_interest_ends(files, tmp_path):
    inside = np.zeros((ROWS, COLS), np.uint8)
    inside[10:-10, 10:-10] = 1
    inside[HOLE] = 0
    found = reasons_of(replace(files, aoi=write(tmp_path / "aoi.tif", inside, 6.0)))
    np.testing.assert_array_equal(found, np.where(inside, 0, OUTSIDE))


def terrain(folder, files, values, **options):
    dem = write(folder / "dem.tif", values, 6.0, **options)
    return replace(files, slope=None, hillshade=None, dem=dem)


def test_holes_of_an_elevation_model_and_its_outermost_ring_are_voids(files, tmp_path):
    heights = elevation(ROWS - 30, COLS)
    heights[HOLE] = -9999
    expected = np.full((ROWS, COLS), OUTSIDE, np.uint8)
    expected[: ROWS - 30] = VOID
    expected[1 : ROWS - 31, 1:-1] = 0
    expected[19:32, 29:46] = VOID  # with the ring around the hole
    np.testing.assert_array_equal(reasons_of(terrain(tmp_path, files, heights, nodata=-9999)), expected)


@pytest.mark.parametrize("role", ["images", "elevation"])
def test_between_tiles_lies_what_no_file_reaches(files, tmp_path, role):
    """Two tiles with 20 columns between them."""
    whole = rgb(ROWS, COLS, 5) if role == "images" else elevation(ROWS, COLS)
    first = write(tmp_path / "left.tif", whole[..., :80], 6.0)
    second = write(tmp_path / "right.tif", whole[..., 100:], 6.0, left=LEFT + 600)
    expected = np.zeros((ROWS, COLS), np.uint8)
    if role == "images":
        found = reasons_of(replace(files, pre=(first, second)))
    else:
        found = reasons_of(replace(files, slope=None, hillshade=None, dem=(first, second)))
        expected[[0, -1]] = expected[:, [0, 79, 100, -1]] = VOID
    expected[:, 80:100] = OUTSIDE
    np.testing.assert_array_equal(found, expected)


def spoiled(path, row, col):
    """Damage the compressed bytes of one block."""
    with rasterio.open(path) as dataset:
        offset, size = (
            int(dataset.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=1)) for what in ("OFFSET", "SIZE")
        )
    content = bytearray(path.read_bytes())
    content[offset : offset + size] = bytes(size)
    path.write_bytes(content)
    return slice(row * BLOCK, (row + 1) * BLOCK), slice(col * BLOCK, (col + 1) * BLOCK)


SKIPPING = ReadOptions(on_error="skip")


def test_damage_wins_over_nodata_of_the_same_or_another_image(files, tmp_path):
    post = holed(tmp_path, "post.tif", interleave="pixel", **TILED)
    pre = holed(tmp_path, "before.tif", hole=(slice(70, 90), slice(70, 80)))
    place = spoiled(post, 1, 1)
    expected = where(NODATA)
    expected[place] = DAMAGED
    np.testing.assert_array_equal(reasons_of(replace(files, pre=pre, post=post, reading=SKIPPING)), expected)


def test_damage_of_an_elevation_model_takes_its_ring_with_it(files, tmp_path):
    changed = replace(terrain(tmp_path, files, elevation(ROWS, COLS), **TILED), reading=SKIPPING)
    spoiled(changed.dem, 1, 1)
    expected = np.zeros((ROWS, COLS), np.uint8)
    expected[[0, -1]] = expected[:, [0, -1]] = VOID
    expected[BLOCK - 1 : 2 * BLOCK + 1, BLOCK - 1 : 2 * BLOCK + 1] = DAMAGED
    np.testing.assert_array_equal(reasons_of(changed), expected)


def test_damage_of_a_mask(files, tmp_path):
    mask = np.zeros((ROWS, COLS), np.uint8)
    mask[HOLE] = 1
    path = write(tmp_path / "mask.tif", mask, 6.0, **TILED)
    expected = where(MASKED)
    expected[spoiled(path, 1, 1)] = DAMAGED
    np.testing.assert_array_equal(reasons_of(replace(files, masks=(path,), reading=SKIPPING)), expected)


def test_the_first_of_several_reasons_counts(files, tmp_path):
    """Void in rows 20 to 31, mask in columns 30 to 45 on top of it, nodata on top of both, outside over all."""
    with rasterio.open(files.slope, "r+") as dataset:
        values = dataset.read(1)
        values[20:31] = -9999
        dataset.nodata = -9999
        dataset.write(values, 1)
    mask = np.zeros((ROWS, COLS), np.uint8)
    mask[:, 30:45] = 1
    expected = np.zeros((ROWS, COLS), np.uint8)
    expected[20:31] = VOID
    expected[:, 30:45] = MASKED
    nodata = (slice(25, 60), slice(40, 60))
    expected[nodata] = NODATA
    inside = np.ones((ROWS, COLS), np.uint8)
    inside[28:33] = 0
    expected[28:33] = OUTSIDE
    changed = replace(
        files,
        post=holed(tmp_path, "h.tif", hole=nodata),
        masks=(write(tmp_path / "mask.tif", mask, 6.0),),
        aoi=write(tmp_path / "aoi.tif", inside, 6.0),
    )
    np.testing.assert_array_equal(reasons_of(changed), expected)


@given(st.lists(st.sampled_from(PRECEDENCE), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_each_pixel_has_the_first_reason_of_the_inputs_that_are_not_valid_there(codes, seed):
    random = np.random.default_rng(seed)
    inputs = [(code, random.random((5, 7)) < 0.6) for code in codes]
    for _, valid in inputs:
        valid[random.integers(5), random.integers(7)] = False
    unknown = [
        Unknown(lambda window, code=code: np.full((int(window.height), int(window.width)), code, np.uint8), valid)
        for code, valid in inputs
    ]
    found = first_reasons(Window(3, 4, 7, 5), unknown)
    for place in np.ndindex(5, 7):
        holding = [code for code in PRECEDENCE if any(code == each and not valid[place] for each, valid in inputs)]
        assert found[place] == (holding[0] if holding else 0)
