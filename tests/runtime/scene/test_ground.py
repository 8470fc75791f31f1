"""Ground under landslides: the network's own slope, true directions, whatever the window, in another thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window

from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, scene_on_grid, write
from landslip.runtime.errors import InputChangedError
from landslip.runtime.geo.projection import transform_points
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene import ground as ground_module
from landslip.runtime.scene.scene import open_scene

FIELDS = ("elevation", "slope", "rise_east", "rise_north")


def everything(scene):
    return scene.ground.read(scene.grid.rows(0, scene.grid.height))


def without_masks(folder):
    return replace(scene_mixed(folder), masks=())


def test_slope_is_bit_for_bit_what_the_network_sees(tmp_path):
    small = write(tmp_path / "small.tif", elevation(60, 120), 30.0, left=LEFT - 300, top=TOP + 300)
    with open_scene(replace(without_masks(tmp_path), dem=small), 6.0) as scene:
        block, ground = scene.read(scene.grid.rows(0, scene.grid.height)), everything(scene)
    assert 0.2 < block.valid.mean() < 0.9
    np.testing.assert_array_equal(ground.slope, np.where(block.valid, block.arrays["slope"][0], np.nan))


def test_several_threads_read_the_same_ground(tmp_path, monkeypatch):
    monkeypatch.setattr(ground_module, "SLICE", 30)
    with open_scene(without_masks(tmp_path), 6.0) as scene:
        windows = [Window(left, top, 30, 20) for top in range(0, 100, 20) for left in range(0, 90, 30)]
        with ThreadPoolExecutor(6) as pool:
            parts = list(pool.map(scene.ground.read, windows))
        whole = everything(scene)
    for window, part in zip(windows, parts, strict=True):
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[window.toslices()])


def test_rises_and_slope_are_of_one_ground(tmp_path):
    """On planes, where resampling changes nothing."""
    rows, cols = np.mgrid[:140, :140].astype(np.float32)
    plane = 1000 + 30 * (np.float32(0.3) * cols + np.float32(0.2) * rows)  # up towards east and south
    dem = write(tmp_path / "plane.tif", plane, 30.0, left=LEFT - 300, top=TOP + 300)
    with open_scene(replace(without_masks(tmp_path), dem=dem), 6.0) as scene:
        ground, transform = everything(scene), scene.grid.transform
    # On the zone's central meridian grid north is the true one.
    np.testing.assert_allclose(ground.rise_east, 0.3, atol=2e-3)
    np.testing.assert_allclose(ground.rise_north, -0.2, atol=2e-3)
    np.testing.assert_allclose(
        np.degrees(np.arctan(np.hypot(ground.rise_east, ground.rise_north))), ground.slope, atol=1e-3
    )
    row, col = 40, 70
    x, y = transform @ (col + 0.5, row + 0.5)
    expected = 1000 + 0.3 * (x - LEFT + 300 - 15) + 0.2 * (TOP + 300 - 15 - y)
    assert ground.elevation[row, col] == pytest.approx(expected, abs=1e-2)


TURNED = [
    ("EPSG:32632", 12.5, 46.0),  # 2.5 degrees beside the central meridian's north
    ("EPSG:3413", 0.0, 72.0),  # 45 degrees
    ("EPSG:3031", -60.0, -72.0),  # 60 degrees, in the south
    ("EPSG:2054", 31.0, -29.0),  # x runs west, y runs south
    ("EPSG:2065", 15.0, 50.0),  # x runs south, y runs west: mirrored
    ("EPSG:4326", 9.0, 46.0),
]


@pytest.mark.parametrize(("crs", "longitude", "latitude"), TURNED)
def test_the_fall_points_to_the_true_side_on_any_grid(tmp_path, crs, longitude, latitude):
    """Ground that rises by 0.4 towards the true north-east, whatever the elevation model's grid."""
    zone = 32600 if latitude > 0 else 32700
    home = f"EPSG:{zone + int((longitude + 180) // 6) + 1}"
    (x,), (y,) = transform_points(CRS.from_epsg(4326), CRS.from_string(home), [longitude], [latitude])
    image = {"resolution": 10.0, "left": round(x) - 500, "top": round(y) + 500, "crs": home}
    pre, post = (write(tmp_path / f"{name}.tif", rgb(100, 100, seed), **image) for seed, name in enumerate("ab"))

    (x,), (y,) = transform_points(CRS.from_epsg(4326), CRS.from_string(crs), [longitude], [latitude])
    cell = 20.0 / 111_000 if crs == "EPSG:4326" else 20.0
    transform = from_origin(x - 60 * cell, y + 60 * cell, cell, cell)
    rows, cols = np.mgrid[:120, :120] + 0.5
    xs, ys = transform @ (cols.ravel(), rows.ravel())
    degrees = transform_points(CRS.from_string(crs), CRS.from_epsg(4326), xs, ys)
    east = (degrees[0] - longitude) * 111_320 * np.cos(np.radians(latitude))
    north = (degrees[1] - latitude) * 111_200
    heights = (1000 + 0.4 * (east + north) / np.sqrt(2)).reshape(120, 120).astype(np.float32)
    dem = write(tmp_path / "dem.tif", heights, 1.0, crs=crs, transform=transform)
    with open_scene(SceneFiles(pre=pre, post=post, dem=dem), 10.0) as scene:
        ground = everything(scene)
    aspect = np.degrees(np.arctan2(-ground.rise_east, -ground.rise_north)) % 360
    assert np.isfinite(aspect).all()
    np.testing.assert_allclose(aspect, 225.0, atol=1.0)
    np.testing.assert_allclose(ground.slope, np.degrees(np.arctan(0.4)), atol=0.6)


