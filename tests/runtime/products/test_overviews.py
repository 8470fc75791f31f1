"""Overviews made of rows as they come, against plain loops, and against those that GDAL makes of the whole map."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.confidence_tif import BLOCK, write_cog
from landslip.runtime.products.overviews import Halving, mean_rows, mode_rows, overview_sizes
from landslip.runtime.run.rows_file import RowsFile

SHAPES = [(1, 1), (1, 2), (1, 7), (2, 1), (7, 1), (2, 2), (3, 3), (8, 10), (9, 12), (12, 9), (11, 13), (64, 257)]
KINDS = {"mean": mean_rows, "mode": mode_rows}


def weights(size, place):
    """Pixels below one of an overview along an axis, and the shares of them that lie below it, in whole numbers."""
    half = max(1, size // 2)
    edges = [place * size, (place + 1) * size]  # in pixels of 1 / half
    found = {at: min(edges[1], (at + 1) * half) - max(edges[0], at * half) for at in range(size)}
    return {at: share for at, share in found.items() if share > 0}


def plain(finer, kind):
    """A map of half the size, pixel by pixel."""
    shape = tuple(max(1, size // 2) for size in finer.shape)
    found = np.full(shape, 255, np.uint8)
    for row, col in np.ndindex(shape):
        below = [
            (int(finer[y, x]), high * wide)
            for y, high in weights(finer.shape[0], row).items()
            for x, wide in weights(finer.shape[1], col).items()
            if finer[y, x] != 255
        ]
        if below and kind == "mean":
            total = sum(share for _, share in below)
            found[row, col] = (2 * sum(value * share for value, share in below) + total) // (2 * total)
        elif below:
            values = [value for value, _ in below]
            first_to = [(-values[: at + 1].count(value), at, value) for at, value in enumerate(values)]
            found[row, col] = min(first_to)[2]
    return found


def some_map(shape, seed, share_unknown):
    rng = np.random.default_rng(seed)
    values = rng.choice(np.array([0, 0, 1, 3, 50, 99, 100], np.uint8), shape)
    values[rng.random(shape) < share_unknown] = 255
    return values


def halved(finer, reduction, cuts):
    halving = Halving(*finer.shape, reduction)
    parts = [halving.take(finer[first:last]) for first, last in pairwise([0, *cuts, len(finer)])]
    return np.concatenate(parts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("share_unknown", [0.0, 0.4, 1.0])
def test_each_pixel_shows_what_is_observed_below_it_however_the_rows_come(shape, kind, share_unknown):
    finer = some_map(shape, 3, share_unknown)
    wanted = plain(finer, kind)
    height = len(finer)
    for cuts in ([], list(range(1, height)), sorted({height // 3, height // 2}), [0, height]):
        np.testing.assert_array_equal(halved(finer, KINDS[kind], cuts), wanted)


def test_overviews_go_on_until_one_fits_into_a_block():
    assert overview_sizes(BLOCK, BLOCK) == []
    assert overview_sizes(1, BLOCK + 1) == [(1, 256)]
    assert overview_sizes(2051, 515) == [(1025, 257), (512, 128)]


def overviews_of(path):
    with rasterio.open(path) as dataset:
        count = len(dataset.overviews(1))
    for level in range(count):
        with rasterio.open(path, overview_level=level) as overview:
            yield overview.read(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1024, 1300), (1201, 1031), (1, 2100), (3, 1101)])
def test_they_are_those_that_gdal_makes(tmp_path, shape, kind):
    """GDAL adds in floating point: where the mean lies half way between two percentages, it may give the other one."""
    percent = some_map(shape, 1, 0.2)
    grid = MapGrid(CRS.from_epsg(32632), Affine(6, 0, 500_000, 0, -6, 5_000_000), *shape)
    with RowsFile(tmp_path / "rows.raw", grid, KINDS[kind]) as rows:
        for first in range(0, len(percent), 112):
            rows.append(percent[first : first + 112])
        write_cog(rows.as_raster(), tmp_path / "ours.tif", "given")
    ours = list(overviews_of(tmp_path / "ours.tif"))
    below = percent
    for overview, size in zip(ours, overview_sizes(*shape), strict=True):
        assert overview.shape == size
        (first, *_) = by_gdal(below, tmp_path / "gdal.tif", {"mean": "average"}.get(kind, kind))
        differs = np.abs(first.astype(int) - overview)
        assert differs.max() <= (kind == "mean")
        assert (differs > 0).mean() < 0.002
        below = overview


def by_gdal(values, path, resampling):
    profile = {"driver": "COG", "dtype": "uint8", "count": 1, "nodata": 255, "overview_resampling": resampling}
    profile |= {"overview_count": 1, "height": values.shape[0], "width": values.shape[1], "transform": Affine.scale(2)}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values, 1)
    return list(overviews_of(path))
