"""Reports: JSON for programs, a Markdown page and pictures for people, each with the context of its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from landslip.benchmarks.reports.conditions import Conditions
from landslip.benchmarks.reports.report_plot import Plot
from landslip.runtime.run.hidden_folder import check_folder
from landslip.runtime.system.drafts import draft_of, write_file
from landslip.runtime.system.machine import describe_environment

Better = Literal["higher", "lower"]
BETTER: tuple[Better, ...] = get_args(Better)
"""Ways in which a figure gets better."""


@dataclass(frozen=True)
class Finding:
    """A figure that a benchmark boils down to."""

    value: float
    """The figure."""
    unit: str = "ratio"
    """Unit of the value."""
    better: Better | None = None
    """Direction in which it gets better; None where it is neither."""
    spread: float | None = None
    """Difference of the repeats of a figure of time, as a share of it; None where that is not known."""
    timed: bool = True
    """False for a figure that load by other processes does not change, such as an error or a size."""
    busy: str | None = None
    """Phrase that says why it is that of a busy machine; None where nothing says so. The report finds out."""


@dataclass(frozen=True)
class Table:
    """A table of a report."""

    title: str
    """Phrase that says what it shows; empty where the question of the report says it."""
    columns: tuple[str, ...]
    """Headings."""
    rows: Sequence[tuple[Any, ...]]
    """Numbers, texts, and None where there is nothing to tell."""


@dataclass(frozen=True)
class Report:
    """Findings of one benchmark."""

    name: str
    """Name of the benchmark, and of the files."""
    question: str
    """Question that it answers, in a sentence."""
    settings: Mapping[str, Any]
    """Shapes, repeats, warm-up: all that has to be known to repeat it."""
    tables: Sequence[Table]
    """The figures."""
    findings: Mapping[str, Finding]
    """Findings that the tables boil down to, by names that stay the same from run to run."""
    plots: Sequence[Plot] = ()
    """The pictures."""
    environment: Mapping[str, Any] = field(default_factory=describe_environment)
    """Machine and versions it was measured with."""
    conditions: Conditions = field(default_factory=Conditions)
    """Load of the machine meanwhile."""

    @property
    def judged(self) -> dict[str, Finding]:
        """Findings, each with what speaks against it."""
        return {
            key: replace(each, busy=each.busy or (self.conditions.reason(each.spread) if each.timed else None))
            for key, each in self.findings.items()
        }

    def markdown(self) -> str:
        """The report as a page, pictures included by name."""
        lines = [f"# {self.name}", "", self.question]
        for table in self.tables:
            lines += ["", *table_lines(table)]
        for plot in self.plots:
            lines += ["", f"![{plot.caption}]({self._picture(plot)})", "", plot.caption]
        findings = {key: _finding(value) for key, value in self.judged.items()}
        machine = {**self.environment, "taken_by_other_processes": self.conditions.said}
        for title, facts in (("Findings", findings), ("Settings", self.settings), ("Machine", machine)):
            lines += _facts(title, facts)
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Plain values; pictures by the names of their files."""
        plots = [{"file": self._picture(plot), "caption": plot.caption} for plot in self.plots]
        return {
            "name": self.name, "question": self.question, "settings": self.settings, "environment": self.environment,
            "conditions": asdict(self.conditions), "findings": {key: _plain(each) for key, each in self.judged.items()},
            "tables": [asdict(table) for table in self.tables], "plots": plots,
        }  # fmt: skip

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write ``NAME.json``, ``NAME.md`` and ``NAME-PLOT.png`` of each plot, and give their paths.

        Raises:
            UsageError: matplotlib, which draws the plots, is not installed; the other files are there.
        """
        check_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        data, page = folder / f"{self.name}.json", folder / f"{self.name}.md"
        write_file(data, json.dumps(self.as_json(), indent=2) + "\n")
        write_file(page, self.markdown())
        return data, page, *(self._draw(plot, folder) for plot in self.plots)

    def _draw(self, plot: Plot, folder: Path) -> Path:
        from landslip.benchmarks.reports.drawing import save_plot  # noqa: PLC0415 - only here is matplotlib needed

        path = folder / self._picture(plot)
        with draft_of(path) as draft:
            save_plot(plot, self.environment, draft)
        return path

    def _picture(self, plot: Plot) -> str:
        return f"{self.name}-{plot.name}.png"


def table_lines(table: Table) -> list[str]:
    """A table as lines of Markdown."""
    title = [f"**{table.title}**", ""] if table.title else []
    rows = [_row([_text(cell) for cell in row]) for row in table.rows]
    return [*title, _row(table.columns), _row(["---"] * len(table.columns)), *rows]


def _row(cells: Sequence[str]) -> str:
    # A pipe in a text, such as that of an error, would begin another cell.
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _facts(title: str, facts: Mapping[str, Any]) -> list[str]:
    lines = [f"- {key.replace('_', ' ')}: {_text(value)}" for key, value in facts.items()]
    return ["", f"{title}:", "", *lines] if lines else []


def _finding(finding: Finding) -> str:
    unit = "" if finding.unit == "ratio" else f" {finding.unit}"
    better = f" ({finding.better} is better)" if finding.better else ""
    return f"{_text(finding.value)}{unit}{better}" + (f"; **busy machine**: {finding.busy}" if finding.busy else "")


def _plain(finding: Finding) -> dict[str, Any]:
    """Finding as plain values, without what is not known of it."""
    facts = asdict(finding)
    del facts["timed"]
    return {key: value for key, value in facts.items() if value is not None or key == "better"}


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "-"
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
