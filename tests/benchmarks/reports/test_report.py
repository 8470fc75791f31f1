"""Reports are pages for people and JSON for programs, with pictures, and each says where it was measured."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.reports.report_plot import Plot
from landslip.benchmarks.reports.stored_report import read_report
from landslip.runtime.errors import InputError, InputMissingError


def report(**changes):
    parts = {
        "name": "trial",
        "question": "How much?",
        "settings": {"batch": 4, "scene": {"rows": 10, "columns": 20}},
        "tables": [
            Table("", ("what", "ratio"), [("one", 1.0), ("two | halves", 1.23456)]),
            Table("Shares", ("stage", "share"), [("read", None)]),
        ],
        "findings": {"two_to_one": Finding(1.23456, better="higher"), "peak": Finding(12.0, "MiB")},
    }
    return Report(**(parts | changes))


def test_the_page_has_tables_findings_and_context():
    page = report().markdown()
    assert page.startswith("# trial\n\nHow much?\n\n| what | ratio |\n| --- | --- |\n| one | 1 |\n")
    assert "| two \\| halves | 1.235 |" in page
    assert "**Shares**\n\n| stage | share |\n| --- | --- |\n| read | - |" in page
    assert "- two to one: 1.235 (higher is better)\n- peak: 12 MiB\n" in page
    assert "- scene: rows 10, columns 20\n" in page
    assert f"numpy {np.__version__}" in page


def test_what_is_written_can_be_read(tmp_path):
    ours = report()
    written = ours.write(tmp_path / "new" / "folder")
    assert [path.name for path in written] == ["trial.json", "trial.md"]
    stored = read_report(written[0])
    assert stored.findings == ours.findings
    assert (stored.name, stored.settings, stored.environment) == ("trial", ours.settings, ours.environment)
    assert json.loads(written[0].read_text())["tables"][0]["rows"] == [["one", 1.0], ["two | halves", 1.23456]]


def test_plots_are_drawn_beside_the_page_that_shows_them(tmp_path):
    def draw(axes):
        axes.plot([0, 1], [0, 1])
        axes.set(xlabel="time, s", ylabel="height, m")

    ours = report(plots=[Plot("height", "How high it flies.", draw)])
    picture = ours.write(tmp_path)[2]
    assert picture == tmp_path / "trial-height.png"
    assert f"![How high it flies.]({picture.name})" in ours.markdown()
    assert json.loads((tmp_path / "trial.json").read_text())["plots"] == [
        {"file": "trial-height.png", "caption": "How high it flies."}
    ]
    image = imread(picture)
    assert image.shape[:2] == (480, 960)
    assert 0.05 < image[..., :3].std() < 0.4  # neither blank nor noise
    first = picture.read_bytes()
    ours.write(tmp_path)
    assert picture.read_bytes() == first


def test_matplotlib_is_imported_for_plots_alone(tmp_path):
    code = """
import sys
import landslip.benchmarks.reports.plots
from landslip.benchmarks.reports.report import Report
from pathlib import Path
Report("trial", "", {}, [], {}).write(Path(sys.argv[1]))
assert "matplotlib" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)


def test_without_matplotlib_the_rest_is_written_and_the_remedy_said(tmp_path):
    code = """
import sys
from pathlib import Path
sys.modules["matplotlib"] = None
from landslip.benchmarks.reports.report import Report
from landslip.benchmarks.reports.report_plot import Plot
from landslip.runtime.errors import UsageError
try:
    Report("trial", "", {}, [], {}, [Plot("p", "", print)]).write(Path(sys.argv[1]))
except UsageError as error:
    assert "pip install 'landslip[bench]'" in str(error)
else:
    raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    assert {path.name for path in tmp_path.iterdir()} == {"trial.json", "trial.md"}


GOOD = {"name": "trial", "settings": {}, "environment": {}, "findings": {}}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"[]", b"{}", b"null", b"[" * 100_000,
        json.dumps(GOOD | {"findings": {"a": 1.5}}).encode(),
        json.dumps(GOOD | {"findings": {"a": {"value": "1", "unit": "", "better": None}}}).encode(),
        json.dumps(GOOD | {"findings": {"a": {"value": 1, "unit": "", "better": "greener"}}}).encode(),
        json.dumps(GOOD | {"settings": 3}).encode(),
    ],
)  # fmt: skip
def test_damaged_reports_are_refused(tmp_path, content):
    path = tmp_path / "trial.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no report of landslip bench"):
        read_report(path)


def test_missing_reports_are_refused(tmp_path):
    with pytest.raises(InputMissingError, match="does not exist"):
        read_report(tmp_path / "trial.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_report(tmp_path)
