"""Fill that no file declares is not observed: the same map as where it is declared."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from helpers.engines import mixing_engine
from helpers.images import read_all, warnings_in
from helpers.pictures import framed, land, stretched_hard, swath, turned, with_holes
from helpers.rasters import LEFT, TOP, elevation, write
from landslip.runtime.cli.main import run
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.imagery import undeclared_fill
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inputs.scene_toml import read_scene_file
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.scene.scene import open_scene

LAND, LATER = land(), land(seed=20)


@pytest.fixture
def files(tmp_path):
    post = write(tmp_path / "post.tif", LATER, 6.0)
    return SceneFiles(pre=write(tmp_path / "plain.tif", LAND, 6.0), post=post)


def apart(folder, values, **options):
    names = ("B4.tif", "B3.tif", "B2.tif")
    return tuple(write(folder / name, band, 6.0, **options) for name, band in zip(names, values, strict=True))


def declared(folder, values, outside, **options):
    """The same with an alpha band that says where nothing was seen."""
    alpha = np.where(outside, 0, np.iinfo(values.dtype).max)[None].astype(values.dtype)
    return write(folder / "alpha.tif", np.concatenate([values, alpha]), 6.0, photometric="RGB", alpha="yes", **options)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("three", [False, True])
def test_a_swath_edge_is_not_observed(tmp_path, files, caplog, dtype, three):
    picture, outside = swath(LAND)
    picture = picture.astype(dtype)
    picture[1, 120, 200] = picture[2, 30:50, 300] = 0  # one dark band is a colour
    given = apart(tmp_path, picture) if three else write(tmp_path / "pre.tif", picture, 6.0)
    opened, patch = read_all(replace(files, pre=given))
    _, expected = read_all(replace(files, pre=declared(tmp_path, picture, outside)))
    np.testing.assert_array_equal(patch.valid, expected.valid)
    np.testing.assert_array_equal(patch.valid, ~outside)
    np.testing.assert_array_equal(patch.arrays["pre"][:, patch.valid], expected.arrays["pre"][:, patch.valid])
    (fact,) = opened.facts["images"]["pre"]["fill"]
    assert (fact["value"], fact["tolerance"], fact["said"]) == (0.0, 0.0, "found")
    assert fact["share"] == pytest.approx(outside.mean(), abs=1e-3)
    warning = warnings_in(caplog)[0]
    assert "has 0 in all bands in about 33 % of its pixels" in warning.getMessage()
    assert "fill" not in opened.facts["images"]["post"]


@pytest.mark.parametrize(
    ("colour", "remedy"),
    [((255, 255, 252), 'gdalwarp -srcnodata "255 255 252" -dstalpha FILE NEW'), ((127, 127, 127), "`nodata` 127.")],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_edge_of_another_colour_is_warned_of(tmp_path, files, caplog, colour, remedy, dtype):
    """GDAL's issue 12524: 255, 255, 252 around a picture."""
    picture, outside = swath(LAND)
    picture = np.where(outside, np.array(colour)[:, None, None], picture).astype(dtype)
    given = replace(files, pre=write(tmp_path / "pre.tif", picture, 6.0))
    _, patch = read_all(given)
    assert patch.valid.all()
    (warning,) = (text for text in map(logging.LogRecord.getMessage, warnings_in(caplog)) if "has the colour" in text)
    assert f"pre.tif has the colour {' '.join(map(str, colour))} in 3" in warning
    assert remedy in warning
    caplog.clear()
    read_all(replace(given, reading=ReadOptions(nodata="none")))
    assert "has the colour" not in caplog.text


def test_colours_that_repeat_on_ground_are_taken_in_silence(tmp_path, files, caplog):
    """A lake of one colour within the picture, and another that reaches beyond a part of an edge."""
    picture = LAND.copy()
    picture[:, 40:120, 40:160] = picture[:, :30, 100:220] = np.array([9, 30, 41])[:, None, None]
    read_all(replace(files, pre=write(tmp_path / "pre.tif", picture, 6.0)))
    assert "has the colour" not in caplog.text


def test_bands_of_different_grids_are_each_judged(tmp_path, files):
    picture, outside = swath(LAND)
    red, green, _ = apart(tmp_path, picture)
    blue = write(tmp_path / "coarse.tif", picture[2, ::2, ::2], 12.0)
    _, patch = read_all(replace(files, pre=(red, green, blue)))
    assert not patch.valid[outside].any()
    assert patch.valid[~outside].mean() > 0.98


