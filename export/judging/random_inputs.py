"""Parity of a network that keeps its own inputs: it has no tiles and no engine, so it is asked with random numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.conversion.keras_reference import rounding_of
from landslip.export.conversion.network import Network
from landslip.runtime.artifacts.parity import Parity
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.engines.without_telemetry import import_onnxruntime
from landslip.runtime.errors import ParityError

_COUNT = 2
"""Values per input."""


def random_input_parity(path: Path, network: Network, seed: int = 0) -> list[Parity]:
    """Distance of a graph without a description from its Keras network.

    Errors are shares of the largest value the network gives, if that is above 1: its output can have any range, and
    single precision has seven digits. There is no threshold and so no area.

    Args:
        path: the ONNX file.
        network: what it was made from, without a spec.
        seed: of the numbers: standard normal ones, and ones spread over -1 to 1.

    Raises:
        ParityError: the file does not run, or gives values of another shape.
    """
    rng = np.random.default_rng(seed)
    shapes = {name: (_COUNT, *shape) for name, shape in network.trial.items()}
    kinds: dict[str, TileArrays] = {
        "normal": {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()},
        "uniform": {name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()},
    }
    return [
        _figure(kind, network.confidence(batch), network.float32(batch), _answer(path, batch))
        for kind, batch in kinds.items()
    ]


def _answer(path: Path, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    ort: Any = import_onnxruntime()
    try:
        session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        answer: NDArray[np.float32] = session.run(None, dict(batch))[0]
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        raise ParityError(f"The exported graph does not run: {' '.join(str(error).split())}") from error
    return answer


def _figure(
    kind: str, reference: NDArray[np.float64], rounded: NDArray[np.float64], answer: NDArray[np.float32]
) -> Parity:
    if answer.shape != reference.shape:
        raise ParityError(f"The exported graph gives {answer.shape} where the Keras network gives {reference.shape}.")
    unit = max(1.0, float(np.abs(reference).max()))
    # Where both overflow the difference is no number, which no gate lets pass.
    with np.errstate(invalid="ignore"):
        difference = np.abs(answer - reference) / unit
    rounding = rounding_of(reference, rounded, unit)
    return Parity(
        kind=kind,
        tiles=_COUNT,
        tile=max(reference.shape[1:-1], default=1),
        max_abs=float(difference.max()),
        mean_abs=float(difference.mean()),
        p99_9=float(np.percentile(difference, 99.9, method="higher")),
        iou=1.0,
        area=0,
        area_reference=0,
        keras_float32=rounding if math.isfinite(rounding.max_abs) else None,
    )
