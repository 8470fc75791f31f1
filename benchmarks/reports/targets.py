"""The targets of the project, and what the reports in a folder say of each."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landslip.benchmarks.reports.report import Better, Finding, Report, Table
from landslip.benchmarks.reports.stored_report import StoredReport, read_report
from landslip.runtime.errors import InputError
from landslip.runtime.system.machine import describe_environment

log = logging.getLogger(__name__)

SUMMARY = "summary"
"""Name of the report that is made here."""


@dataclass(frozen=True)
class Target:
    """Target that is to be reached on two CPU cores with the network at its published width."""

    key: str
    """Finding that tells it."""
    report: str
    """Report that has the finding: its name, or the beginning of its name up to a hyphen."""
    what: str
    """Phrase that says what is compared."""
    limit: float
    """Value that the finding is to reach."""
    better: Better = "higher"
    """Side of the limit that meets it: at least or at most that."""
    options: str = ""
    """Options that ``landslip bench REPORT`` needs to measure it."""
    unit: str = "x"
    """``x`` for ratios within one run; others hold for the machine that is named."""
    limited_by: str = ""
    """Sentence that says what stands in the way where it is not met."""

    def met_by(self, value: float) -> bool:
        """Tell whether a value reaches it; NaN does not."""
        return value >= self.limit if self.better == "higher" else value <= self.limit

    @property
    def wanted(self) -> str:
        """The limit in words."""
        return f"{'at least' if self.better == 'higher' else 'at most'} {self.limit:,g} {self.unit}"


_THE_CORES = (
    "The cores, which all stages share: what each takes is in the pipeline report. It is a speed, and so the machine's."
)

TARGETS = (
    Target(
        "best_int8_vs_published_tiles", "throughput",
        "default protocol, best engine within the INT8 gate, against the published loop, tiles/s", 6.0,
        limited_by="The engine alone: compare it with the map in the throughput report, and with the peak of the "
        "machine's arithmetic in the roofline report, which also says where the time goes.",
    ),
    Target(
        "best_preset_vs_published_km2", "throughput",
        "best preset with IoU of 0.98 or more against the faithful map, against the published loop, km²/h", 15.0,
        limited_by="The engine alone, as in the row before: a preset needs 0.37 of the operations, and a map reaches "
        "the speed of its engine.",
    ),
    Target("map_vs_engine_onnxruntime_fp32", "throughput", "end to end against the bare ONNX Runtime, fp32", 0.95),
    Target("map_vs_engine_openvino_int8", "throughput", "end to end against the bare OpenVINO, INT8", 0.95),
    Target(
        "empty_map_vs_monai", "throughput",
        "pipeline with a predictor that does no arithmetic, against MONAI with the same one and rasters in memory", 5.0,
        limited_by="MONAI's loop takes what it takes to copy windows and add them up, and nothing else; a map decodes "
        "files, follows what is known, and writes and traces its result. Decoding alone bounds it (on_grid_vs_decoding "
        "of the pipeline report); from memory to memory see tiles_and_blending_vs_monai of the throughput report.",
    ),
    Target(
        "onnxruntime_fp32_map_vs_monai", "throughput",
        "ONNX Runtime, fp32, end to end against MONAI with the same session and tiles", 1.0,
        limited_by="Both wait for the same session nearly all of the time (infer in the stages of the throughput "
        "report); in the rest a map opens and checks files, and writes and verifies its products; MONAI does not.",
    ),
    Target(
        "peak_memory_vs_monai", "memory", "peak memory against MONAI at 10 000 x 10 000 pixels", 0.1, "lower",
        " --monai",
    ),
    Target(
        "tiles_per_second_on_grid", "pipeline", "pipeline without a network, inputs on the grid", 1500.0,
        unit="tiles/s", limited_by=_THE_CORES,
    ),
    Target(
        "tiles_per_second_resampled", "pipeline", "pipeline without a network, all inputs resampled", 900.0,
        unit="tiles/s", limited_by=_THE_CORES,
    ),
    Target(
        "products_share_of_map", "products",
        "all products, those on demand too, against the network alone in INT8 on the same map", 0.1, "lower",
    ),
    Target(
        "products_tallest_to_lowest", "products",
        "peak memory of making all products, a scene of 8 000 rows against one of 2 000", 1.1, "lower",
    ),
    Target("landslip_help_cpu_seconds", "start", "landslip --help, CPU beyond Python itself", 0.3, "lower", unit="s"),
)  # fmt: skip
"""Targets in the order in which they were set."""


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
        ],
        findings={
            f"targets_{key.replace(' ', '_')}": Finding(count, "targets", _VERDICTS[key])
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
    return target.what, target.wanted, outcome.value, outcome.verdict, source, command


def _mixed(environments: Sequence[Mapping[str, Any]]) -> bool:
    return any(environment != environments[0] for environment in environments)
