"""Rows of shared features: every tile is given the features of its own place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import SPEC
from landslip.runtime.artifacts.feature_cut import FeatureValue, SharedFeatures
from landslip.runtime.engines import FakeEngine
from landslip.runtime.mapping.feature_rows import FeatureRows
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling.piece_grid import PieceGrid
from landslip.runtime.tiling.tile_grid import TileGrid

TILE = 32
(PLACED,) = (entry.name for entry in SPEC.inputs if entry.dtype == "float32" and entry.bands == 1)
"""Input that holds the place of each pixel."""


def places(row, col):
    """The place of each pixel of a tile, as a number of its own."""
    return (np.arange(row, row + TILE)[:, None] * 1000 + np.arange(col, col + TILE)).astype(np.float32)


class PlaceRows:
    """Inputs that say where they are."""

    def cut(self, row, lefts, arrays, place):
        for number, left in enumerate(lefts):
            arrays[PLACED][place + number, 0] = places(row, left)


class PlacedEngine(FakeEngine):
    """Its features are the places; once in two bands, and once in integers."""

    def __init__(self, reach):
        super().__init__(SPEC)
        self.shared = SharedFeatures((FeatureValue("two", 2, "float32"), FeatureValue("one", 1, "int32")), reach)

    def features(self, batch):
        found = batch[PLACED]
        return {"two": np.concatenate([found, -found], axis=1), "one": found.astype(np.int32)}


@given(
    height=st.integers(1, 300), width=st.integers(1, 120), overlap=st.sampled_from([0.0, 0.5, 0.7]),
    reach=st.integers(0, 7), batch=st.integers(1, 5), begin=st.floats(0, 1),
)  # fmt: skip
def test_each_tile_has_the_features_of_its_place(height, width, overlap, reach, batch, begin):
    tiles = TileGrid.even(height, width, TILE, overlap)
    engine, start = PlacedEngine(reach), int(begin * (len(tiles.rows) - 1))
    rows = FeatureRows(engine, PieceGrid.of(tiles, reach), batch, start, Stopwatch())
    cols = list(range(len(tiles.cols)))
    count = len(cols)
    found = {"two": np.zeros((count, 2, TILE, TILE), np.float32), "one": np.zeros((count, 1, TILE, TILE), np.int32)}
    for index in range(start, len(tiles.rows)):
        rows.compute(index, cols, PlaceRows())
        rows.cut(index, cols[:1], found, 0)
        rows.cut(index, cols[1:], found, 1)
        for col in cols:
            expected = places(tiles.rows[index], tiles.cols[col])
            np.testing.assert_array_equal(found["two"][col], [expected, -expected])
            np.testing.assert_array_equal(found["one"][col, 0], expected)
