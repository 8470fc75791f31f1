"""Limits of this machine: matrix products in each precision, and moving memory. They are the roofs of a roofline.

Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model": a program reaches at most
the peak of the arithmetic, and at most the bandwidth times its operations per byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.benchmarks.measuring.gemm import moving, on_onnxruntime, on_openvino, openvino_precisions, product
from landslip.runtime.engines import BACKENDS
from landslip.runtime.system.machine import usable_cores

SIZE = 2048
"""Rows and columns of the matrices on a CPU: 17 GFLOP a product, and 16 MiB a matrix in fp32."""
SIZE_CUDA = 8192
ARRAY = 256 << 20
"""Bytes of the array that is copied: more than any cache holds."""
SECONDS = 1.0
"""Seconds for which each peak is looked for."""


@dataclass(frozen=True)
class Peak:
    """The best that was seen of one kind of matrix product."""

    engine: str
    """Library that computed it."""
    device: str
    """Device: ``cpu`` or ``cuda``."""
    precision: str
    """Number format that was computed in."""
    flops: float
    """Operations per second, a multiplication and an addition counted as two."""


def gemm_peaks(device: str = "cpu", seconds: float = SECONDS, size: int | None = None) -> list[Peak]:
    """Matrix products in every library and precision that works here.

    Args:
        device: ``cpu``, or ``cuda`` for ONNX Runtime on the GPU.
        seconds: how long each is repeated; the fastest repeat counts, as a roof is what nothing exceeds.
        size: rows and columns of the matrices; None for what fits the device.

    Raises:
        EngineError: a library fails on that device.
    """
    size = size or (SIZE_CUDA if device == "cuda" else SIZE)
    return [
        Peak(engine, device, precision, 2 * size**3 / fastest(multiply, seconds))
        for engine, precision, multiply in _products(device, size)
    ]


def memory_bandwidth(device: str = "cpu", seconds: float = SECONDS, array: int = ARRAY) -> float:
    """Bytes per second of a copy, each byte counted when it is read and when it is written.

    Args:
        device: ``cpu`` for a copy by all cores, ``cuda`` for ONNX Runtime within the memory of the GPU.
        seconds: how long it is repeated; the fastest repeat counts.
        array: bytes to copy.
    """
    if device == "cuda":
        return 2 * array / fastest(on_onnxruntime(moving(array // 4), device), seconds)
    source, target = np.ones(array, np.uint8), np.zeros(array, np.uint8)
    cores = usable_cores()
    pieces = list(zip(np.array_split(target, cores), np.array_split(source, cores), strict=True))
    with ThreadPoolExecutor(cores) as pool:  # numpy copies without holding the interpreter
        return 2 * array / fastest(lambda: list(pool.map(_copy, pieces)), seconds)


def _copy(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    np.copyto(*pair)


def fastest(run: Callable[[], object], seconds: float) -> float:
    """Seconds of the fastest of several runs, after one that does not count."""
    run()
    began, best = time.perf_counter(), float("inf")
    while time.perf_counter() - began < seconds:
        before = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - before)
    return best


def _products(device: str, size: int) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Library, precision and a product of each that works here."""
    if device == "cpu":
        yield "numpy", "fp32", _numpy_product(size)
    for engine, precision in _pairs(device):
        yield engine, precision, _product(engine, precision, device, size)


def _pairs(device: str) -> list[tuple[str, str]]:
    """Engines that are installed, and what each has arithmetic for."""
    if device == "cuda":
        return [("onnxruntime", "fp32"), ("onnxruntime", "fp16")]
    able: dict[str, tuple[str, ...]] = {"onnxruntime": ("fp32", "int8")}  # it has none for 16 bits on CPUs
    if BACKENDS["openvino"].installed:
        able["openvino"] = openvino_precisions()
    return [(engine, precision) for engine, precisions in able.items() for precision in precisions]


def _product(engine: str, precision: str, device: str, size: int) -> Callable[[], object]:
    if engine == "openvino":
        return on_openvino(size, precision)
    return on_onnxruntime(product(size, precision), device)


def _numpy_product(size: int) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((size, size), np.float32) for _ in range(2))
    product = np.empty((size, size), np.float32)
    return lambda: np.matmul(left, right, out=product)
