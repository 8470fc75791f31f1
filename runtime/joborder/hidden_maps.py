"""The hidden folder that maps of a job order are made in, until their products are delivered."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landslip.runtime.errors import UsageError
from landslip.runtime.joborder.order_types import JobOrder
from landslip.runtime.system.drafts import LOCK, PARTIAL, output_errors
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.safe_writing import is_real_folder


@contextmanager
def hidden_folder(working: Path, order: JobOrder) -> Iterator[Path]:
    """Folder for maps that are not delivered yet; what a killed process has left in it is taken up, and all goes then.

    Raises:
        UsageError: another process carries out the same order.
        OutputError: it cannot be made.
    """
    folder = working / f"{PARTIAL}-ipf-{order.order_id}"
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = open_locked(folder / LOCK) if is_real_folder(folder) else None
    if lock is None:
        raise UsageError(
            f"The job order {order.order_id} is being carried out by another process, which works in {folder}.",
            "Wait for its end.",
            where=folder,
            retryable=True,
        )
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
