"""Class maps of several tiles are one mask; masks of several dates, and plain ones, hide each by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.images import HIGH, WIDE, plain_scene, read_all
from helpers.rasters import LEFT, TOP, rgb, write
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.read_options import ReadOptions

CLOUD, CLEAR = 9, 5
CUT = 55, 45
"""Columns where the left tile ends and the right one begins."""


def classes(seed=0):
    rng = np.random.default_rng(seed)
    blocks = np.where(rng.random((HIGH // 10, WIDE // 10)) < 0.2, CLOUD, CLEAR).astype(np.uint8)
    return np.kron(blocks, np.ones((10, 10), np.uint8))


def tiles(folder, values, day=1):
    left, right = values[:, : CUT[0]], values[:, CUT[1] :]
    return (
        write(folder / f"T54TWN_2020010{day}T101319_SCL_20m.tif", left, 10.0),
        write(folder / f"T54TXN_2020010{day}T101319_SCL_20m.tif", right, 10.0, left=LEFT + 10 * CUT[1]),
    )


@pytest.fixture
def scene(tmp_path):
    return replace(plain_scene(tmp_path), pre=write(tmp_path / "pre.tif", rgb(HIGH, WIDE, 4), 10.0))


def test_class_maps_side_by_side_are_one_mask(tmp_path, scene, caplog):
    values = classes()
    whole = write(tmp_path / "SCL.tif", values, 10.0)
    _, expected = read_all(replace(scene, masks=(whole,)))
    opened, patch = read_all(replace(scene, masks=tiles(tmp_path, values)))
    np.testing.assert_array_equal(patch.valid, expected.valid)
    assert 0.6 < patch.valid.mean() < 0.9
    assert len(opened.facts["masks"]) == 2
    inputs = [entry for entry in opened.inputs if entry.kind == "mask"]
    assert [len(entry.rasters) for entry in inputs] == [2]


def test_two_dates_in_two_tiles_hide_each_what_it_hides(tmp_path, scene):
    first, second = classes(1), classes(2)
    wholes = [write(tmp_path / f"{n}_SCL.tif", values, 10.0) for n, values in enumerate((first, second))]
    _, expected = read_all(replace(scene, masks=wholes))
    dates = [tiles(tmp_path, values, day) for day, values in enumerate((first, second), 1)]
    for masks in ((*dates[0], *dates[1]), (dates[0][0], dates[1][1], dates[0][1], dates[1][0])):
        _, patch = read_all(replace(scene, masks=masks))
        np.testing.assert_array_equal(patch.valid, expected.valid)


def test_where_a_date_has_no_tile_nothing_is_observed(tmp_path, scene):
    dates = [tiles(tmp_path, classes(day), day) for day in (1, 2)]
    _, patch = read_all(replace(scene, masks=(*dates[0], dates[1][0])))
    assert not patch.valid[:, 92:].any()
    assert patch.valid[:, :90].any()


def test_plain_masks_that_lie_beside_each_other_stay_two(tmp_path, scene):
    clear = np.zeros((HIGH, WIDE), np.uint8)
    clear[3, 3] = clear[3, -3] = 1
    clouds = write(tmp_path / "clouds.tif", clear[:, : CUT[0]], 10.0)
    snow = write(tmp_path / "snow.tif", clear[:, CUT[1] :], 10.0, left=LEFT + 10 * CUT[1])
    _, patch = read_all(replace(scene, masks=(clouds, snow)))
    assert patch.valid[:, 77:90].all()
    assert not patch.valid[:, :75].any()
    assert not patch.valid[:, 93:].any()


def test_a_tile_elsewhere_is_no_error_where_another_shows_the_map(tmp_path, scene):
    values = np.full((HIGH, WIDE), CLEAR, np.uint8)
    here = write(tmp_path / "T54TWN_20200101T101319_SCL_20m.tif", values, 10.0)
    there = write(tmp_path / "T54TWP_20200101T101319_SCL_20m.tif", values, 10.0, top=TOP + 5000)
    _, patch = read_all(replace(scene, masks=(there, here)))
    assert patch.valid[1:-1, 1:-1].all()
    with pytest.raises(InputError, match="lies elsewhere"):
        read_all(replace(scene, masks=(there,)))
    with pytest.raises(InputError, match="lies elsewhere"):
        read_all(replace(scene, masks=(here, there.rename(tmp_path / "clouds.tif"))))


def test_chosen_classes_make_tiles_too(tmp_path, scene):
    values = classes(3)
    whole = (write(tmp_path / "whole.tif", values, 10.0),)
    files = replace(scene, masks=whole, reading=ReadOptions(mask_values=str(CLOUD)))
    _, expected = read_all(files)
    _, patch = read_all(replace(files, masks=tiles(tmp_path, values)))
    np.testing.assert_array_equal(patch.valid, expected.valid)


def test_what_one_tile_declares_as_unknown_the_next_one_tells(tmp_path, scene):
    """As in class maps that were brought into another zone: unknown corners in the overlap."""
    left, right = tiles(tmp_path, np.full((HIGH, WIDE), CLEAR, np.uint8))
    values = np.full((HIGH, CUT[0]), CLEAR, np.uint8)
    values[20:40, CUT[1] + 2 :] = 0
    values[60:70, :20] = 0
    write(left, values, 10.0, nodata=0)
    _, patch = read_all(replace(scene, masks=(left, right)))
    assert patch.valid[36:60, 70:100].all()
    assert not patch.valid[102:115, 2:30].any()
