"""Assembly of batches of tiles from rows of the scene: reading, the register of input rows, gathering."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.feature_cut import FeatureValue, taken
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.mapping.feature_rows import FeatureRows
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling import kernels
from landslip.runtime.tiling.piece_grid import PieceGrid
from landslip.runtime.tiling.plan import Plan
from landslip.runtime.tiling.tile_grid import TileGrid

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class PlacedTile:
    """The tile at this place of the grid is the next one of the batch."""

    row: int
    col: int


@dataclass(frozen=True)
class RowEnd:
    """All tiles of a tile row have come before this."""

    row: int
    valid: NDArray[np.bool_]
    """(rows of the strip that is now final, width): which pixels may be used."""
    skipped: int
    """Tiles of the row that are not predicted."""


@dataclass
class Batch:
    """One call of the engine, and what its results mean, in order."""

    arrays: Arrays
    """Every input of the model: (batch, bands, tile, tile); tiles beyond the placed ones are zeros."""
    steps: list[PlacedTile | RowEnd] = field(default_factory=list)
    """Row-major: tiles in the order of the batch, with the ends of rows between them."""
    count: int = 0
    """Tiles in the batch."""

    @property
    def row_ends(self) -> int:
        """Tile rows that end in the batch."""
        return len(self.steps) - self.count


BLOCK_ROWS = 64
"""Map rows that are read at a time, at the most."""


def read_rows(
    scene: Scene,
    plan: Plan,
    clock: Stopwatch,
    start: int = 0,
    stop: int | None = None,
    pieces: PieceGrid | None = None,
) -> Iterator[SceneBlock]:
    """The map's rows in blocks, each read once.

    The blocks depend on the tiles alone, so that every run over a scene reads the same windows. They begin with all
    that tile row ``start`` shows, and end with what the one before ``stop`` shows, the last one where that is None;
    with all that the ``pieces`` of these show, where features are shared.
    """
    for first, last in _spans(plan.tiles, start, len(plan.tiles.rows) if stop is None else stop, pieces):
        for top in range(first, last, BLOCK_ROWS):
            with clock("read"):
                block = scene.read(scene.grid.rows(top, min(top + BLOCK_ROWS, last)))
            yield block


class Buffers:
    """Arrays for batches, used again and again: fresh memory costs more than the copies into it.

    Safe to use from several threads.
    """

    def __init__(self, spec: ModelSpec, batch: int, tile: int, features: Sequence[FeatureValue] = ()) -> None:
        """Prepare batches of ``batch`` tiles of ``tile`` pixels: their inputs, and features where these are shared."""
        self.batch = batch
        """Tiles in each."""
        shapes = {entry.name: ((batch, entry.bands, tile, tile), entry.dtype) for entry in taken(spec, features)}
        self._shapes = shapes
        self._free: queue.SimpleQueue[Arrays] = queue.SimpleQueue()

    def take(self) -> Arrays:
        """Arrays of any content."""
        try:
            return self._free.get_nowait()
        except queue.Empty:
            return {name: np.empty(shape, dtype=dtype) for name, (shape, dtype) in self._shapes.items()}

    def give_back(self, arrays: Arrays, result: NDArray[Any]) -> None:
        """Let arrays be used again, unless the engine gave a part of them back as its ``result``."""
        if not any(np.may_share_memory(values, result) for values in arrays.values()):
            self._free.put(arrays)


def assemble(
    blocks: Iterable[SceneBlock],
    plan: Plan,
    spec: ModelSpec,
    buffers: Buffers,
    clock: Stopwatch,
    start: int = 0,
    stop: int | None = None,
    features: FeatureRows | None = None,
) -> Iterator[Batch]:
    """Cut the tiles out of the rows as they come.

    Batches are filled across tile rows, so that only the last one can be short.

    Args:
        blocks: from :func:`read_rows`.
        plan: the tiles.
        spec: the model's inputs.
        buffers: arrays for batches; whoever takes a batch gives its arrays back.
        clock: told the time under ``prepare``.
        start: the tile row that the blocks begin with.
        stop: the tile row after the last one that is cut; None for all.
        features: of the tiles, where they are shared.
    """
    pieces = None if features is None else features.pieces
    register = _Register(plan, spec, start, pieces)
    current, rows = Batch(buffers.take()), iter(blocks)
    for index in range(start, len(plan.tiles.rows) if stop is None else stop):
        while register.stop < _rows_for(plan.tiles, index, pieces)[1]:
            block = next(rows)
            with clock("prepare"):
                register.take(block)
        with clock("prepare"):
            cols = rest = register.predicted_cols(index)
        if features is not None and cols:
            features.compute(index, cols, register)
        while rest:
            some, rest = rest[: buffers.batch - current.count], rest[buffers.batch - current.count :]
            with clock("prepare"):
                register.gather(index, some, current)
                if features is not None:
                    features.cut(index, some, current.arrays, current.count - len(some))
            if current.count == buffers.batch:
                yield current
                current = Batch(buffers.take())
        with clock("prepare"):
            current.steps.append(register.end(index, len(plan.tiles.cols) - len(cols)))
        if current.count == 0 or current.row_ends > buffers.batch:
            # Finished rows wait with the tiles before them, but not for long: a masked rest has no more tiles.
            yield _filled(current)
            current = Batch(buffers.take())
    if current.steps:
        yield _filled(current)


class _Register:
    """The map rows that the current tile row shows, of every input: rings, map row ``r`` at ``r % depth``."""

    def __init__(self, plan: Plan, spec: ModelSpec, start: int, pieces: PieceGrid | None) -> None:
        self._tiles, self._least = plan.tiles, plan.least_valid
        self._lefts = np.array(plan.tiles.cols, dtype=np.int64)
        self._names = [entry.name for entry in spec.inputs]
        self._depth = rows_at_hand(plan.tiles, start, pieces)
        self.stop = _rows_for(plan.tiles, start, pieces)[0] if plan.tiles.rows else 0
        """Map row after the last one that came."""
        self._rings: dict[str, NDArray[Any]] = {}
        self._valid = np.zeros((self._depth, plan.tiles.width), dtype=np.bool_)

    def take(self, block: SceneBlock) -> None:
        """Put new rows in the place of the oldest."""
        first = int(block.window.row_off)
        for name, rows in block.arrays.items():
            if name not in self._rings:
                self._rings[name] = np.zeros((len(rows), self._depth, rows.shape[2]), dtype=rows.dtype)
            _put_rows(self._rings[name], first, rows)
        _put_rows(self._valid[None], first, block.valid[None])
        self.stop = first + len(block.valid)

    def predicted_cols(self, index: int) -> list[int]:
        """Columns of the tiles of this row that have enough valid pixels."""
        counts = np.empty_like(self._lefts)
        tile, height = self._tiles.tile, self._tiles.height
        kernels.count_valid_of_row(self._valid, self._tiles.rows[index], self._lefts, tile, height, counts)
        return [int(col) for col in np.flatnonzero(counts >= self._least)]

    def gather(self, index: int, cols: Sequence[int], batch: Batch) -> None:
        """Cut tiles of a row out of every input and put them into the batch."""
        self.cut(self._tiles.rows[index], self._lefts[list(cols)], batch.arrays, batch.count)
        batch.steps += [PlacedTile(index, col) for col in cols]
        batch.count += len(cols)

    def cut(self, row: int, lefts: NDArray[np.int64], arrays: Arrays, place: int) -> None:
        """Cut what lies at a map row and columns out of every input, and put it into a batch, from a place on."""
        for name in self._names:
            out = arrays[name][place : place + len(lefts)]
            kernels.gather_tiles(self._rings[name], row, lefts, self._tiles.height, out)

    def end(self, index: int, skipped: int) -> RowEnd:
        """State of the rows that finish with this tile row."""
        places = np.arange(*self._tiles.strip(index)) % self._depth
        return RowEnd(index, self._valid[places], skipped)


def rows_at_hand(tiles: TileGrid, start: int = 0, pieces: PieceGrid | None = None) -> int:
    """The most rows of inputs that are needed at a time, from the strip of a tile row to the end of what it shows.

    Where features are shared, blocks are read for pieces that end anywhere, and may go on behind them.
    """
    spans = [_rows_for(tiles, index, pieces) for index in range(start, len(tiles.rows))]
    return max((last - first for first, last in spans), default=0) + (0 if pieces is None else BLOCK_ROWS)


def _rows_for(tiles: TileGrid, index: int, pieces: PieceGrid | None) -> tuple[int, int]:
    """First and last (exclusive) map row that have to be at hand for tile row ``index``."""
    first, last = tiles.strip(index)[0], tiles.rows_to_read(index)[1]
    if pieces is None:
        return first, last
    top, bottom = pieces.rows_to_read(index)
    return min(first, top), max(last, bottom)


def _spans(tiles: TileGrid, start: int, stop: int, pieces: PieceGrid | None) -> Iterator[tuple[int, int]]:
    """Spans of map rows to read, one after the other, for the tile rows from ``start`` up to ``stop``."""
    for index in range(start, stop):
        first, last = tiles.rows_to_read(index)
        yield (_rows_for(tiles, index, pieces)[0] if index == start else first), last
    if start < stop:
        yield tiles.rows_to_read(stop - 1)[1], _rows_for(tiles, stop - 1, pieces)[1]


def _put_rows(ring: NDArray[Any], first: int, rows: NDArray[Any]) -> None:
    """Copy map rows (bands, n, width) from ``first`` on to their places."""
    place, count = first % ring.shape[1], rows.shape[1]
    straight = min(count, ring.shape[1] - place)
    ring[:, place : place + straight] = rows[:, :straight]
    ring[:, : count - straight] = rows[:, straight:]


def _filled(batch: Batch) -> Batch:
    """A short batch with zeros behind its tiles."""
    for values in batch.arrays.values():
        values[batch.count :] = 0
    return batch
