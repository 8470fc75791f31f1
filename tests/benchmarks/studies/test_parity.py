"""What was proven of artifacts, as a report."""

from __future__ import annotations

from pathlib import Path

from landslip.benchmarks.studies.artifact_parity import parity_report
from landslip.export.judging.trials import TrialOutcome
from landslip.export.proof.verify import VerifyReport
from landslip.runtime.artifacts.parity import GATES, Parity

ENVIRONMENT = {"cpu": "one", "cores": 2, "packages": {}}


def figure(kind, iou, mean=0.001, area=90):
    return Parity(kind, 8, 224, max_abs=0.3, mean_abs=mean, p99_9=0.1, iou=iou, area=area, area_reference=100)


def outcome(name, engine, precision, figures=(), **changes):
    return TrialOutcome(Path(name), engine, precision, precision, "1.0", "cpu", tuple(figures), **changes)


def report(*outcomes):
    return parity_report(VerifyReport(outcomes, {"m": "Keras network"}, GATES, ENVIRONMENT))


def test_rows_are_of_the_tiles_that_decide():
    found = report(outcome("m.int8.onnx", "onnxruntime", "int8", [figure("noise", 0.1), figure("scene", 0.99)]))
    assert found.tables[0].rows == [
        ("m.int8.onnx", "onnxruntime 1.0", "cpu", "int8", "8 scene 224", 0.3, 0.001, 0.1, 0.99, "-10.00 %", "PASS")
    ]
    assert found.settings["gate_of_int8"] == "mean_abs <= 0.01, iou >= 0.98 on scene tiles"
    assert found.settings["reference_of_m"] == "Keras network"
    assert found.environment == ENVIRONMENT


def test_findings_are_the_worst_of_each_run_and_the_verdicts():
    passing = [figure("scene", 0.99, 0.002), figure("scene", 0.985, 0.001)]
    failing = [figure("scene", 0.5)]
    found = report(
        outcome("m.int8.onnx", "onnxruntime", "int8", passing),
        outcome("m.int8.onnx", "openvino", "int8", failing, objections=("it overlaps too little",)),
        outcome("m.fp32.onnx", "tensorrt", "fp32", not_run="/somewhere/else/m.fp32.onnx is not for TensorRT."),
    )
    values = {key: finding.value for key, finding in found.findings.items()}
    assert values == {
        "passed": 1,
        "failed": 1,
        "m.int8.onnx onnxruntime int8 iou": 0.985,
        "m.int8.onnx onnxruntime int8 mean_error": 0.002,
        "m.int8.onnx openvino int8 iou": 0.5,
        "m.int8.onnx openvino int8 mean_error": 0.001,
    }
    assert [row[-1] for row in found.tables[0].rows] == ["PASS", "PASS", "FAIL", "not run"]
    assert [(table.title, table.rows) for table in found.tables[1:]] == [
        ("Not run here", [("m.fp32.onnx tensorrt fp32", "m.fp32.onnx is not for TensorRT.")]),
        ("Failed", [("m.int8.onnx openvino int8", "it overlaps too little")]),
    ]


def test_a_reference_proves_nothing():
    found = report(outcome("m.fp32.onnx", "onnxruntime", "fp32", [figure("noise", 1.0)], is_reference=True))
    assert found.tables[0].rows[0][-1] == "FAIL"  # fp32 may not differ by 0.3
    found = report(outcome("m.int8.onnx", "onnxruntime", "int8", [figure("scene", 1.0)], is_reference=True))
    assert found.tables[0].rows[0][-1] == "reference"
    assert list(found.findings) == ["passed", "failed"]
