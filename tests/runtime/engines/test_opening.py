"""Choosing and opening engines."""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from dataclasses import asdict

import numpy as np
import onnx
import pytest

from helpers.engines import SPEC
from helpers.models import batch_of, brightness_model
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY, TARGET_KEY, ModelSpec
from landslip.runtime.engines import EngineOptions, FakeEngine, open_engine
from landslip.runtime.errors import EngineError, InputMissingError, ModelError, UsageError

with_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")

FOR_OPENVINO = {PRECISION_KEY: "int8", TARGET_KEY: "openvino"}


def only(*packages):
    """A stand-in for ``find_spec`` on a machine where just these are installed."""
    return lambda name: object() if name in packages else None


def test_the_first_engine_that_is_installed_is_taken_and_the_log_says_why(tmp_path, caplog):
    caplog.set_level(logging.INFO, "landslip")
    with open_engine(brightness_model(tmp_path / "m.onnx")) as engine:
        assert engine.name == "onnxruntime"
    assert "engine: onnxruntime" in caplog.text
    assert "first of the installed engines that run fp32 for onnx" in caplog.text


@with_openvino
def test_without_onnxruntime_openvino_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", only("openvino"))
    with open_engine(brightness_model(tmp_path / "m.onnx")) as engine:
        assert engine.name == "openvino"


@with_openvino
def test_an_artifact_is_run_by_the_backend_it_is_made_for(tmp_path):
    with open_engine(brightness_model(tmp_path / "m.onnx", extra=FOR_OPENVINO)) as engine:
        assert (engine.name, engine.precision) == ("openvino", "int8")


@with_openvino
def test_the_precision_asked_for_decides_too(tmp_path):
    model = brightness_model(tmp_path / "m.onnx")
    try:
        with open_engine(model, EngineOptions(precision="bf16")) as engine:
            assert (engine.name, engine.precision) == ("openvino", "bf16")
    except EngineError as error:
        assert "does not compute in bf16" in str(error)  # noqa: PT017 - as it is on CPUs without it


@with_openvino
@pytest.mark.parametrize("device", ["gpu", "npu"])
def test_the_device_asked_for_decides_too(tmp_path, device):
    """What openvino says of it, which the first engine would not."""
    try:
        with open_engine(brightness_model(tmp_path / "m.onnx"), EngineOptions(device=device)) as engine:
            assert (engine.name, engine.device) == ("openvino", device)
    except EngineError as error:
        assert f"openvino finds no {device.upper()} here" in str(error)  # noqa: PT017 - as it is on most machines


def test_tensorrt_is_not_taken_without_being_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", only("tensorrt"))
    with pytest.raises(EngineError, match=r"landslip\[cpu\]' or pip install 'landslip\[openvino\]"):
        open_engine(brightness_model(tmp_path / "m.onnx"))


@pytest.mark.parametrize(
    ("extra", "precision", "words"),
    [
        ({}, "auto", r"m\.onnx \(fp32\) is installed\. Install one: pip install 'landslip\[cpu\]' or"),
        ({}, "bf16", r"in bf16 is installed\. Install one: pip install 'landslip\[openvino\]'\."),
        (FOR_OPENVINO, "auto", r"\(int8\) is installed\. Install one: pip install 'landslip\[openvino\]'\."),
        ({}, "int8", r"No engine runs .*m\.onnx \(fp32\) in int8\."),
    ],
)
def test_what_is_missing_is_named_with_the_command(tmp_path, monkeypatch, extra, precision, words):
    monkeypatch.setattr("importlib.util.find_spec", only())
    with pytest.raises(EngineError, match=words):
        open_engine(brightness_model(tmp_path / "m.onnx", extra=extra), EngineOptions(precision=precision))


def test_an_engine_asked_for_by_name_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "landslip.runtime.engines.open_vino", raising=False)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(EngineError, match=r"openvino is not installed.*pip install 'landslip\[openvino\]'"):
        open_engine(brightness_model(tmp_path / "m.onnx"), EngineOptions(engine="openvino"))


def test_the_fake_engine_is_an_engine():
    with FakeEngine(SPEC) as engine:
        batch = batch_of(2)
        np.testing.assert_allclose(engine.infer(batch), batch["post"][:, :1] / np.float32(255), atol=1e-6)


def test_a_missing_model_is_said(tmp_path):
    with pytest.raises(InputMissingError, match="does not exist"):
        open_engine(tmp_path / "missing.onnx")


def test_a_foreign_onnx_file_is_refused_by_name(tmp_path):
    model = onnx.load(brightness_model(tmp_path / "foreign.onnx", None))
    del model.metadata_props[:]
    model.producer_name = "pytorch"
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(
        ModelError,
        match=r"foreign\.onnx is an ONNX file that landslip did not export, made by pytorch.*"
        r"landslip describe foreign\.onnx, then adopt the file: landslip adopt foreign\.onnx --spec SPEC\.toml",
    ):
        open_engine(tmp_path / "foreign.onnx")


def test_an_export_without_a_description_says_what_it_lacks(tmp_path):
    with pytest.raises(ModelError, match=r"without a description.*`spec`"):
        open_engine(brightness_model(tmp_path / "m.onnx", None))


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


@pytest.mark.parametrize(
    "options",
    [
        {"engine": "abacus"}, {"device": "tpu"}, {"batch": 0}, {"threads": -1}, {"batch": 10**8}, {"precision": "fp8"},
    ],
)  # fmt: skip
def test_unknown_options_are_usage_errors(options):
    with pytest.raises(UsageError):
        EngineOptions(**options)
