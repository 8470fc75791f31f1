"""Measured bands as networks take them, against plain numpy on whole files."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from helpers.measured import described, named, network, numbers, read_whole, stack
from helpers.rasters import LEFT, TOP, elevation, rgb, write
from helpers.reference_map import load, on_map
from landslip.runtime.confidence import NODATA
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene

HIGH, WIDE = 90, 110
FOUR = ("blue", "green", "red", "nir")
POST4 = tuple(f"post.{name}" for name in FOUR)


def expected_of(path, grid, scale=0.0001, offset=0.0):
    source = load(path)
    values = source.values.astype(np.float64) * scale + offset
    return on_map(replace(source, values=values), grid)


@pytest.mark.parametrize("offset", [0.0, -0.1])
def test_four_bands_of_one_file_in_reflectance(tmp_path, offset):
    values = numbers(4, HIGH, WIDE)
    path = stack(tmp_path / "image.tif", values, FOUR, offset=offset)
    scene, block = read_whole(SceneFiles(post=path), network(described("image", *POST4)))
    expected, known = expected_of(path, scene.grid, offset=offset)
    np.testing.assert_array_equal(block.valid, known)
    assert block.arrays["image"].dtype == np.float32
    np.testing.assert_allclose(block.arrays["image"][:, known], expected[:, known], rtol=1e-5, atol=1e-6)
    channels = scene.facts["images"]["post"]["channels"]
    assert [(each["band"], each["number"], each["unit"]) for each in channels] == [
        (name, number, "reflectance") for number, name in enumerate(FOUR, 1)
    ]
    assert {(each["scale"], each["offset"]) for each in channels} == {(0.0001, offset)}


def test_four_files_are_the_same_as_one(tmp_path):
    values = numbers(4, HIGH, WIDE)
    whole = stack(tmp_path / "image.tif", values, FOUR)
    # In any order: names of files tell.
    files = tuple(
        named(write(tmp_path / f"image_{name}.tif", values[index], 10.0), ("",), 0.0001)
        for index, name in reversed(list(enumerate(FOUR)))
    )
    spec = network(described("image", *POST4))
    _, block = read_whole(SceneFiles(post=whole), spec)
    _, apart = read_whole(SceneFiles(post=files), spec)
    np.testing.assert_array_equal(apart.arrays["image"], block.arrays["image"])
    np.testing.assert_array_equal(apart.pictures["post"], block.pictures["post"])


def test_a_scale_that_a_file_states_holds_where_its_name_says_that_more_must_be_known(tmp_path):
    # Of images of Sentinel-2 the processing baseline has to be known, unless they say it all themselves.
    values = numbers(4, HIGH, WIDE)
    files = tuple(
        named(write(tmp_path / f"S2B_{label}.tif", values[index], 10.0), ("",), 0.0001, -0.1)
        for index, label in enumerate(("B02", "B03", "B04", "B08"))
    )
    _, block = read_whole(SceneFiles(post=files), network(described("image", *POST4)), 10.0)
    np.testing.assert_allclose(
        block.arrays["image"][:, block.valid], (values * 0.0001 - 0.1)[:, block.valid], rtol=0, atol=1e-6
    )
    with pytest.raises(InputError, match="baseline"):
        read_whole(
            SceneFiles(post=tuple(named(path, ("",), 1.0) for path in files)), network(described("image", *POST4))
        )


def test_twelve_bands_of_their_own_sizes_with_slope_and_elevation(tmp_path):
    """Landslide4Sense: what Sentinel-2 gives in 10, 20 and 60 m, and terrain, in one input."""
    sizes = {
        "B01": 60, "B02": 10, "B03": 10, "B04": 10, "B05": 20, "B06": 20, "B07": 20, "B08": 10, "B8A": 20, "B09": 60,
        "B11": 20, "B12": 20,
    }  # fmt: skip
    names = (
        "coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "nir09", "swir1",
        "swir2",
    )  # fmt: skip
    paths = [
        named(
            write(tmp_path / f"scene_{label}.tif", numbers(1, 1200 // size, 1500 // size, seed=at), float(size)),
            ("",),
            0.0001,
        )
        for at, (label, size) in enumerate(sizes.items())
    ]
    dem = write(tmp_path / "dem.tif", elevation(60, 70), 30.0, left=LEFT - 150, top=TOP + 150)
    spec = network(described("image", *(f"post.{name}" for name in names), "slope", "dem"))
    scene, block = read_whole(SceneFiles(post=tuple(paths), dem=dem), spec, 10.0)
    terrain_alone = network(described("ground", "slope", "dem", unit="degree"))
    _, terrain = read_whole(SceneFiles(post=tuple(paths[3:0:-1]), dem=dem), terrain_alone, 10.0)
    known = np.ones(block.valid.shape, bool)
    for index, path in enumerate(paths):
        expected, sure = expected_of(path, scene.grid)
        known &= sure
        difference = np.abs(block.arrays["image"][index] - expected[0])
        assert difference[block.valid].max() < 1e-6
    np.testing.assert_array_equal(block.valid, known & terrain.valid)
    np.testing.assert_array_equal(block.arrays["image"][12:, block.valid], terrain.arrays["ground"][:, block.valid])
    assert block.arrays["image"].shape[0] == 14


def test_change_of_vegetation_between_both_dates(tmp_path):
    paths = {
        date: stack(tmp_path / f"{date}.tif", numbers(2, HIGH, WIDE, seed), ("red", "nir"))
        for seed, date in enumerate(("pre", "post"))
    }
    spec = network(described("change", "difference(post.ndvi, pre.ndvi)", "post.ndvi"))
    scene, block = read_whole(SceneFiles(**paths), spec)
    index = {}
    for date, path in paths.items():
        (red, nir), known = expected_of(path, scene.grid)
        index[date] = np.divide(nir - red, nir + red, out=np.zeros_like(red), where=known)
    change, after = block.arrays["change"]
    np.testing.assert_allclose(change[block.valid], (index["post"] - index["pre"])[block.valid], atol=1e-6)
    np.testing.assert_allclose(after[block.valid], index["post"][block.valid], atol=1e-6)
    assert scene.images == ("pre", "post")


def test_stored_numbers_as_they_are_and_bands_by_number(tmp_path):
    values = numbers(3, HIGH, WIDE)
    path = write(tmp_path / "image.tif", values, 6.0)
    spec = network(described("image", "post.3", "post.1", unit="dn"), described("again", "post.2", unit="dn"))
    _, block = read_whole(SceneFiles(post=path), spec)
    np.testing.assert_array_equal(block.arrays["image"], values[[2, 0]].astype(np.float32))
    np.testing.assert_array_equal(block.arrays["again"], values[[1]].astype(np.float32))


def test_several_inputs_in_several_units_of_one_date(tmp_path):
    values = numbers(4, HIGH, WIDE)
    path = stack(tmp_path / "image.tif", values, FOUR, 6.0)
    spec = network(
        described("rgb", "post.blue", "post.green", "post.red", unit="8-bit"),
        described("index", "post.ndvi", clip=((-0.2, 0.5),)),
        described("raw", "post.nir", unit="dn"),
    )
    scene, block = read_whole(SceneFiles(post=path), spec)
    picture = read_whole(SceneFiles(post=path), None)[1].arrays["post"]
    blue, green, red, nir = values.astype(np.float64)
    np.testing.assert_array_equal(block.arrays["rgb"], picture[::-1])
    np.testing.assert_array_equal(block.arrays["raw"][0], nir.astype(np.float32))
    np.testing.assert_allclose(block.arrays["index"][0], np.clip((nir - red) / (nir + red), -0.2, 0.5), atol=1e-6)
    np.testing.assert_array_equal(block.pictures["post"], picture)
    assert scene.facts["images"]["post"]["bands"] == [3, 2, 1]
    del blue, green


def test_four_bands_in_8_bits_are_stretched_each(tmp_path):
    values = numbers(4, HIGH, WIDE)
    path = stack(tmp_path / "image.tif", values, FOUR, 6.0)
    spec = network(described("image", *POST4, unit="8-bit"))
    _, block = read_whole(SceneFiles(post=path), spec)
    low, high = (np.percentile(values, percent, axis=(1, 2), method="inverted_cdf") for percent in (2, 98))
    low, high = low[:, None, None], high[:, None, None]
    expected = np.clip(np.floor((values.astype(float) - low) * 255 / (high - low) + 0.5), 0, 255)
    assert block.arrays["image"].dtype == np.uint8
    assert np.abs(block.arrays["image"] - expected).max() <= 1
    np.testing.assert_array_equal(block.pictures["post"], block.arrays["image"][[2, 1, 0]])
    in_8_bits = (values // 16).clip(0, 255).astype(np.uint8)
    plain = stack(tmp_path / "plain.tif", in_8_bits, FOUR, 6.0, scale=None, alpha="no")
    np.testing.assert_array_equal(read_whole(SceneFiles(post=plain), spec)[1].arrays["image"], in_8_bits)


@pytest.mark.parametrize("apart", [False, True])
def test_nodata_in_one_band_hides_the_pixel(tmp_path, apart):
    values = numbers(4, HIGH, WIDE)
    values[3, 20:30, 40:50] = 0
    if apart:
        post = tuple(
            named(write(tmp_path / f"{name}.tif", band, 6.0, nodata=0), ("",), 0.0001)
            for name, band in zip(FOUR, values, strict=True)
        )
    else:
        post = stack(tmp_path / "image.tif", values, FOUR, 6.0, nodata=0)
    _, block = read_whole(SceneFiles(post=post), network(described("image", *POST4)))
    np.testing.assert_array_equal(block.valid, values[3] != 0)
    assert not block.arrays["image"][:, ~block.valid].any()
    assert (block.reasons[~block.valid] == NODATA).all()
    _, red = read_whole(SceneFiles(post=post), network(described("image", "post.red")))
    assert red.valid.all(), "that of a band which is not taken hides nothing"


def test_windows_do_not_decide_pixels(tmp_path):
    path = stack(tmp_path / "image.tif", numbers(4, HIGH, WIDE), FOUR, 13.0, left=LEFT - 7)
    spec = network(described("image", *POST4), described("index", "post.ndvi"))
    _, whole = read_whole(SceneFiles(post=path), spec)
    with open_scene(SceneFiles(post=path), 6.0, spec) as scene:
        height = scene.grid.height
        parts = [scene.read(scene.grid.rows(top, min(top + 11, height))) for top in range(0, height, 11)]
    for name, values in whole.arrays.items():
        np.testing.assert_array_equal(np.concatenate([part.arrays[name] for part in parts], axis=1), values)
    picture = np.concatenate([part.pictures["post"] for part in parts], axis=1)
    np.testing.assert_array_equal(picture, whole.pictures["post"])


def test_tiles_on_one_grid_have_no_seam(tmp_path):
    values = numbers(4, HIGH, WIDE)
    whole = stack(tmp_path / "whole.tif", values, FOUR)
    left = stack(tmp_path / "left.tif", values[:, :, :60], FOUR)
    right = stack(tmp_path / "right.tif", values[:, :, 60:], FOUR, left=LEFT + 600)
    spec = network(described("image", *POST4))
    expected = read_whole(SceneFiles(post=whole), spec)[1]
    scene, block = read_whole(SceneFiles(post=(left, right)), spec)
    np.testing.assert_array_equal(block.arrays["image"], expected.arrays["image"])
    np.testing.assert_array_equal(block.valid, expected.valid)
    assert len(scene.facts["images"]["post"]["channels"]) == 8


def test_files_on_grids_of_their_own_are_laid_one_behind_the_other(tmp_path, caplog):
    values = numbers(4, HIGH, WIDE)
    front = stack(tmp_path / "front.tif", values[:, :, :60], FOUR)
    behind = stack(tmp_path / "behind.tif", values + 100, FOUR, left=LEFT + 3)
    spec = network(described("image", *POST4))
    with caplog.at_level(logging.INFO):
        scene, block = read_whole(SceneFiles(post=(front, behind)), spec)
    parts = [expected_of(path, scene.grid) for path in (front, behind)]
    expected = np.where(parts[0][1], parts[0][0], parts[1][0])
    assert 0 < parts[0][1].mean() < 1
    np.testing.assert_allclose(block.arrays["image"][:, block.valid], expected[:, block.valid], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(block.valid, parts[0][1] | parts[1][1])
    assert scene.facts["images"]["post"]["seam_between"]
    assert any("seam" in record.getMessage() for record in caplog.records)


def test_without_a_picture_people_see_red_green_and_blue_of_what_is_taken(tmp_path):
    values = numbers(4, HIGH, WIDE)
    path = stack(tmp_path / "image.tif", values, FOUR, 6.0)
    scene, block = read_whole(SceneFiles(post=path), network(described("image", *POST4)))
    low, high = (np.percentile(values[2::-1], percent, axis=(1, 2), method="inverted_cdf") for percent in (2, 98))
    low, high = low[:, None, None], high[:, None, None]
    expected = np.clip(np.floor((values[2::-1].astype(float) - low) * 255 / (high - low) + 0.5), 0, 255)
    assert block.pictures["post"].shape == (3, HIGH, WIDE)
    assert np.abs(block.pictures["post"] - expected).max() <= 1
    with open_scene(SceneFiles(post=path), 6.0, network(described("image", *POST4))) as again:
        np.testing.assert_array_equal(
            again.read_images(again.grid.rows(3, 20))["post"], block.pictures["post"][:, 3:20]
        )
    assert scene.images == ("post",)


def test_one_band_is_shown_in_grey(tmp_path):
    path = stack(tmp_path / "image.tif", numbers(4, HIGH, WIDE), FOUR, 6.0)
    _, block = read_whole(SceneFiles(post=path), network(described("image", "post.nir", "post.red")))
    picture = block.pictures["post"]
    np.testing.assert_array_equal(picture[0], picture[1])
    np.testing.assert_array_equal(picture[0], picture[2])
    assert np.ptp(picture[0].astype(int)) > 200


def test_the_user_names_bands_and_says_what_numbers_mean(tmp_path):
    values = numbers(4, HIGH, WIDE)
    path = write(tmp_path / "image.tif", values, 6.0)
    reading = ReadOptions(band_names=FOUR, scale=0.0002, offset=-0.05)
    scene, block = read_whole(SceneFiles(post=path, reading=reading), network(described("image", *POST4)))
    np.testing.assert_allclose(block.arrays["image"], values * 0.0002 - 0.05, rtol=1e-5, atol=1e-7)
    assert scene.facts["images"]["post"]["channels"][0]["scale"] == 0.0002
    files = tuple(write(tmp_path / f"{index}.tif", band, 6.0) for index, band in enumerate(values))
    _, apart = read_whole(SceneFiles(post=files, reading=reading), network(described("image", *POST4)))
    np.testing.assert_array_equal(apart.arrays["image"], block.arrays["image"])


def test_real_numbers_are_reflectance_as_they_are(tmp_path):
    values = (numbers(4, HIGH, WIDE) * 0.0001).astype(np.float32)
    values[0, 5, 5] = np.nan
    path = stack(tmp_path / "image.tif", values, FOUR, 6.0, scale=None)
    _, block = read_whole(SceneFiles(post=path), network(described("image", *POST4)))
    np.testing.assert_array_equal(block.arrays["image"][:, block.valid], values[:, block.valid])
    assert not block.valid[5, 5]
    assert block.valid.sum() == HIGH * WIDE - 1


REFUSED = {
    "infrared that goes as transparency": (
        lambda folder: stack(folder / "image.tif", rgb(20, 20)[[0, 1, 2, 0]], FOUR, alpha="yes"),
        "band nir, and .*image.tif has 3 bands.*gdal_edit.py -colorinterp_4 undefined", "band_names",
    ),
    "no such band": (
        lambda folder: stack(folder / "image.tif", numbers(3, 20, 20), ("blue", "green", "red")),
        "band nir, and .*image.tif has 3 bands, which are called blue, green, red", "band_names",
    ),
    "no names": (
        lambda folder: write(folder / "image.tif", numbers(4, 20, 20), 10.0),
        "band blue, and .*image.tif has 4 bands, which are called nothing that is known", "band_names",
    ),
    "whole numbers": (
        lambda folder: stack(folder / "image.tif", numbers(4, 20, 20), FOUR, scale=None),
        "band blue in reflectance, and .*image.tif holds whole numbers .uint16. .*`scale`", "scale",
    ),
    "real numbers that are something else": (
        lambda folder: stack(folder / "image.tif", numbers(4, 20, 20, dtype=np.float32), FOUR, scale=None),
        "band blue in reflectance, 0 to 1, and most of .*image.tif lies between .*`scale`", "scale",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_a_file_cannot_give_is_said_before_the_first_tile(tmp_path, kind):
    made, words, option = REFUSED[kind]
    files = SceneFiles(post=made(tmp_path))
    with (
        pytest.raises(InputError, match=words) as caught,
        open_scene(files, 10.0, network(described("image", *POST4))),
    ):
        pass
    assert caught.value.option == option
    assert str(caught.value).count("image.tif")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": 1.0}, "lies between .* and .*Say what its numbers mean: .*`scale`"),
        ({"scale": 0.01, "offset": -0.1}, r"lies between .*, as number \* 0.01 \+ -0.1"),
    ],
)
def test_a_scale_that_makes_no_reflectance_of_the_numbers_is_refused(tmp_path, options, words):
    path = stack(tmp_path / "image.tif", numbers(4, 20, 20), FOUR, scale=None)
    with pytest.raises(InputError, match=words) as caught:
        read_whole(SceneFiles(post=path, reading=ReadOptions(**options)), network(described("image", *POST4)), 10.0)
    assert caught.value.option == "scale"


def test_a_scale_by_which_all_bands_are_darker_than_land_is_warned_of(tmp_path, caplog):
    spec = network(described("image", *POST4))
    path = stack(tmp_path / "image.tif", numbers(4, 20, 20), FOUR, scale=None)
    read_whole(SceneFiles(post=path, reading=ReadOptions(scale=1e-7)), spec, 10.0)
    assert "darker than land is. Check `scale` and `offset`." in caplog.text
    caplog.clear()
    read_whole(SceneFiles(post=path, reading=ReadOptions(scale=1e-4)), spec, 10.0)
    assert "darker" not in caplog.text


@pytest.mark.parametrize(("limits", "warned"), [((0.0, 0.6), True), ((0.0, 10_000.0), False)])
def test_bands_that_are_cut_off_altogether_are_warned_of(tmp_path, caplog, limits, warned):
    entry = replace(described("image", *POST4, unit="dn"), clip=(limits,) * 4)
    read_whole(SceneFiles(post=stack(tmp_path / "image.tif", numbers(4, 20, 20), FOUR)), network(entry), 10.0)
    assert ("post-event image: nearly all of band nir" in caplog.text) is warned
    assert ("Check the unit it was described with (dn)" in caplog.text) is warned


def test_pictures_in_8_bits_are_no_reflectance(tmp_path):
    pixels = numbers(4, 20, 20).astype(np.uint8)
    path = stack(tmp_path / "image.tif", pixels, FOUR, scale=None, photometric="MINISBLACK")
    with pytest.raises(InputError, match=r"whole numbers .uint8.* Pictures in 8 bits are stretched for the eye"):
        read_whole(SceneFiles(post=path), network(described("image", *POST4)), 10.0)


def test_a_scale_in_place_of_that_of_a_file_is_warned_of(tmp_path, caplog):
    spec = network(described("image", *POST4))
    path = stack(tmp_path / "image.tif", numbers(4, 20, 20), FOUR, offset=-0.1)
    read_whole(SceneFiles(post=path, reading=ReadOptions(scale=1e-4)), spec, 10.0)
    assert "post-event image: reflectance is number * 0.0001 + 0 by `scale` and `offset`, and " in caplog.text
    assert "image.tif says number * 0.0001 + -0.1." in caplog.text
    caplog.clear()
    read_whole(SceneFiles(post=path, reading=ReadOptions(scale=1e-4, offset=-0.1)), spec, 10.0)
    assert "reflectance is number" not in caplog.text


def test_names_by_the_user_that_contradict_those_of_the_file_are_warned_of(tmp_path, caplog):
    spec = network(described("image", *POST4))
    path = stack(tmp_path / "image.tif", numbers(4, 20, 20), FOUR)
    read_whole(SceneFiles(post=path, reading=ReadOptions(band_names=FOUR[::-1])), spec, 10.0)
    assert "image.tif calls band 1 blue, and `band_names` nir, which is taken" in caplog.text
    caplog.clear()
    read_whole(SceneFiles(post=path, reading=ReadOptions(band_names=FOUR)), spec, 10.0)
    assert "which is taken" not in caplog.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"band_names": ("blue", "infrared")}, "'infrared' is no band"),
        ({"band_names": ("blue", "blue")}, "blue is named twice"),
        ({"scale": 0.0}, "leaves no values"),
        ({"offset": float("nan")}, "leaves no values"),
    ],
)
def test_options_that_are_wrong_for_any_scene(options, words):
    with pytest.raises(UsageError, match=words):
        ReadOptions(**options)


def test_names_of_another_number_of_bands(tmp_path):
    path = write(tmp_path / "image.tif", numbers(4, 20, 20), 10.0)
    files = SceneFiles(post=path, reading=ReadOptions(band_names=("swir1", "-")))
    with (
        pytest.raises(UsageError, match=r"names 2 bands, and .*has 4 bands"),
        open_scene(files, 10.0, network(described("image", *POST4))),
    ):
        pass


def test_a_band_that_a_sensor_has_but_one_of_goes_by_either_name(tmp_path):
    path = stack(tmp_path / "image.tif", numbers(2, HIGH, WIDE), ("SR_B4", "SR_B5"), 6.0)
    path = path.rename(tmp_path / "LC08_L2SP_stack.tif")
    spec = network(described("image", "post.nir", "post.red"))
    _, block = read_whole(SceneFiles(post=path), spec)
    np.testing.assert_allclose(block.arrays["image"], numbers(2, HIGH, WIDE)[::-1] * 0.0001, rtol=1e-5)


def test_pictures_stay_pictures(tmp_path):
    """Reading without a description gives what the published network takes, also of files with names of bands."""
    values = rgb(HIGH, WIDE)
    plain = write(tmp_path / "plain.tif", values, 6.0)
    block = read_whole(SceneFiles(post=plain), None)[1]
    np.testing.assert_array_equal(block.arrays["post"], values)
    assert block.pictures["post"] is block.arrays["post"]
