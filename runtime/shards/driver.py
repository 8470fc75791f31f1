"""The driver of a map in shards: it prepares, cuts, hands out, joins, traces once, and finishes as any run does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from landslip.runtime.access.location import exists
from landslip.runtime.engines import Engine, EngineOptions
from landslip.runtime.engines.opening import spec_of
from landslip.runtime.mapping.elsewhere import BegunMap
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.mapping.tile_stages import Run, Saver
from landslip.runtime.products.tracing import Strip
from landslip.runtime.run.journal import merged
from landslip.runtime.shards.crew import Crew
from landslip.runtime.shards.cuts import Piece, Shard, pieces_of
from landslip.runtime.shards.engine_elsewhere import EngineElsewhere
from landslip.runtime.shards.order import EngineIdentity, ProbeOrder
from landslip.runtime.shards.rows_of_shard import ShardFile
from landslip.runtime.shards.shard_job import job_of, write_job
from landslip.runtime.shards.shard_queue import POLL, ShardQueue, lost
from landslip.runtime.shards.shard_spool import ShardSpool
from landslip.runtime.shards.shard_worker import STAGES, probe
from landslip.runtime.system import stopping
from landslip.runtime.system.digests import sha256_of

log = logging.getLogger(__name__)


class ShardedStrips:
    """Strips that come from shards; see :class:`~landslip.runtime.mapping.elsewhere.Elsewhere`."""

    def __init__(self, crew: Crew, root: Path, figures: dict[str, Any]) -> None:
        """Take workers.

        Args:
            crew: the workers.
            root: the spool: a folder that all of them reach.
            figures: filled with what is measured before the first tile.
        """
        self._crew, self._root, self._figures = crew, root, figures
        self._spool: ShardSpool | None = None
        self._queue: ShardQueue | None = None
        self._computed: list[Shard] = []
        self._taken_over, self._told = 0, 0
        self._tiles = 0

    @contextmanager
    def opener(self, model: Path, options: EngineOptions) -> Iterator[Engine]:
        """A stand-in for the engine that the workers have: it can be asked what it is, and computes nothing."""
        spec = spec_of(model)
        order = ProbeOrder(str(model.absolute()), sha256_of(model) if exists(model) else "", options, self._crew.share)
        identity = self._asked(order)
        log.info("engine of the workers: %s", identity)
        yield EngineElsewhere(identity, spec)

    def strips(self, begun: BegunMap, save: Saver, at_end: Callable[[], None]) -> Generator[Strip, None, None]:
        """See :class:`~landslip.runtime.mapping.elsewhere.Elsewhere`."""
        run, tiles = begun.run, begun.run.plan.tiles
        try:
            if run.state.rows == tiles.height:
                return
            job = job_of(begun, self._figures)
            self._spool = spool = ShardSpool(self._root, job.fingerprint, tiles.width)
            ready = spool.finished()
            pieces = pieces_of(tiles, self._crew.workers, run.state.tile_rows, ready)
            self._queue = queue = ShardQueue(self._crew, spool, write_job(job, spool.folder))
            self._begin(pieces, run)
            queue.start(self._computed)
            for piece in pieces:
                if piece.finished:
                    file = ready[piece.shard]
                else:
                    file = queue.file_of(piece.shard, lambda: self._tell_progress(run))
                for strip in self._strips_of(file, piece, run):
                    stopping.check()
                    save(strip, run.state)
                    yield strip
        finally:
            at_end()

    @property
    def entries(self) -> Record:
        """See :class:`~landslip.runtime.mapping.elsewhere.Elsewhere`."""
        reports = [] if self._queue is None else list(self._queue.reports.values())
        totals = [sum(part) for part in zip(*(each.seconds for each in reports), strict=True)] or [0.0] * len(STAGES)
        return {
            "shards": {
                "on": self._crew.name,
                "workers": self._crew.workers,
                "count": len(self._computed),
                "taken_over": self._taken_over,
                "tiles": self._tiles,
                "seconds": {stage: round(seconds, 3) for stage, seconds in zip(STAGES, totals, strict=True)},
            }
        }

    def end(self, *, done: bool) -> None:
        """Leave the spool: clear it away where nothing in it is needed, else tell workers that nobody waits."""
        if self._queue is not None:
            self._queue.give_up()
        if self._spool is None:
            return
        if done or self._spool.is_empty:
            self._spool.clear()
        else:
            self._spool.give_up()
            self._spool.close()
            log.warning("what workers have finished is kept in %s: the same again with resume=True", self._spool.folder)

    def _asked(self, order: ProbeOrder) -> EngineIdentity:
        """Engine of the first worker that answers; all others have to have the same.

        Raises:
            ResourceError: the workers cannot be reached, or end at once.
        """
        try:
            future: Future[EngineIdentity] = self._crew.submit(probe, order)
            while not wait([future], timeout=POLL).done:
                stopping.check()
                self._crew.check()
            return future.result()
        except (BrokenExecutor, CancelledError) as error:
            self._crew.check()
            raise lost(f"before one of them had opened the engine ({str(error) or type(error).__name__})") from error

    def _begin(self, pieces: list[Piece], run: Run) -> None:
        self._computed = [piece.shard for piece in pieces if not piece.finished]
        self._taken_over = len(pieces) - len(self._computed)
        log.info(
            "shards to compute: %d, workers: %d (%s)%s", len(self._computed), self._crew.workers, self._crew.name,
            f", shards that are there already: {self._taken_over}" if self._taken_over else "",
        )  # fmt: skip
        self._told = run.state.predicted + run.state.skipped

    def _strips_of(self, file: ShardFile, piece: Piece, run: Run) -> Iterator[Strip]:
        """Strips of a shard that are not there yet, with the state of the run that each makes."""
        for name, first, lines in file.pictures():
            run.thumbnails.image(name)[:, first : first + lines.shape[1]] = lines
        run.state = replace(run.state, damaged=merged(run.state.damaged, file.trailer.damaged))
        self._tiles += file.trailer.computed
        run.computed += file.trailer.computed
        for entry, strip, reasons in file.strips():
            if entry.tile_row < piece.start:
                continue
            if run.reasons is not None and reasons is not None:
                run.reasons.add(entry.first_row, reasons)
            run.state = run.state.after_row(entry.tile_row, entry.predicted, entry.skipped)
            self._advance(run, run.state.predicted + run.state.skipped)
            yield strip

    def _tell_progress(self, run: Run) -> None:
        """Say how far all workers are, by what they say in the spool.

        Raises:
            LandslipError: the caller gives the map up.
        """
        stopping.check()
        if self._spool is None or self._queue is None:
            return
        cols = len(run.plan.tiles.cols)
        finished = sum((shard.stop - shard.first) * cols for shard in self._queue.reports)
        under_way = sum(self._spool.tiles_done(shard) for shard in self._queue.under_way)
        self._advance(run, finished + under_way)

    def _advance(self, run: Run, tiles: int) -> None:
        if tiles > self._told:
            run.progress.advance(tiles - self._told)
            self._told = tiles
