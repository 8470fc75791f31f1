"""Benchmarks run, and their reports carry the context of their figures."""

from __future__ import annotations

import json

import pytest
import rasterio

from landslip.benchmarks.studies.peak_memory import measure_memory
from landslip.benchmarks.studies.sentinel2_size import measure_sentinel2
from landslip.runtime.cli.main import run
from landslip.runtime.errors import LandslipError


@pytest.mark.slow
def test_memory_is_measured_in_processes_of_their_own(tmp_path):
    report = measure_memory(tmp_path, [500, 700], 600, None)
    (table,) = report.tables
    assert [row[:2] for row in table.rows] == [(500, 600), (700, 600)]
    assert all(100 < row[3] < 2000 for row in table.rows)
    assert table.rows[0][4] == 1


@pytest.mark.slow
def test_a_large_scene_is_mapped_with_its_time(tmp_path):
    report = measure_sentinel2(tmp_path, None, 700)
    (row,) = report.tables[0].rows
    assert row[:2] == (1167, 1167)
    assert row[3] > 5
    assert 100 < report.findings["peak_mib"].value < 2000
    assert report.findings["seconds"].value > 0
    with rasterio.open(tmp_path / "scene" / "post.tif") as post, rasterio.open(tmp_path / "scene" / "pre.tif") as pre:
        before, after = pre.read(), post.read()
        assert post.block_shapes == [(256, 256)] * 3
    # The band of blocks below is not the same: it would compress, and be cached, as no image is.
    assert (before != after).any()
    assert (after[:, :188] != after[:, 512:]).any()
    with rasterio.open(tmp_path / "map" / "confidence.tif") as confidence:
        assert (confidence.read(1) != 255).mean() > 0.8


def test_a_map_that_fails_is_an_error_of_the_benchmark(tmp_path):
    with pytest.raises(LandslipError, match="does not exist"):
        measure_memory(tmp_path, [500], 600, tmp_path / "nowhere.onnx")


@pytest.mark.slow
def test_reports_are_written_with_machine_and_settings(tmp_path, capsys):
    out = tmp_path / "results"
    assert run(["bench", "memory", "--rows", "500", "--width", "600", "-o", str(out)]) == 0
    page, data = (out / "memory.md").read_text(), json.loads((out / "memory.json").read_text())
    assert capsys.readouterr().out.strip() == page.strip()
    assert data["environment"]["packages"]["landslip"]
    assert data["settings"]["tile"] == 224
    assert "| 500 | 600 |" in page


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_height_of_the_scene(tmp_path):
    report = measure_memory(tmp_path, [20_000, 40_000], 1000, None)
    assert report.findings["tallest_to_lowest"].value < 1.08
