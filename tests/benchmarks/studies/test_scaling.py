"""One thing after another is varied, and told as a ratio to the first point."""

from __future__ import annotations

import pytest

from helpers.models import brightness_model
from landslip.benchmarks.studies.scaling import ScalingBench, measure_scaling
from landslip.benchmarks.studies.scaling_page import scaling_report
from landslip.runtime.engines.workers import LANES


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scaling")
    model = brightness_model(folder / "model.onnx")
    bench = ScalingBench(
        model, seconds=0.02, repeats=1, sizes_km=(2.6, 3.3, 200.0), threads=(1, 2), batches=(1, 3), tiles=(64, 96)
    )
    return bench, *measure_scaling(bench, folder)


@pytest.mark.slow
def test_points_are_those_asked_for_and_scenes_that_take_too_long_are_left_out(measured):
    _, engine, sweeps = measured
    assert engine.startswith("onnxruntime ")
    assert {sweep.name: list(sweep.points) for sweep in sweeps} == {
        "scene": [2.6, 3.3], "threads": [1, 2], "batch": [1, 3], "tile": [64, 96],
    }  # fmt: skip


def test_work_is_counted_in_what_is_compared(measured):
    _, _, (scene, threads, batch, tile) = measured
    assert [timing.work for timing in scene.points.values()] == [9, 16]  # every 672 m a tile of 1344 m
    for sweep in (threads, batch):
        assert all(timing.work % (224**2) == 0 for timing in sweep.points.values())
    assert tile.points[96].work % 96**2 == 0
    for sweep in (threads, batch, tile):
        for value, timing in sweep.points.items():
            assert len(timing.seconds) == 1
            assert sum(sweep.calls[value].seconds) <= LANES * sum(timing.seconds)


def test_the_report_has_a_table_a_plot_and_a_finding_for_each(measured, tmp_path):
    report = scaling_report(*measured)
    assert [plot.name for plot in report.plots] == ["scene", "threads", "batch", "tile"]
    assert list(report.findings) == [f"{plot.name}_last_to_first" for plot in report.plots]
    for table, finding in zip(report.tables, report.findings.values(), strict=True):
        first, last = table.rows[0], table.rows[-1]
        assert first[1:4] == (1.0, 1.0, 1.0)
        assert last[2] <= last[1] <= last[3]
        assert last[1] == finding.value
    assert report.tables[1].columns[-3:] == ("p90 to median", "p95 to median", "p99 to median")
    assert report.tables[0].columns[-1] == "highest"  # maps are no calls
    assert len(report.write(tmp_path)) == 6
