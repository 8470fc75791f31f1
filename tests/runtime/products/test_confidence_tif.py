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
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.confidence_tif import check_written, write_cog
from landslip.runtime.run.rows_file import RowsFile

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
        write_cog(rows.as_raster(), tmp_path / "map.tif", "given")
    with rasterio.open(tmp_path / "map.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), percent)
        assert (dataset.crs, dataset.transform, dataset.nodata) == (grid.crs, grid.transform, 255)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.overviews(1) == [2]
        assert dataset.descriptions == ("landslide confidence, percent",)
        assert dataset.units == ("percent",)
        tags, observed = dataset.tags(1), percent[percent != 255]
    assert (tags["STATISTICS_MINIMUM"], tags["STATISTICS_MAXIMUM"]) == ("0", "100")
    assert float(tags["STATISTICS_MEAN"]) == pytest.approx(observed.mean())
    assert float(tags["STATISTICS_STDDEV"]) == pytest.approx(observed.std())


def test_an_error_that_rasterio_lets_slip_is_said_in_a_sentence(tmp_path, monkeypatch):
    def failing(*_, **__):
        raise SystemError("copy returned a result with an exception set") from CPLE_FileIOError(3, 3, "write error")

    monkeypatch.setattr(rasterio.shutil, "copy", failing)
    with pytest.raises(OutputError, match=r"map\.tif cannot be written to .* \(write error\)"):
        write_cog(tmp_path / "rows.vrt", tmp_path / "hidden" / "map.tif")


WRITE_IN_A_CHILD = """
import multiprocessing, sys
from pathlib import Path
from landslip.runtime.products.confidence_tif import write_cog

source, out = map(Path, sys.argv[1:])
write_cog(source, out / "parent.tif")
child = multiprocessing.get_context("fork").Process(target=write_cog, args=(source, out / "child.tif"))
child.start()
child.join(60)
child.kill()
print((out / "child.tif").read_bytes() == (out / "parent.tif").read_bytes())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="GDAL has threads where there are cores for them")
def test_a_forked_child_writes_the_same_bytes_and_does_not_wait_for_threads(tmp_path):
    source, _ = written(tmp_path, a_map(1500, 1700))
    done = subprocess.run(
        [sys.executable, "-c", WRITE_IN_A_CHILD, str(source), str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout == "True\n"


def written(folder, percent):
    """Path of a map, and the counts of what was written to it."""
    with RowsFile(folder / "rows.raw", grid_of(*percent.shape)) as rows:
        rows.append(percent)
        write_cog(rows.as_raster(), folder / "map.tif", "given")
        return folder / "map.tif", rows.histograms


def a_map(height, width, seed=0):
    """Noise, smooth ground, nothing at all, and single pixels in unknown ground."""
    rng = np.random.default_rng(seed)
    percent = rng.integers(0, 101, (height, width)).astype(np.uint8)
    percent[height // 3 : height // 2] = 0
    percent[height // 2 :, : width // 2] = 255
    percent[rng.integers(0, height, 60), rng.integers(0, width, 60)] = 100
    return percent


@pytest.mark.parametrize("shape", [(511, 512), (512, 513), (1023, 1537), (1301, 999), (2051, 515), (700, 2600)])
def test_every_sound_map_passes_the_check(tmp_path, shape):
    for percent in (a_map(*shape), np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8)):
        check_written(*written(tmp_path, percent))
        (tmp_path / "rows.raw").unlink()


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("value", [0, 255])
def test_an_overview_that_was_not_written_is_found(tmp_path, level, value):
    """As GDAL leaves it when a call of the system fails while it writes one."""
    percent = a_map(1300, 1400)
    path, counts = written(tmp_path, percent)
    with rasterio.open(path, "r+", overview_level=level, IGNORE_COG_LAYOUT_BREAK="YES") as overview:
        assert overview.shape == (650 >> level, 700 >> level)
        overview.write(np.full(overview.shape, value, np.uint8), 1)
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(1), percent)
    with pytest.raises(OutputError, match="does not hold what was written"):
        check_written(path, counts)


def test_a_map_without_overviews_is_not_whole(tmp_path):
    percent = a_map(1300, 1400)
    path, counts = written(tmp_path, percent)
    with rasterio.open(path) as dataset:
        profile = dataset.profile | {"driver": "GTiff"}
    with rasterio.open(tmp_path / "plain.tif", "w", **profile) as plain:
        plain.write(percent, 1)
    with pytest.raises(OutputError, match="does not hold what was written"):
        check_written(tmp_path / "plain.tif", counts)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sparse files")
def test_a_map_of_two_thousand_megapixels_is_a_bigtiff_made_in_little_memory(tmp_path):
    """Uncompressed it may pass 4 GB with its overviews; in a process of its own, which tells its peak memory."""
    size = 47_000
    code = f"""
from pathlib import Path
import numpy as np, rasterio
from test_confidence_tif import grid_of
from landslip.runtime.products.confidence_tif import write_cog
from landslip.runtime.products.overviews import overview_sizes
from landslip.runtime.system.memory import peak_rss_bytes
from landslip.runtime.run.rows_file import RowsFile
folder = Path({str(tmp_path)!r})
with RowsFile(folder / "rows.raw", grid_of({size}, {size})) as rows:
    rows.append(np.full((1, {size}), 77, np.uint8))
    for number, (height, width) in enumerate([({size}, {size}), *overview_sizes({size}, {size})]):
        with open(folder / ("rows-%d.raw" % number if number else "rows.raw"), "r+b") as file:
            file.truncate(height * width)
    with rasterio.Env(GDAL_CACHEMAX=2 * 512 * {size}):
        write_cog(rows.as_raster(), folder / "map.tif", "given")
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
