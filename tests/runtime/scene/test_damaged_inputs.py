"""Files that break in the middle of a scene: an error that names the place, or a place that is not observed."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio._env import del_gdal_config
from rasterio.windows import Window

from helpers.engines import SPEC, mixing_engine, mixture
from helpers.images import read_all
from helpers.rasters import elevation, rgb, scene_mixed, write
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.run import run_files

BLOCK = 64
SKIPPING = ReadOptions(on_error="skip")
TILED = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate"}


def with_damaged_block(path, row, col):
    """Spoil the compressed bytes of one block, and give its window (rows, columns)."""
    with rasterio.open(path) as dataset:
        offset, size = (
            int(dataset.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=1)) for what in ("OFFSET", "SIZE")
        )
        shape = dataset.shape
    content = bytearray(path.read_bytes())
    content[offset : offset + size] = bytes(size)
    path.write_bytes(content)
    rows, cols = (row * BLOCK, min((row + 1) * BLOCK, shape[0])), (col * BLOCK, min((col + 1) * BLOCK, shape[1]))
    return slice(*rows), slice(*cols)


@pytest.fixture
def files(tmp_path):
    scene = scene_mixed(tmp_path, height_m=2400.0, width_m=1800.0)
    return replace(scene, post=write(tmp_path / "tiled.tif", rgb(240, 180, 1), 10.0, interleave="pixel", **TILED))


def run(files, out, engine=None, **options):
    request = MapRequest(out / "none", files, out, engine=EngineOptions(tile=64, batch=3), **options)
    record = map_scene(request, engine=engine or mixing_engine())
    with rasterio.open(out / "confidence.tif") as dataset:
        return record, dataset.read(1)


def test_the_error_names_file_place_and_remedy(files, tmp_path):
    with_damaged_block(files.post, 2, 1)
    with pytest.raises(InputError, match=r"post-event image: .*tiled\.tif cannot be read in rows .*`on_error` skip"):
        run(files, tmp_path / "out")


def test_a_skipped_block_is_not_observed_and_the_rest_is_as_if_it_was_masked(files, tmp_path, caplog):
    with rasterio.open(files.post) as dataset:
        values = dataset.read()
    rows, cols = with_damaged_block(files.post, 2, 1)
    record, percent = run(replace(files, reading=SKIPPING), tmp_path / "out")
    (entry,) = record["damaged"]
    assert (entry["role"], entry["path"]) == ("post-event image", str(files.post))
    assert (entry["rows"], entry["cols"]) == ([rows.start, rows.stop], [cols.start, cols.stop])
    assert entry["reason"]
    assert len([line for line in caplog.records if "not observed there" in line.message]) == 1

    mask = np.full(values.shape[1:], 255, np.uint8)
    mask[rows, cols] = 0
    alpha = write(tmp_path / "alpha.tif", np.concatenate([values, mask[None]]), 10.0, photometric="RGB", alpha="yes")
    _, expected = run(replace(files, post=alpha), tmp_path / "masked")
    np.testing.assert_array_equal(percent, expected)
    assert (percent == 255).sum() > BLOCK**2


@pytest.mark.parametrize("role", ["dem", "masks"])
def test_what_is_unknown_of_terrain_and_masks_is_not_observed(files, tmp_path, role):
    _, whole = run(files, tmp_path / "whole")
    if role == "dem":
        broken = write(tmp_path / "d.tif", elevation(160, 160), 15.0, **TILED)
        changed = replace(files, dem=broken, reading=SKIPPING)
    else:
        broken = write(tmp_path / "m.tif", rgb(240, 180)[0] // 200, 10.0, **TILED)
        changed = replace(files, masks=(broken,), reading=SKIPPING)
    _, sound = run(replace(changed, reading=ReadOptions()), tmp_path / "sound")
    with_damaged_block(broken, 1, 1)
    record, percent = run(changed, tmp_path / "out")
    assert [entry["path"] for entry in record["damaged"]] == [str(broken)]
    assert ((percent == 255) & (sound != 255)).sum() > 500
    assert not ((percent != 255) & (sound == 255)).any()
    assert whole.shape == percent.shape


def test_a_resumed_run_remembers_what_was_skipped(files, tmp_path, monkeypatch):
    monkeypatch.setattr(run_files, "INTERVAL", 0.0)
    with_damaged_block(files.post, 0, 1)
    files = replace(files, reading=SKIPPING)
    record, percent = run(files, tmp_path / "whole")
    calls = []

    def stopping(batch):
        calls.append(1)
        if len(calls) == 18:
            raise KeyboardInterrupt
        return mixture(batch)

    with pytest.raises(KeyboardInterrupt):
        run(files, tmp_path / "out", FakeEngine(SPEC, stopping))
    resumed, again = run(files, tmp_path / "out", resume=True)
    assert resumed["resumed_after_row"] > 2 * BLOCK
    assert resumed["damaged"] == record["damaged"]
    np.testing.assert_array_equal(again, percent)


def test_a_file_that_is_sound_is_read_as_ever(files, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    record, percent = run(replace(files, reading=SKIPPING), tmp_path / "skip")
    _, expected = run(files, tmp_path / "stop")
    assert "damaged" not in record
    np.testing.assert_array_equal(percent, expected)


def test_other_words_are_refused():
    with pytest.raises(UsageError, match="Choose from: stop, skip"):
        ReadOptions(on_error="ignore")


def test_a_file_that_changes_meanwhile_is_not_taken_for_damaged(files):
    content = files.post.read_bytes()
    with Raster(files.post, "image", salvage=True) as raster:
        files.post.write_bytes(content[: len(content) // 4])
        with pytest.raises(InputError, match=r"has changed since it was opened.*resume=True goes on"):
            raster.read(Window(0, 0, 180, 240), (1, 2, 3))


def test_what_gdal_refuses_to_compute_is_an_error_each_time_it_is_asked_for(files, tmp_path):
    """GDAL gives the memory of a block that it could not fill when it is asked for it again."""
    path = tmp_path / "python.vrt"
    code = "def same(in_ar, out_ar, *rest, **options):\n    out_ar[:] = in_ar[0]\n"
    band = (
        '<VRTRasterBand dataType="Byte" band="{0}" subClass="VRTDerivedRasterBand">'
        "<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionType>same</PixelFunctionType>"
        f"<PixelFunctionCode><![CDATA[{code}]]></PixelFunctionCode><SimpleSource><SourceFilename>{files.post}"
        "</SourceFilename><SourceBand>{0}</SourceBand></SimpleSource></VRTRasterBand>"
    )
    with rasterio.open(files.post) as dataset:
        place = ", ".join(map(str, dataset.transform.to_gdal()))
        size = f'rasterXSize="{dataset.width}" rasterYSize="{dataset.height}"'
    head = f"<VRTDataset {size}><SRS>EPSG:32632</SRS><GeoTransform>{place}</GeoTransform>"
    path.write_text(head + "".join(map(band.format, (1, 2, 3))) + "</VRTDataset>")
    with Raster(path, "image") as raster:
        for _ in range(3):
            with pytest.raises(InputError, match="cannot be read in rows"):
                raster.read(Window(0, 0, 40, 30), (1, 2, 3))
        assert files.post in raster.parts
    with pytest.raises(InputError, match=r"python\.vrt cannot be read in rows"):
        run(replace(files, pre=path), tmp_path / "out")
    record, percent = run(replace(files, pre=path, reading=SKIPPING), tmp_path / "skip", force=True)
    assert record["damaged"]
    assert (percent == 255).all()


BESIDE = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GTIFF_POINT_GEO_IGNORE": "YES",
    "GDAL_GEOREF_SOURCES": "NONE",
    "CONVERT_YCBCR_TO_RGB": "NO",
}


@pytest.mark.parametrize("name", BESIDE)
def test_settings_of_gdal_for_other_programs_do_not_change_what_a_file_holds(files, tmp_path, monkeypatch, name):
    with rasterio.open(files.pre) as dataset:
        values = dataset.read()
    jpeg = {"compress": "jpeg", "photometric": "ycbcr", "interleave": "pixel"}
    beside = write(tmp_path / "beside.tif", values, 10.0, **jpeg)
    known = np.ones(values.shape[1:], bool)
    known[30:90, 20:70] = False
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(beside, "r+") as dataset:
        dataset.write_mask(known)
        dataset.update_tags(AREA_OR_POINT="Point")
    heights = elevation(100, 90)
    heights[10:30, 10:30] = -9999
    write(tmp_path / "plain.tif", heights, 30.0)
    (tmp_path / "plain.tif.aux.xml").write_text(
        "<PAMDataset><PAMRasterBand band='1'><NoDataValue>-9999</NoDataValue></PAMRasterBand></PAMDataset>"
    )
    scene = replace(files, pre=beside, dem=tmp_path / "plain.tif")
    _, expected = read_all(scene)
    with monkeypatch.context() as patched:
        patched.setenv(name, BESIDE[name])
        _, found = read_all(scene)
    del_gdal_config(name)  # rasterio writes down what it found in the environment
    assert 0.1 < expected.valid.mean() < 0.9
    np.testing.assert_array_equal(found.valid, expected.valid)
    np.testing.assert_array_equal(found.arrays["pre"], expected.arrays["pre"])
    with rasterio.Env(**{name: BESIDE[name]}):
        _, found = read_all(scene)
    np.testing.assert_array_equal(found.arrays["pre"], expected.arrays["pre"])
    np.testing.assert_array_equal(found.valid, expected.valid)
