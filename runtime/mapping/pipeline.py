"""The whole flow on one screen: read, prepare, infer, stitch and save, trace.

All are generators, each in a thread of its own but the last, which traces landslides on the calling thread. Bounded
queues between them keep memory flat, let reading run ahead of the engine and writing and tracing behind it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from landslip.runtime.access.gdal import block_cache
from landslip.runtime.artifacts.spec import ModelSpec, Role
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.engines import Engine
from landslip.runtime.engines.opening import EngineOptions, spec_of
from landslip.runtime.engines.shrinking import open_shrinking
from landslip.runtime.errors import EngineError, ModelError
from landslip.runtime.imagery.acquisition_dates import with_times
from landslip.runtime.inspection.inspect import inspect_scene
from landslip.runtime.mapping.assemble import PIECE, Batch, Buffers, PlacedTile, assemble, read_rows
from landslip.runtime.mapping.details import tell_beginning, tell_end
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import (
    Record,
    describe_engine,
    describe_grid,
    describe_inputs,
    describe_products,
    earlier_record,
    fingerprint_of,
    identity_of,
    write_record,
)
from landslip.runtime.mapping.unchanged import Unchanged
from landslip.runtime.products.confidence_tif import BLOCK, check_written, write_cog
from landslip.runtime.products.geopackage import write_landslides
from landslip.runtime.products.quicklook import write_quicklook
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.products.tracing import MapBand, trace
from landslip.runtime.run.journal import Checkpoint, merged
from landslip.runtime.run.saving import Saving
from landslip.runtime.run.workspace import RECORD, Workspace
from landslip.runtime.scene.scene import Scene, SceneBlock, open_scene
from landslip.runtime.system.clock import now
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.memory import peak_rss_bytes
from landslip.runtime.system.progress import NoProgress, Progress, waiting
from landslip.runtime.system.stages import Line, Stopwatch, side_by_side
from landslip.runtime.system.versions import landslip_version
from landslip.runtime.tiling.plan import Plan, make_plan
from landslip.runtime.tiling.presets import Layout
from landslip.runtime.tiling.stitch import Stitcher

__all__ = ["MapRequest", "map_scene"]

log = logging.getLogger(__name__)

LEAST_CACHE = 8 << 20
"""Bytes GDAL may always use for blocks."""

MOST_CACHE = 512 << 20
"""Bytes GDAL may use at the most, however oddly the files are cut into blocks."""


Saver = Callable[[NDArray[np.uint8], Checkpoint], None]
"""Takes finished rows, and how far the map is with them."""


@dataclass
class Run:
    """What the stages of one run share."""

    scene: Scene
    plan: Plan
    engine: Engine
    batch: int
    level: int
    """Percent from which on a pixel counts as landslide."""
    clock: Stopwatch
    progress: Progress
    thumbnails: Thumbnails
    done: Checkpoint = field(default_factory=Checkpoint)
    """How far the map is."""
    computed: int = 0
    """Tiles computed in this run, those that an earlier one has computed before included."""


def map_scene(
    request: MapRequest,
    *,
    engine: Engine | None = None,
    opener: Callable[[Path, EngineOptions], AbstractContextManager[Engine]] = open_shrinking,
    progress: Progress | None = None,
) -> Record:
    """Make the landslide map of a scene: read, infer, stitch, write.

    Args:
        request: what to map, with what.
        engine: an open engine to use instead of opening ``request.model``; it stays open.
        opener: opens ``request.model`` otherwise.
        progress: told how far it is, in tiles.

    Returns:
        The run record, as written to ``run.json``.

    Raises:
        LandslipError: one of its children, with the reason; then nothing is left under a final name.
    """
    started, clock, progress = now(), Stopwatch(), progress or NoProgress()
    with ExitStack() as stack:
        work = stack.enter_context(
            Workspace(request.out, overwrite=request.overwrite, resume=request.resume, keep=request.keep)
        )
        if request.resume and not (work.unfinished or work.complete):
            log.info("there is no unfinished run in %s: starting at the top", request.out)
        spec = engine.spec if engine else spec_of(request.model)
        files = request.files.for_model(spec)
        with waiting(progress, "opening and measuring the inputs"):
            scene = stack.enter_context(open_scene(files, spec.resolution))
        check_inputs(spec, scene)
        layout = request.layout(spec, scene.grid)
        if engine is None:
            with waiting(progress, "loading the model"):
                engine = stack.enter_context(opener(request.model, request.engine_for(layout)))
        # Blocks are needed in order: more cache than a tile row touches would only be held, not used.
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=cache_bytes(scene)))
        with waiting(progress, "checksums of the inputs"):
            inputs = with_times(describe_inputs(files), scene.times)
            parts = {path: sha256_of(path) for path in scene.parts}
        unchanged = Unchanged(files, inputs, parts)
        plan = make_plan(request.protocol, scene.grid, engine.spec, layout.tile, layout.overlap)
        with waiting(progress, "checking the scene"):
            findings = inspect_scene(scene, files, inputs, plan, force=request.force)
        level = math.ceil(round(100 * (request.threshold or engine.spec.threshold), 6))
        thumbnails = Thumbnails(scene.grid)
        run = Run(scene, plan, engine, layout.batch, level, clock, progress, thumbnails)
        facts = _facts(request, layout, run, inputs)
        batch = {"asked": request.engine.batch, "taken": layout.batch}
        decisive = None if engine.device == "cpu" else batch  # it can change the last bits on a GPU
        identity = identity_of(facts, engine, files.reading, parts, decisive, scene.facts.get("masks", ()))
        if work.complete:
            return earlier_record(request.out / RECORD, identity)
        saving = stack.enter_context(Saving(work, scene.grid, thumbnails, scene.images, identity))
        run.done, resumed = saving.checkpoint, saving.checkpoint.rows
        tell_beginning(facts, plan, batch, cache_bytes(scene))
        with saving.kept():
            products = _make_products(run, work, saving, request.min_area)
            with waiting(progress, "checking the inputs again"):
                unchanged.check()
            record = {
                **facts,
                "preset": request.laid_as,
                "batch": batch,
                "tiles": {"total": len(plan.tiles), "predicted": run.done.predicted, "skipped": run.done.skipped},
                **({"reading": scene.facts} if scene.facts else {}),
                **findings,
                **products,
                **({"damaged": list(run.done.damaged)} if run.done.damaged else {}),
                "seconds": clock.seconds("read", "prepare", "infer", "stitch", "write", "polygons"),
                "tiles_per_second": round(run.computed / clock.elapsed, 3),
                "peak_rss_bytes": peak_rss_bytes(),
                **({"resumed_after_row": resumed} if resumed else {}),
                "products": describe_products(work.path(RECORD).parent),
                "fingerprint": fingerprint_of(identity),
                "started": started,
                "finished": now(),
            }
            write_record(work.path(RECORD), record)
            work.publish()
    tell_end(record)
    return record


def _facts(request: MapRequest, layout: Layout, run: Run, inputs: list[Record]) -> Record:
    """The entries of the record that say what is made, which are known before it is."""
    return {
        "landslip": landslip_version(),
        **describe_engine(request.model, run.engine),
        "protocol": request.protocol,
        "tile": run.plan.tiles.tile,
        "overlap": layout.overlap if request.protocol == "gaussian" else 0.5,
        "threshold": run.level / 100,
        "min_area_m2": request.min_area,
        "grid": describe_grid(run.scene.grid),
        "inputs": inputs,
    }


def stream(
    run: Run, save: Saver | None = None, at_end: Callable[[], None] = lambda: None
) -> Generator[MapBand, None, None]:
    """The rest of the map from the top down.

    Args:
        run: how far it is, and what its stages share.
        save: takes the rows of each band before it is given out, with how far the map is with them.
        at_end: called after the last band, and as soon as the map is given up, whatever other stages still wait for.
    """
    tiles = run.plan.tiles
    if run.done.rows == tiles.height:
        return
    # Tile rows that reach into the rows to come are computed again: their tiles were not kept.
    start = tiles.first_row_touching(run.done.tile_rows) if tiles.rows else 0
    spec, buffers = run.engine.spec, Buffers(run.engine.spec, run.batch, tiles.tile)
    with Line() as line:
        # Rows are large, and one piece that waits is enough.
        blocks = line.background(_seen(read_rows(run.scene, run.plan, run.clock, start), run.thumbnails), depth=1)
        batches = line.background(assemble(blocks, run.plan, spec, buffers, run.clock, start))
        results = line.background(_inferred(batches, run, buffers))
        yield from line.background(_saved(_stitched(results, run), run, save, at_end), depth=1)


def cache_bytes(scene: Scene) -> int:
    """Bytes for GDAL's block cache while a scene is read: what a piece of rows touches of every input."""
    return min(max(LEAST_CACHE, scene.cache_bytes(PIECE)), MOST_CACHE)


