"""Which settings of ONNX Runtime suit a network on an NVIDIA GPU: tiles per second by layout, search and CUDA graphs.

The settings that landslip runs with came from a first version of this (``benchmarks/results/h200``); as it stands it
has not been run on a GPU by us. Each row is a session of its own, fed with one batch of noise. Columns: ``session.run``
from arrays in host memory; the same from two threads at once; and computation alone, with everything on the GPU
already. CUDA graphs can be replayed only so.

Usage: python tools/cuda_settings.py MODEL.onnx FOLDER
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from landslip.benchmarks.reports.report import Report, Table
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.engines import onnx_runtime

ort = onnx_runtime.ort

SHAPES = ((4, 224), (32, 224), (8, 448))
"""Tiles per batch, and their edge in pixels."""
WARM_UP, SECONDS = 5, 0.6

COLUMNS = ("batch", "tile", "layout", "algorithms", "CUDA graph", "run", "run, two threads", "computation alone")


@dataclass(frozen=True)
class Setting:
    """What is tried."""

    prefer_nhwc: str
    cudnn_conv_algo_search: str
    enable_cuda_graph: str = "0"
    use_tf32: str = "0"


SETTINGS = (
    *(Setting(*pair) for pair in itertools.product("01", ("HEURISTIC", "EXHAUSTIVE"))),
    *(Setting("1", search, "1") for search in ("HEURISTIC", "EXHAUSTIVE")),
)


def main(model: Path, folder: Path) -> None:
    """Measure all settings and write the report."""
    rows = [row for batch, tile in SHAPES for row in _rows(model, batch, tile)]
    settings = {
        "model": f"{model.name}, {read_onnx_file(model).precision}",
        "onnxruntime": ort.__version__,
        "warm_up": f"{WARM_UP} batches",
        "measured": f"median of the batches of {SECONDS} s; of two threads the mean",
    }
    question = "Which settings of ONNX Runtime's CUDA provider are fastest? Tiles per second."
    Report("cuda-settings", question, settings, [Table("", COLUMNS, rows)], {}).write(folder)


def _rows(model: Path, batch: int, tile: int) -> Iterator[tuple[Any, ...]]:
    spec, rng = read_onnx_file(model).spec, np.random.default_rng(0)
    values = {e.name: rng.integers(0, 60, (batch, e.bands, tile, tile)).astype(e.dtype) for e in spec.inputs}
    for setting in SETTINGS:
        session = _session(model, batch, tile, setting)
        figures: tuple[Any, ...] = ("-", "-")
        if setting.enable_cuda_graph == "0":

            def run(session: Any = session) -> None:
                session.run([spec.output], values)

            one = batch / _median(run)
            figures = (one, batch / _side_by_side(run, int(1 + one / batch)))
        alone = batch / _median(_resident(session, spec.output, values, (batch, 1, tile, tile)))
        layout = "NHWC" if setting.prefer_nhwc == "1" else "NCHW"
        graph = "yes" if setting.enable_cuda_graph == "1" else "no"
        yield (batch, tile, layout, setting.cudnn_conv_algo_search, graph, *figures, alone)


def _session(model: Path, batch: int, tile: int, setting: Setting) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    for dimension, size in (("batch", batch), ("height", tile), ("width", tile)):
        options.add_free_dimension_override_by_name(dimension, size)
    session = ort.InferenceSession(model, options, providers=[("CUDAExecutionProvider", asdict(setting))])
    if session.get_providers()[0] != "CUDAExecutionProvider":
        raise SystemExit("onnxruntime does not start on the GPU. landslip doctor says more.")
    return session


def _resident(session: Any, output: str, values: dict[str, Any], shape: tuple[int, ...]) -> Callable[[], None]:
    """A run with its inputs and output on the GPU."""
    binding = session.io_binding()
    for name, array in values.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0))
    binding.bind_ortvalue_output(output, ort.OrtValue.ortvalue_from_shape_and_type(shape, np.float32, "cuda", 0))
    return lambda: session.run_with_iobinding(binding)


def _median(run: Callable[[], None]) -> float:
    for _ in range(WARM_UP):
        run()
    times: list[float] = []
    while sum(times) < SECONDS:
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _side_by_side(run: Callable[[], None], count: int) -> float:
    with ThreadPoolExecutor(2) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: run(), range(count)))
        return (time.perf_counter() - began) / count


if __name__ == "__main__":
    ort.set_default_logger_severity(4)
    ort.preload_dlls()
    main(Path(sys.argv[1]), Path(sys.argv[2]))
