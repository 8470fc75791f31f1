"""The machine's peaks are measured, and the network is set against them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from landslip.benchmarks.measuring.gemm import moving, product
from landslip.benchmarks.measuring.graph_cost import GraphCost
from landslip.benchmarks.measuring.layer_times import LayerTime, layer_times
from landslip.benchmarks.measuring.machine_limits import Peak, fastest, gemm_peaks, memory_bandwidth
from landslip.benchmarks.measuring.timing import Timing
from landslip.benchmarks.studies.roofline import Roofline, RooflineBench, Speed, measure_roofline
from landslip.benchmarks.studies.roofline_page import roofline_report
from landslip.benchmarks.studies.variants import Variant
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import BACKENDS
from landslip.runtime.engines.without_telemetry import import_onnxruntime
from landslip.runtime.errors import EngineError, LandslipError

ort = import_onnxruntime()

without_cuda = pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="CUDA works here")


def run(graph, values):
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: values})[0]


def constant(graph, name):
    from onnx import numpy_helper

    return next(numpy_helper.to_array(tensor) for tensor in graph.graph.initializer if tensor.name == name)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_products_are_products(precision):
    graph = product(64, precision)
    factor = np.random.default_rng(0).random((64, 64)).astype(np.float16 if precision == "fp16" else np.float32)
    wanted = factor.astype(np.float64) @ constant(graph, "constant").astype(np.float64)
    np.testing.assert_allclose(run(graph, factor), wanted, atol=1e-4 if precision == "fp32" else 3e-2)


def test_the_quantised_product_is_one_of_bytes():
    graph = product(64, "int8")
    # Bytes up to 127: two of them times 127 are as much as 16 bits hold, in which CPUs without VNNI add products up.
    factor = np.random.default_rng(0).random((64, 64), np.float32) * np.float32(127 / 255)
    exact = np.rint(factor * 255) / 255 @ (constant(graph, "kernel") / 127.0)
    np.testing.assert_allclose(run(graph, factor), exact, atol=1e-3)


def test_memory_is_moved():
    values = np.arange(1000, dtype=np.float32)
    assert (run(moving(1000), values) == -values).all()


def test_peaks_are_there_for_every_library_that_is_installed():
    peaks = {(peak.engine, peak.precision): peak.flops for peak in gemm_peaks(seconds=0.02, size=128)}
    assert {("numpy", "fp32"), ("onnxruntime", "fp32"), ("onnxruntime", "int8")} <= peaks.keys()
    assert ("onnxruntime", "bf16") not in peaks  # it has no such arithmetic on CPUs
    assert all(1e6 < flops < 1e15 for flops in peaks.values())
    assert 1e6 < memory_bandwidth(seconds=0.02, array=1 << 20) < 1e14


def test_the_fastest_run_counts_and_the_first_does_not():
    calls = []
    assert 0 <= fastest(lambda: calls.append(1), 0.001) < 1
    assert len(calls) > 2


def speed(engine, precision, tiles_per_second, cost):
    return Speed(
        Variant(Path("m.onnx"), engine, precision),
        224,
        cost,
        Timing((1.0, 2.0, 4.0), 2 * tiles_per_second, (90.0, 180.0, 900.0)),
    )


def found():
    """A machine of 100 GFLOP/s, 400 in INT8, and 10 GB/s."""
    cost = GraphCost(flop=1e9, weights=1_000_000, activations=2_000_000)
    speeds = (speed("onnxruntime", "fp32", 90.0, cost), speed("openvino", "bf16", 120.0, cost))
    peaks = (
        Peak("numpy", "cpu", "fp32", 50e9), Peak("onnxruntime", "cpu", "fp32", 100e9),
        Peak("onnxruntime", "cpu", "int8", 400e9),
    )  # fmt: skip
    layers = [LayerTime("convolutions", "bf16", 80, 0.996), LayerTime("pooling", "bf16", 1, 0.004)]
    return Roofline(speeds, peaks, 10e9, {"openvino bf16": layers}, "RAPL")


def test_networks_are_held_against_the_best_peak_of_their_precision():
    roofline = found()
    assert roofline.base == 100e9
    assert roofline.best["int8"].flops == 400e9
    assert [roofline.share(each) for each in roofline.speeds] == [0.9, 1.2]  # no bf16 was measured: fp32 stands in


def test_cpus_are_told_in_ratios_and_gpus_in_flops_as_well():
    report = roofline_report(RooflineBench(Path("m"), batch=4), found())
    assert report.settings["energy"] == "RAPL"
    networks, machine, layers = report.tables
    assert layers.rows == [("openvino bf16", "convolutions", "bf16", 80, 0.996)]  # what is less is left out
    assert networks.rows[0] == ("onnxruntime fp32", 0.9, 0.9, 1e9 / (4 * 2.25e6), 1.0)
    assert [row[1] for row in machine.rows] == [0.5, 1.0, 4.0, 10.0]
    networks, machine, _ = roofline_report(RooflineBench(Path("m"), "cuda"), found()).tables
    assert networks.columns[5:] == ("tiles/s", "lowest", "highest", "TFLOP/s")
    assert networks.rows[0][5:] == (90.0, 45.0, 180.0, 0.09)
    assert [row[2] for row in machine.rows][-2:] == ["0.4 TFLOP/s", "10 GB/s"]


@pytest.mark.slow
def test_the_network_under_its_roofs(tmp_path):
    bench = RooflineBench(DEMO_MODEL, batch=1, repeats=1, seconds=0.01, size=128)
    roofline = measure_roofline(bench)
    report = roofline_report(bench, roofline)
    assert report.findings["onnxruntime_fp32_of_gemm_peak"].value == roofline.share(roofline.speeds[0]) > 0
    assert "1.033 GFLOP a tile" in report.settings["network"]
    assert report.write(tmp_path)[2].stat().st_size > 10_000


@without_cuda
def test_a_device_that_nothing_runs_on_is_an_error():
    with pytest.raises(EngineError, match="on cuda"):
        measure_roofline(RooflineBench(DEMO_MODEL, device="cuda", seconds=0.01, size=64))


@without_cuda
def test_a_library_that_does_not_start_on_a_device_is_an_error():
    with pytest.raises(EngineError, match="onnxruntime"):
        gemm_peaks("cuda", seconds=0.01, size=64)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_time_of_layers_adds_up(engine):
    if not BACKENDS[engine].installed:
        pytest.skip(f"{engine} is not installed")
    layers = layer_times(engine, DEMO_MODEL, "fp32", 64)
    assert sum(entry.share for entry in layers) == pytest.approx(1.0)
    assert layers == sorted(layers, key=lambda entry: -entry.share)
    convolutions = [entry for entry in layers if entry.kind == "convolutions"]
    assert sum(entry.layers for entry in convolutions) >= 80
    assert {entry.precision for entry in convolutions} == {"f32"}
    with pytest.raises(LandslipError):
        layer_times(engine, Path(__file__), "fp32", 64)
