"""From a Keras HDF5 to a map by the published protocol, against a plain loop around the Keras model itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import rasterio

from helpers.rasters import scene_on_grid, write
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

pytestmark = pytest.mark.tensorflow

HEIGHT, WIDTH = 620, 480
WINDOW = 224
HOP = 112


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    """A scene on the 6 m grid with a cloud mask and a region of interest that is a part of it."""
    folder = tmp_path_factory.mktemp("event")
    files = scene_on_grid(folder, HEIGHT, WIDTH)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[100:340, 40:250] = 1
    interest = np.zeros((HEIGHT, WIDTH), np.uint8)
    interest[30:600, 20:470] = 1
    interest[400:450, 300:400] = 0
    aoi = write(folder / "aoi.tif", interest[30:600, 20:470], 6.0, left=500_000 + 20 * 6, top=5_000_000 - 30 * 6)
    return replace(files, masks=(write(folder / "mask.tif", mask, 6.0),), aoi=aoi)


def published_loop(model, files):
    """The authors' mapping, as their notebook does it: whole arrays, one tile at a time, uint8 0..100."""

    def read(path):
        with rasterio.open(path) as dataset:
            return np.moveaxis(dataset.read(), 0, -1)[30:600, 20:470]

    with rasterio.open(files.aoi) as dataset:
        interest = dataset.read(1)
    valid = (read(files.masks[0])[..., 0] == 0) & (interest != 0)
    pre = read(files.pre).astype(np.float32) / 127.5 - 1
    post = read(files.post).astype(np.float32) / 127.5 - 1
    hillshade = read(files.hillshade).astype(np.float32) / 127.5 - 1
    slope = read(files.slope) / 45 - 1
    topography = np.concatenate([hillshade, slope], axis=-1)
    height, width = valid.shape
    landslide = np.zeros((height, width), np.float32)
    for y in range(113, height - 113, HOP):
        for x in range(113, width - 113, HOP):
            window = (slice(y - HOP, y + HOP), slice(x - HOP, x + HOP))
            if np.count_nonzero(valid[window]) < 0.5 * WINDOW * WINDOW:
                continue
            tile = model.predict([array[window][None] for array in (pre, post, topography)], verbose=0)[0][0, ..., 0]
            landslide[y - 56 : y + 56, x - 56 : x + 56] = tile[56:168, 56:168]
    return landslide * valid


def test_the_notebooks_map_pixel_for_pixel(exported, event, tmp_path):
    map_scene(MapRequest(exported.artifact.path, event, tmp_path / "out", protocol="notebook"))
    with rasterio.open(tmp_path / "out" / "confidence.tif") as dataset:
        percent = dataset.read(1)
    published = published_loop(exported.model, event)
    ours = np.where(percent == 255, 0, percent)
    # Engines differ in the sixth digit: where that decides the truncation, a percent is the most it can matter.
    decided = (percent == 255) | (np.abs(published * 100 - np.round(published * 100)) > 1e-2)
    assert decided.mean() > 0.95
    np.testing.assert_array_equal(ours[decided], (published * 100).astype(np.uint8)[decided])
    assert np.abs(ours.astype(int) - (published * 100).astype(np.uint8)).max() <= 1
    assert np.unique(ours).size > 20
    np.testing.assert_array_equal(percent == 255, ~mapped(published.shape, event))


def mapped(shape, files):
    """Which pixels the published protocol looks at at all."""
    with rasterio.open(files.masks[0]) as dataset, rasterio.open(files.aoi) as area:
        valid = (dataset.read(1)[30:600, 20:470] == 0) & (area.read(1) != 0)
    seen = np.zeros(shape, bool)
    for y in range(113, shape[0] - 113, HOP):
        for x in range(113, shape[1] - 113, HOP):
            if valid[y - HOP : y + HOP, x - HOP : x + HOP].mean() >= 0.5:
                seen[y - 56 : y + 56, x - 56 : x + 56] = True
    return seen & valid
