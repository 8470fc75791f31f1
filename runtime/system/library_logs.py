"""Logs of rasterio and pyogrio while landslip uses them: no matter of a program that embeds it.

Both say at level INFO what GDAL signals, at every file that is probed for something it does not have, and how many
records were written. Levels belong to the host program, which may want to read what these libraries say of its own
calls. So a filter drops what comes out of landslip's calls alone; warnings and errors pass.
"""

from __future__ import annotations

import logging
import sys
from types import FrameType

_LOGGERS = (
    *(f"rasterio.{name}" for name in ("_base", "_env", "_err", "_filepath", "_io", "_transform", "_warp", "session")),
    *(f"pyogrio.{name}" for name in ("_env", "_err", "_io", "_ogr")),
)
"""Loggers that say anything at level INFO."""

_OWN = "landslip."


def quiet_libraries() -> None:
    """Drop what these libraries say at level INFO and below in calls of landslip's; once and for all."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_worth_saying)  # one that is there is not added again


def _worth_saying(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO or not _is_landslip_call()


def _is_landslip_call() -> bool:
    """Tell whether a module of landslip's is among those that called, this one left out."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as logging itself finds its caller
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(_OWN) and name != __name__:
            return True
        frame = frame.f_back
    return False
