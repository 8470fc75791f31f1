"""Outcomes of the targets: what the reports in a folder say of each."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landslip.benchmarks.reports.report import Better, Finding, Report, Table
from landslip.benchmarks.reports.stored_report import StoredReport, read_report
from landslip.benchmarks.reports.targets import TARGETS, Target
from landslip.runtime.errors import InputError
from landslip.runtime.system.machine import describe_environment

log = logging.getLogger(__name__)

SUMMARY = "summary"
"""Name of the report that is made here."""


@dataclass(frozen=True)
class TargetOutcome:
    """Result for a target."""

    target: Target
    """The target."""
    report: StoredReport | None = None
    """Report it was measured in; None if it was not measured."""

    @property
    def value(self) -> float | None:
        """Measured value."""
        return None if self.report is None else self.report.findings[self.target.key].value

    @property
    def busy(self) -> str | None:
        """Phrase that says why the value is that of a busy machine; None where nothing says so."""
        return None if self.report is None else self.report.findings[self.target.key].busy

    @property
    def verdict(self) -> str:
        """``met``, ``not met`` or ``not measured``."""
        if self.value is None:
            return "not measured"
        return "met" if self.target.met_by(self.value) else "not met"


def collect(folder: Path, targets: Sequence[Target] = TARGETS) -> list[TargetOutcome]:
    """Collect what the reports in a folder say of each target; where several do, each has its outcome.

    A file that is no report is passed over with a warning.
    """
    reports = _reports(folder)
    return [outcome for target in targets for outcome in _outcomes(target, reports)]


def summarise(folder: Path) -> Report:
    """Every target's row, from the reports in a folder."""
    outcomes = collect(folder)
    used = {outcome.report.path: outcome.report for outcome in outcomes if outcome.report is not None}
    machines = [report.environment for report in used.values()]
    missed = [(each.target.what, each.target.limited_by) for each in outcomes if each.verdict == "not met"]
    busy = [(each.target.what, each.busy) for each in outcomes if each.busy]
    counts = {verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in _VERDICTS}
    return Report(
        name=SUMMARY,
        question="Which targets are met on this machine?",
        settings={
            "targets": "for two CPU cores and the network at its published width; ratios are within one run",
            "reports": ", ".join(report.name for report in used.values()) or "none",
            **(
                {"note": "the reports are from different machines or versions; each names its own"}
                if _mixed(machines)
                else {}
            ),
        },
        tables=[
            Table(
                "", ("target", "wanted", "measured", "verdict", "report", "command"), [_row(each) for each in outcomes]
            ),
            *([Table("What limits those that are not met", ("target", "limit"), missed)] if missed else []),
            *([Table("Measured on a busy machine: measure again", ("target", "why"), busy)] if busy else []),
        ],
        findings={
            f"targets_{key.replace(' ', '_')}": Finding(count, "targets", _VERDICTS[key], timed=False)
            for key, count in counts.items()
        },
        environment=machines[0] if machines else describe_environment(),
    )


_VERDICTS: Mapping[str, Better] = {"met": "higher", "not met": "lower", "not measured": "lower"}


def _reports(folder: Path) -> list[StoredReport]:
    reports: list[StoredReport] = []
    for path in sorted(folder.glob("*.json")):
        if path.stem == SUMMARY:
            continue
        try:
            reports.append(read_report(path))
        except InputError as error:
            log.warning("%s", error)
    return reports


def _outcomes(target: Target, reports: Sequence[StoredReport]) -> list[TargetOutcome]:
    told = [each for each in reports if each.name.split("-")[0] == target.report and target.key in each.findings]
    return [TargetOutcome(target, report) for report in told] or [TargetOutcome(target)]


def _row(outcome: TargetOutcome) -> tuple[Any, ...]:
    target, report = outcome.target, outcome.report
    source = "-" if report is None else f"[{report.name}]({report.path.stem}.md)"
    command = f"`landslip bench {target.report}{target.options}`"
    verdict = outcome.verdict + (", busy machine" if outcome.busy else "")
    return target.what, target.wanted, outcome.value, verdict, source, command


def _mixed(environments: Sequence[Mapping[str, Any]]) -> bool:
    return any(environment != environments[0] for environment in environments)
