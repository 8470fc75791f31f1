"""Table of what was proven, for people: the machine, one line for each artifact, engine, precision and set of tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from landslip.export.judging.trials import TrialOutcome
from landslip.export.proof.verify import VerifyReport, limits_in_words
from landslip.runtime.artifacts.parity import Gate, Parity, violations
from landslip.runtime.untrusted.printable import printable_lines

_HEADINGS = ("artifact", "engine", "device", "precision", "tiles", "max", "mean", "p99.9", "IoU", "area", "verdict")
_NUMBERS = slice(5, 10)
"""Columns that are set to the right."""


def page(report: VerifyReport) -> str:
    """The whole report."""
    parts = [machine(report.environment), _compared(report), table(_rows(report)), *_remarks(report), _sum(report)]
    # Names of files may hold control characters that a terminal would obey.
    return printable_lines("\n\n".join(part for part in parts if part))


def machine(environment: Mapping[str, Any]) -> str:
    """Processor, system and versions in two lines."""
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    memory = f", {environment['memory_gib']} GiB" if environment["memory_gib"] else ""
    return (
        f"{environment['cpu']}, {environment['cores']} cores{memory}, {environment['system']}, "
        f"Python {environment['python']}\n{packages}"
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text in columns."""
    if not rows:
        return ""
    lines = [_HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    numbers = range(len(_HEADINGS))[_NUMBERS]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _compared(report: VerifyReport) -> str:
    return "\n".join(
        [
            *(f"{name} is compared with: {made_by}" for name, made_by in report.references.items()),
            *dict.fromkeys(_rounding(outcome) for outcome in report.outcomes if _rounding(outcome)),
        ]
    )


def _rounding(outcome: TrialOutcome) -> str:
    """Phrase that says how far the network itself is off where it computes in what an fp32 artifact does."""
    known = [figure.keras_float32 for figure in outcome.figures if figure.keras_float32 is not None]
    if outcome.judged_as != "fp32" or not known:
        return ""
    most, mean = max(each.max_abs for each in known), max(each.mean_abs for each in known)
    return f"Beside {outcome.artifact.name} the network itself in float32 is off by {most:.1e}, {mean:.1e} in the mean"


def _rows(report: VerifyReport) -> list[tuple[str, ...]]:
    return [row for outcome in report.outcomes for row in _rows_of(outcome, report.gates)]


def _rows_of(outcome: TrialOutcome, gates: Mapping[str, Gate]) -> Iterator[tuple[str, ...]]:
    """The sets of tiles that decide: the others say little of a quantised network, and are in the JSON."""
    for figure in outcome.figures:
        if gates[outcome.judged_as].decides(figure):
            engine = f"{outcome.engine} {outcome.version}"
            yield (
                outcome.artifact.name, engine, outcome.device, outcome.precision, *_figures(figure),
                _verdict(outcome, violations([figure], gates[outcome.judged_as])),
            )  # fmt: skip


def _verdict(outcome: TrialOutcome, beyond: Sequence[str]) -> str:
    return "FAIL" if beyond else "reference" if outcome.is_reference else "PASS"


def _figures(figure: Parity) -> tuple[str, ...]:
    change = (figure.area - figure.area_reference) / max(1, figure.area_reference)
    return (
        f"{figure.tiles} {figure.kind} {figure.tile}",
        f"{figure.max_abs:.1e}",
        f"{figure.mean_abs:.1e}",
        f"{figure.p99_9:.1e}",
        f"{figure.iou:.4f}",
        f"{100 * change:+.2f} %",
    )


def _remarks(report: VerifyReport) -> Iterator[str]:
    yield "\n".join(
        f"FAIL  {outcome.artifact.name}{_how(outcome)}: {'; '.join(outcome.objections)}"
        for outcome in report.outcomes
        if outcome.verdict == "FAIL"
    )
    yield "\n".join(
        f"IoU {outcome.faithful_iou:.4f} of the maps with and without shared features: "
        f"{outcome.artifact.name}{_how(outcome)}"
        for outcome in report.outcomes
        if outcome.faithful_iou is not None
    )
    reasons: dict[str, list[str]] = {}
    for outcome in report.outcomes:
        if outcome.not_run is not None:
            reasons.setdefault(outcome.not_run, []).append(f"{outcome.artifact.name}{_how(outcome)}")
    yield "\n".join(f"not run  {', '.join(runs)}: {reason}" for reason, runs in reasons.items())


def _how(outcome: TrialOutcome) -> str:
    return f" with {outcome.engine} in {outcome.precision}" if outcome.engine else ""


def _sum(report: VerifyReport) -> str:
    verdicts = [outcome.verdict for outcome in report.outcomes]
    known = ("PASS", "FAIL", "not run", *(["reference"] if "reference" in verdicts else []))
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in known)
    used = sorted({outcome.judged_as for outcome in report.outcomes if outcome.figures})
    allowed = "; ".join(f"{precision}: {_allowed(report.gates[precision])}" for precision in used)
    more = " (`limits` PRECISION:FIGURE=VALUE allows more)" if "FAIL" in verdicts else ""
    return f"{counts}\nAllowed  {allowed}{more}" if allowed else counts


def _allowed(gate: Gate) -> str:
    return limits_in_words(gate) + (f" on {' and '.join(gate.kinds)} tiles" if gate.kinds else "")
