"""The stages between reading and tracing, each a generator that takes what the one before it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.engines import Engine
from landslip.runtime.engines.protocol import sharing
from landslip.runtime.errors import EngineError
from landslip.runtime.mapping.assemble import Batch, Buffers, PlacedTile
from landslip.runtime.mapping.feature_rows import FeatureRows
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.reason_rows import ReasonRows
from landslip.runtime.products.map_tags import MapOrigin
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.products.tracing import Strip
from landslip.runtime.run.journal import merged
from landslip.runtime.run.run_state import RunState
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system import stopping
from landslip.runtime.system.progress import Progress
from landslip.runtime.system.stages import Line, Stopwatch
from landslip.runtime.tiling.class_stitch import ClassStitcher
from landslip.runtime.tiling.piece_grid import PieceGrid
from landslip.runtime.tiling.plan import Plan
from landslip.runtime.tiling.stitch import Stitcher

Saver = Callable[[Strip, RunState], None]
"""Takes finished rows, and how far the map is with them."""

Finish = Callable[[int, NDArray[np.bool_]], Strip]
"""Function that gives the rows that are final with a row of tiles, of which these pixels may be used."""


@dataclass
class Run:
    """State that the stages of one run share."""

    scene: Scene
    plan: Plan
    engine: Engine
    batch: int
    level: int
    """Percent from which on a pixel counts as landslide."""
    clock: Stopwatch
    progress: Progress
    thumbnails: Thumbnails
    reasons: ReasonRows | None = None
    """Reasons why rows are not observed, waiting for the tracer; None where nobody traces."""
    listeners: Listeners = field(default_factory=Listeners)
    """Callers who hear of landslides and rows."""
    origin: MapOrigin | None = None
    """Origin of the map, for its tags; None where none is written."""
    state: RunState = field(default_factory=RunState)
    """State that the map has reached."""
    computed: int = 0
    """Tiles computed in this run, those that an earlier one has computed before included."""


def seen(blocks: Iterable[SceneBlock], run: Run) -> Iterator[SceneBlock]:
    """Blocks as they come; the images in them are remembered in small, and what is not observed until it is traced."""
    for block in blocks:
        first = int(block.window.row_off)
        for date, picture in block.pictures.items():
            run.thumbnails.add_image(date, first, picture)
        if run.reasons is not None and block.reasons is not None:
            run.reasons.add(first, block.reasons)
        yield block


def features_of(run: Run, start: int) -> FeatureRows | None:
    """Rows of features for the tile rows from ``start`` on; None where the engine shares none.

    Raises:
        UsageError: tiles are too small for them.
    """
    engine = sharing(run.engine)
    if engine is None or engine.shared is None or not run.plan.tiles.rows:
        return None
    return FeatureRows(engine, PieceGrid.of(run.plan.tiles, engine.shared.reach), run.batch, start, run.clock)


def inferred(
    batches: Iterable[Batch], run: Run, buffers: Buffers, line: Line
) -> Iterator[tuple[Batch, NDArray[np.float32]]]:
    """Each batch with its confidences (tiles, bands, tile, tile), in order; several calls of a line may be under way.

    Raises:
        EngineError: the engine fails, or gives what is no map of each pixel.
    """
    bands, tile = run.engine.spec.output_bands, run.plan.tiles.tile
    nothing = np.empty((0, bands, tile, tile), dtype=np.float32)

    def confidence_of(batch: Batch) -> tuple[Batch, NDArray[np.float32]]:
        confidence = nothing
        stopping.check()
        if batch.count:
            with run.clock("infer"):
                confidence = run.engine.infer(batch.arrays)
            _check_shape(confidence, batch.arrays, bands, run.engine.name)
        buffers.give_back(batch.arrays, confidence)
        return batch, confidence

    return line.side_by_side(confidence_of, batches, run.engine.lanes)


def stitched(results: Iterable[tuple[Batch, NDArray[np.float32]]], run: Run) -> Iterator[Strip]:
    """The map strip by strip, from the first one that an earlier run has not finished."""
    tiles = run.plan.tiles
    if not tiles.rows:
        # The notebook's protocol has no tile for a map this small: nothing is observed.
        nothing = np.full((tiles.height, tiles.width), NOT_OBSERVED, dtype=np.uint8)
        yield Strip(0, nothing, nothing if run.engine.spec.classes else None)
    put, finish = _stitcher(run)
    placed = counted = 0
    for batch, confidence in results:
        place = 0
        for step in batch.steps:
            anew = step.row >= run.state.tile_rows  # and not one that an earlier run has counted
            with run.clock("stitch"):
                if isinstance(step, PlacedTile):
                    put(step.row, step.col, confidence[place])
                    place, placed, counted = place + 1, placed + 1, counted + anew
                    continue
                strip = finish(step.row, step.valid)
            if anew:
                run.state = run.state.after_row(step.row, placed, step.skipped)
                counted += step.skipped
                yield strip
            placed = 0
        run.progress.advance(counted)
        run.computed, counted = run.computed + batch.count, 0


def _stitcher(run: Run) -> tuple[Callable[[int, int, NDArray[np.float32]], None], Finish]:
    """Functions that take a tile (bands, tile, tile) at a place of the grid, and that finish a row of tiles."""
    tiles, classes = run.plan.tiles, run.engine.spec.classes
    if classes:
        several = ClassStitcher(tiles, run.plan.weights, [each.landslide for each in classes], slack=run.plan.slack)
        return several.put, lambda row, valid: Strip(tiles.strip(row)[0], *several.finish(row, valid))
    one = Stitcher(tiles, run.plan.weights, slack=run.plan.slack)
    return (
        lambda row, col, tile: one.put(row, col, tile[0]),
        lambda row, valid: Strip(tiles.strip(row)[0], one.finish(row, valid)),
    )


def saved(strips: Iterable[Strip], run: Run, save: Saver | None, at_end: Callable[[], None]) -> Iterator[Strip]:
    """Strips, each once it is saved; see :func:`landslip.runtime.mapping.pipeline.stream`."""
    try:
        for strip in strips:
            run.state = replace(run.state, damaged=merged(run.state.damaged, run.scene.damaged))
            if save is not None:
                with run.clock("write"):
                    save(strip, run.state)
            yield strip
    finally:
        at_end()


def _check_shape(confidence: NDArray[Any], arrays: Mapping[str, NDArray[Any]], bands: int, engine: str) -> None:
    batch, _, height, width = next(iter(arrays.values())).shape
    if confidence.shape != (batch, bands, height, width) or confidence.dtype != np.float32:
        raise EngineError(
            f"{engine} gave an output of shape {confidence.shape} in {confidence.dtype} for a batch of "
            f"{(batch, bands, height, width)} in float32: the model is not one that maps each pixel.",
            "Export the right output.",
        )
