"""Asks the Keras network and an artifact the same question.

The reference is the Keras network computed in float64, so that what is measured is the artifact and not the rounding of
the reference. It normalises the raw values itself, apart from the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.description import Description
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.onnx_runtime import OnnxRuntimeEngine
from landslip.runtime.errors import EngineError, ModelError, ParityError
from landslip.runtime.parity import Gate, Parity, violations
from landslip.runtime.reference import Batch, TileSet
from landslip.runtime.spec import InputSpec

MADE_BY = "Keras network, float64, CPU"
"""What computes the reference."""


def reference_confidence(model: Any, description: Description, batch: Batch) -> NDArray[np.float64]:
    """What the Keras network says.

    Args:
        model: from :func:`landslip.export.rebuild.rebuild`.
        description: scaling of the inputs, and what they feed.
        batch: raw tiles.

    Returns:
        Confidence (n, 1, tile, tile).
    """
    scaled = {entry.name: _scaled(batch[entry.name], entry) for entry in description.spec.inputs}
    joined = [np.concatenate([scaled[name] for name in names], axis=1) for names in description.joined]
    dtype = model.inputs[0].dtype.as_numpy_dtype
    confidence = model([np.moveaxis(values, 1, -1).astype(dtype) for values in joined], training=False)
    return np.moveaxis(confidence.numpy().astype(np.float64), -1, 1)


def _scaled(values: NDArray[Any], entry: InputSpec) -> NDArray[np.float64]:
    divisor, offset = (np.reshape(each, (-1, 1, 1)) for each in (entry.divisor, entry.offset))
    scaled: NDArray[np.float64] = np.nan_to_num(values.astype(np.float64), nan=0.0) / divisor + offset
    return scaled


def artifact_confidence(path: Path, tiles: TileSet) -> NDArray[np.float32]:
    """What an ONNX file says on the CPU, through the engine that maps with it.

    Raises:
        ParityError: the engine cannot load or run it.
    """
    options = EngineOptions(device="cpu", batch=tiles.count, tile=tiles.tile)
    try:
        with OnnxRuntimeEngine(path, options) as engine:
            confidence = engine.infer(tiles.batch)
    except (EngineError, ModelError) as error:
        raise ParityError(f"The exported graph does not run: {error}") from error
    # Two layouts would broadcast against each other instead of failing.
    if confidence.shape != (tiles.count, 1, tiles.tile, tiles.tile):
        raise ParityError(
            f"The exported graph gives {confidence.shape} for {tiles.count} tiles of {tiles.tile} pixels."
        )
    return confidence


def check(figures: Sequence[Parity], gate: Gate, what: str) -> None:
    """Refuse an artifact that strays.

    Args:
        figures: one for each set of tiles.
        gate: what is allowed.
        what: name of the artifact, for the message.

    Raises:
        ParityError: a figure is beyond the gate, or is no number.
    """
    beyond = violations(figures, gate)
    if beyond:
        raise ParityError(f"{what}: strays from the Keras network: it {'; '.join(beyond)}. It was not kept.")
