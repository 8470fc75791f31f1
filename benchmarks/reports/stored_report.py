"""Reports that were written earlier, read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landslip.benchmarks.reports.report import Finding
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.untrusted.json_record import JsonRecord


@dataclass(frozen=True)
class StoredReport:
    """Report that was written before, without its tables."""

    path: Path
    """The JSON file."""
    name: str
    """Name of the benchmark."""
    settings: Mapping[str, Any]
    """Settings of the measurement."""
    environment: Mapping[str, Any]
    """Machine and versions it was measured with."""
    findings: Mapping[str, Finding]
    """Findings by name."""


class _Content(JsonRecord, frozen=True, kw_only=True):
    """Part of the file that is read."""

    name: str
    settings: dict[str, Any]
    environment: dict[str, Any]
    findings: dict[str, Finding]


def read_report(path: Path) -> StoredReport:
    """Read a report that :meth:`landslip.benchmarks.reports.report.Report.write` has written.

    Raises:
        InputMissingError: there is no such file.
        InputError: it is damaged, or something else.
    """
    try:
        content = _Content.of(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise InputMissingError(f"{path} does not exist. Give a report that landslip bench -o has written.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Give the .json file of a report.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no report of landslip bench, or a damaged one ({error}). Give the .json file that landslip "
            "bench -o has written, or measure again."
        ) from error
    return StoredReport(path, content.name, content.settings, content.environment, content.findings)
