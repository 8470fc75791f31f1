"""Logging of a command: where lines go, and in which form, which is known before its options are read."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, TextIO

from landslip.runtime.cli.log_formats import LOG_FORMATS, formatter_for

if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler  # generic from Python 3.11 on

JOB_ORDER = "joborder"
"""Name of the command that speaks as processors of ESA's do, in lines and exit codes."""


class StreamOfLines(_StreamHandler):
    """Standard error or output, as far as there is one; a lack of memory is nothing that only the log may hear of."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of the standard library
        """Raise a lack of memory, and let the work go on where the terminal is gone."""
        error = sys.exc_info()[1]
        if isinstance(error, MemoryError):
            raise error
        if not isinstance(error, OSError):
            super().handleError(record)


def command_asked(args: list[str] | None) -> tuple[str, str]:
    """Form of the log and name of the command on a command line, whatever else is wrong with it.

    Args:
        args: the command line without the program; None for that of the process.
    """
    form, command = "", ""
    words = iter(sys.argv[1:] if args is None else args)
    for word in words:
        if word == "--log-format":
            form = next(words, "")
        elif word.startswith("--log-format="):
            form = word.partition("=")[2]
        elif not word.startswith("-"):
            command = word
            break
    return form if form in LOG_FORMATS else usual_format(command), command


def usual_format(command: str | None) -> str:
    """Form of the log of a command where none is asked for."""
    return "esa" if command == JOB_ORDER else "text"


def failing_code(command: str) -> int:
    """Number that is added to the exit codes of failures of a command."""
    return 128 if command == JOB_ORDER else 0


def log_to_stderr(form: str, verbose: int, quiet: bool) -> None:
    """Send lines to standard error, where the process has no handlers of its own.

    Args:
        form: name of the form.
        verbose: more than 0 to say details, too.
        quiet: True to say nothing but warnings and errors.
    """
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    handler = StreamOfLines()
    handler.setFormatter(formatter_for(form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("landslip").setLevel(level)
    if not verbose:
        # What GDAL says of a file is in our own sentences.
        for library in ("rasterio", "pyogrio"):
            logging.getLogger(library).setLevel(logging.CRITICAL)
