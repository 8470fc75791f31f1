"""Reports: one JSON for programs and one Markdown page for people, each with the context of its figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landslip.runtime.environment import describe_environment


@dataclass(frozen=True)
class Report:
    """What one benchmark found."""

    name: str
    """Name of the benchmark, and of the files."""
    question: str
    """What it answers, in a sentence."""
    settings: dict[str, Any]
    """Shapes, repeats, warm-up: all that has to be known to repeat it."""
    columns: tuple[str, ...]
    """Headings of the table."""
    rows: Sequence[tuple[Any, ...]]
    """The table."""
    findings: dict[str, Any]
    """The figures that the table boils down to."""
    environment: dict[str, Any] = field(default_factory=describe_environment)
    """Where it ran."""

    def markdown(self) -> str:
        """The report as a page."""
        lines = [f"# {self.name}", "", self.question, "", _row(self.columns), _row(["---"] * len(self.columns))]
        lines += [_row([_text(cell) for cell in row]) for row in self.rows]
        for title, facts in (("Findings", self.findings), ("Settings", self.settings), ("Machine", self.environment)):
            lines += ["", f"{title}:", ""] + [
                f"- {key.replace('_', ' ')}: {_text(value)}" for key, value in facts.items()
            ]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write ``NAME.json`` and ``NAME.md`` and give their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        data, page = folder / f"{self.name}.json", folder / f"{self.name}.md"
        content = {
            "name": self.name, "question": self.question, "settings": self.settings, "environment": self.environment,
            "columns": self.columns, "rows": self.rows, "findings": self.findings,
        }  # fmt: skip
        data.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        page.write_text(self.markdown(), encoding="utf-8")
        return data, page


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
