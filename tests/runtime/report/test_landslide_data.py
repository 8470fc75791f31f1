"""Landslides of a page: all of them while there is room, else the largest, and then it says so."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from helpers.report_runs import PIXEL, grid_of, write_layers
from landslip.runtime.report.landslide_data import read_landslides, read_unseen

GRID = grid_of(4000, 4000)


@pytest.fixture
def many(tmp_path):
    """Two hundred boxes, the largest of them in the middle of the file, two of each size."""
    sizes = np.concatenate([np.arange(1, 101), np.arange(100, 0, -1)])
    boxes = [shapely.box(17 * i, 10, 17 * i + int(size), 20) for i, size in enumerate(sizes)]
    write_layers(tmp_path / "landslides.gpkg", GRID, boxes, [shapely.box(0, 0, 9, 9), shapely.box(20, 0, 22, 1)])
    return tmp_path / "landslides.gpkg"


def test_all_are_read_in_the_order_of_the_file(many):
    found = read_landslides(many, GRID.transform, 20_000_000)
    assert (found.count, found.shown) == (200, 200)
    assert found.fields["id"] == list(range(1, 201))
    assert found.by_size[:2] == [99, 100]


@pytest.mark.parametrize("most", [1, 2, 31, 199, 200, 500])
def test_of_too_many_the_largest_are_read(many, most):
    found = read_landslides(many, GRID.transform, 20_000_000, most)
    assert found.count == 200
    assert found.shown == min(most, 200)
    assert found.fields["id"] == sorted(found.fields["id"])
    expected = sorted(np.minimum(np.arange(1, 201), np.arange(200, 0, -1)))[::-1][:most]
    assert sorted(found.fields["area_m2"])[::-1] == [10 * size * PIXEL**2 for size in expected]


def test_a_small_page_holds_fewer(many):
    found = read_landslides(many, GRID.transform, 20_000)
    assert 10 < found.shown < 200
    assert min(found.fields["area_m2"]) > 1000


def test_unknown_values_are_none(many):
    relief = read_landslides(many, GRID.transform, 20_000_000).fields["relief_m"]
    assert relief[0] is None
    assert relief[1] is not None


def test_what_was_not_observed_is_summed_by_reason(many):
    found = read_unseen(many, GRID.transform, 20_000_000)
    assert found is not None
    assert found.areas == {"mask": 83 * PIXEL**2}
    assert len(found.outlines.rings) == 2
