"""Every target has its row, whether it was measured or not."""

from __future__ import annotations

import pytest

from landslip.benchmarks.reports.conditions import Conditions
from landslip.benchmarks.reports.report import Finding, Report
from landslip.benchmarks.reports.target_outcomes import collect, summarise
from landslip.benchmarks.reports.targets import TARGETS

MACHINE = {"cpu": "one", "cores": 2, "packages": {}}


def write(folder, name, findings, cpu="one"):
    values = {key: Finding(value) for key, value in findings.items()}
    Report(name, "", {}, [], values, environment=MACHINE | {"cpu": cpu}).write(folder)


def verdicts(folder):
    return {outcome.target.key: outcome.verdict for outcome in collect(folder)}


def test_nothing_measured(tmp_path):
    assert verdicts(tmp_path) == {target.key: "not measured" for target in TARGETS}
    page = summarise(tmp_path).markdown()
    assert page.count("| not measured |") == len(TARGETS) == 18
    assert "| at most 0.1 x | - | not measured | - | `landslip bench memory --monai` |" in page


def test_rows_name_their_report_and_say_whether_the_target_is_met(tmp_path):
    write(tmp_path, "throughput-judge", {"best_int8_vs_published_tiles": 6.2, "tiles_and_blending_vs_monai": 1.99})
    write(tmp_path, "memory-monai", {"peak_memory_vs_monai": 0.09})
    write(tmp_path, "pipeline", {"tiles_per_second_on_grid": 1499.0})
    write(tmp_path, "scaling", {"tiles_per_second_resampled": 10_000.0})  # not the report that tells it
    found = {key: verdict for key, verdict in verdicts(tmp_path).items() if verdict != "not measured"}
    assert found == {
        "best_int8_vs_published_tiles": "met",
        "tiles_and_blending_vs_monai": "not met",
        "peak_memory_vs_monai": "met",
        "tiles_per_second_on_grid": "not met",
    }
    summary = summarise(tmp_path)
    assert (
        "| at least 6.2 x | 6.2 | met | [throughput-judge](throughput-judge.md) | `landslip bench throughput` |"
        in summary.markdown()
    )
    assert (
        "| at least 1,500 tiles/s | 1499 | not met | [pipeline](pipeline.md) | `landslip bench pipeline` |"
        in summary.markdown()
    )
    assert {key: finding.value for key, finding in summary.findings.items()} == {
        "targets_met": 2, "targets_not_met": 2, "targets_not_measured": 14,
    }  # fmt: skip
    assert summary.environment == MACHINE


def test_a_target_has_a_row_for_each_report_that_tells_it(tmp_path):
    for name, value in (("throughput-demo", 3.0), ("throughput-judge", 7.0)):
        write(tmp_path, name, {"best_int8_vs_published_tiles": value})
    rows = [outcome for outcome in collect(tmp_path) if outcome.report is not None]
    assert [(row.report.name, row.value, row.verdict) for row in rows] == [
        ("throughput-demo", 3.0, "not met"),
        ("throughput-judge", 7.0, "met"),
    ]


def test_what_a_busy_machine_said_is_marked(tmp_path):
    steady, shaky = Finding(1.1, spread=0.02), Finding(0.96, spread=0.3)
    findings = {"onnxruntime_fp32_map_vs_monai": steady, "map_vs_engine_openvino_int8": shaky}
    Report("throughput-judge", "", {}, [], findings, environment=MACHINE).write(tmp_path)
    Report(
        "start", "", {}, [], {"landslip_help_cpu_seconds": Finding(0.1)}, environment=MACHINE,
        conditions=Conditions(others=0.25),
    ).write(tmp_path)  # fmt: skip
    busy = {outcome.target.key: outcome.busy for outcome in collect(tmp_path) if outcome.busy}
    assert set(busy) == {"map_vs_engine_openvino_int8", "landslip_help_cpu_seconds"}
    assert "30 %" in busy["map_vs_engine_openvino_int8"]
    assert "25 %" in busy["landslip_help_cpu_seconds"]
    page = summarise(tmp_path).markdown()
    assert page.count("| not met, busy machine |") == 1
    assert page.count("| met, busy machine |") == 1
    assert page.count("| met |") == 1


def test_what_limits_is_said_of_every_target():
    assert all(target.limited_by.endswith(".") for target in TARGETS)


def test_a_summary_of_a_summary_is_the_same(tmp_path):
    write(tmp_path, "memory", {"peak_memory_vs_monai": 0.2})
    first = summarise(tmp_path)
    first.write(tmp_path)
    assert summarise(tmp_path).markdown() == first.markdown()


def test_reports_of_several_machines_are_told(tmp_path):
    write(tmp_path, "memory", {"peak_memory_vs_monai": 0.2})
    assert "note" not in summarise(tmp_path).settings
    write(tmp_path, "pipeline", {"tiles_per_second_on_grid": 2000.0}, cpu="two")
    assert "different machines" in summarise(tmp_path).settings["note"]


def test_what_is_no_report_is_told_and_passed_over(tmp_path, caplog):
    (tmp_path / "other.json").write_text("{}")
    write(tmp_path, "memory", {"peak_memory_vs_monai": 0.05})
    assert verdicts(tmp_path)["peak_memory_vs_monai"] == "met"
    assert "other.json is no report" in caplog.text


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.key)
def test_nan_meets_no_target(target):
    assert not target.met_by(float("nan"))
    assert target.met_by(target.limit)
