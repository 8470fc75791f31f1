"""What an image may look like: each kind of input against plain numpy on the whole array."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from rasterio.enums import ColorInterp, Resampling
from rasterio.warp import reproject
from rasterio.windows import Window

from helpers.engines import mixing_engine
from helpers.images import (
    HIGH,
    WIDE,
    bands_apart,
    hidden,
    named,
    one,
    plain_scene,
    radiance,
    read_all,
    stretched,
    three_files,
    uint16,
    warnings_in,
)
from helpers.rasters import LEFT, TOP, rgb, write
from landslip.runtime.cli.scene_options import scene_files, scene_options
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.scene.scene import open_scene

PERCENTILES = "percentiles 2 to 98"


@pytest.fixture
def scene(tmp_path):
    return plain_scene(tmp_path)


def float32(path):
    """The same file in float32."""
    with rasterio.open(path) as dataset:
        values = dataset.read().astype(np.float32)
    return write(path, values, 10.0)


def int16(folder, values):
    """Nodata in one band alone is enough."""
    values = values[:3].copy()
    values[1, ~hidden()] = -9999
    return one(folder, values.astype(np.int16), nodata=-9999)


def reflectance(folder, values):
    return one(folder, np.where(hidden(), values[:3], np.nan).astype(np.float32))


def doubles(folder, values):
    values = values[:3].copy()
    values[2, ~hidden()] = np.inf
    return one(folder, values)


def wide_integers(folder, values):
    return one(folder, np.where(hidden(), values[:3], -1).astype(np.int32), nodata=-1)


def with_alpha(folder, values):
    stack = np.concatenate([values[:3], np.where(hidden(), 65535, 0)[None]]).astype(np.uint16)
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    return named(one(folder, stack), colorinterp=colours)


def with_infrared(folder, values):
    return named(uint16_stack(folder, values), descriptions=("red", "green", "blue", "nir"))


def uint16_stack(folder, values):
    return one(folder, np.where(hidden(), values, 0).astype(np.uint16), nodata=0)


def blue_first(folder, values):
    return uint16_stack(folder, values[[2, 1, 0, 3]])


def blue_first_by_name(folder, values):
    return named(blue_first(folder, values), descriptions=("Blue", "Green", "Red", "NIR"))


def tagged(folder, values):
    """Reflectance as integers with a scale and an offset."""
    return named(uint16(folder, values), scales=(1e-4,) * 3, offsets=(-0.1,) * 3)


def three_files_of_floats(folder, values):
    return bands_apart(folder, np.where(hidden(), values[:3], np.nan).astype(np.float32))


def internal_mask(folder, values):
    path = one(folder, values[:3].astype(np.uint16))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(hidden())
    return path


KINDS = {
    "uint16": (uint16, np.uint16, [1, 2, 3]),
    "int16": (int16, np.int16, [1, 2, 3]),
    "float32": (reflectance, np.float32, [1, 2, 3]),
    "float64": (doubles, np.float64, [1, 2, 3]),
    "int32": (wide_integers, np.int32, [1, 2, 3]),
    "RGBA": (with_alpha, np.uint16, [1, 2, 3]),
    "RGBN": (with_infrared, np.uint16, [1, 2, 3]),
    "BGRN by name": (blue_first_by_name, np.uint16, [3, 2, 1]),
    "scale and offset": (tagged, np.uint16, [1, 2, 3]),
    "three files": (three_files, np.uint16, [1, 1, 1]),
    "three files of floats": (three_files_of_floats, np.float32, [1, 1, 1]),
    "internal mask": (internal_mask, np.uint16, [1, 2, 3]),
}


def reference(folder, scene, picture, valid):
    """The same scene with the picture in 8 bits, whose alpha says what is known."""
    alpha = np.where(valid, 255, 0).astype(np.uint8)[None]
    plain = write(folder / "plain.tif", np.concatenate([picture, alpha]), 10.0)
    return read_all(replace(scene, pre=plain))[1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_numpys_stretch_and_then_resampled(tmp_path, scene, kind, caplog):
    make, dtype, bands = KINDS[kind]
    values = radiance() if dtype != np.float32 else (radiance() / 10000).astype(np.float32)
    expected = reference(tmp_path, scene, stretched(values[:3].astype(np.float64), hidden()), hidden())
    opened, patch = read_all(replace(scene, pre=make(tmp_path, values)))
    difference = np.abs(patch.arrays["pre"].astype(int) - expected.arrays["pre"])
    # A scale moves values by rounding, and those between two levels may fall to the other side.
    assert difference.max() <= (kind == "scale and offset")
    assert (difference > 0).mean() < 0.01
    np.testing.assert_array_equal(patch.valid, expected.valid)
    assert patch.arrays["pre"].dtype == np.uint8
    facts = opened.facts["images"]["pre"]
    assert facts["bands"] == bands
    assert facts["stretch"]["rule"] == PERCENTILES
    known = values[:3, hidden()].astype(np.float64)
    if kind == "scale and offset":
        known = known * 1e-4 - 0.1
    for name, percent in (("low", 2), ("high", 98)):
        limits = np.percentile(known, percent, axis=1, method="inverted_cdf")
        np.testing.assert_allclose(facts["stretch"][name], limits, rtol=1e-6)
    assert opened.facts["images"]["post"] == {"bands": [1, 2, 3], "stretch": {"rule": "unchanged"}}
    # A stretched image beside one in 8 bits.
    assert all("rendered in different ways" in warning.getMessage() for warning in warnings_in(caplog))


@pytest.mark.parametrize("kind", ["uint16", "float32", "three files"])
def test_windows_do_not_matter(tmp_path, scene, kind):
    make, dtype, _ = KINDS[kind]
    files = replace(scene, pre=make(tmp_path, radiance().astype(dtype)))
    _, whole = read_all(files)
    with open_scene(files, 6.0) as opened:
        part = opened.read(Window(17, 23, 60, 41))
    np.testing.assert_array_equal(part.arrays["pre"], whole.arrays["pre"][:, 23:64, 17:77])
    np.testing.assert_array_equal(part.valid, whole.valid[23:64, 17:77])


def test_the_stretch_is_that_of_gdal(tmp_path, scene):
    """Both in one: stretched by GDAL's own -scale arithmetic, then warped by GDAL."""
    values = radiance()[:3]
    files = replace(scene, pre=one(tmp_path, values.astype(np.uint16)), reading=ReadOptions(rgb_range=(500, 2500)))
    opened, patch = read_all(replace(files, post=files.pre))
    picture = stretched(values, np.ones((HIGH, WIDE), bool), 500, 2500)
    expected = np.zeros((3, opened.grid.height, opened.grid.width), np.uint8)
    reproject(
        picture, expected, src_transform=rasterio.Affine(10, 0, LEFT, 0, -10, TOP), src_crs="EPSG:32632",
        dst_transform=opened.grid.transform, dst_crs=opened.grid.crs, resampling=Resampling.bilinear, tolerance=0,
    )  # fmt: skip
    difference = np.abs(patch.arrays["pre"].astype(int) - expected)[:, patch.valid]
    assert difference.max() <= 1


