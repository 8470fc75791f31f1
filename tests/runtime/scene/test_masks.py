"""What is not usable and what is not known: masks, classes, alpha, mask bands and nodata of every input."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, scene_on_grid, write
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.scene.scene import open_scene

ROWS, COLS = 60, 70
HOLE = (slice(20, 31), slice(30, 45))
SCL_HIDDEN = "3,8-10,11"


def read_scene(files):
    with open_scene(files, 6.0) as scene:
        return scene.read(scene.grid.rows(0, scene.grid.height))


def hidden(files):
    return ~read_scene(files).valid


def hole():
    mask = np.zeros((ROWS, COLS), bool)
    mask[HOLE] = True
    return mask


def classes():
    """A class map with every class of Sentinel-2's scene classification."""
    return np.random.default_rng(5).integers(0, 12, (ROWS, COLS)).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32"])
def test_chosen_classes_are_hidden_and_nothing_else(tmp_path, dtype):
    scl = classes().astype(dtype)
    mask = write(tmp_path / "classes.tif", scl, 6.0)
    files = replace(scene_on_grid(tmp_path, ROWS, COLS), masks=(mask,))
    np.testing.assert_array_equal(hidden(files), scl != 0)
    chosen = replace(files, reading=ReadOptions(mask_values=SCL_HIDDEN))
    np.testing.assert_array_equal(hidden(chosen), np.isin(scl, (3, 8, 9, 10, 11)))
    with open_scene(chosen, 6.0) as scene:
        assert scene.facts["mask_values"] == SCL_HIDDEN


def test_classes_hold_for_all_masks_and_each_hides_its_own(tmp_path):
    one, other = classes(), np.roll(classes(), 9)
    masks = (write(tmp_path / "a.tif", one, 6.0), write(tmp_path / "b.tif", other, 6.0))
    files = replace(scene_on_grid(tmp_path, ROWS, COLS), masks=masks, reading=ReadOptions(mask_values="4-5"))
    np.testing.assert_array_equal(hidden(files), np.isin(one, (4, 5)) | np.isin(other, (4, 5)))


def test_the_nodata_of_a_class_map_says_that_nothing_was_seen(tmp_path):
    scl = classes()
    mask = write(tmp_path / "scl.tif", scl, 6.0, nodata=0)
    files = replace(scene_on_grid(tmp_path, ROWS, COLS), masks=(mask,), reading=ReadOptions(mask_values="3"))
    np.testing.assert_array_equal(hidden(files), np.isin(scl, (0, 3)))


@pytest.mark.parametrize("resolution", [10.0, 20.0, 2.0])
def test_the_nearest_class_counts(tmp_path, resolution):
    files, scl = scene_on_grid(tmp_path, ROWS, COLS), classes()
    left, top = LEFT - 12, TOP + 6
    scl = np.tile(scl, (4, 4))
    mask = write(tmp_path / "scl.tif", scl, resolution, left=left, top=top)
    rows = (top - (TOP - (np.arange(ROWS) + 0.5) * 6)) / resolution
    cols = (LEFT + (np.arange(COLS) + 0.5) * 6 - left) / resolution
    expected = scl[np.ix_(np.floor(rows).astype(int), np.floor(cols).astype(int))]
    found = hidden(replace(files, masks=(mask,), reading=ReadOptions(mask_values="8-10")))
    # Centres that lie between two pixels may count for either.
    certain = np.ix_(*(np.abs(place - np.rint(place)) > 1e-6 for place in (rows, cols)))
    np.testing.assert_array_equal(found[certain], np.isin(expected, (8, 9, 10))[certain])
    assert found[certain].size > found.size / 2


@pytest.mark.parametrize("text", ["", "cloud", "3,", "3;8", "10-8", "-1", "3.5", "1e3", "3,,4", "9" * 3000, "3-4-5"])
def test_classes_that_are_not_understood_are_refused(text):
    with pytest.raises(UsageError, match=r"mask values .* Give whole numbers and ranges .* such as 3,8-10\.") as caught:
        ReadOptions(mask_values=text)
    assert len(str(caught.value)) < 250


