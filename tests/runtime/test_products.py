"""The finished map as a file, where it gets large."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio._err import CPLE_FileIOError
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.errors import OutputError
from landslip.runtime.grid import MapGrid
from landslip.runtime.products import write_cog
from landslip.runtime.rows import RowsFile

BIG = b"II+\0"
"""What a BigTIFF begins with."""


def grid_of(height, width):
    return MapGrid(CRS.from_epsg(32632), Affine(6, 0, 500_000, 0, -6, 5_000_000), height, width)


def test_rows_become_a_cloud_optimised_geotiff(tmp_path):
    percent = np.random.default_rng(0).integers(0, 101, (700, 900)).astype(np.uint8)
    percent[:50] = 255
    grid = grid_of(*percent.shape)
    with RowsFile(tmp_path / "rows.raw", grid) as rows:
        for first in range(0, 700, 70):
            rows.append(percent[first : first + 70])
        write_cog(rows.as_raster(), tmp_path / "map.tif")
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), percent)
        assert (dataset.crs, dataset.transform, dataset.nodata) == (grid.crs, grid.transform, 255)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.overviews(1) == [2]
        assert dataset.descriptions == ("landslide confidence, percent",)


def test_an_error_that_rasterio_lets_slip_is_said_in_a_sentence(tmp_path, monkeypatch):
    def failing(*_, **__):
        raise SystemError("copy returned a result with an exception set") from CPLE_FileIOError(3, 3, "write error")

    monkeypatch.setattr(rasterio.shutil, "copy", failing)
    with pytest.raises(OutputError, match=r"map\.tif cannot be written to .* \(write error\)"):
        write_cog(tmp_path / "rows.vrt", tmp_path / "hidden" / "map.tif")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sparse files")
def test_a_map_of_two_thousand_megapixels_is_a_bigtiff_made_in_little_memory(tmp_path):
    """Uncompressed it may pass 4 GB with its overviews; in a process of its own, which tells its peak memory."""
    size = 47_000
    code = f"""
from pathlib import Path
import numpy as np, rasterio
from test_products import grid_of
from landslip.runtime.products import write_cog
from landslip.runtime.record import peak_rss_bytes
from landslip.runtime.rows import RowsFile
folder = Path({str(tmp_path)!r})
with RowsFile(folder / "rows.raw", grid_of({size}, {size})) as rows:
    rows.append(np.full((1, {size}), 77, np.uint8))
    with open(folder / "rows.raw", "r+b") as file:
        file.truncate({size} * {size})
    with rasterio.Env(GDAL_CACHEMAX=2 * 512 * {size}):
        write_cog(rows.as_raster(), folder / "map.tif")
print(peak_rss_bytes())
"""
    path = os.pathsep.join([os.path.dirname(__file__), *(entry for entry in sys.path if entry)])  # noqa: PTH120
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path}
    )
    assert (tmp_path / "map.tif").read_bytes()[:4] == BIG
    if done.stdout.strip() != "None":
        assert int(done.stdout) < 600e6
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert dataset.shape == (size, size)
        assert (dataset.read(1, window=Window(0, 0, size, 2)) == [[77], [0]]).all()
