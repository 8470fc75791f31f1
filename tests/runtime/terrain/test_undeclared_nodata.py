"""Fills that nobody declared are noticed; coasts and honest zeros are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.rasters import LEFT, TOP, elevation, scene_mixed, write
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.terrain import elevation_sample, undeclared_nodata


def hills(height=100, width=120):
    """Around 1500 m, as the elevation model of the mixed scene."""
    return elevation(height, width)


def coast():
    """Land that rises from the sea, with some steep headlands."""
    rows, cols = np.mgrid[:100, :120]
    land = np.maximum(0, 8 * (cols - 40 - 6 * np.sin(rows / 7)))
    land[40:44, 36:52] = 300
    land[:, :30] = 0
    return land.astype(np.float32)


def with_hole(value, values=None):
    values = hills() if values is None else values
    values[40:60, 50:70] = value
    return values


def warnings_of(folder, caplog, values, *, reading=None, resolution=30.0, **options):
    place = {"left": LEFT - 300, "top": TOP + 300}
    path = write(folder / "odd.tif", values, resolution, **place, **options)
    files = replace(scene_mixed(folder), dem=path, reading=reading or ReadOptions())
    with open_scene(files, 6.0):
        pass
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("nodata", [None, -9999])
@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_fill_that_is_not_declared_is_warned_of(tmp_path, caplog, dtype, nodata):
    (said,) = warnings_of(tmp_path, caplog, with_hole(0).astype(dtype), nodata=nodata)
    assert "odd.tif does not declare 0 as nodata" in said
    assert "surround pixels of exactly 0:" in said
    assert said.endswith("give `dem_nodata` 0.")


def test_a_fill_that_is_a_height_in_the_unit_of_the_file_is_warned_of(tmp_path, caplog):
    reading = ReadOptions(dem_unit="ft")
    (said,) = warnings_of(tmp_path, caplog, with_hole(-999, hills() * np.float32(3.28)), reading=reading)
    assert said.endswith("give `dem_nodata` -999.")


def test_a_frame_of_zeros_is_warned_of(tmp_path, caplog):
    values = hills()
    rows, cols = np.mgrid[:100, :120]
    values[rows + cols < 70] = 0
    assert len(warnings_of(tmp_path, caplog, values)) == 1


def test_a_fill_in_one_of_two_tiles_is_warned_of_by_name(tmp_path, caplog):
    place = {"left": LEFT - 300, "top": TOP + 300}
    files = scene_mixed(tmp_path)
    good = write(tmp_path / "good.tif", hills(), 30.0, **place)
    odd = write(tmp_path / "odd.tif", with_hole(0), 30.0, **place)
    with open_scene(replace(files, dem=(good, odd)), 6.0):
        pass
    assert [record.args[1] for record in caplog.records] == [str(odd)]


QUIET = {
    "no zeros": (hills, {}),
    "a coast": (coast, {}),
    "a plain of zeros": (lambda: np.zeros((100, 120), np.float32), {}),
    "a few pixels": (lambda: np.where(np.mgrid[:100, :120].sum(0) % 109 == 0, 0, hills())[:60], {}),
    "zero is declared": (lambda: with_hole(0), {"nodata": 0}),
    "zero is given": (lambda: with_hole(0), {"reading": ReadOptions(dem_nodata=0)}),
    "quays and houses": (lambda: np.where(coast() == 0, 0, coast() + 20), {"resolution": 30.0}),
    "far from the map": (lambda: np.pad(hills(), ((0, 60), (0, 0))), {}),
}


@pytest.mark.parametrize("kind", QUIET)
def test_what_may_be_real_is_left_alone(tmp_path, caplog, kind):
    make, options = QUIET[kind]
    assert not warnings_of(tmp_path, caplog, make().astype(np.float32), **options)


def test_low_walls_on_fine_grids_are_left_alone(tmp_path, caplog):
    # At 1 m a house on the shore is a cliff of over 80 degrees.
    values = np.full((600, 500), 12, np.float32)
    values[::2] = 0
    assert not warnings_of(tmp_path, caplog, values, resolution=1.0)


def test_the_sample_is_bounded_and_spread(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(undeclared_nodata, "BLOCK_EDGE", 16)
    monkeypatch.setattr(elevation_sample, "SAMPLE", 8 * 16 * 16)
    read, seen = undeclared_nodata.Raster.read, []

    def noted(self, window, *arguments, **options):
        if self.role == "elevation model":
            seen.append(window)
        return read(self, window, *arguments, **options)

    monkeypatch.setattr(undeclared_nodata.Raster, "read", noted)
    values = hills()
    values[50:] = 0
    values[::4] = 0
    assert len(warnings_of(tmp_path, caplog, values)) == 1
    assert len(seen) == 8
    assert sum(window.width * window.height for window in seen) <= elevation_sample.SAMPLE
    assert {window.row_off // 45 for window in seen} == {0, 1}
