"""Tiles and blending from memory to memory give what a map of files holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from landslip.benchmarks.scenes.grid_scene import on_the_grid, read_whole
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.studies.in_memory import InMemory
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.engines import FakeEngine
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.scene.scene import open_scene


@pytest.mark.filterwarnings("ignore:No mask")
def test_the_map_is_that_of_the_files(tmp_path):
    files = write_pattern_scene(tmp_path / "scene", on_the_grid(336, 448))
    engine = FakeEngine(published_spec("fake", "no network"))
    with open_scene(files, 6.0) as scene:
        grid = scene.grid
    percent = InMemory(grid, read_whole(files), engine, 3).map()
    map_scene(MapRequest(Path("fake"), files, tmp_path / "map"), engine=engine)
    with rasterio.open(tmp_path / "map" / "confidence.tif") as dataset:
        expected = dataset.read(1)
    known = expected != 255  # the files' hillshade is unknown where it is 0
    assert known.mean() > 0.95
    np.testing.assert_array_equal(percent[known], expected[known])
