"""CUDA: found or not, with words for why not. What needs a GPU runs where there is one."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from landslip.runtime.engines.cuda import call, constant, first_gpu, probe_cuda, version_text
from landslip.runtime.engines.cuda_memory import Buffer, Event, Stream, drain
from landslip.runtime.errors import EngineError

pytestmark = pytest.mark.skipif(importlib.util.find_spec("cuda") is None, reason="needs cuda-python")


def has_gpu():
    return importlib.util.find_spec("cuda") is not None and probe_cuda().gpu is not None


without_gpu = pytest.mark.skipif(has_gpu(), reason="for machines without a GPU")
with_gpu = pytest.mark.skipif(not has_gpu(), reason="needs an NVIDIA GPU")


@without_gpu
def test_without_a_driver_the_error_says_so():
    with pytest.raises(EngineError, match=r"driver.*run on the CPU") as error:
        first_gpu()
    assert error.value.exit_code == 4


@without_gpu
def test_a_probe_reports_what_is_missing_and_does_not_raise():
    report = probe_cuda()
    assert report.gpu is None
    assert report.driver is None
    assert "driver" in report.problem


@without_gpu
@pytest.mark.parametrize(
    "make",
    [Stream, Event, lambda: Buffer((2, 3, 4, 4), np.uint8)],
    ids=["stream", "event", "buffer"],
)
def test_what_needs_a_gpu_fails_with_cudas_own_words(make):
    with pytest.raises(EngineError, match=r"CUDA.*(cudaErrorInsufficientDriver|cudaErrorNoDevice|does not start)"):
        make()


@without_gpu
def test_the_calls_that_only_a_gpu_answers_are_calls_that_cuda_python_has():
    """Wrong names or numbers of arguments are TypeErrors and AttributeErrors, which are not translated."""
    up = constant("cudaMemcpyKind.cudaMemcpyHostToDevice")
    for function, *arguments in (
        ("cudaMalloc", 16), ("cudaFree", 0), ("cudaMallocHost", 16), ("cudaFreeHost", 0),
        ("cudaMemcpyAsync", 0, 0, 16, up, 0), ("cudaEventRecord", 0, 0), ("cudaStreamWaitEvent", 0, 0, 0),
        ("cudaEventSynchronize", 0), ("cudaEventDestroy", 0), ("cudaStreamDestroy", 0), ("cudaDeviceSynchronize",),
        ("cudaSetDevice", 0), ("cudaGetDeviceProperties", 0), ("cudaGetDeviceCount",),
    ):  # fmt: skip
        with pytest.raises(EngineError, match="CUDA"):
            call(function, *arguments)


@without_gpu
def test_freeing_never_hides_the_error_that_led_to_it(caplog):
    drain()
    assert "CUDA" in caplog.text


def test_without_cuda_python_the_error_has_the_command_that_installs_it(monkeypatch):
    for name in ("cuda", "cuda.bindings", "cuda.bindings.runtime", "cuda.cudart"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EngineError, match=r"cuda-python is not installed.*pip install 'landslip\[tensorrt\]'"):
        first_gpu()
    assert probe_cuda().runtime is None


@pytest.mark.parametrize(("number", "text"), [(12060, "12.6"), (13000, "13.0"), (11080, "11.8"), (12100, "12.10")])
def test_versions_of_cuda(number, text):
    assert version_text(number) == text


@with_gpu
def test_a_gpu_describes_itself():
    gpu = first_gpu()
    assert gpu.name
    assert gpu.memory > 1 << 30
    assert probe_cuda().problem is None


@with_gpu
def test_what_is_copied_to_the_device_comes_back():
    rows = np.random.default_rng(0).integers(0, 255, (3, 2, 5, 5), np.uint8)
    with Buffer((4, 2, 5, 5), np.uint8) as buffer, Stream() as there, Stream() as back, Event() as up, Event() as down:
        buffer.array[:] = 7
        buffer.array[:3] = rows
        buffer.upload(3, there)
        there.record(up)
        up.synchronize()
        buffer.array[:] = 0
        back.wait(up)
        buffer.download(3, back)
        back.record(down)
        down.synchronize()
        np.testing.assert_array_equal(buffer.array[:3], rows)
        assert not buffer.array[3].any()