def test_pictures_in_8_bits_come_through_unchanged(tmp_path):
    values = rgb(40, 50)
    files = SceneFiles(pre=one(tmp_path, values, 6.0), post=write(tmp_path / "post.tif", rgb(40, 50, 1), 6.0))
    _, patch = read_all(files)
    np.testing.assert_array_equal(patch.arrays["pre"], values)


def test_a_range_holds_for_every_image_and_type(tmp_path, scene):
    values = radiance()
    files = replace(scene, pre=uint16(tmp_path, values), reading=ReadOptions(rgb_range=(20, 180)))
    post = stretched(rgb(HIGH, WIDE, 5).astype(np.float64), np.ones((HIGH, WIDE), bool), 20, 180)
    expected = reference(tmp_path, replace(scene, post=write(tmp_path / "8.tif", post, 10.0)), post, hidden())
    opened, patch = read_all(files)
    np.testing.assert_array_equal(patch.arrays["post"], expected.arrays["post"])
    for role in ("pre", "post"):
        limits = {"rule": "range", "low": [20.0] * 3, "high": [180.0] * 3}
        assert opened.facts["images"][role]["stretch"] == limits


def test_a_range_is_in_the_units_of_scale_and_offset(tmp_path, scene):
    values = radiance()
    picture = stretched(values[:3] * 1e-4 - 0.1, hidden(), 0.0, 0.2)
    expected = reference(tmp_path, scene, picture, hidden())
    tagged_file = tagged(tmp_path, values)
    _, patch = read_all(replace(scene, pre=tagged_file, reading=ReadOptions(rgb_range=(0.0, 0.2))))
    np.testing.assert_array_equal(patch.arrays["pre"], expected.arrays["pre"])


