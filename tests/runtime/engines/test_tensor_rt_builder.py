"""NVIDIA's parser and builder on what landslip exports, without a GPU; see :mod:`helpers.rtx_builder`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helpers.engines import SPEC
from helpers.models import brightness_model
from helpers.rtx_builder import AVAILABLE, build

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="needs TensorRT-RTX")

DEMO = Path(__file__).parents[3] / "models" / "demo_data" / "demo.fp32.onnx"


@pytest.mark.slow
def test_the_demo_model_becomes_an_engine():
    built = build(DEMO)
    assert built["plan"] > DEMO.stat().st_size
    assert built["types"]["FLOAT"] > 200
    assert "HALF" not in built["types"]


@pytest.mark.slow
def test_the_build_tells_how_far_it_is():
    start, *steps, end = build(DEMO)["progress"]
    assert start.startswith("TensorRT: ")
    assert sum(steps) == 1000
    assert len(steps) > 50
    assert end == "finished"


@pytest.mark.slow
def test_timings_of_a_build_are_taken_by_the_next():
    built = build(DEMO)
    assert built["timings"] > 0
    assert built["again"] == pytest.approx(built["plan"], rel=0.01)


def test_a_cancelled_build_stops_with_the_builders_own_words():
    built = build(DEMO, "--cancel")
    assert built["error"] == "EngineError"
    assert "could not build an engine from demo.fp32.onnx" in built["words"]
    assert "cancel" in built["words"].lower()


def test_a_graph_that_is_not_as_described_is_refused_before_it_is_built(tmp_path):
    assert build(brightness_model(tmp_path / "right.onnx"))["plan"] > 0
    refused = build(brightness_model(tmp_path / "wrong.onnx", replace(SPEC, output="certainty")))
    assert refused["error"] == "ModelError"
    assert "its description says" in refused["words"]
    assert "certainty" in refused["words"]


@pytest.mark.tensorflow  # onnx comes with the export extra
def test_nearest_enlargement_as_keras_means_it_is_what_the_parser_rejects(tmp_path):
    """The reason why export writes it another way; the same bits for a factor of 2."""
    import onnx

    model = onnx.load(DEMO)
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Resize" and attribute.name == "coordinate_transformation_mode":
                attribute.s = b"tf_half_pixel_for_nn"
    path = tmp_path / "half_pixel.onnx"
    onnx.save(model, path)
    refused = build(path)
    assert refused["error"] == "ModelError"
    assert "tf_half_pixel_for_nn" in refused["words"]
