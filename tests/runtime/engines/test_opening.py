"""Choosing and opening engines."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import onnxruntime
import pytest

from helpers.engines import SPEC
from helpers.models import brightness_model
from landslip.runtime.engines import EngineOptions, FakeEngine, open_engine
from landslip.runtime.errors import EngineError, InputMissingError, ModelError, UsageError
from landslip.runtime.spec import METADATA_KEY, ModelSpec


def batch_of(count, tile=64):
    rng = np.random.default_rng(0)
    return {
        entry.name: rng.integers(0, 255, (count, entry.bands, tile, tile)).astype(entry.dtype) for entry in SPEC.inputs
    }


def test_a_model_runs_with_its_spec_from_the_file(tmp_path):
    model = brightness_model(tmp_path / "m.onnx")
    with open_engine(model, EngineOptions(batch=2, tile=64)) as engine:
        assert (engine.name, engine.device, engine.precision) == ("onnxruntime", "cpu", "fp32")
        assert engine.spec == SPEC
        batch = batch_of(2)
        confidence = engine.infer(batch)
    expected = batch["post"].max(1, keepdims=True).astype(np.float32) / 255
    np.testing.assert_allclose(confidence, expected, atol=1e-6)
    assert confidence.dtype == np.float32


def test_shapes_are_fixed_for_a_run(tmp_path):
    model = brightness_model(tmp_path / "m.onnx")
    fixed = open_engine(model, EngineOptions(batch=2, tile=64))
    with fixed, pytest.raises(EngineError, match="onnxruntime failed"):
        fixed.infer(batch_of(3))
    with open_engine(model, EngineOptions(batch=3)) as engine:
        assert engine.infer(batch_of(3, SPEC.tile)).shape == (3, 1, SPEC.tile, SPEC.tile)


def test_the_fake_engine_is_an_engine():
    with FakeEngine(SPEC) as engine:
        batch = batch_of(2)
        np.testing.assert_allclose(engine.infer(batch), batch["post"][:, :1] / np.float32(255), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("missing.onnx", None, InputMissingError, "does not exist"),
        ("text.onnx", b"not a model", ModelError, "damaged or no ONNX model"),
        ("page.onnx", b"<html>not a model</html>", ModelError, "is a web page"),
        ("empty.onnx", b"", ModelError, "is empty"),
        ("pointer.onnx", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", ModelError, "git lfs pull"),
        ("weights.hdf5", b"\x89HDF", ModelError, "landslip export"),
    ],
)
def test_files_that_are_no_model(tmp_path, name, content, error, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=words):
        open_engine(path)


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(ModelError, match="is a folder"):
        open_engine(tmp_path)


def test_a_foreign_onnx_file_is_refused_by_name(tmp_path):
    with pytest.raises(ModelError, match=r"foreign\.onnx is an ONNX file, but not one landslip exported"):
        open_engine(brightness_model(tmp_path / "foreign.onnx", None))


def test_a_description_that_does_not_fit_the_graph_is_refused(tmp_path):
    fewer = replace(SPEC, inputs=SPEC.inputs[:3])
    with pytest.raises(ModelError, match="but its description says"):
        open_engine(brightness_model(tmp_path / "m.onnx", fewer))


def test_band_counts_and_types_have_to_fit_the_graph(tmp_path):
    more = replace(SPEC, inputs=(replace(SPEC.inputs[0], bands=4), *SPEC.inputs[1:]))
    other = replace(SPEC, inputs=(*SPEC.inputs[:3], replace(SPEC.inputs[3], dtype="uint8")))
    for number, spec in enumerate((more, other)):
        with pytest.raises(ModelError, match="but its description says"):
            open_engine(brightness_model(tmp_path / f"{number}.onnx", spec))


def spoilt(**changes):
    return json.dumps(asdict(SPEC) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "{}", '{"inputs": 3}', spoilt(tile=100), spoilt(resolution=-1), spoilt(threshold=2),
        spoilt(inputs=[]), spoilt(inputs=[{"name": "pre"}]), spoilt(surprise=1), spoilt(tile="224"), spoilt(multiple=0),
    ],
)  # fmt: skip
def test_damaged_descriptions_are_refused(tmp_path, text):
    with pytest.raises(ModelError, match="model description"):
        open_engine(brightness_model(tmp_path / "m.onnx", extra={METADATA_KEY: text}))


def test_a_spec_survives_the_journey():
    assert ModelSpec.from_json(SPEC.to_json(), "here") == SPEC


def test_cuda_without_a_gpu_build_is_an_error_and_no_silent_fallback(tmp_path):
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime can use CUDA")
    with pytest.raises(EngineError, match="no CUDA support"):
        open_engine(brightness_model(tmp_path / "m.onnx"), EngineOptions(device="cuda"))


@pytest.mark.parametrize(
    "options", [{"engine": "abacus"}, {"device": "tpu"}, {"batch": 0}, {"threads": -1}, {"batch": 10**8}]
)
def test_unknown_options_are_usage_errors(options):
    with pytest.raises(UsageError):
        EngineOptions(**options)
