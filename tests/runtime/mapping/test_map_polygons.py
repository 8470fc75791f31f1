"""Polygons of a whole map with landslides across many bands and blocks: none is cut, none is there twice."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.features import rasterize

from helpers.engines import SPEC
from helpers.rasters import scene_on_grid, write
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.products.confidence_tif import BLOCK

HEIGHT, WIDTH, TILE = 3 * BLOCK + 70, 200, 32
BRIGHT = 200


def shapes() -> np.ndarray:
    """Landslides from the top of the map to its end: a comb, a spiral, a diagonal, rings, and small ones."""
    ground = np.zeros((HEIGHT, WIDTH), bool)
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    ground[5:-5, 4:7] = True
    ground[5:-5:16, 4:40] = True  # teeth that meet only in the spine
    ground[20:-20, 60] = ground[20:-20, 80] = True
    ground[-20, 60:81] = True  # two columns that meet only in the last band
    ground |= (np.abs((cols - 90) * 50 - rows) < 40) & (cols > 95) & (cols < 120)
    for centre, radius in ((500, 35), (530, 30), (BLOCK * 2, 38), (1400, 20)):
        distance = np.hypot(rows - centre, cols - 160)
        ground |= (distance < radius) & (distance > radius - 4)
    ground[::BLOCK, 190:198] = ground[BLOCK - 1 :: BLOCK, 190:194] = True  # on both sides of the borders of blocks
    return ground


def flooded(ground: np.ndarray) -> np.ndarray:
    """Numbers of 8-connected components, from 1, by passing the lowest number on until nothing changes."""
    numbers = np.where(ground, np.arange(1, ground.size + 1).reshape(ground.shape), 0)
    while True:
        before = numbers
        for axis in (0, 1):
            for step in (1, -1):
                numbers = spread(numbers, axis, step)
        if np.array_equal(before, numbers):
            return numbers


def spread(numbers: np.ndarray, axis: int, step: int) -> np.ndarray:
    """Pass numbers along one direction, line by line, to the three neighbours ahead."""
    lines = np.moveaxis(numbers.copy(), axis, 0)[::step]
    most = numbers.size + 1
    for above, here in itertools.pairwise(lines):
        near = np.pad(np.where(above, above, most), 1, constant_values=most)
        lowest = np.minimum(np.minimum(near[:-2], near[1:-1]), near[2:])
        np.minimum(here, lowest, out=here, where=here > 0)
    return np.moveaxis(lines[::step], 0, axis)


@pytest.mark.parametrize("tile", [TILE, 224])
def test_one_polygon_for_each_landslide_of_a_tall_map(tmp_path, tile):
    picture = np.where(shapes(), BRIGHT, 20).astype(np.uint8)
    files = scene_on_grid(tmp_path, HEIGHT, WIDTH)
    files = replace(files, post=write(tmp_path / "bright.tif", np.stack([picture] * 3), 6.0))
    request = MapRequest(
        tmp_path / "no-model", files, tmp_path / "out", min_area=0, engine=EngineOptions(tile=tile), overlap=0.5
    )
    record = map_scene(request, engine=FakeEngine(SPEC))
    with rasterio.open(tmp_path / "out" / "confidence.tif") as dataset:
        ground, transform = dataset.read(1) == round(100 * BRIGHT // 255), dataset.transform
    np.testing.assert_array_equal(ground, shapes())

    expected = flooded(ground)
    _, _, found, _ = pyogrio.raw.read(tmp_path / "out" / "landslides.gpkg", layer="landslides")
    outlines = shapely.from_wkb(found)
    assert len(outlines) == record["landslides"] == len(np.unique(expected)) - 1
    drawn = rasterize(
        [(outline, number) for number, outline in enumerate(outlines, 1)], ground.shape, transform=transform
    )
    pairs = np.unique(np.stack([drawn.ravel(), expected.ravel()]), axis=1)
    # One number of the one for one number of the other, everywhere: nothing is cut, joined, missing or there twice.
    assert pairs.shape[1] == len(outlines) + 1
    assert sum(outline.area for outline in outlines) == pytest.approx(36 * ground.sum())
    assert all(shapely.is_valid(outlines))