def test_windows_do_not_matter(tmp_path, files, monkeypatch):
    """Neither those in which it is looked for, nor those that are read."""
    path = write(
        tmp_path / "pre.tif", turned(LAND)[0], 6.0, compress="jpeg", photometric="ycbcr", interleave="pixel",
        tiled=True, blockxsize=64, blockysize=64,
    )  # fmt: skip
    opened, whole = read_all(replace(files, pre=path))
    fact = opened.facts["images"]["pre"]["fill"][0]
    assert fact["tolerance"] > 0
    monkeypatch.setattr(undeclared_fill, "BLOCK_PIXELS", 240 * 128)
    with open_scene(replace(files, pre=path), 6.0) as scene:
        assert scene.facts["images"]["pre"]["fill"][0]["said"] == "found"
        for window in (Window(0, 0, 50, 70), Window(33, 41, 100, 90), Window(200, 150, 120, 90)):
            part = scene.read(window)
            place = window.toslices()
            np.testing.assert_array_equal(part.valid, whole.valid[place])


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("nodata", [None, 0])
def test_fill_that_jpeg_spoiled_is_not_observed(tmp_path, files, value, nodata):
    if nodata is not None and value != nodata:
        pytest.skip("declared for black alone")
    picture, outside = turned(LAND, value)
    jpeg = {"compress": "jpeg", "photometric": "ycbcr", "interleave": "pixel", "jpeg_quality": 90 if value == 0 else 95}
    path = write(tmp_path / "pre.tif", picture, 6.0, **jpeg, nodata=nodata)
    _, patch = read_all(replace(files, pre=path))
    with rasterio.open(path) as dataset:
        stored = dataset.read()
    exact = (stored == value).all(axis=0)
    assert (outside & ~exact).sum() > 1000  # what compression spoiled
    assert (outside & patch.valid).sum() < 0.25 * (outside & ~exact).sum()
    assert patch.valid[~outside].mean() > 0.99


def test_of_a_large_file_edges_and_a_sample_are_looked_at(tmp_path, files, monkeypatch):
    picture, outside = swath(np.tile(LAND, (1, 3, 3)))
    blocks = {"tiled": True, "blockxsize": 128, "blockysize": 128}
    path = write(tmp_path / "pre.tif", picture, 6.0, **blocks)
    files = SceneFiles(pre=path, post=write(tmp_path / "post.tif", np.tile(LATER, (1, 3, 3)), 6.0, **blocks))
    monkeypatch.setattr(undeclared_fill, "SAMPLE", 200_000)
    monkeypatch.setattr("landslip.runtime.imagery.stretch_limits.CELL", 128)
    opened, patch = read_all(replace(files, pre=path))
    np.testing.assert_array_equal(patch.valid, ~outside)
    assert opened.facts["images"]["pre"]["fill"][0]["share"] == pytest.approx(outside.mean(), abs=0.35)


def test_pictures_of_strong_contrast_are_observed(tmp_path, caplog):
    post = write(tmp_path / "post.tif", stretched_hard(LATER, 2), 6.0)
    opened, patch = read_all(SceneFiles(pre=write(tmp_path / "pre.tif", stretched_hard(LAND, 2), 6.0), post=post))
    assert patch.valid.all()
    assert "fill" not in opened.facts["images"]["pre"]
    assert not warnings_in(caplog)


def mapped(files, out, **options):
    files = replace(files, dem=write(out.parent / "dem.tif", elevation(70, 90), 30.0, left=LEFT - 300, top=TOP + 300))
    return map_scene(MapRequest(out / "none", files, out, **options), engine=mixing_engine())