def test_chosen_bands_hold_for_both_images(tmp_path, scene):
    values = radiance()
    expected = reference(tmp_path, scene, stretched(values[:3], hidden()), hidden())
    files = replace(scene, pre=blue_first(tmp_path, values), reading=ReadOptions(bands=(3, 2, 1)))
    opened, patch = read_all(files)
    np.testing.assert_array_equal(patch.arrays["pre"], expected.arrays["pre"])
    np.testing.assert_array_equal(patch.arrays["post"], expected.arrays["post"][::-1])
    assert [facts["bands"] for facts in opened.facts["images"].values()] == [[3, 2, 1], [3, 2, 1]]


@pytest.mark.parametrize("names", [("B2", "B3", "B4"), ("SR_B2", "SR_B3", "SR_B4"), ("blue", "green", "red")])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bands_in_the_order_of_wavelengths_are_the_same_picture(tmp_path, scene, names, dtype):
    values = rgb(HIGH, WIDE).astype(dtype)
    expected = read_all(replace(scene, pre=write(tmp_path / "red_first.tif", values, 10.0)))[1]
    opened, patch = read_all(replace(scene, pre=named(one(tmp_path, values[::-1]), descriptions=names)))
    np.testing.assert_array_equal(patch.arrays["pre"], expected.arrays["pre"])
    assert opened.facts["images"]["pre"]["bands"] == [3, 2, 1]
    chosen, _ = read_all(replace(scene, pre=tmp_path / "image.tif", reading=ReadOptions(bands=(1, 2, 3))))
    assert chosen.facts["images"]["pre"]["bands"] == [1, 2, 3]


def test_three_files_may_have_other_names_than_colours(tmp_path, scene):
    values = radiance()[:3].astype(np.uint16)
    files = [write(tmp_path / f"download.B{n}.tif", band, 10.0) for n, band in zip((4, 3, 2), values, strict=True)]
    opened, _ = read_all(replace(scene, pre=tuple(files)))
    assert opened.facts["images"]["pre"]["bands"] == [1, 1, 1]
    with pytest.raises(InputError, match=r"B2\.tif blue, .*B4\.tif red\. Give them in order: `pre` RED `pre` GREEN"):
        read_all(replace(scene, pre=tuple(files[::-1])))


def test_a_visual_product_with_alpha_is_taken_as_it_is(tmp_path, scene, caplog):
    stack = np.concatenate([rgb(HIGH, WIDE), np.where(hidden(), 255, 0)[None].astype(np.uint8)])
    _, patch = read_all(replace(scene, pre=one(tmp_path, stack)))
    expected = reference(tmp_path, scene, rgb(HIGH, WIDE), hidden())
    np.testing.assert_array_equal(patch.arrays["pre"], expected.arrays["pre"])
    np.testing.assert_array_equal(patch.valid, expected.valid)
    assert not warnings_in(caplog)


