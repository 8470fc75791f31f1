"""What a start costs is measured for real; how much it may be is not asserted."""

from __future__ import annotations

from landslip.benchmarks.start import COMMANDS, measure_start


def test_every_command_costs_more_than_nothing():
    rows = measure_start(repeats=1)
    assert [name for name, _, _ in rows] == [f"landslip {' '.join(command)}" for command in COMMANDS]
    assert all(0 < nothing < whole for _, nothing, whole in rows)
