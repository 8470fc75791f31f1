"""A map in shards, from a request and the name of who computes it."""

from __future__ import annotations

import re
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path
from typing import Any

from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.run.product_names import SHARDS
from landslip.runtime.shards.crew import Crew, GivenExecutor
from landslip.runtime.shards.driver import ShardedStrips
from landslip.runtime.shards.plain_values import plain
from landslip.runtime.shards.process_pool import ProcessCrew
from landslip.runtime.system.figures import figures_noted

MOST_WORKERS = 1024
_PROCESSES = re.compile(r"processes:(\d{1,6})")
_DASK = re.compile(r"dask://([^/\s]+:\d{1,5})/?")


def map_in_shards(request: MapRequest, on: str | Executor, spool: Path | None = None, **how: Any) -> Record:
    """Make a map as :func:`landslip.runtime.mapping.pipeline.map_scene` does, with tiles computed by other workers.

    Args:
        request: the map.
        on: ``processes:N``, ``dask://HOST:PORT``, or an executor, whose workers reach the spool, the model and the
            files of the scene under the same paths.
        spool: a folder that all workers reach; None for one in ``request.out``, which processes of this machine reach.
        how: other arguments of that function.

    Returns:
        The run record.

    Raises:
        UsageError: ``on`` names no workers, or they need a spool.
        LandslipError: another of its children, with the reason.
    """
    plain(request.files)  # before anything is opened: what lies in memory is read by nobody else
    root, figures = _spool_for(request, on, spool), dict[str, Any]()
    with closing(crew_for(on)) as crew, figures_noted(figures):
        made, done = ShardedStrips(crew, root, figures), False
        try:
            record = map_scene(request, opener=made.opener, elsewhere=made, **how)
            done = True
        finally:
            made.end(done=done)
    return record


def crew_for(on: str | Executor) -> Crew:
    """Workers by their name.

    Raises:
        UsageError: it names none.
        ResourceError: they cannot be reached.
    """
    if not isinstance(on, str):
        return GivenExecutor(on)
    if found := _PROCESSES.fullmatch(on):
        if not 1 <= int(found[1]) <= MOST_WORKERS:
            raise UsageError(f"{found[1]} processes are out of range: give 1 to {MOST_WORKERS}.", option="on")
        return ProcessCrew(int(found[1]))
    if found := _DASK.fullmatch(on):
        # Here, so that nobody else waits for it.
        from landslip.runtime.shards.dask_cluster import DaskCrew  # noqa: PLC0415

        return DaskCrew(f"tcp://{found[1]}")
    raise UsageError(
        f"{on!r} names no workers.", "Give processes:N for N processes here, or dask://HOST:PORT.", option="on"
    )


def _spool_for(request: MapRequest, on: str | Executor, spool: Path | None) -> Path:
    if spool is not None:
        return spool
    if isinstance(on, str) and _PROCESSES.fullmatch(on):
        return request.out / SHARDS
    raise UsageError(
        "Workers on other machines need a folder to put their rows into, which all of them reach.",
        "Give it as `spool`.",
        option="spool",
    )
