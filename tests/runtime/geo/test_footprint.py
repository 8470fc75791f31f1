"""Outlines of what was observed: they hold it, are simple and valid, and are cut at the date line."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from landslip.runtime.geo.footprint import MOST_POINTS, footprint
from landslip.runtime.geo.projection import transform_points

UTM32, UTM60, UTM1 = (CRS.from_epsg(code) for code in (32632, 32660, 32701))


def grid_at(longitude, latitude, crs, metres=100.0):
    """A transform whose upper left corner lies at a place."""
    xs, ys = transform_points(CRS.from_epsg(4326), crs, [longitude], [latitude])
    return Affine(metres, 0.0, float(xs[0]), 0.0, -metres, float(ys[0]))


def places(observed, transform, crs):
    """Longitudes and latitudes of the centres of pixels that were observed, (n, 2)."""
    rows, cols = np.nonzero(observed)
    x, y = transform @ (cols + 0.5, rows + 0.5)
    return np.column_stack(transform_points(crs, CRS.from_epsg(4326), x, y))


def checked(found):
    """The geometry of shapely, once its rules hold: valid, rings the right way round, within the globe."""
    shape = shapely.geometry.shape(found.geometry)
    assert shape.is_valid
    assert shape.geom_type == found.geometry["type"]
    assert shapely.get_num_coordinates(shape) <= 2 * MOST_POINTS
    for part in shapely.get_parts(shape):
        assert part.exterior.is_ccw
        assert not any(hole.is_ccw for hole in part.interiors)
    west, south, east, north = shape.bounds
    assert -180 <= west <= east <= 180
    assert -90 <= south <= north <= 90
    return shape


def share_held(shape, points):
    near_it = shapely.buffer(shape, 1e-5)
    return shapely.contains_xy(near_it, points[:, 0], points[:, 1]).mean()


def test_a_whole_grid_is_its_own_outline():
    observed = np.ones((80, 120), bool)
    transform = grid_at(9.0, 45.0, UTM32)
    found = footprint(observed, transform, UTM32)
    shape = checked(found)
    assert found.bbox == pytest.approx(shape.bounds)
    assert share_held(shape, places(observed, transform, UTM32)) == 1
    assert 5 <= shapely.get_num_coordinates(shape) < 30


def test_holes_and_parts_are_told():
    observed = np.zeros((100, 100), bool)
    observed[5:60, 5:60] = True
    observed[20:40, 20:40] = False
    observed[80:95, 80:95] = True
    found = footprint(observed, grid_at(9.0, 45.0, UTM32), UTM32)
    shape = checked(found)
    assert (found.geometry["type"], len(shapely.get_parts(shape))) == ("MultiPolygon", 2)
    assert sum(len(part.interiors) for part in shapely.get_parts(shape)) == 1


def test_nothing_observed_has_no_outline():
    assert footprint(np.zeros((10, 10), bool), grid_at(9.0, 45.0, UTM32), UTM32) is None


@pytest.mark.parametrize(("longitude", "crs", "latitude"), [(179.95, UTM60, 51.0), (-179.999, UTM1, -17.0)])
def test_the_date_line_cuts_an_outline_and_turns_its_box(longitude, crs, latitude):
    observed = np.ones((60, 150), bool)
    transform = grid_at(longitude, latitude, crs) @ Affine.translation(-40 if longitude < 0 else 0, 0)
    found = footprint(observed, transform, crs)
    shape = checked(found)
    assert found.geometry["type"] == "MultiPolygon"
    west, south, east, north = found.bbox
    assert 179 < west <= 180
    assert -180 <= east < -179
    assert (south, north) == pytest.approx((shape.bounds[1], shape.bounds[3]))
    assert share_held(shape, places(observed, transform, crs)) == 1


def test_an_outline_far_from_the_date_line_on_its_other_side_is_one_part():
    found = footprint(np.ones((10, 10), bool), grid_at(-179.0, 10.0, UTM1), UTM1)
    assert found.geometry["type"] == "Polygon"
    assert found.bbox[0] < found.bbox[2]


def test_places_that_are_nowhere_have_no_outline():
    assert footprint(np.ones((4, 4), bool), Affine(1e9, 0, 0, 0, -1e9, 0), UTM32) is None


@settings(max_examples=40)
@given(st.integers(1, 90), st.integers(1, 90), st.floats(0.02, 1.0), st.integers(0, 99), st.integers(1, 9))
def test_any_pixels_have_a_simple_outline(rows, cols, share, seed, size):
    rng = np.random.default_rng(seed)
    blocks = rng.random((rows // size + 1, cols // size + 1)) < share
    observed = np.kron(blocks, np.ones((size, size), bool))[:rows, :cols]
    transform = grid_at(9.0, 45.0, UTM32)
    found = footprint(observed, transform, UTM32)
    if not observed.any():
        assert found is None
        return
    shape = checked(found)
    assert found == footprint(observed, transform, UTM32)
    # Corners are cut by less than a pixel, which is 0.0013 degrees here; fine patterns are told in larger pixels.
    points = places(observed, transform, UTM32)
    assert shapely.contains_xy(shapely.buffer(shape, 0.0013 * 8), points[:, 0], points[:, 1]).all()
    assert shapely.area(shape) >= 0.5 * observed.sum() * 0.0009 * 0.00127
