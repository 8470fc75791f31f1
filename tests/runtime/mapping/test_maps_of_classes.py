"""Maps by networks that tell several classes apart, against whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio

from helpers.engines import CLASS_SPEC, SPEC, class_engine, class_mixture
from helpers.oracles import tile_of, weighted_mean
from helpers.rasters import scene_mixed
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import EngineError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.tiling.stitch import gaussian_weights
from landslip.runtime.tiling.tile_grid import TileGrid

TILE = 64
LANDSLIDE = [band for band, each in enumerate(CLASS_SPEC.classes) if each.landslide]


def mapped(files, out, engine=None, *, model=None, **options):
    """A map by the fake engine, or by a model."""
    opened = EngineOptions(tile=TILE, batch=4, device="cpu")
    request = MapRequest(model or out / "no-model", files, out, engine=opened, overwrite=True, **options)
    return map_scene(request, engine=None if model else engine or class_engine())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return scene_mixed(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def out(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("classes") / "out"
    mapped(files, out)
    return out


@pytest.fixture(scope="module")
def blended(files):
    """Confidence of each class from whole arrays (4, rows, cols), and which pixels are observed."""
    with open_scene(files, SPEC.resolution) as scene:
        patch = scene.read(scene.grid.rows(0, scene.grid.height))
    grid = TileGrid.even(*patch.valid.shape, TILE, 0.5)
    tiles = {}
    for row, top in enumerate(grid.rows):
        for col, left in enumerate(grid.cols):
            batch = {name: tile_of(array, top, left, TILE)[None] for name, array in patch.arrays.items()}
            tiles[row, col] = class_mixture(batch)[0]
    bands = [{place: tile[band] for place, tile in tiles.items()} for band in range(4)]
    return np.stack([weighted_mean(grid, band, gaussian_weights(TILE)) for band in bands]), patch.valid


def band_of(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_the_confidence_is_the_sum_over_the_classes_that_are_landslide(out, blended):
    percent, (confidence, valid) = band_of(out / "confidence.tif"), blended
    expected = 100 * confidence[LANDSLIDE].sum(0)
    np.testing.assert_array_equal(percent == 255, ~valid)
    clear = valid & (np.abs(expected - np.round(expected)) > 2e-3)
    np.testing.assert_array_equal(percent[clear], np.floor(expected[clear]))
    assert np.abs(percent[valid] - expected[valid]).max() <= 1.01


@pytest.mark.parametrize("engine", [FakeEngine(CLASS_SPEC, lambda batch: class_mixture(batch)[:, :1])])
def test_an_engine_that_gives_too_few_classes_is_refused(files, tmp_path, engine):
    with pytest.raises(EngineError, match=r"a batch of \(4, 4, 64, 64\)"):
        mapped(files, tmp_path / "out", engine)