def test_bands_of_different_resolution_are_each_resampled(tmp_path, scene):
    coarse = rgb(HIGH // 2, WIDE // 2, 3)
    fine = rgb(HIGH, WIDE, 4)
    apart = (
        write(tmp_path / "red.tif", fine[0], 10.0),
        write(tmp_path / "green.tif", coarse[1], 20.0),
        write(tmp_path / "blue.tif", fine[2], 10.0),
    )
    _, patch = read_all(replace(scene, pre=apart))
    for band, (values, resolution) in enumerate(((fine, 10.0), (coarse, 20.0), (fine, 10.0))):
        whole = write(tmp_path / "whole.tif", values, resolution)
        _, expected = read_all(replace(scene, pre=whole))
        np.testing.assert_array_equal(patch.arrays["pre"][band], expected.arrays["pre"][band])


def test_three_files_show_what_all_of_them_show(tmp_path, scene):
    values = rgb(HIGH, WIDE)
    apart = bands_apart(tmp_path, values)
    short = values[1, :50].astype(np.float32)
    short[10:20, 30:50] = np.nan
    apart = (write(tmp_path / "short.tif", short, 10.0), *(float32(path) for path in apart[1:]))
    opened, patch = read_all(replace(scene, pre=apart))
    assert opened.grid.height == pytest.approx(500 / 6, abs=1)
    assert not patch.valid[17:33, 51:82].any()
    assert not patch.arrays["pre"][:, ~patch.valid].any()
    assert patch.valid[36:-1].all()


def palette(folder):
    path = one(folder, rgb(9, 9)[0])
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (0, 0, 0, 255), 1: (255, 0, 0, 255)})
    return path


def mixed_types(folder):
    red, green, _ = bands_apart(folder, rgb(HIGH, WIDE))
    return red, green, write(folder / "blue16.tif", rgb(HIGH, WIDE)[2].astype(np.uint16), 10.0)


def twice(folder):
    red, green, _ = bands_apart(folder, rgb(HIGH, WIDE))
    return red, green, green


def stacked(folder):
    red, green, _ = bands_apart(folder, rgb(HIGH, WIDE))
    return red, green, one(folder, rgb(HIGH, WIDE))


REFUSED = {
    "palette": (palette, None, InputError, r"palette\. Expand it first: gdal_translate -expand rgb"),
    "one band": (lambda p: one(p, rgb(9, 9)[0]), None, InputError, "has 1 band, but red.* three files of one band"),
    "gray and alpha": (
        lambda p: named(one(p, rgb(9, 9)), colorinterp=(ColorInterp.gray, ColorInterp.undefined, ColorInterp.alpha)),
        None, InputError, "has 3 bands, but red, green and blue are needed",
    ),
    "too few bands": (lambda p: one(p, rgb(9, 9)), (4, 3, 2), UsageError, "has 3 bands, but `bands` 4,3,2 asks for"),
    "four bands": (lambda p: uint16_stack(p, radiance()), None, InputError, r"4 bands \(no names\) .* `bands` 3,2,1"),
    "six bands of 8 bits": (
        lambda p: one(p, np.concatenate([rgb(9, 9), rgb(9, 9)])), None, InputError, "6 bands .* `bands` 3,2,1",
    ),
    "false colours": (
        lambda p: named(one(p, rgb(9, 9)), descriptions=("nir", "red", "green")),
        None, InputError, r"3 bands \(nir, red, green\) and does not say which are red, green and blue.*1,2,3 where",
    ),
    "two files": (lambda p: bands_apart(p, rgb(9, 9))[:2], None, UsageError, r"2 files are given .* `pre` GREEN"),
    "one file twice": (twice, None, UsageError, "three different ones"),
    "three stacks": (stacked, None, InputError, r"image\.tif has 3 bands, and .*red\.tif has one\. Give red"),
    "mixed types": (mixed_types, None, InputError, "are uint8, uint8, uint16. Give red, green and blue in one type"),
    "one value": (
        lambda p: one(p, np.full((3, 9, 9), 700, np.uint16)),
        None, InputError, "has the value 700 in almost all of band 1.* -a_nodata .* `rgb_range` LO HI",
    ),
    "no scale": (
        lambda p: named(one(p, rgb(9, 9).astype(np.int16)), scales=(0.0, 1.0, 1.0)),
        None, InputError, "scaled by 0.0, 1.0, 1.0",
    ),
    "complex": (lambda p: one(p, rgb(9, 9).astype(np.complex64)), None, InputError, "is complex64, which is no"),
}  # fmt: skip  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_name_the_file_and_the_remedy(tmp_path, scene, kind):
    make, bands, error, words = REFUSED[kind]
    files = replace(scene, pre=make(tmp_path), reading=ReadOptions(bands=bands))
    with pytest.raises(error, match=words) as caught, open_scene(files, 6.0):
        pass
    assert str(caught.value).startswith(("pre-event image", "2 files", "3 files"))
    assert str(caught.value).endswith(".")


