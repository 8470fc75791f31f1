"""Foreign Keras models: saved by a real writer, exported, and run by two engines beside Keras."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

SIZE = 24
"""Rows and columns of small images; 22 columns, so that they are never mistaken for each other."""


def save(model: Any, path: Path) -> Path:
    """Save a whole model as HDF5, which current Keras calls a format of the past."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path, save_format="h5")
    return path


def randomise(model: Any, seed: int = 0) -> Any:
    """Give every weight a value of its own: variances positive, kernels so small that values keep their size."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        shape = tuple(weight.shape)
        if not weight.dtype.is_floating:
            continue
        if "variance" in weight.name:
            weight.assign(rng.uniform(0.5, 2.0, shape))
        elif weight.name.endswith(("gamma:0", "alpha:0")):
            weight.assign(rng.uniform(0.2, 1.2, shape))
        else:
            weight.assign(rng.normal(0.0, 1.0 / np.sqrt(max(1, np.prod(shape[:-1]))), shape))
    for layer in model.submodules:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    return model


def inputs_of(network: Any, seed: int = 1) -> dict[str, np.ndarray]:
    """Random values for the inputs of an exported network without a description."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(2, *shape)).astype(np.float32) for name, shape in network.trial.items()}


def answers_of_keras(model: Any, batch: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What the Keras model itself gives, one array for each output."""
    values = list(batch.values())
    answer = model(values if len(values) > 1 else values[0], training=False)
    return [each.numpy() for each in (answer if isinstance(answer, list | tuple) else [answer])]


def answers_of_engines(network: Any, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What ONNX Runtime and OpenVINO give, in single precision."""
    content = network.graph.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    core = importlib.import_module("landslip.runtime.engines.openvino_core").openvino_core()
    compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {"onnxruntime": session.run(None, batch)[0], "openvino": next(iter(compiled(batch).values()))}


def assert_equal(network: Any, model: Any, output: int = 0, atol: float = 1e-5) -> None:
    """The exported graph gives what the Keras model gives, in both engines, and so does the reference."""
    batch = inputs_of(network)
    keras = answers_of_keras(model, batch)[output]
    tolerance = atol * max(1.0, float(np.abs(keras).max()))
    assert np.ptp(keras) > 1e-3
    np.testing.assert_allclose(network.confidence(batch), keras, rtol=0, atol=tolerance)
    for name, answer in answers_of_engines(network, batch).items():
        np.testing.assert_allclose(answer, keras, rtol=0, atol=tolerance, err_msg=name)
