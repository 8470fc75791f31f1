"""Distance of every artifact from the network in every engine of this machine, as a report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.export.judging.trials import TrialOutcome
from landslip.export.proof.verify import VerifyReport, limits_in_words
from landslip.runtime.artifacts.parity import Gate, Parity, violations

_COLUMNS = (
    "artifact", "engine", "device", "computed in", "tiles", "greatest error", "mean error", "99.9 % below", "IoU",
    "area", "gate",
)  # fmt: skip


def parity_report(proven: VerifyReport) -> Report:
    """Report on what ``landslip verify`` has proven, to keep and to compare with later ones.

    Args:
        proven: from :func:`landslip.export.proof.verify.verify`.
    """
    verdicts = [outcome.verdict for outcome in proven.outcomes]
    return Report(
        name="parity",
        question="Does every artifact say on this machine what the network says?",
        settings={
            **{f"reference_of_{name}": made_by for name, made_by in proven.references.items()},
            **{f"gate_of_{name}": _allowed(proven.gates[name]) for name in _judged(proven)},
            "errors": "of the confidence, 0 to 1; IoU and area of the pixels at or above the threshold",
        },
        tables=[
            Table("", _COLUMNS, [row for outcome in proven.outcomes for row in _rows(outcome, proven)]),
            *_table_of("Not run here", {_name(each): each.not_run for each in proven.outcomes if each.not_run}),
            *_table_of("Failed", {_name(each): "; ".join(each.objections) for each in proven.outcomes}),
        ],
        findings={
            "passed": Finding(verdicts.count("PASS"), "runs", "higher", timed=False),
            "failed": Finding(verdicts.count("FAIL"), "runs", "lower", timed=False),
            **dict(_figures(proven)),
        },
        environment=proven.environment,
    )


def _table_of(title: str, sentences: Mapping[str, str | None]) -> list[Table]:
    """Table of what is said of runs, without the paths of this machine; no table where nothing is."""
    rows = [(name, _without_folders(said)) for name, said in sentences.items() if said]
    return [Table(title, ("what", "why"), rows)] if rows else []


def _without_folders(sentence: str) -> str:
    return re.sub(r"\S*/(?=[^/\s]+\.onnx\b)", "", sentence)


def _rows(outcome: TrialOutcome, proven: VerifyReport) -> Iterator[tuple[Any, ...]]:
    """Rows: one for each set of tiles that decides, one for a run that gave no figures."""
    gate = proven.gates.get(outcome.judged_as, Gate())
    start = (outcome.artifact.name, f"{outcome.engine} {outcome.version}".strip(), outcome.device, outcome.precision)
    for figure in _deciding(outcome, gate):
        verdict = "FAIL" if violations([figure], gate) else outcome.verdict
        change = (figure.area - figure.area_reference) / max(1, figure.area_reference)
        yield (
            *start, f"{figure.tiles} {figure.kind} {figure.tile}", figure.max_abs, figure.mean_abs, figure.p99_9,
            round(figure.iou, 5), f"{100 * change:+.2f} %", verdict,
        )  # fmt: skip
    if not outcome.figures:
        yield (*start, *[None] * 6, outcome.verdict)


def _figures(proven: VerifyReport) -> Iterator[tuple[str, Finding]]:
    """Lowest IoU and greatest mean error of each run."""
    for outcome in proven.outcomes:
        figures = _deciding(outcome, proven.gates.get(outcome.judged_as, Gate()))
        if figures and outcome.verdict in ("PASS", "FAIL"):
            yield f"{_name(outcome)} iou", Finding(min(figure.iou for figure in figures), "IoU", "higher", timed=False)
            # Some last bits more or less are no change for the worse: the gate judges them.
            yield (
                f"{_name(outcome)} mean_error",
                Finding(max(figure.mean_abs for figure in figures), "of 1", timed=False),
            )


def _deciding(outcome: TrialOutcome, gate: Gate) -> list[Parity]:
    return [figure for figure in outcome.figures if gate.decides(figure)]


def _name(outcome: TrialOutcome) -> str:
    """Artifact, engine and precision of a run."""
    return " ".join(part for part in (outcome.artifact.name, outcome.engine, outcome.precision) if part)


def _judged(proven: VerifyReport) -> list[str]:
    return sorted({outcome.judged_as for outcome in proven.outcomes if outcome.figures})


def _allowed(gate: Gate) -> str:
    return f"{limits_in_words(gate)} on {' and '.join(gate.kinds) or 'all'} tiles"
