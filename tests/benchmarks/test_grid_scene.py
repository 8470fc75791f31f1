"""Scenes that lie on the map's grid."""

from __future__ import annotations

import numpy as np
import rasterio

from landslip.benchmarks.grid_scene import edge_of, grid_scene_files, read_whole, write_grid_scene
from landslip.runtime.grid import TileGrid
from landslip.runtime.scene import open_scene


def test_a_scene_is_read_without_resampling(tmp_path):
    files = write_grid_scene(tmp_path, 300, 410)
    assert files == grid_scene_files(tmp_path)
    raw = read_whole(files)
    with open_scene(files, 6.0) as scene:
        assert (scene.grid.height, scene.grid.width) == (300, 410)
        patch = scene.read(scene.grid.rows(0, 300))
    assert patch.valid.all()
    for role, values in patch.arrays.items():
        np.testing.assert_array_equal(values, raw[role])


def test_files_are_tiled_and_deflated_and_the_images_differ(tmp_path):
    files = write_grid_scene(tmp_path, 600, 520)
    for _, path in files.roles():
        with rasterio.open(path) as dataset:
            assert dataset.block_shapes[0] == (256, 256)
            assert dataset.compression.value == "DEFLATE"
    raw = read_whole(files)
    assert (raw["pre"] != raw["post"]).mean() > 0.5
    assert raw["hillshade"].min() > 0  # 0 is unknown


def test_tiles_lie_on_an_edge_without_a_rest():
    for overlap in (0.5, 0.25, 1 / 6):
        size = edge_of(5, 224, overlap)
        steps = np.diff(TileGrid.even(size, size, 224, overlap).rows)
        assert len(steps) == 4
        assert set(steps) == {round(224 * (1 - overlap))}