@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:4326"])
def test_values_do_not_depend_on_the_window(tmp_path, crs):
    files = without_masks(tmp_path)
    if crs == "EPSG:4326":
        place = {"resolution": 3e-4, "left": 8.995, "top": 45.159, "crs": crs}
        files = replace(files, dem=write(tmp_path / "degrees.tif", elevation(130, 180), **place))
    with open_scene(files, 6.0) as scene:
        whole = everything(scene)
        assert np.isfinite(whole.rise_east).mean() > 0.5
        for window in (Window(33, 71, 120, 55), Window(0, 399, 500, 1), Window(250, 3, 1, 397), Window(17, 17, 1, 1)):
            part, (rows, cols) = scene.ground.read(window), window.toslices()
            for name in FIELDS:
                np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows, cols])


def test_a_ready_slope_has_neither_heights_nor_direction(tmp_path):
    files = scene_on_grid(tmp_path, 50, 70)
    with rasterio.open(files.slope, "r+") as dataset:
        values = dataset.read(1)
        values[7, 9] = -9999
        dataset.nodata = -9999
        dataset.write(values, 1)
    with open_scene(files, 6.0) as scene:
        ground = everything(scene)
    values[7, 9] = np.nan
    np.testing.assert_array_equal(ground.slope, values)
    assert ground.elevation is ground.rise_east is ground.rise_north is None


def test_without_a_slope_there_is_no_ground_to_read(tmp_path):
    files = scene_on_grid(tmp_path, 50, 70)
    with open_scene(replace(files, slope=None, hillshade=None), 6.0) as scene:
        assert scene.ground is None


def test_it_is_read_in_one_thread_while_the_scene_is_read_in_another(tmp_path):
    with open_scene(without_masks(tmp_path), 6.0) as scene:
        expected, found = everything(scene).slope, []
        windows = [scene.grid.rows(top, min(top + 16, scene.grid.height)) for top in range(0, scene.grid.height, 16)]
        blocks = [scene.read(window).arrays["slope"][0] for window in windows]
        reader = threading.Thread(target=lambda: found.extend(scene.ground.read(window).slope for window in windows))
        reader.start()
        for window, block in zip(windows, blocks, strict=True):
            np.testing.assert_array_equal(scene.read(window).arrays["slope"][0], block)
        reader.join()
    np.testing.assert_array_equal(np.concatenate(found), expected)


def test_no_warning_comes_twice(tmp_path, caplog):
    heights = elevation(100, 120)
    heights[40:44, 50:60] = -32000  # not declared as nodata
    dem = write(tmp_path / "odd.tif", heights, 30.0, left=LEFT - 300, top=TOP + 300)
    with open_scene(replace(without_masks(tmp_path), dem=dem), 6.0) as scene:
        scene.read(scene.grid.rows(0, scene.grid.height))
        said = len(caplog.records)
        ground = everything(scene)
    assert said
    assert len(caplog.records) == said
    assert np.isnan(ground.elevation).any()


def test_voids_are_filled_as_they_are_for_the_network(tmp_path):
    heights = elevation(100, 120)
    heights[40:44, 50:60] = -9999
    dem = write(tmp_path / "holes.tif", heights, 30.0, left=LEFT - 300, top=TOP + 300, nodata=-9999)
    files = replace(without_masks(tmp_path), dem=dem)
    with open_scene(files, 6.0) as scene:
        assert np.isnan(everything(scene).elevation).any()
    with open_scene(replace(files, reading=ReadOptions(fill_voids=True)), 6.0) as scene:
        ground = everything(scene)
    assert all(np.isfinite(getattr(ground, name)).all() for name in FIELDS)


def test_a_file_that_became_another_is_an_error(tmp_path):
    files = without_masks(tmp_path)
    with open_scene(files, 6.0) as scene:
        write(files.dem, elevation(50, 60), 30.0)
        with pytest.raises(InputChangedError, match=r"dem\.tif has changed"):
            everything(scene)
