"""Scenes that lie on the map's grid."""

from __future__ import annotations

import numpy as np

from landslip.benchmarks.scenes.grid_scene import RESOLUTION, edge_of, on_the_grid, read_whole
from landslip.benchmarks.scenes.pattern_scene import pattern_files, write_pattern_scene
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.tiling.tile_grid import TileGrid


def test_a_scene_is_read_without_resampling(tmp_path):
    files = write_pattern_scene(tmp_path, on_the_grid(300, 410))
    assert files == pattern_files(tmp_path, on_the_grid(1, 1))
    raw = read_whole(files)
    with open_scene(files, RESOLUTION) as scene:
        assert (scene.grid.height, scene.grid.width) == (300, 410)
        patch = scene.read(scene.grid.rows(0, 300))
    assert patch.valid.all()
    for role, values in patch.arrays.items():
        np.testing.assert_array_equal(values, raw[role])


def test_tiles_lie_on_an_edge_without_a_rest():
    for overlap in (0.5, 0.25, 1 / 6):
        size = edge_of(5, 224, overlap)
        steps = np.diff(TileGrid.even(size, size, 224, overlap).rows)
        assert len(steps) == 4
        assert set(steps) == {round(224 * (1 - overlap))}
