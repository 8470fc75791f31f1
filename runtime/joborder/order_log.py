"""Log lines of a job order: the levels that it wants, on each of the two streams."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from landslip.runtime.joborder.order_types import JobOrder


def level_of(record: logging.LogRecord) -> str:
    """Level of a line as job orders name it; lines that count something are of PROGRESS."""
    if record.levelno >= logging.ERROR:
        return "ERROR"
    if record.levelno >= logging.WARNING:
        return "WARNING"
    if hasattr(record, "done"):
        return "PROGRESS"
    return "INFO" if record.levelno >= logging.INFO else "DEBUG"


@contextmanager
def ordered_levels(order: JobOrder, stdout: logging.Handler, stderr: logging.Handler) -> Iterator[None]:
    """Have lines of the block go where the order wants them, in place of other lines on standard error.

    Args:
        order: the order.
        stdout: handler of standard output.
        stderr: handler of standard error.
    """
    wanted = {stdout: order.stdout_levels, stderr: order.stderr_levels}
    root, ours = logging.getLogger(), logging.getLogger("landslip")
    before, level = root.handlers[:], ours.level
    for handler, levels in wanted.items():
        handler.addFilter(partial(_is_wanted, levels))
    root.handlers = [*(each for each in before if not _writes_to_stderr(each)), *wanted]
    ours.setLevel(logging.DEBUG if "DEBUG" in order.stdout_levels | order.stderr_levels else logging.INFO)
    try:
        yield
    finally:
        root.handlers = before
        ours.setLevel(level)


def _is_wanted(levels: frozenset[str], record: logging.LogRecord) -> bool:
    return level_of(record) in levels


def _writes_to_stderr(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
