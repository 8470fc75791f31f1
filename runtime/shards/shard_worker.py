"""Work of one worker process: an engine that stays open, and shards one after the other."""

from __future__ import annotations

import contextlib
import threading
import time
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.access.location import exists
from landslip.runtime.engines import Engine, EngineOptions
from landslip.runtime.engines.shrinking import open_shrinking
from landslip.runtime.errors import CancelledError, InputError, UsageError
from landslip.runtime.mapping.pipeline import stream
from landslip.runtime.mapping.prepared_map import EngineOpener, PreparedMap, prepared_map
from landslip.runtime.mapping.reason_rows import ReasonRows
from landslip.runtime.mapping.run_record import describe_grid
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.run.run_state import RunState
from landslip.runtime.shards.cuts import Shard, map_rows
from landslip.runtime.shards.order import (
    EngineIdentity,
    ProbeOrder,
    ShardOrder,
    ShardReport,
    progress_path,
    rows_path,
    stop_path,
)
from landslip.runtime.shards.rows_of_shard import ShardWriter
from landslip.runtime.shards.same_inputs import same_inputs
from landslip.runtime.shards.shard_job import ShardJob, read_job, shape_of, with_given_names
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import draft_of, output_errors
from landslip.runtime.system.figures import figures_noted
from landslip.runtime.system.machine import physical_cores
from landslip.runtime.system.progress import NoProgress
from landslip.runtime.system.safe_writing import open_safely, write_anew
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.system.versions import landslip_version

STAGES = ("read", "prepare", "infer", "stitch")
"""Stages that a worker has."""
_EVERY = 0.3
"""Seconds between two looks at the spool while a shard is computed."""


class _Kept:
    """Engine that this process keeps open from one shard to the next."""

    lock = threading.Lock()
    """Held by the shard that is computed: each has all cores that its worker may use."""
    engine: Engine | None = None
    made_of: tuple[Path, str | None, EngineOptions] | None = None


def run_shard(order: ShardOrder) -> ShardReport:
    """Compute a shard, and put it into the spool; called in a worker.

    Raises:
        UsageError: this worker has another engine, or another version of landslip, than the driver.
        InputError: an input is not here, or another one than the driver has.
        OutputError: the spool cannot be reached or written.
        CancelledError: nobody waits for the shard any more.
        LandslipError: another of its children, with the reason.
    """
    with _Kept.lock:
        folder, shard = Path(order.folder), Shard(order.first, order.stop)
        job = read_job(folder, order.job)
        _check_version(job)
        request = job.map_request()
        unchanged = same_inputs(job, request.files)
        with figures_noted(dict(job.figures)), prepared_map(request, opener=_lender(job, order.share)) as ready:
            _check_same(job, ready)
            run = _run(ready, shard)
            path = rows_path(folder, shard.first, shard.stop)
            with output_errors(folder), draft_of(path) as draft, open_safely(draft, "x+b") as file:
                writer = ShardWriter(file)
                _write_strips(run, shard, writer, folder)
                digest = writer.end(_pictures(run, shard), _trailer(job, run, shard))
                unchanged.check()
        with contextlib.suppress(OSError):
            progress_path(folder, shard.first, shard.stop).unlink(missing_ok=True)
        seconds = run.clock.seconds(*STAGES)
        return ShardReport(writer.length, digest, tuple(seconds[stage] for stage in STAGES))


def probe(order: ProbeOrder) -> EngineIdentity:
    """Open the engine of a map, and say what it is; called in a worker.

    Raises:
        InputError: the model is not here, or another one.
        EngineError: it cannot be run here.
    """
    with _Kept.lock:
        model = Path(order.model)
        if exists(model) and sha256_of(model) != order.sha256:
            raise InputError(f"{model} is another model for a worker than for the driver.", "Copy it.", where=model)
        return EngineIdentity.of(_engine(model, order.sha256, order.options, order.share))


def _check_version(job: ShardJob) -> None:
    """Make sure that the job is of this version, before anything else is read of it."""
    if job.engine.get("landslip") != landslip_version():
        here = replace(job.identity, landslip=landslip_version())
        job.identity.check(here, "a worker")


