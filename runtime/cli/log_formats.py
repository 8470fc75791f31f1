"""Forms of log lines: text for people, JSON for collectors of logs, and the form of ESA's processors.

All are formatters of :mod:`logging`. A record is one line in JSON and in ESA's form, whatever its message holds; none
holds a character that a terminal would obey, nor a secret of an address.
"""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Callable
from datetime import datetime, timezone

from landslip.runtime.access.location import without_secrets
from landslip.runtime.cli.flags import with_flags
from landslip.runtime.system.log_fields import current_fields
from landslip.runtime.system.versions import landslip_version
from landslip.runtime.untrusted.printable import printable, printable_lines

LOG_FORMATS = ("text", "json", "esa")
"""Names of the forms, the usual one first."""

LONGEST_SENTENCE = 2000
"""Most characters of an error: files can make one repeat a megabyte."""


class TextFormatter(logging.Formatter):
    """The message alone, as people read it; it may have several lines."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        return without_secrets(printable_lines(_wording.words(super().format(record))))


class JsonFormatter(logging.Formatter):
    """An object a line: time, level, job, stage, message, code, and in lines of progress done and total."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line of JSON, in ASCII."""
        fields = current_fields()
        line: dict[str, object] = {
            "time": f"{_time(record)}Z",
            "level": _level(record),
            "job": _plain(fields.job) or None,
            "stage": _plain(fields.stage) or None,
            "message": _one_line(super().format(record)),
            "code": _number(record, "code"),
        }
        counts = {name: _number(record, name) for name in ("done", "total")}
        return json.dumps(line | {name: count for name, count in counts.items() if count is not None})


class EsaFormatter(logging.Formatter):
    """The form of ESA's processors: ``time node processor version task [pid]: [I] message``."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line."""
        fields = current_fields()
        words = (
            _word(fields.node) or _word(platform.node()) or "localhost",
            _word(fields.processor) or "landslip",
            _word(fields.version) or landslip_version(),
            _word(fields.task),
        )
        who = " ".join(word for word in words if word)
        return f"{_time(record)} {who} [{record.process or os.getpid()}]: [{letter_of(record)}] " + _one_line(
            super().format(record)
        )


_FORMATTERS: dict[str, type[logging.Formatter]] = {"text": TextFormatter, "json": JsonFormatter, "esa": EsaFormatter}


class _Wording:
    words: Callable[[str], str] = staticmethod(with_flags)


_wording = _Wording()


def name_options(words: Callable[[str], str] = with_flags) -> None:
    """Have messages name options in these words from now on; by default by the flags of the command line."""
    _wording.words = words


def formatter_for(name: str) -> logging.Formatter:
    """Formatter of a form of :data:`LOG_FORMATS`."""
    return _FORMATTERS[name]()


def letter_of(record: logging.LogRecord) -> str:
    """Kind of a line in ESA's form: D debug, I information, P progress, W warning, E error."""
    if _number(record, "done") is not None:
        return "P"
    kinds = ((logging.ERROR, "E"), (logging.WARNING, "W"), (logging.INFO, "I"))
    return next((letter for least, letter in kinds if record.levelno >= least), "D")


def error_line(name: str, sentence: str, code: int) -> str:
    """An error as the last line of a command.

    Args:
        name: form of :data:`LOG_FORMATS`.
        sentence: what went wrong.
        code: exit code that the process ends with.
    """
    said = printable(_wording.words(sentence), LONGEST_SENTENCE)
    if name == "text":
        return f"landslip: {said}"
    record = logging.LogRecord("landslip", logging.ERROR, __file__, 0, "%s", (said,), None)
    record.code = code
    return formatter_for(name).format(record)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds")


def _level(record: logging.LogRecord) -> str:
    kinds = ((logging.CRITICAL, "critical"), (logging.ERROR, "error"), (logging.WARNING, "warning"))
    usual = "info" if record.levelno >= logging.INFO else "debug"
    return next((name for least, name in kinds if record.levelno >= least), usual)


def _one_line(message: str) -> str:
    return without_secrets(_plain(_wording.words(message)))


def _plain(text: str) -> str:
    return printable(text, len(text))


def _word(text: str) -> str:
    return "_".join(_plain(text).split())


def _number(record: logging.LogRecord, name: str) -> int | None:
    value = getattr(record, name, None)
    return value if isinstance(value, int) else None
