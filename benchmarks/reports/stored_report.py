"""Reports that were written earlier, read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from landslip.benchmarks.reports.report import BETTER, Better, Finding
from landslip.runtime.errors import InputError, InputMissingError


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


def read_report(path: Path) -> StoredReport:
    """Read a report that :meth:`landslip.benchmarks.reports.report.Report.write` has written.

    Raises:
        InputMissingError: there is no such file.
        InputError: it is damaged, or something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        findings = {key: _finding(value) for key, value in content["findings"].items()}
        return StoredReport(path, str(content["name"]), {**content["settings"]}, {**content["environment"]}, findings)
    except FileNotFoundError as error:
        raise InputMissingError(f"{path} does not exist. Give a report that landslip bench -o has written.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). Give the .json file of a report.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path} is no report of landslip bench, or a damaged one ({type(error).__name__}: {error}). Give the "
            ".json file that landslip bench -o has written, or measure again."
        ) from error


def _finding(entry: Any) -> Finding:
    value, better = entry["value"], entry["better"]
    if isinstance(value, bool) or not isinstance(value, int | float) or better not in (*BETTER, None):
        raise ValueError(f"a finding that is {entry!r}")
    return Finding(float(value), str(entry["unit"]), cast("Better | None", better))
