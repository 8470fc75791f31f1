"""Compares two reports of one benchmark: what got worse, and whether they can be compared at all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landslip.benchmarks.reports.report import Finding, Table, table_lines
from landslip.benchmarks.reports.stored_report import StoredReport, read_report
from landslip.runtime.errors import InputError, LandslipError, UsageError


@dataclass(frozen=True)
class Change:
    """One finding, before and after."""

    key: str
    """Name of the finding."""
    old: Finding | None
    """Finding of the earlier report; None if it was not measured then."""
    new: Finding | None
    """Finding of the later report; None if it was not measured again."""

    @property
    def relative(self) -> float | None:
        """Change as a share of the old value; None where there is none to speak of."""
        if self.old is None or self.new is None or not self.old.value:
            return None
        return self.new.value / self.old.value - 1

    def verdict(self, threshold: float) -> str:
        """``worse``, ``better``, ``same`` within the threshold, ``gone``, ``new``, or ``-`` where no way is better."""
        if self.new is None:
            return "gone"
        if self.old is None:
            return "new"
        if self.new.better is None:
            return "-"
        gain = self.new.value - self.old.value if self.new.better == "higher" else self.old.value - self.new.value
        allowed = threshold * abs(self.old.value)
        # NaN is never better, and where it was NaN before nothing is known.
        return "better" if gain > allowed else "same" if gain >= -allowed else "worse"


@dataclass(frozen=True)
class Comparison:
    """Two reports side by side."""

    name: str
    """Name of the benchmark."""
    changes: tuple[Change, ...]
    """Changes of every finding of either."""
    differences: tuple[str, ...]
    """Other differences: the machine, versions, settings; one phrase each."""
    threshold: float
    """Share by which a finding may get worse."""

    @property
    def worse(self) -> list[str]:
        """Findings that got worse by more than the threshold, or that are gone though one way was better."""
        return [change.key for change in self.changes if self._is_worse(change)]

    @property
    def exit_code(self) -> int:
        """0 when nothing got worse, 1 when something did."""
        return LandslipError.exit_code if self.worse else 0

    def markdown(self) -> str:
        """A page, what makes the two hard to compare first."""
        lines = [f"# {self.name}, compared", ""]
        if self.differences:
            lines += ["**The two were not measured alike; a change may come from that alone:**", ""]
            lines += [*(f"- {difference}" for difference in self.differences), ""]
        rows = [_row(change, self.threshold) for change in self.changes]
        lines += table_lines(Table("", ("finding", "old", "new", "change", "better is", "verdict"), rows))
        verdict = (
            f"Worse by more than {self.threshold:.3g}: {', '.join(self.worse)}" if self.worse else "Nothing got worse"
        )
        return "\n".join([*lines, "", f"{verdict}."])

    def _is_worse(self, change: Change) -> bool:
        verdict = change.verdict(self.threshold)
        return verdict == "worse" or (verdict == "gone" and change.old is not None and change.old.better is not None)


def compare_files(old: Path, new: Path, threshold: float = 0.05) -> Comparison:
    """Read and compare two reports.

    Args:
        old: JSON file of the earlier one.
        new: JSON file of the later one.
        threshold: what a finding may get worse by, as a share of its old value.

    Raises:
        UsageError: the threshold is no share.
        InputError: a file is missing, damaged, or they are of different benchmarks.
    """
    if not 0 <= threshold < 1:
        raise UsageError(f"A threshold of {threshold:g} makes no sense: give a share from 0 to 1.")
    return compare(read_report(old), read_report(new), threshold)


def compare(old: StoredReport, new: StoredReport, threshold: float) -> Comparison:
    """See :func:`compare_files`."""
    if old.name != new.name:
        raise InputError(
            f"{old.path} is of the benchmark {old.name!r} and {new.path} of {new.name!r}. Give two reports of one."
        )
    keys = dict.fromkeys([*old.findings, *new.findings])
    changes = [Change(key, old.findings.get(key), new.findings.get(key)) for key in keys]
    for change in changes:
        _check_units(change, new)
    return Comparison(old.name, tuple(changes), tuple(_differences(old, new)), threshold)


def _check_units(change: Change, new: StoredReport) -> None:
    units = {finding.unit for finding in (change.old, change.new) if finding is not None}
    if len(units) > 1:
        raise InputError(f"{change.key} is in other units in {new.path} than before. Measure both with one version.")


def _differences(old: StoredReport, new: StoredReport) -> Iterator[str]:
    for what, before, after in (
        ("machine", old.environment, new.environment),
        ("setting", old.settings, new.settings),
    ):
        before_flat, after_flat = _flat(before), _flat(after)
        for key in dict.fromkeys([*before_flat, *after_flat]):
            if before_flat.get(key) != after_flat.get(key):
                yield f"{what}: {key} was {before_flat.get(key)} and is {after_flat.get(key)}"


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested facts by names such as ``packages numpy``."""
    flat: dict[str, Any] = {}
    for key, value in facts.items():
        name = f"{prefix}{key}".replace("_", " ")
        flat |= _flat(value, f"{name} ") if isinstance(value, Mapping) else {name: value}
    return flat


def _row(change: Change, threshold: float) -> tuple[Any, ...]:
    old, new = (None if each is None else each.value for each in (change.old, change.new))
    relative, finding = change.relative, change.new or change.old
    percent = None if relative is None or not math.isfinite(relative) else f"{100 * relative:+.1f} %"
    return change.key, old, new, percent, None if finding is None else finding.better, change.verdict(threshold)
