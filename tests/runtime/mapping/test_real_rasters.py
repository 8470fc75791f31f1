"""Two real images of one place, on grids that differ by metres; skipped where they are not at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.warp import Resampling, reproject

from helpers.engines import mixing_engine
from helpers.rasters import elevation, write
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.scene.scene import open_scene

NAIP = Path(__file__).parents[4] / "shared" / "data" / "naip"

pytestmark = pytest.mark.skipif(not NAIP.exists(), reason="the real rasters are not at hand")


@pytest.fixture
def files(tmp_path):
    with rasterio.open(NAIP / "post_2020.tif") as dataset:
        left, _, _, top = dataset.bounds
        crs = dataset.crs.to_string()
    dem = write(tmp_path / "dem.tif", elevation(180, 220), 30.0, left=left - 700, top=top + 700, crs=crs)
    # Four bands without names: red, green, blue, infrared.
    return SceneFiles(NAIP / "pre_2009.tif", NAIP / "post_2020.tif", dem, reading=ReadOptions(bands=(1, 2, 3)))


def test_images_on_shifted_grids_are_brought_together_as_gdal_does(files):
    with open_scene(files, 6.0) as scene:
        grid = scene.grid
        patch = scene.read(grid.rows(0, grid.height))
    assert patch.valid.mean() > 0.95
    for role in ("pre", "post"):
        expected = np.zeros((3, grid.height, grid.width), np.uint8)
        with rasterio.open(getattr(files, role)) as source:
            reproject(
                source.read([1, 2, 3]), expected, src_transform=source.transform, src_crs=source.crs,
                dst_transform=grid.transform, dst_crs=grid.crs, resampling=Resampling.bilinear, tolerance=0,
            )  # fmt: skip
        difference = np.abs(patch.arrays[role].astype(int) - expected)[:, patch.valid]
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.02


def test_they_make_a_map(files, tmp_path):
    record = map_scene(MapRequest(tmp_path / "none", files, tmp_path / "out"), engine=mixing_engine())
    assert record["grid"]["crs"] == "EPSG:26914"
    assert record["observed_km2"] == pytest.approx(934 * 723 * 25e-6, rel=0.05)
    assert record["tiles"]["predicted"] > 20
    assert max(map(abs, record["registration"]["shift_pixels"])) < 1
