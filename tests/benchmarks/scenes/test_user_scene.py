"""Scenes whose files are as users have them."""

from __future__ import annotations

import rasterio

from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.scenes.user_scene import as_users_have
from landslip.runtime.scene.scene import open_scene


def test_each_file_has_pixels_of_its_own_size_and_none_is_the_maps(tmp_path):
    files = write_pattern_scene(tmp_path, as_users_have(2400.0, 3000.0))
    sizes = {}
    for path in tmp_path.iterdir():
        with rasterio.open(path) as dataset:
            sizes[path.stem] = (dataset.res, (dataset.bounds.top - dataset.bounds.bottom, dataset.width))
    assert {name: size[0] for name, size in sizes.items()} == {
        "pre": (10.0, 10.0),
        "post": (10.0, 10.0),
        "clouds": (10.0, 10.0),
        "dem": (30.0, 30.0),
    }
    assert sizes["pre"][1] == (2400.0, 300)
    with open_scene(files, 6.0) as scene:
        assert (scene.grid.height, scene.grid.width) == (400, 500)
