"""Rows of the features that overlapping tiles share, kept as long as tiles need them.

Features are computed in pieces that depend on the tiles alone (:mod:`~landslip.runtime.tiling.piece_grid`), each when
the first tile that is predicted needs it. So neither batches nor the place where a run goes on decide a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.feature_cut import FeatureValue
from landslip.runtime.engines.protocol import SharingEngine, shared_values
from landslip.runtime.system import stopping
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling import kernels
from landslip.runtime.tiling.piece_grid import PieceGrid

Arrays = dict[str, NDArray[Any]]


class InputRows(Protocol):
    """Rows of the inputs that are at hand."""

    def cut(self, row: int, lefts: NDArray[np.int64], arrays: Arrays, place: int) -> None:
        """Cut what lies at a map row and columns out of every input, and put it into a batch, from a place on."""
        ...


class FeatureRows:
    """Rows of features: rings, map row ``r`` at ``r % depth``."""

    def __init__(self, engine: SharingEngine, pieces: PieceGrid, batch: int, start: int, clock: Stopwatch) -> None:
        """Begin with nothing.

        Args:
            engine: computes the features.
            pieces: the pieces that it computes.
            batch: pieces per call.
            start: the first row of tiles.
            clock: told the time under ``infer``.
        """
        self.pieces = pieces
        """Pieces of the map."""
        self._engine, self._batch, self._clock = engine, batch, clock
        depth = pieces.rows_at_hand(start)
        self._rings = {each.name: _zeros(each, depth, pieces.width) for each in shared_values(engine)}
        tile = pieces.tiles.tile
        self._calls = {
            entry.name: np.zeros((batch, entry.bands, tile, tile), entry.dtype) for entry in engine.spec.inputs
        }
        self._done: set[tuple[int, int]] = set()

    def compute(self, index: int, cols: list[int], inputs: InputRows) -> None:
        """Compute what tiles of row ``index`` need that are predicted, those in columns ``cols``, and is not there yet.

        Raises:
            EngineError: the engine failed.
        """
        rows = self.pieces.in_row(index)
        self._done = {(row, col) for row, col in self._done if row >= rows[0]}
        needed = self.pieces.in_cols(cols)
        missing = [(row, col) for row in rows for col in needed if (row, col) not in self._done]
        for first in range(0, len(missing), self._batch):
            stopping.check()
            self._compute(missing[first : first + self._batch], self.pieces.tiles.rows[index], inputs)
        self._done.update(missing)

    def cut(self, index: int, cols: Sequence[int], arrays: Arrays, place: int) -> None:
        """Cut the features of tiles of a row out of the rows, and put them into a batch, from a place on."""
        tiles, (rows, lines) = self.pieces.tiles, (self.pieces.rows, self.pieces.cols)
        row, height = tiles.rows[index] - rows.starts[0], rows.end - rows.starts[0]
        lefts = np.array([tiles.cols[col] - lines.starts[0] for col in cols], dtype=np.int64)
        for name, ring in self._rings.items():
            kernels.gather_tiles(_plain(ring), row, lefts, height, _plain(arrays[name][place : place + len(cols)]))

    def _compute(self, pieces: list[tuple[int, int]], top: int, inputs: InputRows) -> None:
        """Compute some pieces, and keep what lies from map row ``top`` on."""
        grid = self.pieces
        for place, (row, col) in enumerate(pieces):
            inputs.cut(grid.rows.starts[row], np.array([grid.cols.starts[col]]), self._calls, place)
        with self._clock("infer"):
            found = self._engine.features(self._calls)
        for name, ring in self._rings.items():
            for place, (row, col) in enumerate(pieces):
                self._keep(ring, found[name][place], row, col, top)

    def _keep(self, ring: NDArray[Any], values: NDArray[Any], row: int, col: int, top: int) -> None:
        """Put what is taken from a piece into its places, which may go on at the beginning of the ring."""
        rows, cols = self.pieces.rows, self.pieces.cols
        (first, last), (left, right) = rows.owned(row), cols.owned(col)
        first = max(first, top)
        inner = values[:, first - rows.starts[row] : last - rows.starts[row]]
        inner = inner[:, :, left - cols.starts[col] : right - cols.starts[col]]
        place = (first - rows.starts[0]) % ring.shape[1]
        until = ring.shape[1] - place
        lines = ring[:, :, left - cols.starts[0] : right - cols.starts[0]]
        lines[:, place : place + inner.shape[1]] = inner[:, :until]
        lines[:, : max(0, inner.shape[1] - until)] = inner[:, until:]


def _zeros(value: FeatureValue, depth: int, width: int) -> NDArray[Any]:
    return np.zeros((value.bands, depth, width), value.dtype)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Values in a type that kernels know, bit by bit."""
    return values.view(np.uint16) if values.dtype == np.float16 else values
