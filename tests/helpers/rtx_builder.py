"""Gives an ONNX file to NVIDIA's own parser and builder, in a process of its own: prints what came of it as JSON.

TensorRT cannot be had from the package registries, but TensorRT-RTX can: NVIDIA's edition for desktop GPUs, with the
same interface and the same ONNX parser. Unlike TensorRT it builds without a GPU. Here it takes the name ``tensorrt``,
and the one that Polygraphy knows it by.

Run as ``python rtx_builder.py MODEL.onnx [--cancel]``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

AVAILABLE = all(importlib.util.find_spec(name) for name in ("polygraphy", "tensorrt_rtx_bindings", "tensorrt_rtx_libs"))
"""Whether TensorRT-RTX is installed, and what builds with it; there is one for Linux and Windows on x86-64."""


def build(path: Path, *options: str) -> dict[str, Any]:
    """Build an ONNX file in another process: ``error`` and its words, or figures of the engine."""
    command = [sys.executable, __file__, str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"the builder ended with {done.returncode}: {done.stderr}"
    (line,) = done.stdout.splitlines()  # neither TensorRT nor Polygraphy may print there
    return json.loads(line)


def _built(path: Path, cancel: bool) -> dict[str, Any]:
    from helpers.tensor_rt import Recorder
    from landslip.runtime.artifacts.onnx_file import read_onnx_file
    from landslip.runtime.engines.tensor_rt.compiler import Order, build_plan
    from landslip.runtime.engines.tensor_rt.phases import Phases
    from landslip.runtime.engines.tensor_rt.slots import Profile
    from landslip.runtime.errors import LandslipError

    file = read_onnx_file(path)
    order = Order(path.name, path.read_bytes(), file.spec, file.precision, Profile(2, file.spec.tile), 1 << 30, b"")
    recorder = Recorder()
    phases = Phases(recorder)
    if cancel:
        phases.cancel()
    try:
        plan, timings = build_plan(order, phases)
        again, _ = build_plan(Order(**{**vars(order), "timings": timings}), Phases(Recorder()))
    except LandslipError as error:
        return {"error": type(error).__name__, "words": str(error)}
    return {
        "plan": len(plan), "again": len(again), "timings": len(timings), "progress": recorder.said,
        "types": _types(order.onnx),
    }  # fmt: skip


def _types(onnx: bytes) -> dict[str, int]:
    """What the layers of the network give, by type, as the parser understood it."""
    from landslip.runtime.engines.tensor_rt.library import polygraphy

    _, network, _ = polygraphy.NetworkFromOnnxBytes(onnx, strongly_typed=True)()
    layers = [network.get_layer(number) for number in range(network.num_layers)]
    return dict(Counter(layer.get_output(0).dtype.name for layer in layers))


if __name__ == "__main__":
    os.environ["POLYGRAPHY_USE_TENSORRT_RTX"] = "1"
    sys.modules["tensorrt"] = sys.modules["tensorrt_rtx"] = importlib.import_module("tensorrt_rtx_bindings")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.stdout.write(json.dumps(_built(Path(sys.argv[1]), "--cancel" in sys.argv)) + "\n")
