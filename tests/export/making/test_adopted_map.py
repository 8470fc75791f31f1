"""Maps with networks of PyTorch, pixel by pixel what PyTorch said of the same values."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

import landslip
from helpers.foreign_onnx import torch_network

NAMES = {"picture": ["red", "green", "blue"], "planet": ["blue", "green", "red", "nir"]}


def written(path, values, names, resolution):
    count, rows, cols = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=cols, height=rows, count=count, dtype=values.dtype, crs="EPSG:32633",
        transform=from_origin(500_000, 5_000_000, resolution, resolution),
    ) as raster:  # fmt: skip
        raster.write(values)
        raster.descriptions = names
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_map_of_one_tile_is_the_answer_of_pytorch(tmp_path, name):
    known = torch_network(name)
    values, expected = known.batch["post"][0], known.confidence[0, 0]
    post = written(tmp_path / "post.tif", values, NAMES[name], known.description.spec.resolution)
    (artifact,) = landslip.adopt_model(known.onnx, tmp_path / "model", spec=known.toml)
    landslip.map_scene(post=post, model=artifact.path, out=tmp_path / "out")
    with rasterio.open(tmp_path / "out" / "confidence.tif") as raster:
        percent = raster.read(1).astype(np.float64)
    assert percent.shape == expected.shape
    assert np.ptp(percent) > 80
    # Whole percent, cut off: what PyTorch said lies in the percent above, give or take rounding.
    assert ((percent - 0.01 <= 100 * expected) & (100 * expected < percent + 1.01)).all()
