"""Which engines are measured."""

from __future__ import annotations

import pytest

from helpers.models import brightness_model
from landslip.benchmarks.studies.variants import open_variants, variants_of
from landslip.runtime.artifacts.spec import PRECISION_KEY, TARGET_KEY
from landslip.runtime.engines import BACKENDS
from landslip.runtime.errors import InputError


def test_an_artifact_made_for_an_engine_goes_before_one_for_any(tmp_path):
    brightness_model(tmp_path / "m.fp32.onnx")
    brightness_model(tmp_path / "m.int8.onnx", extra={PRECISION_KEY: "int8"})
    brightness_model(tmp_path / "m.int8.openvino.onnx", extra={PRECISION_KEY: "int8", TARGET_KEY: "openvino"})
    found = {variant.key: variant.path.name for variant in variants_of(tmp_path)}
    assert (
        found.items()
        >= {
            "onnxruntime_fp32": "m.fp32.onnx",
            "onnxruntime_int8": "m.int8.onnx",
            "openvino_fp32": "m.fp32.onnx",
            "openvino_bf16": "m.fp32.onnx",
            "openvino_int8": "m.int8.openvino.onnx",
        }.items()
    )


def test_every_precision_that_an_engine_computes_is_a_variant(tmp_path):
    brightness_model(tmp_path / "m.fp16.onnx", extra={PRECISION_KEY: "fp16"})
    brightness_model(tmp_path / "m.fp32.onnx")
    brightness_model(tmp_path / "m.int8.onnx", extra={PRECISION_KEY: "int8"})
    found = {(each.engine, each.precision): each.path.name for each in variants_of(tmp_path)}
    for name in ("onnxruntime", "openvino"):
        for own, computed in BACKENDS[name].precisions.items():
            assert found[name, own] == f"m.{own}.onnx"
            assert all((name, precision) in found for precision in computed)
    assert found["openvino", "bf16"] == "m.fp32.onnx"


def test_what_cannot_be_used_is_left_out_with_the_reason(tmp_path):
    brightness_model(tmp_path / "m.fp16.onnx", extra={PRECISION_KEY: "fp16"})
    brightness_model(tmp_path / "m.fp32.onnx")
    engines, left_out = open_variants(variants_of(tmp_path), 2)
    for engine in engines.values():
        engine.close()
    assert "onnxruntime fp32" in {variant.name for variant in engines}
    assert "fp32" in left_out["onnxruntime fp16"]


def test_a_folder_without_a_sound_artifact_is_refused(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match="no artifact"):
        variants_of(tmp_path)
