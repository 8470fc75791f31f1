"""The gate every artifact passes before it gets its name: does it say what the Keras network says?

The reference is the Keras network computed in float64, so that what is measured is the artifact and not the rounding of
the reference. It normalises the raw values itself, apart from the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.choices import Precision
from landslip.export.tiles import NETWORK_INPUTS, Batch, TileSet
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.onnx_runtime import OnnxRuntimeEngine
from landslip.runtime.errors import EngineError, ModelError, ParityError
from landslip.runtime.spec import ModelSpec


@dataclass(frozen=True)
class Gate:
    """What an artifact may differ by."""

    max_abs: float
    """Largest absolute difference of confidence of any pixel, 0..1."""


GATES: dict[Precision, Gate] = {"fp32": Gate(max_abs=1e-5)}
"""The gate of each precision."""


@dataclass(frozen=True)
class Parity:
    """How far an artifact is from the reference on one set of tiles; confidences are 0..1."""

    kind: str
    """Kind of the tiles."""
    tiles: int
    """Number of tiles."""
    tile: int
    """Edge of the tiles in pixels."""
    max_abs: float
    """Largest absolute difference."""
    mean_abs: float
    """Mean absolute difference."""
    p99_9: float
    """99.9th percentile of the absolute difference."""
    iou: float
    """Intersection over union of the pixels at or above the threshold; 1 where neither has any."""
    area: int
    """Pixels the artifact puts at or above the threshold."""
    area_reference: int
    """Pixels the reference puts there."""


def reference_confidence(model: Any, spec: ModelSpec, batch: Batch) -> NDArray[np.float64]:
    """What the Keras network says.

    Args:
        model: from :func:`landslip.export.rebuild.rebuild`.
        spec: scaling of the inputs.
        batch: raw tiles.

    Returns:
        Confidence (n, 1, tile, tile).
    """
    scaled = {
        entry.name: np.nan_to_num(batch[entry.name].astype(np.float64), nan=0.0) / entry.divisor + entry.offset
        for entry in spec.inputs
    }
    joined = [np.concatenate([scaled[name] for name in names], axis=1) for names in NETWORK_INPUTS]
    dtype = model.inputs[0].dtype.as_numpy_dtype
    confidence = model([np.moveaxis(values, 1, -1).astype(dtype) for values in joined], training=False)
    return np.moveaxis(confidence.numpy().astype(np.float64), -1, 1)


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


def compare(
    tiles: TileSet, reference: NDArray[np.float64], confidence: NDArray[np.float32], threshold: float
) -> Parity:
    """Measure the distance of confidences (n, 1, tile, tile) from the reference."""
    difference = np.abs(confidence.astype(np.float64) - reference)
    ours, theirs = confidence >= threshold, reference >= threshold
    union = int((ours | theirs).sum())
    return Parity(
        kind=tiles.kind,
        tiles=tiles.count,
        tile=tiles.tile,
        max_abs=float(difference.max()),
        mean_abs=float(difference.mean()),
        p99_9=float(np.percentile(difference, 99.9, method="higher")),
        iou=int((ours & theirs).sum()) / union if union else 1.0,
        area=int(ours.sum()),
        area_reference=int(theirs.sum()),
    )


def check(figures: list[Parity], gate: Gate, what: str) -> None:
    """Refuse an artifact that strays.

    Args:
        figures: one for each set of tiles.
        gate: what is allowed.
        what: name of the artifact, for the message.

    Raises:
        ParityError: a figure is beyond the gate, or is no number.
    """
    for figure in figures:
        # Written so that NaN fails.
        if not figure.max_abs <= gate.max_abs:
            raise ParityError(
                f"{what}: differs from the Keras network by up to {figure.max_abs:.2g} on {figure.kind} tiles of "
                f"{figure.tile} pixels, and {gate.max_abs:.0e} is allowed. It was not kept."
            )
