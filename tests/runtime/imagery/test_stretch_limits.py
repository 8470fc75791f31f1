"""What is measured on images before the first tile, and what is said of it."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

import numpy as np
import pytest
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from helpers.images import HIGH, WIDE, bands_apart, named, one, plain_scene, radiance, read_all, uint16, warnings_in
from helpers.rasters import LEFT, TOP, rgb, write
from landslip.runtime.errors import InputError
from landslip.runtime.imagery import stretch_limits
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.scene import open_scene


@pytest.fixture
def scene(tmp_path):
    return plain_scene(tmp_path)


def test_the_stretch_does_not_depend_on_the_area_of_interest(tmp_path, scene):
    files = replace(scene, pre=uint16(tmp_path, radiance()))
    inside = write(tmp_path / "aoi.tif", np.ones((20, 30), np.uint8), 10.0, left=LEFT + 200, top=TOP - 600)
    whole, _ = read_all(files)
    part, _ = read_all(replace(files, aoi=inside))
    assert part.grid != whole.grid
    assert part.facts == whole.facts


def test_what_only_one_image_shows_does_not_count(tmp_path, scene):
    values = np.full((3, HIGH, 2 * WIDE), 60000, np.uint16)
    values[:, :, :WIDE] = radiance()[:3]
    opened, _ = read_all(replace(scene, pre=one(tmp_path, values)))
    assert max(opened.facts["images"]["pre"]["stretch"]["high"]) < 5000


@pytest.mark.parametrize("tiling", [{"tiled": True, "blockxsize": 64, "blockysize": 64}, {"blockysize": 3}])
def test_of_a_large_image_blocks_from_all_over_it_are_measured(tmp_path, scene, monkeypatch, tiling):
    values = radiance(600, 700)[:3]
    values += np.mgrid[:600, :700].sum(axis=0)  # brighter towards one corner
    post = one(tmp_path, values.astype(np.uint16), 2.0, **tiling)
    files = replace(scene, post=post, reading=ReadOptions(nodata="none"))  # fill is looked for in more of it
    exact, _ = read_all(files)
    read = []
    original = Raster.read
    monkeypatch.setattr(Raster, "read", lambda self, window, *rest, **how: read.append(window) or original(
        self, window, *rest, **how))  # fmt: skip
    monkeypatch.setattr(stretch_limits, "SAMPLE", 100_000)
    monkeypatch.setattr(stretch_limits, "CELL", 64)
    with open_scene(files, 6.0) as opened:
        again = opened.facts["images"]["post"]["stretch"]
    assert 50_000 < sum(window.width * window.height for window in read) <= 100_000
    wanted = exact.facts["images"]["post"]["stretch"]
    for limit in ("low", "high"):
        np.testing.assert_allclose(again[limit], wanted[limit], rtol=0.1)
    assert again != wanted
    with open_scene(files, 6.0) as opened:
        assert opened.facts["images"]["post"]["stretch"] == again


@pytest.mark.parametrize(
    ("region", "block"),
    [
        (Window(0, 0, 1000, 900), (64, 64)),
        (Window(37, 91, 500, 400), (3, 1000)),
        (Window(5, 5, 1, 1), (1, 7)),
        (Window(0, 0, 3000, 3000), (4000, 4000)),
    ],
)
def test_cells_cover_a_region_once(region, block):
    seen = np.zeros((int(region.height), int(region.width)), int)
    for cell in stretch_limits.cells(region, block, 1 << 30):
        top, left = cell.row_off - region.row_off, cell.col_off - region.col_off
        assert top >= 0 <= left
        seen[top : top + cell.height, left : left + cell.width] += 1
    assert (seen == 1).all()


def test_a_sample_finds_the_few_pixels_that_are_known(tmp_path, scene, monkeypatch):
    values = np.zeros((3, HIGH, WIDE), np.uint16)
    values[:, -30:, -30:] = radiance()[:3, -30:, -30:]
    monkeypatch.setattr(stretch_limits, "SAMPLE", 64)
    monkeypatch.setattr(stretch_limits, "CELL", 8)
    opened, patch = read_all(replace(scene, pre=one(tmp_path, values, nodata=0, blockysize=8)))
    assert min(opened.facts["images"]["pre"]["stretch"]["low"]) >= 300
    assert patch.valid.any()


def test_an_image_without_known_pixels_is_said_to_have_none(tmp_path, scene, caplog):
    _, patch = read_all(replace(scene, pre=one(tmp_path, np.zeros((3, HIGH, WIDE), np.uint16), nodata=0)))
    assert "holds no known pixel where the images lie" in caplog.text
    assert not patch.valid.any()


DULL = {
    "dark": (rgb(HIGH, WIDE) // 8, None, "nearly black in 8 bits"),
    "one colour": (np.full((3, HIGH, WIDE), 90, np.uint8), None, r"one colour throughout \(90, 90, 90\) in 8 bits"),
    "range too wide": (rgb(HIGH, WIDE).astype(np.uint16), (0, 10000), "nearly black with this `rgb_range`"),
    "range too low": (
        radiance()[:3].astype(np.uint16),
        (0, 100),
        r"throughout \(255, 255, 255\) with this",
    ),
    "bright": (200 + rgb(HIGH, WIDE) // 8 * 2, None, "nearly white in 8 bits"),
}


@pytest.mark.parametrize("kind", DULL)
def test_what_is_no_picture_in_8_bits_is_said(tmp_path, caplog, kind):
    values, limits, words = DULL[kind]
    values = np.maximum(values, 221) if kind == "bright" else values
    with open_scene(SceneFiles(post=one(tmp_path, values), reading=ReadOptions(rgb_range=limits)), 6.0):
        pass
    (record,) = warnings_in(caplog)
    assert record.getMessage().startswith("post-event image: ")
    assert re.search(words, record.getMessage())


def test_a_dark_band_in_a_picture_is_no_dark_picture(tmp_path, caplog):
    values = rgb(HIGH, WIDE)
    values[2] //= 10
    with open_scene(SceneFiles(post=bands_apart(tmp_path, values)), 6.0):
        pass
    assert not warnings_in(caplog)


def test_infrared_that_is_called_transparency_is_said(tmp_path, scene, caplog):
    stack = np.concatenate([rgb(HIGH, WIDE), rgb(HIGH, WIDE, 9)[:1]])  # GDAL calls the fourth band alpha
    path = one(tmp_path, stack)
    read_all(replace(scene, pre=path))
    assert "calls its band 4 transparency, but it varies like a picture" in caplog.text
    caplog.clear()
    colours = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
    read_all(replace(scene, pre=named(path, colorinterp=colours)))
    assert not warnings_in(caplog)


def test_nodata_that_may_be_undeclared_is_said(tmp_path, scene, caplog):
    values = radiance()[:3].astype(np.uint16)
    values[:, :, :10] = 7
    read_all(replace(scene, pre=one(tmp_path, values)))
    assert "has its smallest value (7, 7, 7) in 2 of 100 pixels and more" in caplog.text
    assert "-a_nodata" in caplog.text


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_damage_is_left_to_the_reader_of_the_map(tmp_path, scene, monkeypatch, dtype):
    monkeypatch.setattr(stretch_limits, "CELL", 16)
    path = one(tmp_path, rgb(HIGH, WIDE).astype(dtype))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with open_scene(replace(scene, pre=path), 6.0) as opened:
        assert opened.facts["images"]["pre"]["stretch"]["rule"] == (
            "unchanged" if dtype == np.uint8 else "percentiles 2 to 98"
        )
        with pytest.raises(InputError, match=r"image\.tif cannot be read in rows"):
            opened.read(opened.grid.rows(0, opened.grid.height))


def test_limits_are_said_as_numbers(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    bands = bands_apart(tmp_path, radiance()[:3].astype(np.uint16))
    read_all(replace(plain_scene(tmp_path), pre=bands))
    assert re.search(r"red\.tif is stretched by its percentiles 2 to 98: \d+ to \d+$", caplog.text, re.MULTILINE)
