"""Pictures of reports, drawn by matplotlib, the only module that imports it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landslip.benchmarks.reports.report_plot import Plot
from landslip.runtime.errors import UsageError

try:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    raise UsageError(
        "Plots need the package 'matplotlib', which is not installed. Install it with: pip install 'landslip[bench]'"
    ) from error

WIDTH = 8.0
"""Inches."""
DPI = 120

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
}


def save_plot(plot: Plot, environment: Mapping[str, Any], path: Path) -> None:
    """Draw a plot into a PNG file, its caption above and the machine below.

    Args:
        plot: what to draw.
        environment: as from :func:`landslip.runtime.system.machine.describe_environment`.
        path: of the file.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, plot.height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        plot.draw(figure.add_subplot())
        figure.suptitle(textwrap.fill(plot.caption, 100), x=0.01, ha="left", fontsize=10.5)
        figure.supxlabel(_footer(environment), x=0.01, ha="left", fontsize=7, color="#666666")
        # Without matplotlib's version in it, the same picture is the same file.
        figure.savefig(path, metadata={"Software": None})


def _footer(environment: Mapping[str, Any]) -> str:
    """The machine and the versions in small print."""
    gpu = f", {environment['gpu']}" if "gpu" in environment else ""
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    machine = f"{environment['cpu']}, {environment['cores']} cores{gpu}, {environment['system']}"
    versions = textwrap.fill(f"Python {environment['python']}, {packages}", 150)
    return f"{machine}\n{versions}"
