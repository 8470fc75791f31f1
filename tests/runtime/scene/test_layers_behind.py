"""Granules one behind the other: in two UTM zones, whatever the windows, and why a pixel is unknown in all of them."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.windows import Window

from helpers.rasters import rgb, write
from landslip.runtime.confidence import DAMAGED, NODATA, OUTSIDE
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.layers import RasterLayer
from landslip.runtime.scene.layers_behind import BehindLayer

TOP = 5_000_000.0
WEST = 732_000.0
"""Easting in zone 32 beside its border with zone 33, at 12 degrees east."""


@pytest.fixture
def layers(tmp_path):
    """The layer of a granule in zone 32 with a hole, and of its neighbour in zone 33, on the grid of the first."""
    first, second = rgb(120, 120), rgb(160, 200, seed=1)
    first[:, 40:60, 80:100] = 0
    # 732 700 E in zone 32 is 260 757 E in zone 33 here.
    files = [
        write(tmp_path / "first.tif", first, 10.0, left=WEST, top=TOP, nodata=0),
        write(tmp_path / "second.tif", second, 10.0, left=260_600.0, top=TOP + 200, crs="EPSG:32633", nodata=0),
    ]
    grid = MapGrid.covering((WEST, TOP - 1200, WEST + 2400, TOP), CRS.from_epsg(32632), 10.0, (WEST, TOP))
    with contextlib.ExitStack() as stack:
        rasters = [stack.enter_context(Raster(file, "image")) for file in files]
        yield [RasterLayer("pre", Bands(raster, (1, 2, 3), False), grid) for raster in rasters], grid


def test_the_first_valid_pixel_counts(layers):
    (first, second), grid = layers
    window = grid.rows(0, grid.height)
    front, back, both = (each.read(window) for each in (first, second, BehindLayer([first, second])))
    assert front.valid.any()
    assert (back.valid & ~front.valid).sum() > 5000
    assert (back.valid & front.valid).sum() > 300
    np.testing.assert_array_equal(both.valid, front.valid | back.valid)
    np.testing.assert_array_equal(
        both.arrays["pre"], np.where(front.valid, front.arrays["pre"], np.where(back.valid, back.arrays["pre"], 0))
    )


def test_windows_do_not_matter(layers):
    both, grid = BehindLayer(layers[0]), layers[1]
    whole = both.read(grid.rows(0, grid.height))
    for window in (Window(0, 0, 30, 30), Window(70, 30, 90, 50), Window(200, 100, 40, 20)):
        part, place = both.read(window), window.toslices()
        np.testing.assert_array_equal(part.valid, whole.valid[place])
        np.testing.assert_array_equal(part.arrays["pre"], whole.arrays["pre"][(slice(None), *place)])


def test_a_pixel_is_outside_only_where_all_end(layers):
    (first, second), grid = layers
    window = grid.rows(0, grid.height)
    both = BehindLayer([first, second])
    unknown = ~both.read(window).valid
    codes = np.broadcast_to(both.reasons(window), unknown.shape)
    front, back = (np.broadcast_to(each.reasons(window), unknown.shape) for each in (first, second))
    ended = (front == OUTSIDE) & (back == OUTSIDE)
    assert set(np.unique(codes[unknown])) <= {OUTSIDE, NODATA}
    np.testing.assert_array_equal(codes[unknown] == OUTSIDE, ended[unknown])


class Unread:
    """A layer that knows no pixel, for one reason."""

    def __init__(self, reason):
        self.reason = reason

    def reasons(self, window):
        del window
        return self.reason


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ((OUTSIDE, NODATA), NODATA),
        ((NODATA, OUTSIDE), NODATA),
        ((NODATA, DAMAGED), DAMAGED),
        ((DAMAGED, NODATA, OUTSIDE), DAMAGED),
        ((OUTSIDE, OUTSIDE), OUTSIDE),
    ],
)
def test_damage_counts_before_what_a_layer_does_not_know(reasons, expected):
    assert BehindLayer([Unread(reason) for reason in reasons]).reasons(Window(0, 0, 4, 4)) == expected