def _make_products(run: Run, work: Workspace, saving: Saving, min_area: float) -> Record:
    grid, rows, notice = run.scene.grid, saving.rows, run.engine.spec.notice
    run.progress.start("mapping", len(run.plan.tiles), "tile")
    run.progress.advance(run.done.predicted + run.done.skipped)
    least = math.ceil(min_area / grid.pixel_area)
    try:
        with closing(_bands(run, saving)) as bands, run.clock("polygons"):
            landslides = trace(
                run.clock.left_out("polygons", bands), level=run.level, min_pixels=least, transform=grid.transform
            )
            summary = write_landslides(work.path("landslides.gpkg"), landslides, grid.crs, notice=notice)
    finally:
        run.progress.finish()
    pictures = run.thumbnails
    images = [pictures.image(role) for role in run.scene.images]
    with (
        ThreadPoolExecutor(1) as pool,
        run.clock("write"),
        waiting(run.progress, "writing confidence.tif and quicklook.png"),
    ):
        quicklook = pool.submit(
            write_quicklook, work.path("quicklook.png"), images, pictures.confidence, run.level, notice=notice
        )
        with block_cache(LEAST_CACHE + 2 * BLOCK * (grid.width + BLOCK)):  # two rows of its blocks
            write_cog(rows.as_raster({"NOTICE": notice} if notice else None), work.path("confidence.tif"))
            check_written(work.path("confidence.tif"), rows.histogram)
        quicklook.result()
    if not rows.observed:
        log.warning("Nothing was observed: no pixel is known in every input, free of masks and covered by a tile.")
    return {
        "observed_km2": rows.observed * grid.pixel_area / 1e6,
        "landslide_km2": summary.area_m2 / 1e6,
        "above_threshold_km2": rows.reaching(run.level) * grid.pixel_area / 1e6,
        "landslides": summary.count,
    }


