"""Figures in README and docs are those of the reports that are kept."""

from __future__ import annotations

import runpy

import pytest

from helpers.pages import ROOT
from landslip.benchmarks.reports.conditions import Conditions
from landslip.benchmarks.reports.report import Finding, Report
from landslip.runtime.errors import InputError

TOOL = runpy.run_path(str(ROOT / "tools" / "figures.py"))

MACHINE = {
    "cpu": "Intel(R) Xeon(R) CPU @ 2.10GHz", "instruction_sets": ["avx2", "avx512f", "avx512_vnni"], "cores": 2,
    "packages": {},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Reports of a machine: one of speed, measured while others worked, and two of memory."""
    place = tmp_path / "results" / "intel-xeon-vnni-2-cores"
    findings = {"best": Finding(6.25), "steady": Finding(0.123456, timed=False)}
    Report("throughput-judge", "", {}, [], findings, environment=MACHINE, conditions=Conditions(0.5)).write(place)
    for name, value in (("memory", 1.08), ("memory-monai", 0.1)):
        Report(name, "", {}, [], {"peak": Finding(value, timed=False)}, environment=MACHINE).write(place)
    return place


def marked(what, text="?"):
    return f"before <!-- figure:{what} -->{text}<!-- /figure --> after"


def test_pages_and_stored_reports_have_not_parted(capsys):
    assert TOOL["main"](["--check"]) == 0, capsys.readouterr().out


def test_the_readme_has_figures_of_reports():
    assert (ROOT / "README.md").read_text(encoding="utf-8").count("<!-- figure:throughput.") >= 2


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("throughput.steady", "0.123"),
        ("throughput-judge.steady:.1%", "12.3%"),
        ("throughput.best:.1f", "6.2 (on a busy machine)"),
        ("memory.peak", "1.08"),
        ("memory-monai.peak:.2f", "0.10"),
        ("machine", "two cores of an Intel Xeon with VNNI"),
    ],
)
def test_a_mark_gets_the_figure_of_its_report(folder, what, text):
    assert TOOL["rewritten"](marked(what), folder) == marked(what, text)


def test_links_lead_into_the_folder_of_the_reports(folder):
    old = marked("link", "[all](benchmarks/results/amd-epyc-vnni-bf16-2-cores/summary.md)")
    assert TOOL["rewritten"](old, folder) == marked("link", f"[all](benchmarks/results/{folder.name}/summary.md)")


@pytest.mark.parametrize("what", ["throughput.unknown", "nowhere.best", "summary.targets_met"])
def test_what_no_report_says_is_an_error(folder, what):
    with pytest.raises(InputError, match="report"):
        TOOL["rewritten"](marked(what), folder)
