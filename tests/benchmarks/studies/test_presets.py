"""The benchmark of the presets."""

from __future__ import annotations

import pytest
import rasterio

from landslip.benchmarks.studies.preset_effects import PresetsBench, measure_presets
from landslip.runtime.engines import EngineOptions


@pytest.mark.slow
def test_presets_are_compared_with_the_faithful_map(tmp_path):
    report = measure_presets(PresetsBench(seeds=(31, 32), size_km=3.2, repeats=1), tmp_path)
    rows = {row[0]: dict(zip(report.tables[0].columns, row, strict=True)) for row in report.tables[0].rows}
    assert list(rows) == ["faithful", "faithful, overlap 0.6", "balanced", "fast", "faithful, features shared"]
    shared = rows["faithful, features shared"]
    assert shared["IoU, lowest"] >= 0.995
    assert shared["operations per km2, ratio"] is None
    assert list(rows["faithful"].values())[3:6] == [1, 1, 1]
    assert list(rows["faithful"].values())[7:] == [1, 1, 1]
    assert (rows["faithful"]["tile here"], rows["fast"]["tile here"], rows["fast"]["largest tile"]) == (224, 544, 672)
    assert 0.5 < rows["faithful"]["F1 against the truth"] < 1
    for name in ("balanced", "fast"):
        row = rows[name]
        assert 0.9 < row["IoU, lowest"] <= row["IoU, mean"] <= 1
        assert 0.9 < row["area, mean ratio"] < 1.1
        assert row["F1 against the truth"] == pytest.approx(rows["faithful"]["F1 against the truth"], abs=0.05)
        assert 0.3 < row["operations per km2, ratio"] < 0.7
        assert row["km2/h, ratio (median)"] > 0
        assert report.findings[f"{name}_iou"].value == row["IoU, mean"]
    assert rows["fast"]["the same on a map of 110 x 110 km"] < rows["balanced"]["the same on a map of 110 x 110 km"]
    with rasterio.open(tmp_path / "map-timed" / "confidence.tif") as dataset:
        assert dataset.width * 6 == pytest.approx(3200, abs=12)


@pytest.mark.slow
def test_settings_are_those_of_the_maps(tmp_path):
    options = EngineOptions(engine="onnxruntime", batch=2)
    report = measure_presets(PresetsBench(seeds=(31,), size_km=1.6, repeats=2, engine=options), tmp_path)
    assert report.settings["batch"].startswith("2 tiles of 224 pixels")
    assert "onnxruntime fp32 on cpu" in report.settings["speed"]
    assert "seeds 31" in report.settings["maps_compared"]
    assert report.findings["fast_vs_faithful_km2"].spread > 0
