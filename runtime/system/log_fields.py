"""Fields that every log line of a process may show, whatever module writes it: the job, its stage, and who works on it.

They hold for the whole process, as the threads that work on a map are of one job. A process that maps several scenes
at a time has no use for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class LogFields:
    """Fields of the process; empty where nobody has said them."""

    job: str = ""
    """Name of the job that is worked on."""
    stage: str = ""
    """Stage of the work, as displays of progress name it: ``checksums of the inputs``, ``mapping``."""
    task: str = ""
    """Task of a job order, for lines in ESA's form."""
    processor: str = ""
    """Name of the processor in such lines; landslip where it is empty."""
    version: str = ""
    """Version of the processor in such lines; that of landslip where it is empty."""
    node: str = ""
    """Machine in such lines; its host name where it is empty."""


class _Shared:
    fields = LogFields()
    machine_readable = False
    told: Callable[[LogFields], None] | None = None


_lock = threading.Lock()
_shared = _Shared()


@contextmanager
def log_fields(
    *,
    job: str | None = None,
    task: str | None = None,
    processor: str | None = None,
    version: str | None = None,
    node: str | None = None,
) -> Iterator[None]:
    """Give lines of the block these fields, on all threads; what is None stays as it was."""
    before = current_fields()
    set_log_fields(job=job, task=task, processor=processor, version=version, node=node)
    try:
        yield
    finally:
        _change(job=before.job, task=before.task, processor=before.processor, version=before.version, node=before.node)


def set_log_fields(
    *,
    job: str | None = None,
    task: str | None = None,
    processor: str | None = None,
    version: str | None = None,
    node: str | None = None,
) -> None:
    """Give all further lines these fields; what is None stays as it was."""
    given = {"job": job, "task": task, "processor": processor, "version": version, "node": node}
    _change(**{name: value for name, value in given.items() if value is not None})


def clear_log_fields() -> None:
    """Take all fields away."""
    _change(**dict.fromkeys(asdict(LogFields()), ""))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Name the stage of the work in the block; after it, the one before has its place again."""
    before = current_fields().stage
    _change(stage=name)
    try:
        yield
    finally:
        _change(stage=before)


def begin_stage(name: str) -> None:
    """Name the stage of the work from now on; an empty name says that none is known."""
    _change(stage=name)


def current_fields() -> LogFields:
    """Fields as they are now."""
    return _shared.fields


def tell_fields(told: Callable[[LogFields], None] | None) -> None:
    """Have a function told whenever a field changes; None for no one."""
    _shared.told = told


def set_machine_readable(value: bool) -> None:
    """Say whether a program reads standard error: then no bar is drawn there."""
    _shared.machine_readable = value


def is_machine_readable() -> bool:
    """Tell whether a program reads standard error."""
    return _shared.machine_readable


def _change(**changes: str) -> None:
    with _lock:
        _shared.fields = fields = replace(_shared.fields, **changes)
    if _shared.told is not None:
        _shared.told(fields)
