"""What an engine computes in, read from the inspector's words. The reports have the forms of NVIDIA's documentation."""

from __future__ import annotations

import json

import pytest

from landslip.runtime.engines.tensor_rt.computed_types import check_types, count_types
from landslip.runtime.errors import EngineError


def report_10(*types):
    """As TensorRT 10 writes it: the names of inputs and outputs, and one entry for format and type."""
    layers = [
        {
            "Name": f"conv_{number}",
            "LayerType": "CaskConvolution",
            "Inputs": [{"Name": "x", "Dimensions": [2, 64, 56, 56], "Format/Datatype": kind}],
            "Outputs": [{"Name": "y", "Dimensions": [2, 64, 56, 56], "Format/Datatype": kind}],
            "Weights": {"Type": "Half", "Count": 36864},
        }
        for number, kind in enumerate(types)
    ]
    return json.dumps({"Layers": layers, "Bindings": ["pre", "post", "hillshade", "slope", "confidence"]})


def report_11(*types):
    """As TensorRT 11 writes it: inputs and outputs as objects, format and type apart."""
    tensors = [{"Name": "pre", "IOMode": "Input", "DataType": "UInt8", "Dimensions": [-1, 3, 224, 224]}]
    layers = [
        {"Name": f"conv_{number}", "Outputs": [{"Name": "y", "Format": "kLINEAR", "DataType": kind}]}
        for number, kind in enumerate(types)
    ]
    return json.dumps({"Layers": layers, "I/O Tensors": tensors})


@pytest.mark.parametrize(
    ("report", "types"),
    [
        (report_10("Half", "Half", "Float"), {"fp16": 4, "fp32": 2}),
        (report_11("Half", "Half", "Float"), {"fp16": 2, "fp32": 1, "other": 1}),
        (report_10("Channel major FP16 format where channel % 8 == 0"), {"fp16": 2}),
        (report_10("Thirty-two wide channel vectorized row major Int8 format."), {"int8": 2}),
        (report_10("Row major linear FP32", "BFloat16", "Bool"), {"fp32": 2, "bf16": 2, "other": 2}),
        ('{"Layers": ["conv_1", "conv_2"]}', {}),
    ],
)
def test_tensors_are_counted_by_type(report, types):
    assert count_types(report) == types


def test_a_report_that_is_no_valid_json_still_counts():
    broken = report_10("Half").replace("conv_0", 'conv "0"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)
    assert count_types(broken) == {"fp16": 2}


@pytest.mark.parametrize(("precision", "kind"), [("fp32", "Float"), ("fp16", "Half"), ("int8", "Int8")])
def test_an_engine_in_the_precision_of_its_graph_passes(precision, kind):
    check_types(count_types(report_10(kind, "Float")), precision)


@pytest.mark.parametrize("report", [report_10, report_11])
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_an_engine_that_became_fp32_is_refused(report, precision):
    with pytest.raises(EngineError, match=f"without a single {precision} tensor"):
        check_types(count_types(report("Float", "Float")), precision)


def test_images_do_not_count_as_int8():
    with pytest.raises(EngineError, match="without a single int8 tensor"):
        check_types(count_types(report_11("UInt8", "Half")), "int8")


def test_an_inspector_that_tells_no_types_proves_nothing():
    with pytest.raises(EngineError, match="does not tell"):
        check_types(count_types('{"Layers": ["conv_1"]}'), "fp16")
