"""Sets of pixels that span many strips: what comes of them, and how often their corners are touched."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.products.pixel_sets import SetTracer, count_pixels

Values = NDArray[np.uint8]


def closed_sets(values: Values, height: int) -> tuple[SetTracer, list[tuple[bytes, list[int]]], int]:
    """The tracer, the outline and the tally of each set, and the corners of all, of a map in strips of so many rows."""
    tracer, found, corners = SetTracer(50, 100, count_pixels), [], 0
    for top in (*range(0, len(values), height), None):
        closed = tracer.finish(len(values)) if top is None else tracer.take(top, values[top : top + height])
        corners += len(closed.corners)
        outlines = shapely.to_wkb(closed.outlines(Affine.identity())) if len(closed) else []
        found += list(zip(outlines, closed.tallies.tolist(), strict=True))
    return tracer, found, corners


def ragged_walls(height: int, seed: int) -> Values:
    """Two sets as tall as the map, one along each side, whose width changes from row to row."""
    wide = np.random.default_rng(seed).integers(1, 6, (2, height, 1))
    cols = np.arange(14)
    return np.where((cols < wide[0]) | (cols[::-1] < wide[1]), 80, 10).astype(np.uint8)


def mixed_map(share: float, seed: int) -> Values:
    """Noise of a density, with walls down to some row: sets of all sizes, many of which meet at corners only."""
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((160, 90)) < share, 80, 10).astype(np.uint8)
    values[: rng.integers(40, 160), [5, 50]] = 80
    return values


@pytest.mark.parametrize("share", [0.1, 0.4, 0.5, 0.6])
@pytest.mark.parametrize("seed", [1, 2])
def test_sets_of_all_sizes_are_the_same_for_every_strip_height(share: float, seed: int) -> None:
    values = mixed_map(share, seed)
    _, whole, corners = closed_sets(values, len(values))
    assert sum(pixels for _, (pixels, *_) in whole) == np.count_nonzero(values >= 50)
    for height in (1, 3, 16, 61):
        tracer, found, found_corners = closed_sets(values, height)
        assert sorted(found) == sorted(whole)
        assert found == whole
        assert found_corners == corners
        assert tracer.open_corners == 0


@pytest.mark.parametrize("step", [1, 8, 100])
def test_corners_of_tall_sets_are_not_touched_again_with_each_strip(step: int) -> None:
    values = ragged_walls(3000, seed=3)
    tracer = SetTracer(50, 100, count_pixels)
    for top in range(0, len(values), step):
        assert len(tracer.take(top, values[top : top + step])) == 0
    assert tracer.open_corners > 9000
    assert tracer.moved_corners < 3 * tracer.open_corners


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6])
def test_corners_are_moved_a_few_times_at_the_most_where_sets_come_and_go(share: float) -> None:
    tracer, _, corners = closed_sets(np.vstack([mixed_map(share, seed) for seed in range(8)]), 4)
    assert tracer.moved_corners < 3 * corners


def test_a_tall_set_that_is_complete_leaves_no_memory() -> None:
    values = ragged_walls(4000, seed=5)
    closed_sets(values[:400], 40)  # compiled
    tracer = SetTracer(50, 100, count_pixels)
    tracemalloc.start()
    for top in range(0, len(values), 40):
        tracer.take(top, values[top : top + 40])
    held, corners = tracemalloc.get_traced_memory()[0], tracer.open_corners
    assert len(tracer.finish(len(values))) == 2
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2 * 16 * corners
    assert left < held / 10
