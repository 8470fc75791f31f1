"""Processes that run tests side by side: how many there are, and what they make once for all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from landslip.runtime.system.locks import open_locked

_WORKER_BYTES = 4 << 30
"""What a worker and the processes it starts may take: TensorFlow, and a network of the published width."""


def workers() -> int:
    """As many as there are cores, and no more than fit into memory."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else _WORKER_BYTES
    return max(1, min(_cores(), pages // _WORKER_BYTES))


def cores_of_a_worker() -> int:
    """Its share of the cores."""
    return max(1, _cores() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """A folder that the first worker to ask for it fills; the others wait for that.

    Args:
        folder: in the folder that all workers share.
        make: fills a folder that is there and empty. Where it fails, the next worker tries again.
    """
    made = folder.with_name(f"{folder.name}.made")
    while (lock := open_locked(folder.with_name(f"{folder.name}.lock"))) is None:
        time.sleep(0.1)
    with lock:
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