def _lender(job: ShardJob, share: int) -> EngineOpener:
    """Lender of the engine of this process, once it is proven to be that of the driver."""

    def lent(model: Path, options: EngineOptions) -> AbstractContextManager[Engine]:
        engine = _engine(model, job.model_sha256, options, share)
        job.identity.check(EngineIdentity.of(engine), "a worker")
        return nullcontext(engine)

    return lent


def _engine(model: Path, sha256: str | None, options: EngineOptions, share: int) -> Engine:
    """The engine for these options, which stays open in this process."""
    if not options.threads:
        options = replace(options, threads=max(1, physical_cores() // share))
    if _Kept.engine is None or _Kept.made_of != (model, sha256, options):
        if _Kept.engine is not None:
            closed, _Kept.engine = _Kept.engine, None
            cast(AbstractContextManager[Engine], closed).__exit__(None, None, None)
        _Kept.engine, _Kept.made_of = open_shrinking(model, options), (model, sha256, options)
    return _Kept.engine


def _check_same(job: ShardJob, ready: PreparedMap) -> None:
    """Make sure that this worker lays the map as the driver has laid it."""
    here = describe_grid(ready.scene.grid), shape_of(ready.plan)
    there = job.grid, job.tiles
    if [here[0], list(here[1])] != [there[0], list(there[1])]:
        raise UsageError(
            f"A worker lays another map than the driver: {here[0]} in tiles {here[1]}, and not {there[0]} in tiles "
            f"{there[1]}.",
            "Install the same versions on all machines.",
            option="on",
        )


def _run(ready: PreparedMap, shard: Shard) -> Run:
    """State of the stages before a shard: as if an earlier run had made all above it."""
    grid = ready.scene.grid
    pictures, reasons = Thumbnails(grid), ReasonRows(grid.width)
    batch = ready.layout.batch
    run = Run(ready.scene, ready.plan, ready.engine, batch, ready.level, Stopwatch(), NoProgress(), pictures, reasons)
    run.state = RunState(rows=ready.plan.tiles.strip(shard.first)[0], tile_rows=shard.first)
    return run


def _write_strips(run: Run, shard: Shard, writer: ShardWriter, folder: Path) -> None:
    spool = _Telling(folder, shard)
    kept, before = cast(ReasonRows, run.reasons), run.state
    counts: list[RunState] = []
    with closing(stream(run, lambda _, state: counts.append(state), stop=shard.stop)) as strips:
        for strip in strips:
            now = counts.pop(0)
            kept.drop_before(strip.first_row)
            found = kept.of(strip.first_row, strip.end)
            told = now.tile_rows - 1, now.predicted - before.predicted, now.skipped - before.skipped
            writer.add(strip, found if found.any() else None, told)
            before = now
            spool.tell(now.predicted + now.skipped)


def _pictures(run: Run, shard: Shard) -> dict[str, tuple[int, NDArray[np.uint8]]]:
    """Rows of the small pictures that the map rows of the shard make."""
    pictures = run.thumbnails
    first, last = (pictures.rows_for(row) for row in map_rows(run.plan.tiles, shard))
    return {name: (first, pictures.image(name)[:, first:last]) for name in run.scene.images}


def _trailer(job: ShardJob, run: Run, shard: Shard) -> dict[str, object]:
    return {
        "fingerprint": job.fingerprint,
        "made_with": str(job.identity),
        "first": shard.first,
        "stop": shard.stop,
        "width": run.scene.grid.width,
        "classes": bool(run.engine.spec.classes),
        "damaged": tuple(with_given_names(run.state.damaged, job.names)),
        "computed": run.computed,
    }


class _Telling:
    """Spool as a worker sees it while a shard is computed."""

    def __init__(self, folder: Path, shard: Shard) -> None:
        self._path, self._stop = progress_path(folder, shard.first, shard.stop), stop_path(folder)
        self._next = 0.0

    def tell(self, tiles: int) -> None:
        """Say how far the shard is, now and then.

        Raises:
            CancelledError: nobody waits for it any more.
        """
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        if self._stop.exists() or not self._stop.parent.exists():
            raise CancelledError("The driver of this map has ended: nobody waits for this shard.")
        with contextlib.suppress(OSError):  # a nicety
            write_anew(self._path, str(tiles))
