"""The pipeline without a network: scenes of every layout, and a report of them."""

from __future__ import annotations

import os

import numpy as np
import pytest
import rasterio

from landslip.benchmarks.measuring.fixed_tile_engine import FixedTiles
from landslip.benchmarks.measuring.timing import Timing
from landslip.benchmarks.scenes.band_scene import fourteen_bands_spec, write_band_scene
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.benchmarks.studies.core_counts import (
    MAPPED,
    OnCores,
    core_findings,
    core_table,
    measure_on_cores,
    powers,
)
from landslip.benchmarks.studies.pipeline_cases import FOURTEEN, layouts, write_cases
from landslip.benchmarks.studies.pipeline_speed import measure_pipeline
from landslip.benchmarks.studies.stage_caps import OF_ONE_THREAD, cap_findings
from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.pipeline import STAGES
from landslip.runtime.scene.scene import open_scene


@pytest.mark.filterwarnings("ignore:No mask")
@pytest.mark.slow
def test_the_report_has_every_layout_and_the_findings_of_the_targets(tmp_path):
    report = measure_pipeline(tmp_path, height_km=2.4, width_km=3.0, batch=2, repeats=2)
    rates, shares, caps = report.tables
    assert (
        [row[0] for row in rates.rows]
        == [row[0] for row in shares.rows]
        == [row[0] for row in caps.rows]
        == [*layouts(1, 1), FOURTEEN]
    )
    assert {row[1] for row in rates.rows} == {12}  # 400 x 500 pixels, 224 at 50 %
    assert len(shares.columns) == 1 + len(STAGES)
    assert all(0 < row[rates.columns.index("cores busy")] < 2 * (os.cpu_count() or 1) for row in rates.rows)
    assert report.findings["tiles_per_second_on_grid"].value == rates.rows[0][2] > 0
    on_grid = dict(zip(caps.columns, caps.rows[0], strict=True))
    lowest = on_grid[on_grid["lowest of one thread"]]
    assert report.findings["lowest_cap_tiles_per_second"].value == lowest > 0
    assert lowest == min(on_grid[stage] for stage in OF_ONE_THREAD)
    assert report.findings["tiles_per_second_resampled"].value > 0
    assert report.findings["tiles_per_second_14_bands"].value > 0
    assert all(finding.spread is not None for finding in report.findings.values())
    assert [path.suffix for path in report.write(tmp_path / "report")] == [".json", ".md", ".png"]


def test_a_cap_is_the_median_of_its_repeats_and_tells_what_they_differ_by():
    steady, slow = Timing((0.1, 0.1, 0.1), 100.0), Timing((0.2, 0.25, 0.5), 100.0)
    caps = {"read": Timing((9.0,), 100.0), **dict.fromkeys(OF_ONE_THREAD, steady), "stitch": slow}
    lowest = cap_findings(caps)["lowest_cap_tiles_per_second"]
    assert (lowest.value, lowest.spread) == (400, pytest.approx(300 / 400))


def test_figures_of_cores_tell_what_their_repeats_differ_by():
    one = OnCores(1, "scene", Timing((8.0, 8.0), 8.0), Timing((4.0, 4.0), 8.0), {"stitch": Timing((1.0, 1.0), 8.0)})
    stages = {"stitch": Timing((1.0, 1.0), 8.0), "write": Timing((2.0, 4.0), 8.0)}
    two = OnCores(2, "scene", Timing((5.0, 5.0), 8.0), Timing((2.0, 4.0), 8.0), stages)
    found = core_findings([one, two])
    reading, slowest = found["reading_alone_on_most_cores_vs_fewest"], found["slowest_stage_tiles_per_second"]
    assert (reading.value, reading.spread) == (1.5, pytest.approx(1 / 1.5))
    assert (slowest.value, slowest.spread) == (pytest.approx(8 / 3), pytest.approx(2 / 3))


@pytest.mark.parametrize("name", list(layouts(1, 1)))
def test_scenes_have_no_hole(tmp_path, name):
    files = write_pattern_scene(tmp_path, layouts(2.4, 3.0)[name])
    with open_scene(files, 6.0) as scene:
        assert (scene.grid.height, scene.grid.width) == (400, 500)
        patch = scene.read(scene.grid.rows(0, 400))
    inner = patch.valid[1:-1, 1:-1]  # ready terrain has no neighbours beyond the edge of what it was made from
    assert inner.all()
    assert patch.arrays["slope"].max() > 30
    assert (patch.arrays["post"] > patch.arrays["pre"]).mean() > 0.01


def test_fourteen_bands_have_no_hole_and_values_of_their_own(tmp_path):
    spec = fourteen_bands_spec()
    files = write_band_scene(tmp_path, PatternLayout(2400.0, 3000.0, image=10.0, dem=30.0))
    with open_scene(files, 6.0, spec) as scene:
        patch = scene.read(scene.grid.rows(0, 400))
    assert patch.valid[1:-1, 1:-1].all()
    bands = patch.arrays["image"][:, 1:-1, 1:-1]
    assert len({band.tobytes() for band in bands}) == spec.inputs[0].bands == 14
    assert (bands[:12].max(axis=(1, 2)) < 1).all()
    assert bands[12].max() > 30
    assert bands[13].max() > 1500


def test_a_mask_is_written_when_asked_for(tmp_path):
    files = write_pattern_scene(tmp_path, PatternLayout(1200.0, 1200.0, image=6.0, dem=None, clouds=True))
    with rasterio.open(files.masks[0]) as dataset:
        assert set(np.unique(dataset.read(1))) == {0, 1}


def test_a_stamp_gives_the_same_tiles_whatever_it_is_shown():
    stamp = FixedTiles(3, 64)
    first = stamp({"pre": np.zeros((2, 3, 64, 64), np.uint8)})
    second = stamp({"pre": np.full((3, 3, 64, 64), 9, np.uint8)})
    assert first.shape == (2, 1, 64, 64)
    assert second.shape == (3, 1, 64, 64)
    assert np.shares_memory(first, second)
    assert 0 <= first.min() < 0.01 < 0.9 < first.max() <= 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="binds no process to cores")
@pytest.mark.slow
def test_each_number_of_cores_has_its_rates(tmp_path):
    cases = write_cases(tmp_path, 2.4, 3.0, 2)
    some = {name: cases[name] for name in ("on the grid", FOURTEEN)}
    found = measure_on_cores(some, [1], repeats=1)
    table = core_table(found)
    assert [row[:2] for row in table.rows] == [(FOURTEEN, 1), ("on the grid", 1)]
    for row in table.rows:
        rates = dict(zip(table.columns, row, strict=True))
        assert rates["map"] <= min(rates[stage] for stage in MAPPED) == rates[rates["slowest stage"]]
        assert rates["reading alone"] > 0
    assert core_findings(found)["reading_alone_on_most_cores_vs_fewest"].value == 1
    with pytest.raises(UsageError) as error:
        measure_on_cores(some, [4096], repeats=1)
    assert error.value.option == "cores"


def test_cores_are_doubled_up_to_all():
    assert powers(1) == (1,)
    assert powers(2) == (1, 2)
    assert powers(12) == (1, 2, 4, 8, 12)
    assert powers(16) == (1, 2, 4, 8, 16)