def test_the_record_of_a_map_says_how_images_were_read(tmp_path, scene):
    values = radiance()
    pre, post = three_files(tmp_path, values), write(tmp_path / "post16.tif", values[:3].astype(np.uint16), 10.0)
    files = replace(scene, pre=pre, post=post)
    record = map_scene(MapRequest(tmp_path / "none", files, tmp_path / "out"), engine=mixing_engine())
    images = json.loads((tmp_path / "out" / "run.json").read_text())["reading"]["images"]
    assert images == record["reading"]["images"]
    assert [images[role]["bands"] for role in ("pre", "post")] == [[1, 1, 1], [1, 2, 3]]
    assert images["pre"]["stretch"]["high"][0] > images["pre"]["stretch"]["low"][0] > 300
    assert [entry["path"] for entry in record["inputs"] if entry["role"] == "pre"] == [str(path) for path in pre]


def test_the_same_three_files_for_both_dates_are_refused(tmp_path, scene):
    apart = three_files(tmp_path, radiance())
    files = replace(scene, pre=apart, post=apart)
    with pytest.raises(InputError, match="are the same image"):
        map_scene(MapRequest(tmp_path / "none", files, tmp_path / "out"), engine=mixing_engine())


def options(*arguments):
    """The scene that a command line makes, and what it says."""
    found = []

    @click.command()
    @scene_options
    def command(**given):
        found.append(scene_files(given))

    result = CliRunner().invoke(command, arguments)
    return (found or [None])[0], result.output + str(result.exception)


def test_options_become_choices():
    files, _ = options(
        "--pre", "r.tif", "--pre", "g.tif", "--pre", "b.tif", "--bands", "3,2,1", "--rgb-range", "0", "3e3"
    )
    assert files.pre == (Path("r.tif"), Path("g.tif"), Path("b.tif"))
    assert files.reading == ReadOptions(bands=(3, 2, 1), rgb_range=(0.0, 3000.0))
    assert options("--post", "image.tif")[0].reading == ReadOptions()


@pytest.mark.parametrize(
    ("given", "words"),
    [("r,g,b", "not made of band numbers such as 3,2,1"), ("3,2", "Bands 3,2 are no picture")],
)
def test_options_that_are_no_bands_are_refused(given, words):
    files, said = options("--post", "image.tif", "--bands", given)
    assert files is None
    assert words in said


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"bands": (1, 2)}, "Bands 1,2 are no picture"),
        ({"bands": (0, 1, 2)}, "from 1"),
        ({"rgb_range": (5.0, 5.0)}, "A range of 5 to 5 cannot be stretched"),
        ({"rgb_range": (0.0, float("nan"))}, "cannot be stretched"),
    ],
)
def test_choices_that_are_wrong_for_any_scene_are_refused(choice, words):
    with pytest.raises(UsageError, match=words):
        ReadOptions(**choice)