def _bands(run: Run, saving: Saving) -> Generator[MapBand, None, None]:
    """The whole map: what an earlier run has left, then the rest as it is made."""
    scene = run.scene
    for first, percent in saving.rows.stored(run.done.rows, PIECE):
        window = scene.grid.rows(first, first + len(percent))
        yield MapBand(first, percent, partial(scene.slope, window) if scene.has_slope else None)
    with closing(stream(run, saving.add, saving.checkpoint_if_possible)) as rest:
        yield from rest


def _seen(blocks: Iterable[SceneBlock], thumbnails: Thumbnails) -> Iterator[SceneBlock]:
    """The same blocks; the images in them are remembered in small."""
    for block in blocks:
        for role in block.arrays.keys() & {"pre", "post"}:
            thumbnails.add_image(role, block.window.row_off, block.arrays[role])
        yield block


def _inferred(batches: Iterable[Batch], run: Run, buffers: Buffers) -> Iterator[tuple[Batch, NDArray[np.float32]]]:
    nothing = np.empty((0, 1, run.plan.tiles.tile, run.plan.tiles.tile), dtype=np.float32)

    def confidence_of(batch: Batch) -> tuple[Batch, NDArray[np.float32]]:
        confidence = nothing
        if batch.count:
            with run.clock("infer"):
                confidence = run.engine.infer(batch.arrays)
            _check_shape(confidence, batch.arrays, run.engine.name)
        buffers.give_back(batch.arrays, confidence)
        return batch, confidence

    return side_by_side(confidence_of, batches, run.engine.lanes)


def _stitched(results: Iterable[tuple[Batch, NDArray[np.float32]]], run: Run) -> Iterator[MapBand]:
    tiles = run.plan.tiles
    if not tiles.rows:
        # The notebook's protocol has no tile for a map this small: nothing is observed.
        yield MapBand(0, np.full((tiles.height, tiles.width), NOT_OBSERVED, dtype=np.uint8), None)
    stitcher = Stitcher(tiles, run.plan.weights, slack=run.plan.slack)
    placed = counted = 0
    for batch, confidence in results:
        place = 0
        for step in batch.steps:
            anew = step.row >= run.done.tile_rows  # and not one that an earlier run has counted
            with run.clock("stitch"):
                if isinstance(step, PlacedTile):
                    stitcher.put(step.row, step.col, confidence[place, 0])
                    place, placed, counted = place + 1, placed + 1, counted + anew
                    continue
                percent = stitcher.finish(step.row, step.valid)
            if anew:
                run.done = run.done.after_row(step.row, placed, step.skipped)
                counted += step.skipped
                yield MapBand(tiles.band(step.row)[0], percent, _given(step.slope))
            placed = 0
        run.progress.advance(counted)
        run.computed, counted = run.computed + batch.count, 0


def _given(slope: NDArray[np.float32] | None) -> Callable[[], NDArray[np.float32]] | None:
    return None if slope is None else lambda: slope


def _saved(bands: Iterable[MapBand], run: Run, save: Saver | None, at_end: Callable[[], None]) -> Iterator[MapBand]:
    try:
        for band in bands:
            run.done = replace(run.done, damaged=merged(run.done.damaged, run.scene.damaged))
            if save is not None:
                with run.clock("write"):
                    save(band.confidence, run.done)
            yield band
    finally:
        at_end()


def check_inputs(spec: ModelSpec, scene: Scene) -> None:
    """Make sure that a scene gives the bands the model takes, and say what its users have to know.

    Raises:
        ModelError: it does not.
    """
    if spec.notice:
        log.warning("The model %s: %s", spec.name, spec.notice)
    wanted: dict[Role, int] = {entry.name: entry.bands for entry in spec.inputs}
    given = scene.bands
    if any(given.get(name) != bands for name, bands in wanted.items()):
        raise ModelError(f"The model {spec.name} takes {wanted} bands, but a scene gives {given}.")
    for objection in filter(None, (entry.objection for entry in spec.inputs)):
        raise ModelError(f"The model {spec.name} cannot be fed: {objection}. Export it again with another `spec`.")


def _check_shape(confidence: NDArray[Any], arrays: Mapping[str, NDArray[Any]], engine: str) -> None:
    batch, _, height, width = next(iter(arrays.values())).shape
    if confidence.shape != (batch, 1, height, width) or confidence.dtype != np.float32:
        raise EngineError(
            f"{engine} gave an output of shape {confidence.shape} in {confidence.dtype} for a batch of "
            f"{(batch, 1, height, width)} in float32: the model is not one that maps each pixel. Export the right "
            "output."
        )
