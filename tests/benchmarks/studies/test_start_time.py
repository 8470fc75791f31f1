"""What a start costs is measured for real; how much it may be is not asserted."""

from __future__ import annotations

from landslip.benchmarks.studies.start_time import COMMANDS, measure_start, report_start


def test_every_command_costs_more_than_nothing():
    rows = measure_start(repeats=1)
    assert [name for name, _, _ in rows] == [f"landslip {' '.join(command)}" for command in COMMANDS]
    assert all(0 < nothing < whole for _, nothing, whole in rows)


def test_the_report_has_a_row_for_each_command():
    report = report_start(1)
    assert [row[0] for row in report.tables[0].rows] == ["landslip --help", "landslip map --help"]
    assert report.findings["landslip_help_cpu_seconds"].value == report.tables[0].rows[0][3]
