"""True areas of map pixels against areas of their outlines on the ellipsoid, by an independent library."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from landslip.runtime.geo.ground_area import CELL, GroundArea
from landslip.runtime.geo.map_grid import MapGrid

GEOD = pyproj.Geod(ellps="WGS84")
EDGE = 64
"""Points along each side of an outline, whose sides are straight in the map and not on the ground."""


def grid_at(code, longitude, latitude, resolution=10.0, height=300, width=700):
    x, y = pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(longitude, latitude)
    return MapGrid(CRS.from_epsg(code), Affine(resolution, 0, round(x), 0, -resolution, round(y)), height, width)


def geodesic_area(grid, rows, cols):
    """Square metres between some rows and columns (first, end) of a grid."""
    there, full = np.linspace(0, 1, EDGE, endpoint=False), np.ones(EDGE)
    across = cols[0] + (cols[1] - cols[0]) * np.concatenate([there, full, 1 - there, 0 * full])
    down = rows[0] + (rows[1] - rows[0]) * np.concatenate([0 * full, there, full, 1 - there])
    to_degrees = pyproj.Transformer.from_crs(grid.crs.to_wkt(), 4326, always_xy=True)
    longitudes, latitudes = to_degrees.transform(*(grid.transform @ (across, down)))
    return abs(GEOD.polygon_area_perimeter(longitudes, latitudes)[0])


PLACES = [
    (32632, 9.0, 46.0),  # on the central meridian: 0.08 % smaller than on the ground
    (32632, 12.0, 0.1),  # at the edge of the zone
    (32760, 179.999, -43.0),  # over the date line
    (2056, 8.2, 46.8),  # Switzerland, another ellipsoid and an oblique projection
    (3857, 11.0, 45.0),  # Web Mercator: half of the grid's area
    (3995, -50.0, 71.0),  # polar stereographic
    (3031, 0.0, -89.99),  # over the pole
    (3035, 25.0, 60.0),  # equal in area, with axes that are not at right angles on the ground
]


@pytest.mark.parametrize("place", PLACES)
def test_the_area_of_a_cell_is_that_of_its_outline_on_the_ellipsoid(place):
    grid = grid_at(*place)
    counts = np.zeros(GroundArea(grid).cells, dtype=np.int64)
    counts[0, 1] = CELL * CELL
    expected = geodesic_area(grid, (0, CELL), (CELL, 2 * CELL))
    assert GroundArea(grid).total(counts) == pytest.approx(expected, rel=1e-6)
    middle = GroundArea(grid).of_pixels((CELL - 1) / 2, CELL + (CELL - 1) / 2)
    assert CELL * CELL * float(middle) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=30)
@given(st.floats(0, 299), st.floats(0, 699))
def test_a_pixel_has_the_area_of_the_ground_around_it(row, col):
    grid = grid_at(3857, 11.0, 45.0, 30.0)
    found = float(GroundArea(grid).of_pixels(row, col))
    expected = geodesic_area(grid, (row - 9.5, row + 10.5), (col - 9.5, col + 10.5)) / 400
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_last_cells_end_with_the_map():
    grid = grid_at(3857, 11.0, 45.0, 30.0)
    area = GroundArea(grid)
    assert area.cells == (2, 3)
    counts = np.zeros(area.cells, dtype=np.int64)
    counts[1, 2] = (300 - CELL) * (700 - 2 * CELL)
    assert area.total(counts) == pytest.approx(geodesic_area(grid, (CELL, 300), (2 * CELL, 700)), rel=1e-6)


def test_nothing_counted_is_no_area():
    area = GroundArea(grid_at(32632, 9.0, 46.0))
    assert area.total(np.zeros(area.cells, dtype=np.int64)) == 0.0