def test_classes_of_no_mask_are_refused(tmp_path):
    with pytest.raises(UsageError, match="give one with `masks`"):
        replace(scene_on_grid(tmp_path, ROWS, COLS), reading=ReadOptions(mask_values="3"))


def test_classes_of_a_mask_in_floating_point_are_refused(tmp_path):
    mask = write(tmp_path / "probability.tif", classes().astype("float32"), 6.0)
    files = replace(scene_on_grid(tmp_path, ROWS, COLS), masks=(mask,))
    assert hidden(files).any()
    with pytest.raises(InputError, match=r"mask: .*probability\.tif is float32, and `mask_values` chooses among whole"):
        hidden(replace(files, reading=ReadOptions(mask_values="3")))


# How a file says what is unknown in it: each writes values with the hole unknown, whatever the values are there.


def with_alpha(path, values, known):
    alpha = np.where(known, 255, 0).astype(values.dtype)
    options = {"photometric": "RGB"} if len(values) == 3 else {}
    write(path, np.concatenate([values, alpha[None]]), 6.0, alpha="YES", **options)
    return path


def with_mask(path, values, known, *, internal):
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal):
        write(path, values, 6.0)
        with rasterio.open(path, "r+") as dataset:
            dataset.write_mask(known)
    assert path.with_name(f"{path.name}.msk").exists() != internal
    return path


def with_internal_mask(path, values, known):
    return with_mask(path, values, known, internal=True)


def with_mask_file(path, values, known):
    return with_mask(path, values, known, internal=False)


def with_nodata(path, values, known):
    # 0 occurs nowhere else in the images and hillshades here, -1 in none of the others.
    nodata = 0 if values.dtype == np.uint8 else -1
    return write(path, np.where(known, values, values.dtype.type(nodata)), 6.0, nodata=nodata)


WAYS = [with_alpha, with_internal_mask, with_mask_file, with_nodata]
VALUES = {
    "pre": lambda: rgb(ROWS, COLS),
    "post": lambda: rgb(ROWS, COLS, 1),
    "hillshade": lambda: rgb(ROWS, COLS)[:1],
    "slope": lambda: rgb(ROWS, COLS)[:1].astype(np.float32) / 4,
    "dem": lambda: elevation(ROWS, COLS)[None],
    "masks": lambda: np.zeros((1, ROWS, COLS), np.uint8),
}


def scene_with(folder, role, path):
    files = scene_on_grid(folder, ROWS, COLS)
    if role == "dem":
        return replace(files, hillshade=None, slope=None, dem=path)
    return replace(files, **{role: (path,) if role == "masks" else path})


def unknown(role):
    """What a hole of one role hides of the map; of an elevation model, also the ring that needs it, and its edge."""
    mask = hole()
    if role == "dem":
        mask[19:32, 29:46] = True
        mask[[0, -1]] = mask[:, [0, -1]] = True
    return mask


# Of masks a declared nodata value decides nothing: see test_scene.
@pytest.mark.parametrize(("role", "way"), [pair for pair in product(VALUES, WAYS) if pair != ("masks", with_nodata)])
def test_every_way_to_say_unknown_is_heard_for_every_input(tmp_path, role, way):
    values, known = VALUES[role](), ~hole()
    path = way(tmp_path / f"{role}_input.tif", values, known)
    np.testing.assert_array_equal(hidden(scene_with(tmp_path, role, path)), unknown(role))


@pytest.mark.parametrize("way", [with_alpha, with_internal_mask, with_mask_file])
def test_a_mask_band_does_not_silence_a_nodata_value(tmp_path, way):
    values = elevation(ROWS, COLS).astype("int16")[None]
    values[0, 50, 50] = 7
    path = way(tmp_path / "dem.tif", values, ~hole())
    with rasterio.open(path, "r+") as dataset:
        dataset.nodata = 7
    expected = unknown("dem")
    expected[49:52, 49:52] = True
    np.testing.assert_array_equal(hidden(scene_with(tmp_path, "dem", path)), expected)


