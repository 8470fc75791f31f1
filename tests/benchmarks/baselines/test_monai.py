"""MONAI as a baseline: its map is landslip's."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from helpers.engines import SPEC, mixing_engine
from helpers.rasters import scene_on_grid
from landslip.benchmarks.scenes.grid_scene import edge_of
from landslip.runtime.engines import FakeEngine
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

pytest.importorskip("torch")
pytest.importorskip("monai")

HEIGHT, WIDTH = edge_of(3, 224, 0.5), edge_of(4, 224, 0.5)


INSIDE = (slice(112, HEIGHT - 112), slice(112, WIDTH - 112))
"""Pixels that four tiles cover. MONAI clamps its weights in two dimensions and landslip in one: there that is worth up
to 2e-3 near the corners of tiles, but along the map's edges all of MONAI's weights are equal."""


@pytest.mark.parametrize(
    ("engine", "where"), [(mixing_engine(), INSIDE), (FakeEngine(SPEC), (slice(None), slice(None)))]
)
def test_the_same_engine_gives_the_same_map(engine, where, tmp_path):
    from landslip.benchmarks.baselines.monai import monai_map, stacked
    from landslip.benchmarks.baselines.torch_predictor import predictor_of

    files = scene_on_grid(tmp_path, HEIGHT, WIDTH)
    raster = stacked(files, SPEC.inputs)
    assert raster.shape == (1, 8, HEIGHT, WIDTH)
    # 12 windows in batches of 5: the last one is filled up.
    theirs = monai_map(raster, predictor_of(engine, 5), tile=224, overlap=0.5, batch=5)
    map_scene(MapRequest(tmp_path / "fake", files, tmp_path / "out"), engine=engine)
    with rasterio.open(tmp_path / "out" / "confidence.tif") as dataset:
        ours = dataset.read(1)
    ahead = (100 * theirs - ours)[where]  # of whole percent, truncated
    assert ahead.min() > -0.2
    assert ahead.max() < 1.2
    assert np.unique(ours).size > 10


def test_windows_are_counted_as_monai_lays_them():
    import torch

    from landslip.benchmarks.baselines.monai import monai_map, windows_of

    for rows, cols, overlap in ((224, 500, 0.5), (300, 337, 0.25), (225, 449, 0.0)):
        seen = []

        def count(windows, seen=seen):
            seen.append(len(windows))
            return windows[:, :1]

        monai_map(torch.zeros(1, 1, rows, cols), count, tile=224, overlap=overlap, batch=3)
        assert sum(seen) == windows_of(rows, cols, 224, overlap)


def test_an_engine_without_a_network_gets_the_windows_as_they_are():
    import torch

    from landslip.benchmarks.baselines.torch_predictor import predictor_of

    seen, given = {}, np.zeros((2, 1, 64, 64), np.float32)

    def keep(batch):
        seen.update(batch)
        return given

    windows = torch.rand(2, 8, 64, 64)
    answer = predictor_of(FakeEngine(SPEC, keep), 2, typed=False, kept=True)(windows)
    np.testing.assert_array_equal(seen["post"], windows.numpy()[:, 3:6])
    assert np.shares_memory(seen["post"], windows.numpy())
    answer[:] = 1
    assert not given.any()  # MONAI multiplies what it gets in place
    predictor_of(FakeEngine(SPEC, keep), 2)(windows * 255)
    assert [seen[entry.name].dtype for entry in SPEC.inputs] == [entry.dtype for entry in SPEC.inputs]
