"""Elevation, slope, hillshade and aspect of one elevation model, against plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.rasters import LEFT, TOP, elevation, rgb, write
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.terrain.aspect import aspect_of

HIGH, WIDE = 60, 80
POST = InputSpec("post", 3, "uint8", "8-bit", 1.0, 0.0)


def terrain_spec(*kinds):
    bands = InputSpec("ground", len(kinds), "float32", "degree", 1.0, 0.0, kinds)
    return replace(published_spec("net", "tests"), inputs=(POST, bands))


def scene_of(folder, heights, resolution=6.0, **options):
    return SceneFiles(
        post=write(folder / "post.tif", rgb(HIGH, WIDE), 6.0),
        dem=write(folder / "dem.tif", heights, resolution, **options),
    )


def read_whole(files, spec):
    with open_scene(files, 6.0, spec) as scene:
        return scene.read(scene.grid.rows(0, scene.grid.height))


def horn_rises(heights, size):
    """Rises towards east and north by Horn's weights, in float64; the outermost ring is left out."""
    z = heights.astype(np.float64)
    columns = z[:-2] + 2 * z[1:-1] + z[2:]
    rows = z[:, :-2] + 2 * z[:, 1:-1] + z[:, 2:]
    return (columns[:, 2:] - columns[:, :-2]) / (8 * size), (rows[:-2] - rows[2:]) / (8 * size)


def test_all_four_from_one_model(tmp_path):
    heights = elevation(HIGH, WIDE, 4)
    block = read_whole(scene_of(tmp_path, heights), terrain_spec("aspect", "dem", "hillshade", "slope"))
    usual = read_whole(scene_of(tmp_path, heights), None)
    aspect, dem, hillshade, slope = block.arrays["ground"]
    inner = (slice(1, -1), slice(1, -1))
    east, north = horn_rises(heights, 6.0)
    np.testing.assert_array_equal(dem[inner], heights[inner])
    np.testing.assert_array_equal(hillshade, usual.arrays["hillshade"][0])
    np.testing.assert_array_equal(slope, usual.arrays["slope"][0])
    expected = np.degrees(np.arctan2(-east, -north)) % 360
    apart = np.abs(aspect[inner] - expected)
    # The grid's north and true north differ by less than a hundredth of a degree: the scene lies on its meridian.
    assert np.minimum(apart, 360 - apart).max() < 0.05
    np.testing.assert_array_equal(block.valid, usual.valid)
    assert not block.arrays["ground"][:, ~block.valid].any()


def test_elevation_alone_is_known_to_its_edge(tmp_path):
    heights = elevation(HIGH, WIDE, 4)
    heights[5:8, 6:9] = -9999
    block = read_whole(scene_of(tmp_path, heights, nodata=-9999), terrain_spec("dem"))
    np.testing.assert_array_equal(block.valid, heights != -9999)
    np.testing.assert_array_equal(block.arrays["ground"][0], np.where(heights != -9999, heights, 0))


def test_level_ground_faces_nowhere_and_north_is_0(tmp_path):
    rows = np.arange(HIGH, dtype=np.float32)[:, None] * np.ones((1, WIDE), np.float32)
    flat, north, south = (
        read_whole(scene_of(tmp_path, heights), terrain_spec("aspect")).arrays["ground"][0, 2:-2, 2:-2]
        for heights in (rows * 0 + 700, rows, 700 - rows)
    )
    assert not flat.any()
    assert np.abs(south - 180).max() < 0.05
    assert np.minimum(north, 360 - north).max() < 0.05


def test_ground_that_faces_north_stays_so_between_the_cells(tmp_path):
    """Aspects of 359 and 1 degrees lie beside each other, and what lies between them is 0, not 180."""
    rows, cols = np.mgrid[:30, :40]
    heights = (1000 + 10.0 * rows + 3.0 * (-1.0) ** (cols // 2)).astype(np.float32)
    files = scene_of(tmp_path, heights, 24.0, left=LEFT - 100, top=TOP + 100)
    block = read_whole(files, terrain_spec("aspect"))
    aspect = block.arrays["ground"][0][block.valid]
    assert np.minimum(aspect, 360 - aspect).max() < 40
    assert (aspect < 20).any()
    assert (aspect > 340).any()


def test_windows_do_not_decide_pixels(tmp_path):
    heights = elevation(40, 50, 4)
    files = scene_of(tmp_path, heights, 13.0, left=LEFT - 50, top=TOP + 50)
    spec = terrain_spec("dem", "aspect")
    whole = read_whole(files, spec)
    with open_scene(files, 6.0, spec) as scene:
        parts = [scene.read(scene.grid.rows(top, min(top + 7, scene.grid.height))) for top in range(0, HIGH, 7)]
    np.testing.assert_array_equal(
        np.concatenate([part.arrays["ground"] for part in parts], axis=1), whole.arrays["ground"]
    )


def test_a_turn_is_never_full():
    rises = np.array([[1e-12, -1e-12, 0.0], [-1.0, -1.0, -1.0]], np.float32)[:, None]
    found = aspect_of(rises)
    assert ((found >= 0) & (found < 360)).all()


def test_ready_terrain_does_not_say_how_high_ground_is(tmp_path):
    files = SceneFiles(post=tmp_path / "post.tif", slope=tmp_path / "slope.tif")
    with pytest.raises(UsageError, match="takes dem, and a ready slope does not say how high") as caught:
        files.for_model(terrain_spec("slope", "dem"))
    assert caught.value.option == "dem"
    assert "`dem` instead of `slope`" in str(caught.value)
    with pytest.raises(UsageError, match="takes aspect, which is missing") as caught:
        replace(files, slope=None).for_model(terrain_spec("aspect"))
    assert caught.value.option == "dem"
