"""Pixels of classes, by landslide and by map, against whole arrays, however the map is cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from helpers.oracles import components
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.geo.ground_area import CELL
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.class_tally import ClassTally
from landslip.runtime.products.tracing import Strip, trace

CLASSES = (ClassSpec("ground", False), ClassSpec("flow", True), ClassSpec("fall", True))


def grid_of(shape):
    return MapGrid(CRS.from_epsg(32632), Affine(10, 0, 500_000, 0, -10, 5_000_000), *shape)


def strips_of(percent, classes, cuts):
    edges = [0, *sorted(cuts), len(percent)]
    return [Strip(top, percent[top:end], classes[top:end]) for top, end in pairwise(edges)]


maps = st.tuples(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 40))


@given(maps, st.lists(st.integers(0, 30), max_size=6))
def test_each_landslide_has_its_class_however_the_map_is_cut(drawn, cuts):
    seed, rows, cols = drawn
    rng = np.random.default_rng(seed)
    percent = rng.choice([0, 60, 90, 255], (rows, cols), p=[0.45, 0.3, 0.2, 0.05]).astype(np.uint8)
    classes = np.where(percent == 255, 255, rng.integers(0, 3, (rows, cols))).astype(np.uint8)
    found = list(
        trace(
            strips_of(percent, classes, [cut for cut in cuts if cut <= rows]),
            grid_of(percent.shape), level=50, classes=CLASSES,
        )
    )  # fmt: skip
    expected = []
    for pixels in components((percent >= 50) & (percent <= 100)):
        counts = np.bincount([classes[place] for place in pixels], minlength=3)[1:3]
        most = int(counts.argmax())
        expected.append(("flow", "fall")[most] if counts[most] else None)
        expected.append(pytest.approx(counts[most] / len(pixels)) if counts[most] else None)
    assert [value for each in found for value in (each.class_name, each.class_share)] == expected


def test_without_classes_a_landslide_has_none():
    percent = np.full((3, 3), 80, dtype=np.uint8)
    (found,) = trace([Strip(0, percent)], grid_of(percent.shape), level=50)
    assert (found.class_name, found.class_share) == (None, None)


def test_areas_are_counted_by_class_however_the_map_is_cut():
    rng, shape = np.random.default_rng(5), (3 * CELL // 2, CELL + 7)
    classes = rng.choice([0, 1, 2, 255], shape).astype(np.uint8)
    entries = []
    for cuts in ([], [1, 40, CELL, CELL + 1]):
        tally = ClassTally(grid_of(shape), CLASSES)
        for strip in strips_of(classes, classes, cuts):
            tally.add(strip.first_row, strip.confidence)
        entries.append(tally.entries)
    assert entries[0] == entries[1]
    assert [(each["name"], each["landslide"]) for each in entries[0]] == [
        (each.name, each.landslide) for each in CLASSES
    ]
    for value, each in enumerate(entries[0]):
        assert each["pixels"] == (classes == value).sum()
        assert each["km2"] == pytest.approx(each["pixels"] * 1e-4, rel=2e-3)
