"""The throughput report holds what it promises; how fast anything is does not matter here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.engines import constant_engine
from helpers.models import brightness_model
from landslip.benchmarks.bare import BareEngine
from landslip.benchmarks.throughput import Bench, measure_throughput
from landslip.runtime.cli import run
from landslip.runtime.spec import PRECISION_KEY

QUICK = {"batch": 2, "seconds": 0.02, "empty_km": 2.0, "repeats": 1, "published_tiles": 4, "batches": (1, 2)}


@pytest.fixture
def folder(tmp_path):
    """Artifacts in two precisions, without a network to speak of."""
    place = tmp_path / "model"
    place.mkdir()
    brightness_model(place / "m.fp32.onnx")
    brightness_model(place / "m.int8.onnx", extra={PRECISION_KEY: "int8"})
    return place


def test_maps_and_engines_are_compared_in_one_run(folder, tmp_path):
    report = measure_throughput(Bench(folder, **QUICK), tmp_path)
    names = [row[0] for row in report.tables[0].rows]
    assert len(set(names)) == len(names)
    assert {"onnxruntime fp32 alone", "openvino int8 alone", "landslip map, onnxruntime fp32"} <= set(names)
    assert any(name.endswith("fast") for name in names)
    assert "map_vs_engine_onnxruntime_fp32" in report.findings
    assert all(finding.value > 0 for finding in report.findings.values())
    assert "--hdf5" in report.settings["left_out"]["published loop"]
    ours = next(row for row in report.tables[1].rows if row[0] == "landslip map without a network")
    assert ours[5] == 9


def test_the_base_of_the_ratios_is_one(folder, tmp_path):
    table = measure_throughput(Bench(folder, **QUICK), tmp_path).tables[0]
    base = table.title.rsplit(": ", 1)[1]
    row = next(row for row in table.rows if row[0] == base)
    assert row[7:] == (1, 1, 1, 1)


def test_absolute_figures_come_on_demand_only(folder, tmp_path):
    bench = Bench(folder, **QUICK)
    assert not any("km²/h" in table.columns for table in measure_throughput(bench, tmp_path).tables)
    last = measure_throughput(replace(bench, absolute=True), tmp_path).tables[-1]
    assert "km²/h" in last.columns


@pytest.mark.tensorflow
def test_all_that_targets_ask_for_is_found(folder, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("monai")
    from landslip.models.standin import write_standin

    source = tmp_path / "standin.hdf5"
    write_standin(source, width=1 / 8, optimizer_slots=False)
    report = measure_throughput(Bench(folder, source, **QUICK), tmp_path)
    assert set(report.findings) >= {
        "best_int8_vs_published_tiles",
        "best_preset_vs_published_km2",
        "map_vs_engine_onnxruntime_fp32",
        "empty_map_vs_monai",
        "onnxruntime_fp32_map_vs_monai",
    }
    assert [row[0] for row in report.tables[0].rows][:2] == ["published loop, batches of 2", "published loop"]


def test_the_command_writes_report_and_pictures(folder, tmp_path, capsys):
    out, quick = tmp_path / "results", ["--seconds", "0.02", "--repeats", "1", "--size-km", "2"]
    assert run(["bench", "throughput", "-m", str(folder), *quick, "-o", str(out)]) == 0
    assert {path.suffix for path in out.iterdir()} == {".md", ".json", ".png"}
    assert "Findings" in capsys.readouterr().out


def test_a_bare_engine_keeps_the_time_of_every_call():
    alone = BareEngine(constant_engine(0.5), 3, 64)
    assert alone.rate() > 0
    assert alone.run(4) + alone.run(2) == 18
    assert len(alone.calls.seconds) == 6
    assert alone.calls.work == 3
