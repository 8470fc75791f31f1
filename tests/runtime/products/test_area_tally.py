"""Areas by cell: whole numbers, whatever the strips, and true ones on the ground."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from landslip.runtime.confidence import NOT_OBSERVED, REASONS
from landslip.runtime.geo.ground_area import GroundArea
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.area_tally import AreaTally

GRID = MapGrid(CRS.from_epsg(32632), Affine(10, 0, 700_000, 0, -10, 5_100_000), 530, 611)
LEVEL = 50


def a_map():
    random = np.random.default_rng(5)
    confidence = random.integers(0, 101, (GRID.height, GRID.width)).astype(np.uint8)
    reasons = random.integers(0, len(REASONS) + 1, confidence.shape).astype(np.uint8)
    reasons[:200] = 0
    confidence[reasons > 0] = NOT_OBSERVED
    return confidence, reasons


def tallied(cuts):
    confidence, reasons = a_map()
    tally = AreaTally(GRID, LEVEL)
    edges = sorted({0, *cuts, GRID.height})
    for first, last in pairwise(edges):
        part = reasons[first:last]
        tally.add(first, confidence[first:last], part if part.any() else None)
    return tally.observed_km2, tally.above_threshold_km2, tally.not_observed_km2


def test_areas_are_those_of_every_pixel_on_its_own():
    confidence, reasons = a_map()
    rows, cols = np.mgrid[: GRID.height, : GRID.width]
    each = GroundArea(GRID).of_pixels(rows, cols) / 1e6
    observed, above, lost = tallied([])
    assert observed == pytest.approx(each[confidence <= 100].sum(), rel=1e-6)
    assert above == pytest.approx(each[(confidence >= LEVEL) & (confidence <= 100)].sum(), rel=1e-6)
    expected = {name: each[reasons == code].sum() for code, name in REASONS.items()}
    assert lost == pytest.approx(expected, rel=1e-6)
    # At 700 km east a metre of the zone is 1.0001 on the ground: not the grid's own area.
    assert observed != pytest.approx((confidence <= 100).sum() * GRID.pixel_area / 1e6, rel=1e-5)


@settings(max_examples=20)
@given(st.lists(st.integers(1, GRID.height - 1), max_size=12))
def test_areas_do_not_depend_on_how_the_map_is_cut(cuts):
    assert tallied(cuts) == tallied([])


def test_reasons_that_do_not_occur_are_not_listed():
    tally = AreaTally(GRID, LEVEL)
    tally.add(0, np.zeros((GRID.height, GRID.width), np.uint8), None)
    assert tally.not_observed_km2 == {}
    assert tally.observed_km2 == pytest.approx(GRID.height * GRID.width * 1e-4, rel=1e-3)
