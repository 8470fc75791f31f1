"""Memory and disk space that a task may take, held against what its map is going to need."""

from __future__ import annotations

import logging
from typing import Any

from landslip.runtime.errors import ResourceError
from landslip.runtime.joborder.order_types import OrderedTask
from landslip.runtime.mapping.single_map import dry_run

log = logging.getLogger(__name__)

MEGABYTE = 1 << 20
"""Bytes of a megabyte of an order."""


def check_resources(task: OrderedTask, scene: Any, arguments: dict[str, Any], *, always: bool) -> None:
    """Make a dry run where the order limits memory or disk space, and refuse what does not fit.

    Args:
        task: the task.
        scene: file that describes the scene; None where arguments name its files.
        arguments: arguments of its map, with the model and the folder.
        always: make it in any case.

    Raises:
        ResourceError: the map needs more than the order gives.
        LandslipError: what would stop the map before its first tile.
    """
    if not always and task.memory_mb is None and task.disk_mb is None:
        return
    forecast = dry_run(scene, overwrite=True, **arguments)
    needed = {
        "memory": (forecast.memory_bytes.total, task.memory_mb, "Amount_of_RAM", "a smaller `batch` or `tile`"),
        "disk space": (forecast.disk_bytes.needed, task.disk_mb, "Disk_Space", "a smaller area"),
    }
    for what, (size, limit, element, remedy) in needed.items():
        megabytes = -(-size // MEGABYTE)
        log.info("%s: about %d MB, %s", what, megabytes, "no limit" if limit is None else f"of {limit} MB")
        if limit is not None and megabytes > limit:
            raise ResourceError(
                f"The map needs about {megabytes} MB of {what}; the order gives {limit} ({element} of {task.name}).",
                f"Order {megabytes} or more, or {remedy}.",
                retryable=False,
            )


def warn_of_memory(task: OrderedTask, peak: int | None) -> None:
    """Warn where a map took more memory than the order gave."""
    if task.memory_mb is not None and peak is not None and peak > task.memory_mb * MEGABYTE:
        log.warning("the map took %d MB of memory; the order gave %d", peak // MEGABYTE, task.memory_mb)
