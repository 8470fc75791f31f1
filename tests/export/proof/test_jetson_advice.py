"""What the doctor advises on a Jetson; the facts are stand-ins, as no Jetson is at hand."""

from __future__ import annotations

import importlib

import pytest

from landslip.export.proof import jetson_advice as advice

doctor = importlib.import_module("landslip.export.proof.doctor")

MISSING = {"usable": False, "problem": "tensorrt is not installed. Install it with: pip install 'landslip[tensorrt]'"}
ONNXRUNTIME = {"usable": True, "providers": ["CPUExecutionProvider"]}
ENGINES = {"onnxruntime": ONNXRUNTIME, "openvino": {"usable": True}, "tensorrt": MISSING}
NO_CUDA = {"runtime": None, "driver": None, "gpu": None, "problem": "The package cuda-python is not installed."}
CUDA = {"runtime": "12.6", "driver": "12.6", "gpu": {"name": "Orin"}, "problem": None}
READY = ENGINES | {"tensorrt": {"usable": True, "version": "10.3.0"}}


@pytest.fixture(autouse=True)
def _all_cores_run(monkeypatch):
    monkeypatch.setattr(advice, "switched_off_cores", lambda: 0)


def test_cuda_and_tensorrt_come_with_jetpack():
    cuda, tensorrt = advice.jetson_advice(ENGINES, NO_CUDA)
    assert "cuda-python>=12.6,<12.7" in cuda
    assert "--system-site-packages" in tensorrt
    assert "landslip[" not in cuda + tensorrt  # PyPI's CUDA and TensorRT are for other machines


def test_a_jetson_that_is_ready_is_left_alone():
    assert [*advice.jetson_advice(READY, CUDA)] == []


def test_what_keeps_tensorrt_from_working_is_told():
    old = ENGINES | {"tensorrt": {"usable": False, "problem": "TensorRT 8.6 is too old"}}
    assert [*advice.jetson_advice(old, CUDA)] == ["TensorRT 8.6 is too old"]
    no_driver = CUDA | {"gpu": None, "problem": "CUDA shows no GPU."}
    assert [*advice.jetson_advice(READY, no_driver)] == ["CUDA shows no GPU."]


def test_cores_that_do_not_run_are_told(monkeypatch):
    monkeypatch.setattr(advice, "switched_off_cores", lambda: 4)
    (power,) = advice.jetson_advice(READY, CUDA)
    assert power.startswith("4 cores are switched off by the power mode")


@pytest.mark.parametrize("jetson", [True, False])
def test_the_doctor_sends_only_other_machines_to_pip_for_their_gpu(monkeypatch, jetson):
    monkeypatch.setattr(doctor, "on_jetson", lambda: jetson)
    words = " ".join(doctor._advice(ENGINES, CUDA, {"writable": True}))
    assert ("landslip[gpu]" in words, "landslip[tensorrt]" in words) == (not jetson, not jetson)
    assert ("JetPack" in words) == jetson
