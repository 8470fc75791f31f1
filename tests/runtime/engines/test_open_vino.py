"""OpenVINO as an engine: the precision is what was asked for, or an error."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

from helpers.engines import SPEC
from helpers.models import batch_of, brightness_model
from helpers.quantised import write_small_int8
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.spec import PRECISION_KEY, TARGET_KEY
from landslip.runtime.engines import BACKENDS, EngineOptions, open_engine
from landslip.runtime.engines.backends import run_precisions
from landslip.runtime.engines.openvino_core import openvino_core
from landslip.runtime.errors import EngineError

pytest.importorskip(
    "openvino_telemetry", reason="openvino is not installed"
)  # not openvino itself: see without_telemetry.py


def opened(model, **options):
    return open_engine(model, EngineOptions(engine="openvino", **options))


@pytest.fixture(scope="module")
def capabilities():
    return openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@pytest.fixture(scope="module")
def real_batch():
    """Two tiles for the demo model, with unknown slopes."""
    spec = read_onnx_file(DEMO_MODEL).spec
    tiles = importlib.import_module("landslip.export.judging.tiles")
    return tiles.relief_batch(spec, np.random.default_rng(0), 2, 96)


def answers(engine, batch, **options):
    with open_engine(DEMO_MODEL, EngineOptions(engine=engine, batch=2, tile=96, **options)) as opened_engine:
        return opened_engine.infer(batch)


def test_a_model_runs_with_its_spec_from_the_file(tmp_path):
    with opened(brightness_model(tmp_path / "m.onnx"), batch=2, tile=64) as engine:
        assert (engine.name, engine.device, engine.precision, engine.spec) == ("openvino", "cpu", "fp32", SPEC)
        batch = batch_of(2)
        confidence = engine.infer(batch)
    expected = batch["post"].max(1, keepdims=True).astype(np.float32) / 255
    np.testing.assert_allclose(confidence, expected, atol=1e-6)
    assert confidence.dtype == np.float32


def test_fp32_is_fp32_even_where_the_cpu_has_bf16(real_batch):
    expected = answers("onnxruntime", real_batch)
    assert np.abs(answers("openvino", real_batch) - expected).max() < 1e-5
    assert np.isfinite(expected).all()


def test_bf16_is_bf16(real_batch, capabilities):
    if "BF16" not in capabilities:
        pytest.skip("this CPU does not compute in bf16")
    difference = np.abs(answers("openvino", real_batch, precision="bf16") - answers("onnxruntime", real_batch))
    assert 1e-4 < difference.max() < 0.2
    with opened(DEMO_MODEL, batch=1, tile=96, precision="bf16") as engine:
        assert engine.precision == "bf16"


def test_what_int8_leaves_in_float_is_computed_in_bf16_where_that_is_asked_for(tmp_path, capabilities):
    model, batch = write_small_int8(tmp_path / "m.int8.openvino.onnx", "openvino"), batch_of(2)
    with opened(model, batch=2, tile=64) as engine:
        assert engine.precision == "int8"
        usual = engine.infer(batch)
    if "BF16" not in capabilities:
        pytest.skip("this CPU does not compute in bf16")
    with opened(model, batch=2, tile=64, precision="int8+bf16") as engine:
        assert engine.precision == "int8+bf16"
        difference = np.abs(engine.infer(batch) - usual)
    assert difference.max() > 1e-5
    assert difference.mean() < 1e-2


def test_int8_with_bf16_is_refused_where_there_is_no_bf16(tmp_path, monkeypatch):
    module = importlib.import_module("landslip.runtime.engines.open_vino")
    monkeypatch.setattr(module, "_abilities", lambda *_: {"FP32", "INT8"})
    model = brightness_model(tmp_path / "m.onnx", extra={PRECISION_KEY: "int8", TARGET_KEY: "openvino"})
    with pytest.raises(EngineError, match=r"This CPU does not compute in int8\+bf16 .* `precision` int8, or"):
        opened(model, precision="int8+bf16", batch=1, tile=64)
    assert run_precisions(BACKENDS["openvino"], read_onnx_file(model)) == ("int8",)


def test_precisions_of_this_machine_are_those_that_open(tmp_path, capabilities):
    def here(precision, device="auto"):
        model = brightness_model(tmp_path / f"{precision}.onnx", extra={PRECISION_KEY: precision})
        return {*run_precisions(BACKENDS["openvino"], read_onnx_file(model), device)}

    assert here("fp32") == {"fp32", *(name for name in ("bf16", "fp16") if name.upper() in capabilities)}
    assert here("int8") == {"int8", *(["int8+bf16"] if "BF16" in capabilities else [])}
    if not any(device.startswith("NPU") for device in openvino_core().available_devices):
        assert here("int8", "npu") == set()


def test_a_precision_the_cpu_lacks_is_refused_and_not_replaced(capabilities):
    if "FP16" in capabilities:
        pytest.skip("this CPU computes in fp16")
    with pytest.raises(EngineError, match="does not compute in fp16 under openvino"):
        opened(DEMO_MODEL, precision="fp16")


def test_an_artifact_in_half_precision_is_not_run_in_another_unless_asked(tmp_path, capabilities):
    if "FP16" in capabilities:
        pytest.skip("this CPU computes in fp16")
    model = brightness_model(tmp_path / "half.onnx", extra={PRECISION_KEY: "fp16"})
    with pytest.raises(EngineError, match="`precision` fp32"):
        opened(model)
    with opened(model, precision="fp32", batch=1) as engine:
        assert engine.precision == "fp32"


def test_a_cpu_that_says_one_thing_and_does_another_is_caught(monkeypatch, capabilities):
    if "FP16" in capabilities or "BF16" not in capabilities:
        pytest.skip("this CPU does not turn fp16 into bf16")
    module = importlib.import_module("landslip.runtime.engines.open_vino")
    monkeypatch.setitem(module._CAPABILITIES, "f16", "FP32")  # as if it had said that it can
    with pytest.raises(EngineError, match="would have taken another precision"):
        opened(DEMO_MODEL, precision="fp16", batch=1, tile=96)


def test_it_refuses_what_it_does_not_run(tmp_path):
    model = brightness_model(tmp_path / "m.onnx")
    with pytest.raises(EngineError, match=r"does not run on cuda\. Run with `device` cpu or gpu or npu,"):
        opened(model, device="cuda")
    for precision in ("int8", "int8+bf16"):
        with pytest.raises(EngineError, match=r"int8 and int8\+bf16 need an artifact that was quantised"):
            opened(model, precision=precision)
    quantised = brightness_model(tmp_path / "q.onnx", extra={PRECISION_KEY: "int8"})
    with pytest.raises(EngineError, match=r"in int8\+bf16 on the cpu alone.*`device` cpu, or with `precision` int8\."):
        opened(quantised, precision="int8+bf16", device="gpu")
    for_tensorrt = brightness_model(tmp_path / "t.onnx", extra={TARGET_KEY: "tensorrt"})
    with pytest.raises(EngineError, match="is made for tensorrt"):
        opened(for_tensorrt)


@pytest.mark.parametrize("device", ["gpu", "npu"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(device):
    found = openvino_core().available_devices
    if any(one.startswith(device.upper()) for one in found):
        pytest.skip("it is there")
    with pytest.raises(EngineError, match=rf"openvino finds no {device.upper()} here, only {', '.join(found)}\. "):
        opened(DEMO_MODEL, device=device)


def test_threads_do_not_change_the_answer(real_batch):
    one = answers("openvino", real_batch, threads=1)
    np.testing.assert_allclose(answers("openvino", real_batch, threads=4), one, atol=1e-5)


def test_the_first_tiles_side_by_side_do_not_block_each_other():
    """Three of four times they did: each held one of Python's lock and C++'s, and waited for the other."""
    code = (
        "import sys, numpy as np\n"
        "sys.setswitchinterval(1e-6)\n"
        "from landslip.models.demo.embedded import DEMO_MODEL\n"
        "from landslip.runtime.engines import EngineOptions, open_engine\n"
        "with open_engine(DEMO_MODEL, EngineOptions('openvino', batch=4, tile=64, threads=4)) as engine:\n"
        "    engine.infer({e.name: np.zeros((4, e.bands, 64, 64), e.dtype) for e in engine.spec.inputs})\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
