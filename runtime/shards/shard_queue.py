"""Shards under way: handed to workers, tried again where workers are lost, and proven when they are said to be done."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait

from landslip.runtime.errors import InputChangedError, InputError, LandslipError, OutputError, ResourceError
from landslip.runtime.shards.crew import Crew
from landslip.runtime.shards.cuts import Shard
from landslip.runtime.shards.order import ShardOrder, ShardReport, rows_path
from landslip.runtime.shards.rows_of_shard import ShardFile
from landslip.runtime.shards.shard_spool import ShardSpool, reachable
from landslip.runtime.shards.shard_worker import run_shard

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Times that a shard is tried."""
POLL = 0.1
"""Seconds between two looks at what else there is to do."""
_VISIBLE = 10.0
"""Seconds that a file may take to be seen from here: some network file systems remember what was not there."""


def lost(how: str) -> ResourceError:
    """Error for workers that have ended, with how that was."""
    return ResourceError(
        f"workers have ended {how}. The system ends processes when memory runs out: take fewer workers, or a smaller "
        "`batch`. A script that maps with processes has to do so below if __name__ == '__main__'."
    )


class ShardQueue:
    """Shards that workers compute; each is given out once its file is proven."""

    def __init__(self, crew: Crew, spool: ShardSpool, job: str) -> None:
        """Begin with none.

        Args:
            crew: the workers.
            spool: where the job is, and the rows will be.
            job: digest of the job.
        """
        self._crew, self._spool, self._job = crew, spool, job
        self._futures: dict[Future[ShardReport], Shard] = {}
        self._files: dict[Shard, ShardFile] = {}
        self._tries: Counter[Shard] = Counter()
        self._losses = 0
        self.reports: dict[Shard, ShardReport] = {}
        """Reports of the shards that are done."""

    @property
    def under_way(self) -> tuple[Shard, ...]:
        """Shards that are not done."""
        return tuple(self._futures.values())

    def start(self, shards: Iterable[Shard]) -> None:
        """Hand shards to the workers, in this order."""
        for shard in shards:
            order = ShardOrder(str(self._spool.folder), self._job, shard.first, shard.stop, self._crew.share)
            self._tries[shard] += 1
            self._futures[self._crew.submit(run_shard, order)] = shard

    def give_up(self) -> None:
        """Let no worker begin a shard any more."""
        for future in self._futures:
            future.cancel()

    def file_of(self, shard: Shard, meanwhile: Callable[[], None]) -> ShardFile:
        """File of a shard, once it is done; others may be done before it.

        Args:
            shard: one of those that were started.
            meanwhile: called now and then while it is waited for.

        Raises:
            ResourceError: workers are lost again and again, or cannot be reached any more.
            LandslipError: a worker cannot do it.
        """
        while shard not in self._files:
            done, _ = wait(self._futures, timeout=POLL, return_when=FIRST_COMPLETED)
            for future in done:
                if future in self._futures:  # and not given up with others
                    self._take(future)
            meanwhile()
            self._crew.check()
        return self._files.pop(shard)

    def _take(self, future: Future[ShardReport]) -> None:
        shard = self._futures.pop(future)
        try:
            report = future.result()
        except (BrokenExecutor, CancelledError) as error:
            self._after_loss(shard, error)
            return
        except LandslipError as error:
            # Another worker may have room on its disk.
            again = error.retryable or isinstance(error, OutputError)
            if not again or isinstance(error, InputChangedError) or self._tries[shard] >= ATTEMPTS:
                raise
            log.warning("tile rows %d to %d are tried again: %s", shard.first, shard.stop, error.what)
            self.start([shard])
            return
        try:
            self._files[shard] = self._proven(shard, report)
        except InputError as error:
            if self._tries[shard] >= ATTEMPTS:
                raise
            log.warning("tile rows %d to %d are computed again: %s", shard.first, shard.stop, error.what)
            self._spool.drop(shard)
            self.start([shard])
            return
        self.reports[shard], self._losses = report, 0

    def _after_loss(self, shard: Shard, error: BaseException) -> None:
        """Start all that is under way again, with other workers.

        Raises:
            ResourceError: there are none, or too many were lost.
        """
        self._crew.check()  # which knows best why they were lost
        self._losses += 1
        anew = [shard, *self._futures.values()]
        if self._losses >= ATTEMPTS or not self._crew.renew():
            rows = f"tile rows {shard.first} to {shard.stop}"
            raise lost(
                f"{self._losses} times, the last time with {rows} in hand ({str(error) or type(error).__name__})"
            ) from error
        log.warning("a worker has ended before its shard was done: %d shards are handed to new workers", len(anew))
        self._futures.clear()
        self.start(sorted(anew))

    def _proven(self, shard: Shard, report: ShardReport) -> ShardFile:
        path, until = rows_path(self._spool.folder, shard.first, shard.stop), time.monotonic() + _VISIBLE
        while not path.exists() and time.monotonic() < until:
            time.sleep(POLL)
        with reachable(path):
            found = self._spool.open(shard)
        if (path.stat().st_size, found.digest) != (report.length, report.digest):
            raise InputError(f"{path} is not what its worker says.", where=path)
        return found
