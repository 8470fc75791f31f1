"""Front of the watching service: what ``landslip watch`` calls."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from landslip.runtime.errors import OutputError, ResourceError
from landslip.runtime.watch.job_queue import JobQueue
from landslip.runtime.watch.metrics import Metrics
from landslip.runtime.watch.monitoring import Monitoring
from landslip.runtime.watch.notify import Notifier
from landslip.runtime.watch.observer import Observers
from landslip.runtime.watch.retention import Retention
from landslip.runtime.watch.service import watch
from landslip.runtime.watch.service_events import ServiceEvents, stop_signals
from landslip.runtime.watch.spool_folders import NAMES, open_spool
from landslip.runtime.watch.spool_toml import read_spool_toml
from landslip.runtime.watch.watchers import Watcher
from landslip.runtime.watch.worker_seat import WorkerSeat

log = logging.getLogger(__name__)


def run_watch(path: Path, *, once: bool) -> int:
    """Watch the spool of a SPOOL.toml.

    Args:
        path: SPOOL.toml.
        once: work off what is there, and end.

    Returns:
        Exit code.

    Raises:
        LandslipError: SPOOL.toml, the folders, the model or the engine cannot be used.
    """
    config = read_spool_toml(path)
    spool = open_spool(config.spool_path)
    log.info("watching %s", spool.incoming)
    metrics = None if config.metrics_path is None else Metrics(config.metrics_path, spool.out)
    with Monitoring(Notifier(), metrics) as monitoring:
        return watch(spool, config, Observers((monitoring, Retention(spool, config.retention))), once=once)


def check_spool(path: Path) -> Iterator[str]:
    """Check all that a service needs; the folders are made where they are not there, and nothing is claimed.

    Args:
        path: SPOOL.toml.

    Yields:
        Lines on what was found good.

    Raises:
        LandslipError: what is not.
    """
    config = read_spool_toml(path)
    yield f"{path}: understood"
    spool = open_spool(config.spool_path)
    yield f"{spool.folder}: {', '.join(NAMES)} are there, on one file system, and can be written"
    free = shutil.disk_usage(spool.out).free / 1e9
    if free < config.room.least_free_gb:
        raise OutputError(
            f"{spool.out} has {free:.1f} GB of free space, and `room.least_free_gb` is {config.room.least_free_gb:g}.",
            "Make room, or keep results for a shorter time.",
            where=spool.out,
        )
    yield f"{spool.out}: {free:.1f} GB free"
    if config.metrics_path is not None:
        Metrics(config.metrics_path, spool.out).close()
        yield f"{config.metrics_path}: can be written"
    yield from Retention(spool, config.retention).listed()
    with Watcher(spool, config.lease) as watcher:
        look = JobQueue(spool, watcher, config.complete, config.stable).look()
        yield f"{spool.incoming}: {len(look.candidates)} jobs can be claimed"
        events = ServiceEvents(watcher)
        with stop_signals(events.inbox), WorkerSeat(config, events) as seat:
            worker = seat.ready()
            if worker is None:
                raise ResourceError("The check was asked to stop before the engine was open.")
            yield f"{config.model_path}: the engine is open with {worker.described}"