@pytest.mark.parametrize("kind", ["masked clouds", "white frame and scars"])
def test_what_may_be_either_is_asked_about(tmp_path, files, kind):
    clouds = with_holes(LAND, 0.05)[0]
    picture = clouds if kind == "masked clouds" else framed(stretched_hard(LAND, 2), 20, 255)
    value = 0 if kind == "masked clouds" else 255
    files = replace(files, pre=write(tmp_path / "pre.tif", picture, 6.0))
    with pytest.raises(InputError, match=rf"`nodata` {value} where nothing was seen, `nodata` none where it is ground"):
        mapped(files, tmp_path / "asked")
    shown = (picture != value).any(axis=0)
    area = picture[0].size * 36e-6
    for reading, seen in ((ReadOptions(nodata=value), shown.mean()), (ReadOptions(nodata="none"), 1.0)):
        record = mapped(replace(files, reading=reading), tmp_path / f"{reading.nodata}")
        assert record["observed_km2"] == pytest.approx(seen * area, rel=0.01)
    record = mapped(files, tmp_path / "forced", force=True)
    assert record["observed_km2"] == pytest.approx(area, rel=0.01)
    assert len(record["objections_overruled"]) == 1


def test_what_the_user_says_holds_for_both_images(tmp_path, files, caplog):
    before, after = LAND.copy(), LATER.copy()
    before[:, 30:40, 50:90] = after[:, 100:110, 200:220] = 90
    files = SceneFiles(pre=write(tmp_path / "1.tif", before, 6.0), post=write(tmp_path / "2.tif", after, 6.0))
    opened, patch = read_all(replace(files, reading=ReadOptions(nodata=90)))
    assert not patch.valid[30:40, 50:90].any()
    assert not patch.valid[100:110, 200:220].any()
    assert patch.valid.mean() > 0.99
    assert [opened.facts["images"][role]["fill"][0]["said"] for role in ("pre", "post")] == ["stated", "stated"]
    assert not warnings_in(caplog)
    files = replace(files, pre=write(tmp_path / "3.tif", swath(LAND)[0], 6.0), reading=ReadOptions(nodata="none"))
    _, patch = read_all(files)
    assert patch.valid.all()


def test_a_catalogue_may_say_it_of_one_image(tmp_path, files):
    before, after = (np.where(np.arange(LAND.shape[2]) == 150, np.uint8(0), picture) for picture in (LAND, LATER))
    files = SceneFiles(pre=write(tmp_path / "1.tif", before, 6.0), post=write(tmp_path / "2.tif", after, 6.0))
    _, patch = read_all(replace(files, reading=ReadOptions(pre_nodata=0)))
    assert not patch.valid[:, 150].any()
    _, patch = read_all(files)
    assert patch.valid.all()


def test_a_number_that_is_no_colour_is_unknown_in_one_band(tmp_path, files):
    values = LAND.astype(np.int16)
    values[1, 20:40, 60:80] = -9999
    values[:, 100:120, 60:80] = -9999
    _, patch = read_all(replace(files, pre=write(tmp_path / "pre.tif", values, 6.0)))
    assert not patch.valid[20:40, 60:80].any()
    assert not patch.valid[100:120, 60:80].any()
    assert patch.arrays["pre"][:, patch.valid].std() > 40


def test_the_command_line_and_scene_files_take_it(tmp_path, files, capsys):
    scene = tmp_path / "SCENE.toml"
    text = f'pre = "{files.pre}"\npost = "{files.post}"\n'
    for nodata in ("0", '"none"', "-9999.0"):
        scene.write_text(f"{text}nodata = {nodata}\n")
        assert read_scene_file(scene).reading.nodata == json.loads(nodata)
    scene.write_text(f'{text}nodata = "black"\n')
    with pytest.raises(InputError, match="nodata is 'black'; give a number or 'none'"):
        read_scene_file(scene)
    given = ["--post", str(files.post), "--nodata", "black"]
    assert run(["map", "-m", "x.onnx", *given, "-o", str(tmp_path / "out")]) == 2
    assert "neither a number such as 0 nor the word none" in capsys.readouterr().err
    with pytest.raises(UsageError, match="A nodata value of nan is no number"):
        ReadOptions(nodata=float("nan"))


def test_the_record_tells_what_was_taken_as_fill(tmp_path, files):
    record = mapped(replace(files, pre=write(tmp_path / "pre.tif", swath(LAND)[0], 6.0)), tmp_path / "out")
    written = json.loads((tmp_path / "out" / "run.json").read_text())["reading"]["images"]["pre"]["fill"]
    assert written == record["reading"]["images"]["pre"]["fill"]
    assert written[0]["file"] == str(tmp_path / "pre.tif")
    with rasterio.open(tmp_path / "out" / "confidence.tif") as dataset:
        confidence = dataset.read(1)
    np.testing.assert_array_equal(confidence == 255, swath(LAND)[1])
