"""From rows of the scene to batches of tiles: reading, the register of input rows, gathering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime import kernels
from landslip.runtime.flow import Stopwatch
from landslip.runtime.protocols import Plan
from landslip.runtime.scene import Patch, Scene
from landslip.runtime.spec import ModelSpec


@dataclass(frozen=True)
class Placed:
    """The tile at this place of the grid is the next one of the batch."""

    row: int
    col: int


@dataclass(frozen=True)
class RowEnd:
    """All tiles of a tile row have come before this."""

    row: int
    valid: NDArray[np.bool_]
    """(rows of the band that is now final, width): which pixels were observed."""
    skipped: int
    """Tiles of the row that are not predicted."""


@dataclass
class Batch:
    """One call of the engine, and what its results mean, in order."""

    arrays: dict[str, NDArray[Any]]
    """Every input of the model: (batch, bands, tile, tile); tiles beyond the placed ones are zeros."""
    steps: list[Placed | RowEnd] = field(default_factory=list)
    """Row-major: tiles in the order of the batch, with the ends of rows between them."""
    count: int = 0
    """Tiles in the batch."""

    @property
    def row_ends(self) -> int:
        """Tile rows that end in the batch."""
        return len(self.steps) - self.count


def read_chunks(scene: Scene, plan: Plan, clock: Stopwatch, start: int = 0) -> Iterator[Patch]:
    """The map's rows in the pieces that the tile rows need, each read once.

    The pieces depend on the tiles alone, so that every run over a scene reads the same windows. They begin with all
    that tile row ``start`` shows.
    """
    for index in range(start, len(plan.tiles.rows)):
        first, last = plan.tiles.chunk(index)
        first = plan.tiles.band(index)[0] if index == start else first
        with clock("read"):
            patch = scene.read(scene.grid.rows(first, last))
        yield patch


def assemble(
    patches: Iterable[Patch], plan: Plan, spec: ModelSpec, batch: int, clock: Stopwatch, start: int = 0
) -> Iterator[Batch]:
    """Cut the tiles out of the rows as they come.

    Batches are filled across tile rows, so that only the last one can be short.

    Args:
        patches: one per tile row, from :func:`read_chunks`.
        plan: the tiles.
        spec: the model's inputs.
        batch: tiles per batch.
        clock: told the time under ``prepare``.
        start: the tile row that the first patch is for.
    """
    register = _Register(plan, spec, start)
    current = _empty_batch(plan, spec, batch)
    for index, patch in enumerate(patches, start):
        with clock("prepare"):
            register.take(index, patch)
            cols = register.predicted_cols(index)
        for col in cols:
            with clock("prepare"):
                register.gather(index, col, current)
            if current.count == batch:
                yield current
                current = _empty_batch(plan, spec, batch)
        current.steps.append(RowEnd(index, register.band_valid(index), len(plan.tiles.cols) - len(cols)))
        if current.count == 0 or current.row_ends > batch:
            # Finished rows wait with the tiles before them, but not for long: a masked rest has no more tiles.
            yield current
            current = _empty_batch(plan, spec, batch)
    if current.steps:
        yield current


class _Register:
    """The map rows that the current tile row shows, of every input."""

    def __init__(self, plan: Plan, spec: ModelSpec, start: int) -> None:
        self._plan, self._spec = plan, spec
        self._first = plan.tiles.band(start)[0] if plan.tiles.rows else 0
        self._rows: dict[str, NDArray[Any]] = {}
        self._valid = np.zeros((0, plan.tiles.width), dtype=np.bool_)

    def take(self, index: int, patch: Patch) -> None:
        """Drop the rows above tile row ``index`` and add the new ones below."""
        first = self._plan.tiles.band(index)[0]
        keep = first - self._first
        for entry in self._spec.inputs:
            new = patch.arrays[entry.name]
            old = self._rows.get(entry.name, new[:, :0])[:, keep:]
            self._rows[entry.name] = np.concatenate([old, new], axis=1)
        self._valid = np.concatenate([self._valid[keep:], patch.valid])
        self._first = first

    def predicted_cols(self, index: int) -> list[int]:
        """Columns of the tiles of this row that have enough valid pixels."""
        tiles, top = self._plan.tiles, self._plan.tiles.rows[index] - self._first
        return [
            col
            for col, start in enumerate(tiles.cols)
            if kernels.count_valid(self._valid, top, start, tiles.tile) >= self._plan.least_valid
        ]

    def gather(self, index: int, col: int, batch: Batch) -> None:
        """Cut a tile out of every input and put it into the batch."""
        tiles = self._plan.tiles
        for name, out in batch.arrays.items():
            rows = self._rows[name]
            kernels.gather_tile(rows, self._first, tiles.rows[index], tiles.cols[col], tiles.height, out[batch.count])
        batch.steps.append(Placed(index, col))
        batch.count += 1

    def band_valid(self, index: int) -> NDArray[np.bool_]:
        """Validity of the rows that finish with this tile row."""
        first, last = self._plan.tiles.band(index)
        return self._valid[first - self._first : last - self._first].copy()


def _empty_batch(plan: Plan, spec: ModelSpec, batch: int) -> Batch:
    tile = plan.tiles.tile
    shapes: Mapping[str, tuple[int, ...]] = {entry.name: (batch, entry.bands, tile, tile) for entry in spec.inputs}
    return Batch({entry.name: np.zeros(shapes[entry.name], dtype=entry.dtype) for entry in spec.inputs})