def test_an_alpha_band_counts_though_its_opaque_value_is_the_nodata_value(tmp_path):
    """gdalwarp and orthomosaic programs declare 255 for all bands, the alpha band too (GDAL's issue 3953)."""
    files = scene_on_grid(tmp_path, ROWS, COLS)
    values = np.concatenate([rgb(ROWS, COLS, 1), np.where(hole(), 0, 255)[None].astype(np.uint8)])
    values[:3, 5, 5] = 255
    post = write(tmp_path / "ortho.tif", values, 6.0, nodata=255, photometric="RGB", alpha="YES")
    expected = hole()
    expected[5, 5] = True
    np.testing.assert_array_equal(hidden(replace(files, post=post)), expected)


@pytest.mark.parametrize(("dtype", "nodata"), [("uint8", 0), ("uint16", 65535), ("uint8", 255)])
def test_a_fourth_band_that_is_no_alpha_hides_nothing(tmp_path, dtype, nodata):
    """Infrared is 0 over water and saturated over grass; nodata is where all bands have it."""
    values = rgb(ROWS, COLS, 1).astype(dtype)
    infrared = np.where(hole(), nodata, 90)[None].astype(dtype)
    stack = np.concatenate([values, infrared])
    stack[:, 5, 5] = nodata
    post = write(tmp_path / "rgbn.tif", stack, 6.0, nodata=nodata, photometric="RGB", alpha="NO")
    named = replace(scene_on_grid(tmp_path, ROWS, COLS), post=post, reading=ReadOptions(bands=(1, 2, 3)))
    assert np.argwhere(hidden(named)).tolist() == [[5, 5]]


ABSURD = {"uint8": [0, 1, 255], "float32": [-3.4e38, 3.4e38, 0.0, np.nan, np.inf]}


@pytest.mark.parametrize("way", [with_alpha, with_internal_mask, with_mask_file])
@pytest.mark.parametrize("role", ["pre", "hillshade", "slope", "dem"])
def test_what_is_unknown_never_enters_a_result(tmp_path, role, way):
    """Onto another grid, so that every pixel is mixed: whatever is written under the hole, the map is the same."""
    values, known = VALUES[role](), ~hole()
    results = []
    for k, absurd in enumerate(ABSURD[values.dtype.name]):
        path = way(tmp_path / f"{role}{k}.tif", np.where(known, values, values.dtype.type(absurd)), known)
        files = scene_with(tmp_path, role, path)
        with open_scene(replace(files, reading=ReadOptions(resolution=7.3)), 6.0) as scene:
            results.append(scene.read(scene.grid.rows(0, scene.grid.height)))
    assert 0.5 < results[0].valid.mean() < 1
    for result in results[1:]:
        np.testing.assert_array_equal(result.valid, results[0].valid)
        for name, array in result.arrays.items():
            # Also where it is not known: that is 0, not what happens to be there.
            np.testing.assert_array_equal(array, results[0].arrays[name])


@settings(max_examples=15)
@given(
    st.integers(0, 10_000),
    st.sampled_from([2.0, 6.0, 7.3, 10.0, 15.0]),
    st.sampled_from(["EPSG:32632", "EPSG:32633"]),
    st.sampled_from([1, 17, 255]),
)
def test_valid_pixels_do_not_depend_on_the_fill(tmp_path_factory, seed, resolution, crs, absurd):
    folder = tmp_path_factory.mktemp("fill")
    known = np.random.default_rng(seed).random((40, 50)) < 0.9
    results = []
    for fill in (0, absurd):
        path = with_internal_mask(
            folder / f"post{fill}.tif", np.where(known, rgb(40, 50, seed), fill).astype("u1"), known
        )
        files = replace(scene_on_grid(folder, 40, 50), post=path, reading=ReadOptions(resolution=resolution, crs=crs))
        results.append(read_scene(files))
    np.testing.assert_array_equal(results[0].valid, results[1].valid)
    np.testing.assert_array_equal(results[0].arrays["post"], results[1].arrays["post"])


def test_a_mask_that_says_nothing_vouches_for_nothing(tmp_path):
    """Outside its extent, and where its own mask says that it is unknown."""
    files = scene_mixed(tmp_path)
    clear = np.zeros((1, 100, 150), np.uint8)
    small = write(tmp_path / "small.tif", clear, 10.0, left=LEFT + 600, top=TOP - 600)
    seen = read_scene(replace(files, masks=(small,))).valid
    assert seen[110:260, 110:340].all()
    assert not seen[:99].any()
    assert not seen[:, :99].any()
