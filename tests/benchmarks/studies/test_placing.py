"""INT8 as landslip places it is timed against convolutions alone."""

from __future__ import annotations

import pytest

from helpers.quantised import write_small_int8
from landslip.benchmarks.studies.int8_placing import PlacingBench, measure_placing
from landslip.export.judging.gate import TileJudge
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.errors import InputError


@pytest.mark.slow
def test_what_is_placed_is_settled_as_an_export_settles_it(monkeypatch):
    judged = []
    verdict = TileJudge.verdict

    def seen(self, name, rehearsals):
        judged.append({node.op_type for each in rehearsals for node in each.graph.graph.node})
        return verdict(self, name, rehearsals)

    monkeypatch.setattr(TileJudge, "verdict", seen)
    report = measure_placing(PlacingBench(DEMO_MODEL, targets=("onnx",), repeats=2, tiles=1))
    (row,) = (dict(zip(report.tables[0].columns, each, strict=True)) for each in report.tables[0].rows)
    assert (row["engine"], row["in integers"], row["sums fit without VNNI"]) == ("onnxruntime", "everything", "yes")
    assert 0.98 <= row["IoU"] < 1
    assert judged
    assert all("QuantizeLinear" in kinds for kinds in judged)
    finding = report.findings["onnxruntime_int8_vs_convolutions_alone"]
    assert row["lowest"] <= finding.value == row["tiles/s to convolutions alone"] <= row["highest"]
    assert finding.spread is not None


def test_int8_is_made_of_fp32(tmp_path):
    path = write_small_int8(tmp_path / "m.int8.onnx")
    with pytest.raises(InputError, match="holds no sound artifact in fp32"):
        measure_placing(PlacingBench(path))
