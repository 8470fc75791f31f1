"""The whole flow on one screen: read, prepare, infer, stitch, write.

Reading, preparing and inference are generators that run in threads of their own; stitching and writing happen on the
calling thread. Bounded queues between them keep memory flat, let reading run ahead of the engine and writing behind it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from landslip.runtime.assemble import Batch, Placed, assemble, read_chunks
from landslip.runtime.engines import Engine, EngineOptions, open_engine
from landslip.runtime.errors import EngineError, InputError, ModelError, UsageError
from landslip.runtime.flow import Line, Stopwatch
from landslip.runtime.geopackage import write_landslides
from landslip.runtime.kernels import NOT_OBSERVED
from landslip.runtime.location import shown
from landslip.runtime.polygons import MapBand, trace
from landslip.runtime.products import BLOCK, ConfidenceWriter, read_back, write_cog
from landslip.runtime.progress import NoProgress, Progress
from landslip.runtime.protocols import Plan, make_plan
from landslip.runtime.quicklook import write_quicklook
from landslip.runtime.record import (
    Record,
    describe_engine,
    describe_grid,
    describe_inputs,
    landslip_version,
    now,
    peak_rss_bytes,
    write_record,
)
from landslip.runtime.scene import Patch, Scene, SceneFiles, open_scene
from landslip.runtime.spec import ModelSpec
from landslip.runtime.stitch import Stitcher
from landslip.runtime.thumbnail import Thumbnails
from landslip.runtime.workspace import RECORD, Workspace

log = logging.getLogger(__name__)

LEAST_CACHE = 8 << 20
"""Bytes GDAL may always use for blocks."""

MOST_CACHE = 512 << 20
"""Bytes GDAL may use at the most, however oddly the files are cut into blocks."""


@dataclass(frozen=True)
class MapRequest:
    """One map to make."""

    model: Path
    """ONNX file exported by landslip."""
    files: SceneFiles
    """The rasters of the event."""
    out: Path
    """Folder for the results."""
    protocol: str = "gaussian"
    """``gaussian`` or ``notebook``."""
    overlap: float = 0.5
    """Share of a tile that the next one covers again (gaussian protocol), 0 to 0.9."""
    threshold: float | None = None
    """Confidence from which on a pixel counts as landslide, 0.01 to 1; None for the model's own."""
    min_area: float = 400.0
    """Landslides smaller than this are left out of the polygons, square metres."""
    engine: EngineOptions = field(default_factory=EngineOptions)
    """How to run the model: engine, device, batch and tile size."""
    overwrite: bool = False
    """Replace earlier results in ``out``."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.threshold is not None and not 0.01 <= self.threshold <= 1.0:
            raise UsageError(f"A threshold of {self.threshold:g} is out of range: give a confidence from 0.01 to 1.")
        if not (math.isfinite(self.min_area) and self.min_area >= 0):
            raise UsageError(f"A smallest area of {self.min_area:g} square metres makes no sense: give 0 or more.")


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
    predicted: int = 0
    skipped: int = 0


def map_scene(request: MapRequest, *, engine: Engine | None = None, progress: Progress | None = None) -> Record:
    """Make the landslide map of a scene: read, infer, stitch, write.

    Args:
        request: what to map, with what.
        engine: an open engine to use instead of opening ``request.model``; it stays open.
        progress: told how far it is, in tiles.

    Returns:
        The run record, as written to ``run.json``.

    Raises:
        LandslipError: one of its children, with the reason; then nothing is left under a final name.
    """
    started, clock = now(), Stopwatch()
    with ExitStack() as stack:
        work = stack.enter_context(Workspace(request.out, overwrite=request.overwrite))
        engine = engine or stack.enter_context(open_engine(request.model, request.engine))
        files = request.files.for_model(engine.spec)
        scene = stack.enter_context(open_scene(files, engine.spec.resolution))
        # Blocks are needed in order: more cache than a tile row touches would only be held, not used.
        cache = _cache_bytes(scene, request.engine.tile or engine.spec.tile)
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=cache))
        _check_inputs(engine.spec, scene)
        inputs = describe_inputs(files)
        _check_images_differ(files, inputs)
        plan = make_plan(request.protocol, scene.grid, engine.spec, request.engine.tile, request.overlap)
        level = math.ceil(round(100 * (request.threshold or engine.spec.threshold), 6))
        run = Run(
            scene, plan, engine, request.engine.batch, level, clock, progress or NoProgress(), Thumbnails(scene.grid)
        )
        products = _make_products(run, work, request.min_area)
        record = {
            "landslip": landslip_version(),
            **describe_engine(request.model, engine),
            "protocol": request.protocol,
            "tile": plan.tiles.tile,
            "overlap": request.overlap if request.protocol == "gaussian" else 0.5,
            "threshold": level / 100,
            "min_area_m2": request.min_area,
            "grid": describe_grid(scene.grid),
            "tiles": {"total": len(plan.tiles), "predicted": run.predicted, "skipped": run.skipped},
            **({"reading": scene.facts} if scene.facts else {}),
            **products,
            "inputs": inputs,
            "seconds": clock.seconds("read", "prepare", "infer", "stitch", "write", "polygons"),
            "tiles_per_second": round(run.predicted / clock.elapsed, 3),
            "peak_rss_bytes": peak_rss_bytes(),
            "started": started,
            "finished": now(),
        }
        write_record(work.path(RECORD), record)
        work.publish()
    return record


def stream(run: Run) -> Generator[tuple[int, NDArray[np.uint8]], None, None]:
    """The finished map from the top down: first row and (rows, width) uint8 percent, 255 where not observed."""
    with Line() as line:
        patches = line.background(_seen(read_chunks(run.scene, run.plan, run.clock), run.thumbnails))
        batches = line.background(assemble(patches, run.plan, run.engine.spec, run.batch, run.clock))
        results = line.background(_inferred(batches, run))
        yield from _stitched(results, run)


def _cache_bytes(scene: Scene, rows: int) -> int:
    """What a row of tiles touches of every input, and two rows of blocks of the map."""
    written = 2 * BLOCK * BLOCK * math.ceil(scene.grid.width / BLOCK)
    return min(max(LEAST_CACHE, scene.cache_bytes(rows) + written), MOST_CACHE)


def _make_products(run: Run, work: Workspace, min_area: float) -> Record:
    grid, rows = run.scene.grid, work.path("rows.tif")
    run.progress.start("mapping", len(run.plan.tiles), "tile")
    try:
        with ConfidenceWriter(rows, grid, run.level) as writer, closing(stream(run)) as finished:
            for first_row, percent in finished:
                with run.clock("write"):
                    writer.write(first_row, percent)
                    run.thumbnails.add_confidence(first_row, percent)
    finally:
        run.progress.finish()
    with run.clock("write"):
        write_cog(rows, work.path("confidence.tif"))
    with run.clock("polygons"):
        rows.unlink()
        bands = _map_bands(work.path("confidence.tif"), writer, run.scene)
        least = math.ceil(min_area / grid.pixel_area)
        landslides = trace(bands, level=run.level, min_pixels=least, transform=grid.transform)
        summary = write_landslides(work.path("landslides.gpkg"), landslides, grid.crs)
    pictures = run.thumbnails
    images = [pictures.image(role) for role in run.scene.images]
    write_quicklook(work.path("quicklook.png"), images, pictures.confidence, run.level)
    if not writer.observed:
        log.warning("Nothing was observed: no pixel is known in every input, free of masks and covered by a tile.")
    return {
        "observed_km2": writer.observed * grid.pixel_area / 1e6,
        "landslide_km2": summary.area_m2 / 1e6,
        "above_threshold_km2": writer.landslide * grid.pixel_area / 1e6,
        "landslides": summary.count,
    }


def _seen(patches: Iterable[Patch], thumbnails: Thumbnails) -> Iterator[Patch]:
    """The same patches; the images in them are remembered in small."""
    for patch in patches:
        for role in patch.arrays.keys() & {"pre", "post"}:
            thumbnails.add_image(role, patch.window.row_off, patch.arrays[role])
        yield patch


def _inferred(batches: Iterable[Batch], run: Run) -> Iterator[tuple[Batch, NDArray[np.float32]]]:
    nothing = np.empty((0, 1, run.plan.tiles.tile, run.plan.tiles.tile), dtype=np.float32)
    for batch in batches:
        confidence = nothing
        if batch.count:
            with run.clock("infer"):
                confidence = run.engine.infer(batch.arrays)
            _check_shape(confidence, batch.arrays, run.engine.name)
        yield batch, confidence


def _stitched(
    results: Iterable[tuple[Batch, NDArray[np.float32]]], run: Run
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    tiles = run.plan.tiles
    if not tiles.rows:
        # The notebook's protocol has no tile for a map this small: nothing is observed.
        yield 0, np.full((tiles.height, tiles.width), NOT_OBSERVED, dtype=np.uint8)
    stitcher = Stitcher(tiles, run.plan.weights, slack=run.plan.slack)
    for batch, confidence in results:
        place = 0
        for step in batch.steps:
            with run.clock("stitch"):
                if isinstance(step, Placed):
                    stitcher.put(step.row, step.col, confidence[place, 0])
                    place += 1
                    continue
                percent = stitcher.finish(step.row, step.valid)
            yield tiles.band(step.row)[0], percent
            run.skipped += step.skipped
            run.progress.advance(step.skipped)
        run.predicted += batch.count
        run.progress.advance(batch.count)


def _map_bands(path: Path, writer: ConfidenceWriter, scene: Scene) -> Iterator[MapBand]:
    for first_row, percent in read_back(path, writer.histogram):
        window = scene.grid.rows(first_row, first_row + len(percent))
        yield MapBand(first_row, percent, partial(scene.slope, window) if scene.has_slope else None)


def _check_images_differ(files: SceneFiles, inputs: list[Record]) -> None:
    digests = {entry["role"]: entry["sha256"] for entry in inputs}
    if len(files.images) > 1 and digests["pre"] is not None and digests["pre"] == digests["post"]:
        raise InputError(
            f"The pre-event image {shown(files.pre)} and the post-event image {shown(files.post)} are the same image. "
            "Give one from before and one from after the event."
        )
    if not files.masks:
        log.warning("No mask is given: clouds and snow may be mapped as landslides.")


def _check_inputs(spec: ModelSpec, scene: Scene) -> None:
    wanted, given = {entry.name: entry.bands for entry in spec.inputs}, scene.bands
    if any(given.get(name) != bands for name, bands in wanted.items()):
        raise ModelError(f"The model {spec.name} takes {wanted} bands, but a scene gives {given}.")


def _check_shape(confidence: NDArray[Any], arrays: Mapping[str, NDArray[Any]], engine: str) -> None:
    batch, _, height, width = next(iter(arrays.values())).shape
    if confidence.shape != (batch, 1, height, width) or confidence.dtype != np.float32:
        raise EngineError(
            f"{engine} gave an output of shape {confidence.shape} in {confidence.dtype} for a batch of "
            f"{(batch, 1, height, width)} in float32: the model is not one that maps each pixel. Export the right "
            "output."
        )
