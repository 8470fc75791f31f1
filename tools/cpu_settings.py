"""Which settings of ONNX Runtime suit a network on this CPU: speed as ratios to ONNX Runtime's own choice.

Each row is a session of its own, fed with one batch of noise, alone and beside one thread that is busy half of the
time, as the stages of a map are. The sessions take turns, so that what else the machine does falls on all alike; the
second row of ONNX Runtime's own choice shows what of a ratio is noise.

Usage: python tools/cpu_settings.py MODEL.onnx FOLDER [SECONDS]
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from landslip.benchmarks.reports.report import Report, Table
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.engines import onnx_runtime
from landslip.runtime.system.machine import describe_environment

ort = onnx_runtime.ort

BATCH = 4
WARM_UP = 2

OWN = "onnxruntime's own choice"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    OWN: {},
    f"{OWN}, again": {},
    "threads are not bound to cores": {"intra_op_num_threads": describe_environment()["cores"]},
    "one thread": {"intra_op_num_threads": 1},
    "waiting threads sleep": {"session.intra_op.allow_spinning": "0"},
    "waiting threads sleep after 100 us": {"session.intra_op.spin_duration_us": "100"},
    "denormals are 0": {"session.set_denormal_as_zero": "1"},
    "no arena": {"enable_cpu_mem_arena": False},
    "no memory pattern": {"enable_mem_pattern": False},
    "extended optimisation only": {"graph_optimization_level": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED},
    "nodes side by side": {"execution_mode": ort.ExecutionMode.ORT_PARALLEL},
    "dynamic blocks": {"session.dynamic_block_base": "4"},
}
"""By name: attributes of ``SessionOptions``, and its config entries, which have dots in their names."""


def main(model: Path, folder: Path, seconds: float) -> None:
    """Measure all settings and write the report."""
    spec, rng = read_onnx_file(model).spec, np.random.default_rng(0)
    batch = {e.name: rng.integers(0, 60, (BATCH, e.bands, spec.tile, spec.tile)).astype(e.dtype) for e in spec.inputs}
    sessions = {name: _session(model, spec.tile, settings) for name, settings in SETTINGS.items()}
    alone = _times(sessions, batch, seconds)
    with _busy_thread():
        beside = _times(sessions, batch, seconds)
    rows = [(name, *(_ratio(times, name) for times in (alone, beside))) for name in SETTINGS]
    facts = {
        "model": f"{model.name}, {read_onnx_file(model).precision}",
        "onnxruntime": ort.__version__,
        "batch": f"{BATCH} tiles of {spec.tile} pixels",
        "warm_up": f"{WARM_UP} batches of each",
        "measured": f"median of {len(alone[OWN])} batches alone, {len(beside[OWN])} beside a busy thread, taking turns",
    }
    columns = ("setting", "speed alone", "speed beside a thread that is busy half of the time")
    question = f"Which settings of ONNX Runtime are fastest on this CPU? Ratios to {OWN}."
    report = Report(f"cpu-settings-{model.stem}", question, facts, [Table("", columns, rows)], {})
    report.write(folder)
    print(report.markdown())  # noqa: T201


def _session(model: Path, tile: int, settings: Mapping[str, Any]) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    for dimension, size in (("batch", BATCH), ("height", tile), ("width", tile)):
        options.add_free_dimension_override_by_name(dimension, size)
    for name, value in settings.items():
        options.add_session_config_entry(name, value) if "." in name else setattr(options, name, value)
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _times(sessions: Mapping[str, Any], batch: Mapping[str, Any], seconds: float) -> dict[str, list[float]]:
    """Seconds of each batch, for about ``seconds`` in all; the order is turned around each time."""
    times: dict[str, list[float]] = {name: [] for name in sessions}
    until = time.perf_counter() + seconds
    order = list(sessions)
    while time.perf_counter() < until or len(times[OWN]) < WARM_UP + 3:
        for name in order:
            began = time.perf_counter()
            sessions[name].run(None, batch)
            times[name].append(time.perf_counter() - began)
        order.reverse()
    return {name: values[WARM_UP:] for name, values in times.items()}


def _ratio(times: Mapping[str, list[float]], name: str) -> float:
    return statistics.median(times[OWN]) / statistics.median(times[name])


@contextmanager
def _busy_thread() -> Iterator[None]:
    """A thread that works for 20 ms and sleeps for 20 ms, without the GIL while it works."""
    ended = threading.Event()
    values = np.random.default_rng(0).random(1 << 20)

    def work() -> None:
        while not ended.wait(0.02):
            began = time.thread_time()
            while time.thread_time() - began < 0.02:
                np.sqrt(values, out=values)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 60.0)
