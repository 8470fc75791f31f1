"""The whole flow on one screen: prepare; read, infer, stitch and save, trace; publish.

The stages of :func:`stream` are generators, each in a thread of its own, and so are those that trace landslides; the
calling thread tells of these, and writes them. Bounded queues keep memory flat, let reading run ahead of the engine and
writing and tracing behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing

from landslip.runtime.delivery.completing import add_products, complete
from landslip.runtime.delivery.deliverables import check_offered
from landslip.runtime.engines import Engine
from landslip.runtime.engines.protocol import shared_values
from landslip.runtime.engines.shrinking import open_shrinking
from landslip.runtime.imagery.acquisition_dates import span_of
from landslip.runtime.mapping.assemble import BLOCK_ROWS, Buffers, assemble, read_rows
from landslip.runtime.mapping.elsewhere import BegunMap, Elsewhere
from landslip.runtime.mapping.input_checksums import HashedInputs
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.map_and_products import make_products
from landslip.runtime.mapping.prepared_map import EngineOpener, PreparedMap, cache_bytes, prepared_map
from landslip.runtime.mapping.reason_rows import ReasonRows
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record, earlier_record, fingerprint_of
from landslip.runtime.mapping.tile_stages import Run, Saver, features_of, inferred, saved, seen, stitched
from landslip.runtime.mapping.told_again import tell_of_finished
from landslip.runtime.mapping.verbose_lines import tell_beginning, tell_end
from landslip.runtime.products.map_tags import MapOrigin
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.products.tracing import Strip
from landslip.runtime.run.opened_inputs import describe_opening
from landslip.runtime.run.product_names import CLASS_PRODUCTS, RECORD
from landslip.runtime.run.run_files import RunFiles
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.system.clock import now
from landslip.runtime.system.memory import peak_rss_bytes
from landslip.runtime.system.progress import NoProgress, Progress, waiting
from landslip.runtime.system.stages import Line, Stopwatch

__all__ = ["MapRequest", "Run", "map_scene", "stream"]

log = logging.getLogger(__name__)

STAGES = ("read", "prepare", "infer", "stitch", "write", "polygons")
"""Names of the stages, in the order in which they see a pixel."""


def map_scene(
    request: MapRequest,
    *,
    engine: Engine | None = None,
    opener: EngineOpener = open_shrinking,
    progress: Progress | None = None,
    listeners: Listeners | None = None,
    elsewhere: Elsewhere | None = None,
    clock: Stopwatch | None = None,
) -> Record:
    """Make the landslide map of a scene: read, infer, stitch, write.

    Args:
        request: what to map, with what.
        engine: an open engine to use instead of opening ``request.model``; it stays open.
        opener: opens ``request.model`` otherwise.
        progress: told how far it is, in tiles.
        listeners: told of landslides and rows as they come.
        elsewhere: computes the strips of the map in place of the stages of this process.
        clock: measures the stages, :data:`STAGES`.

    Returns:
        The run record, as written to ``run.json``.

    Raises:
        LandslipError: one of its children, with the reason; then nothing is left under a final name.
    """
    started, clock = now(), clock or Stopwatch()
    progress, listeners = progress or NoProgress(), listeners or Listeners()
    with ExitStack() as stack:
        work = stack.enter_context(_workspace(request))
        ready = stack.enter_context(prepared_map(request, engine, opener, progress, hashed=True))
        inputs, findings = checked(ready, progress)
        facts = ready.facts(inputs)
        identity = ready.identity(facts, inputs)
        if work.complete:
            record = earlier_record(request.out / RECORD, identity, request.title)
            tell_of_finished(listeners, ready, request.out)
            return add_products(work.hidden, record, request.products, progress, ready.scene)
        run = run_of(ready, clock, progress, listeners)
        run.origin = _origin(ready, facts)
        run_files = stack.enter_context(_run_files(work, run, identity))
        run.state, resumed = run_files.state, run_files.state.rows
        tell_beginning(facts, run.plan, ready.batch, cache_bytes(run.scene))
        with run_files.resumable():
            begun = BegunMap(ready, run, inputs, identity)
            products = make_products(run, _strips(begun, run_files, elsewhere), run_files, work, request)
            with waiting(progress, "checking the inputs again"):
                inputs.unchanged.check()
            record = _record(ready, run, facts, findings | products, resumed)
            record |= {"opened": describe_opening(ready.files.reading, request.out, run.engine.spec.inputs)}
            record |= {} if elsewhere is None else elsewhere.entries
            record |= {"fingerprint": fingerprint_of(identity), "started": started, "finished": now()}
            record, names = complete(work.path(RECORD).parent, record, ready.scene, request.products, progress)
            work.publish(names)
    tell_end(record)
    return record


def stream(
    run: Run, save: Saver | None = None, at_end: Callable[[], None] = lambda: None, stop: int | None = None
) -> Generator[Strip, None, None]:
    """The rest of the map from the top down, or a part of it.

    Args:
        run: how far it is, and what its stages share.
        save: takes the rows of each strip before it is given out, with how far the map is with them.
        at_end: called after the last strip, and as soon as the map is given up, whatever other stages still wait for.
        stop: tile row after the last one; None for the rest of the map.
    """
    tiles = run.plan.tiles
    if run.state.rows == tiles.height:
        return
    # Tile rows that reach into the rows to come are computed again: their tiles were not kept.
    start = tiles.first_row_touching(run.state.tile_rows) if tiles.rows else 0
    features = features_of(run, start)
    pieces = None if features is None else features.pieces
    spec, buffers = run.engine.spec, Buffers(run.engine.spec, run.batch, tiles.tile, shared_values(run.engine))
    with Line() as line:
        # Rows are large, and one block that waits is enough.
        blocks = line.background(seen(read_rows(run.scene, run.plan, run.clock, start, stop, pieces), run), depth=1)
        batches = line.background(assemble(blocks, run.plan, spec, buffers, run.clock, start, stop, features))
        results = line.background(inferred(batches, run, buffers, line))
        yield from line.background(saved(stitched(results, run), run, save, at_end), depth=1)


def _strips(begun: BegunMap, run_files: RunFiles, elsewhere: Elsewhere | None) -> Generator[Strip, None, None]:
    """The whole map: what an earlier run has left, then the rest as it is made."""
    yield from run_files.strips(BLOCK_ROWS)
    save, at_end = run_files.add, run_files.checkpoint_if_possible
    made = stream(begun.run, save, at_end) if elsewhere is None else elsewhere.strips(begun, save, at_end)
    with closing(made) as rest:
        yield from rest


def _workspace(request: MapRequest) -> Workspace:
    check_offered(request.products)
    work = Workspace(
        request.out,
        overwrite=request.overwrite,
        resume=request.resume,
        keep=request.keep,
        further=request.products.names,
    )
    if request.resume and not (work.unfinished or work.complete):
        log.info("there is no unfinished run in %s: starting at the top", request.out)
    return work


def checked(ready: PreparedMap, progress: Progress) -> tuple[HashedInputs, Record]:
    """Wait for the checksums of a map that is to be made, and look at its scene; what was found, for the record.

    Raises:
        InputError: what is wrong with it, unless the request insists.
    """
    with waiting(progress, "checksums of the inputs"):
        inputs = ready.hashing.result() if ready.hashing else HashedInputs.of(ready.files, ready.scene)
    with waiting(progress, "checking the scene"):
        return inputs, ready.inspected(inputs.records)


def run_of(ready: PreparedMap, clock: Stopwatch, progress: Progress, listeners: Listeners) -> Run:
    """A run over a scene that has not begun."""
    scene, batch = ready.scene, ready.layout.batch
    pictures, reasons = Thumbnails(scene.grid), ReasonRows(scene.grid.width)
    return Run(scene, ready.plan, ready.engine, batch, ready.level, clock, progress, pictures, reasons, listeners)


def _run_files(work: Workspace, run: Run, identity: Record) -> RunFiles:
    has_classes = bool(run.engine.spec.classes)
    work.claim(CLASS_PRODUCTS if has_classes else ())
    return RunFiles(work, run.scene.grid, run.thumbnails, run.scene.images, identity, has_classes=has_classes)


def _origin(ready: PreparedMap, facts: Record) -> MapOrigin:
    """Origin of a map, as its tags tell it."""
    return MapOrigin(
        ready.level,
        facts["model"]["name"],
        facts["model"]["sha256"],
        ready.request.title,
        *span_of(ready.scene.times),
        notice=ready.engine.spec.notice,
    )


def _record(ready: PreparedMap, run: Run, facts: Record, found: Record, resumed: int) -> Record:
    """Record of a run when its map is made.

    Args:
        ready: what it was made with.
        run: what its stages shared.
        facts: what was known before it was made.
        found: what the checks and the products say.
        resumed: rows that an earlier run had finished.
    """
    reading, damaged = run.scene.facts, list(run.state.damaged)
    return {
        "landslip": facts["landslip"],
        "title": ready.request.title,
        **facts,
        "preset": ready.request.laid_as,
        "batch": ready.batch,
        "tiles": {"total": len(run.plan.tiles), "predicted": run.state.predicted, "skipped": run.state.skipped},
        **({"reading": reading} if reading else {}),
        **found,
        **({"damaged": damaged} if damaged else {}),
        "seconds": run.clock.seconds(*STAGES),
        "tiles_per_second": round(run.computed / run.clock.elapsed, 3),
        "peak_rss_bytes": peak_rss_bytes(),
        **({"resumed_after_row": resumed} if resumed else {}),
    }
