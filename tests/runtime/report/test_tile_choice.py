"""Tiles of a pyramid: every pixel is covered, the budget is kept, and landslides come before ground without any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.report.tile_choice import candidates, chosen, detail_of
from landslip.runtime.report.tile_places import OVERVIEW, TILE, Pyramid, TilePlace

SIZES = st.integers(1, 40_000)


@given(SIZES, SIZES)
def test_tiles_of_each_level_cover_it_without_a_rest(height, width):
    pyramid = Pyramid(height, width)
    assert max(pyramid.size(pyramid.top)) <= OVERVIEW
    for level in range(pyramid.top):
        assert max(pyramid.size(level)) > OVERVIEW
        rows, cols = pyramid.counts(level)
        assert (rows - 1) * TILE < pyramid.size(level)[0] <= rows * TILE
        assert (cols - 1) * TILE < pyramid.size(level)[1] <= cols * TILE
        assert (rows * TILE) << level >= height


@given(st.integers(1700, 9000), st.integers(1700, 9000), st.data())
def test_tiles_under_a_box_hold_all_of_it(height, width, data):
    pyramid = Pyramid(height, width)
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    for level in range(pyramid.top):
        places = set(pyramid.under((left, top, right, bottom), level))
        edge = TILE << level
        assert places <= set(pyramid.places(level))
        for x, y in ((left, top), (right - 1, top), (left, bottom - 1), (right - 1, bottom - 1)):
            assert TilePlace(level, y // edge, x // edge) in places


@given(st.integers(0, 3_000_000), st.lists(st.integers(0, 9000), max_size=6))
def test_the_budget_is_kept(budget, corners):
    pyramid = Pyramid(9500, 9700)
    weights = pyramid.weights([((at, at, at + 50, at + 60), 1.0 + at) for at in corners])
    costs = {place: 10_000 + place.row for level in range(pyramid.top) for place in pyramid.places(level)}
    tiles = chosen(pyramid, weights, costs, budget)
    assert sum(costs[place] for place in tiles) <= budget
    assert tiles == sorted(set(tiles))


def test_with_room_for_all_all_are_taken():
    pyramid = Pyramid(5000, 3000)
    costs = {place: 100 for level in range(pyramid.top) for place in pyramid.places(level)}
    tiles = chosen(pyramid, {}, costs, 100 * len(costs))
    assert set(tiles) == costs.keys()
    assert detail_of(pyramid, {}, tiles).whole == 0
    assert candidates(pyramid, {}, 100, 100 * len(costs)) == costs.keys()


def test_landslides_are_sharp_before_the_rest_is():
    pyramid = Pyramid(10_000, 10_000)
    weights = pyramid.weights([((5000, 5000, 5100, 5100), 900.0), ((100, 100, 130, 130), 100.0)])
    costs = {place: 100 for level in range(pyramid.top) for place in pyramid.places(level)}
    coarse = sum(1 for level in range(2, pyramid.top) for _ in pyramid.places(level))
    tiles = chosen(pyramid, weights, costs, 100 * (coarse + 30))
    sharp = [place for place in tiles if place.level == 0]
    assert {TilePlace(0, 9, 9), TilePlace(0, 0, 0)} <= set(sharp)
    assert set(sharp) <= weights.keys()
    detail = detail_of(pyramid, weights, tiles)
    assert (detail.landslides, detail.finest) == (0, 0)
    assert detail.whole == 2


def test_of_too_many_landslides_the_largest_are_sharp():
    pyramid = Pyramid(8000, 8000)
    boxes = [((at, at, at + 100, at + 100), float(at)) for at in range(300, 7000, 600)]
    weights = pyramid.weights(boxes)
    costs = dict.fromkeys([*weights, *pyramid.places(2)], 100)
    coarse = sum(place.level > 0 for place in weights)
    tiles = chosen(pyramid, weights, costs, 100 * (coarse + 5))
    sharp = [weights[place] for place in tiles if place.level == 0]
    left_out = [weights[place] for place in weights if place.level == 0 and place not in tiles]
    assert sharp
    assert min(sharp) >= max(left_out)
    assert detail_of(pyramid, weights, tiles).landslides == 1


@pytest.mark.parametrize("top", [0, 1])
def test_a_small_map_has_its_top_alone(top):
    pyramid = Pyramid(OVERVIEW + top, 20)
    assert pyramid.top == top
    assert detail_of(pyramid, {}, []).whole == top
    assert np.ptp([detail_of(pyramid, {}, []).finest, top]) == 0
