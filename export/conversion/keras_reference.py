"""Asks the Keras network.

The reference is the Keras network computed in float64, so that what is measured is the artifact and not the rounding of
the reference. It normalises the raw values itself, apart from the graph. The same network in float32 tells what
rounding alone does to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.conversion.fitting import Fitted
from landslip.export.conversion.kept_bands import confidences
from landslip.runtime.artifacts.reference_tiles import Rounding, TileArrays
from landslip.runtime.artifacts.spec import InputSpec
from landslip.runtime.errors import ModelError

_ROUNDING = 1e-6
"""Distance outside 0..1 at which a confidence is still taken for rounding."""

MADE_BY = "Keras network, float64, CPU"
"""Name of what computes the reference."""


def reference_confidence(model: Any, fitted: Fitted, batch: TileArrays) -> NDArray[np.float64]:
    """Confidence that the Keras network gives to tiles, computed in float64, or that of each class.

    Args:
        model: from :func:`landslip.export.conversion.rebuild.rebuild`.
        fitted: what it was built from, with a spec.
        batch: raw tiles.

    Returns:
        Confidence (n, bands, tile, tile): one band, or one for each class.

    Raises:
        ModelError: the output is described as a confidence and is none, or as classes that do not add up to 1.
    """
    confidence = confidence_of(model, fitted, batch)
    _check_range(confidence, fitted)
    return confidence


def confidence_of(model: Any, fitted: Fitted, batch: TileArrays) -> NDArray[np.float64]:
    """Output of the Keras network for tiles, of whatever range it is."""
    entries = fitted.spec.inputs if fitted.spec else ()
    scaled = {entry.name: _scaled(batch[entry.name], entry) for entry in entries}
    joined = [np.concatenate([scaled[name] for name in names], axis=1) for names in fitted.joined]
    answer = _answer(model, [np.moveaxis(values, 1, -1) for values in joined])
    # An activation that is added rounds as the network does.
    return confidences(answer, fitted.kept).astype(np.float64)


def rounding_of(exact: NDArray[np.float64], rounded: NDArray[np.float64], unit: float = 1.0) -> Rounding:
    """Differences that rounding makes to a network.

    Args:
        exact: what it says in float64.
        rounded: what it says in float32.
        unit: what differences are measured in.
    """
    # Where both overflow the difference is no number, and no yardstick.
    with np.errstate(invalid="ignore"):
        difference = np.abs(rounded - exact) / unit
    return Rounding(float(difference.max()), float(difference.mean()))


def keras_output(model: Any, names: Sequence[str], batch: TileArrays) -> NDArray[np.float64]:
    """Output of the Keras network for values of its own inputs.

    Args:
        model: from :func:`landslip.export.conversion.rebuild.rebuild`.
        names: of the inputs in the batch, in the network's order.
        batch: values as the network takes them.

    Returns:
        The network's output, whatever its shape.
    """
    return _answer(model, [batch[name] for name in names]).astype(np.float64)


def _answer(model: Any, inputs: list[NDArray[Any]]) -> NDArray[np.floating]:
    """Output of the network in the type it computes in."""
    # TensorFlow is there already where a model is; the artifacts are checked without it.
    from landslip.export.conversion.tensorflow_errors import told  # noqa: PLC0415

    dtype = model.inputs[0].dtype.as_numpy_dtype
    with told("Running the Keras network"):
        answer: NDArray[np.floating] = model([values.astype(dtype) for values in inputs], training=False).numpy()
        return answer


def _check_range(confidence: NDArray[np.float64], fitted: Fitted) -> None:
    low, high = float(confidence.min()), float(confidence.max())
    if not -_ROUNDING <= low <= high <= 1 + _ROUNDING:
        raise ModelError(
            f"Output {fitted.topology.served!r} is no confidence from 0 to 1: it gives values from {low:.3g} to "
            f"{high:.3g}. Choose another output, describe the activation that is missing (activation), or save the "
            "model with a sigmoid or softmax at its end."
        )
    sums = confidence.sum(axis=1)
    if fitted.kept.classes and not np.abs(sums - 1.0).max() <= _ROUNDING * fitted.kept.count:
        raise ModelError(
            f"The {fitted.kept.count} bands of output {fitted.topology.served!r} are described as classes, and their "
            f"confidences add up to {sums.min():.3g} to {sums.max():.3g} where 1 is expected. Describe the activation "
            "that is missing (activation), or one band as the confidence (band)."
        )


def _scaled(values: NDArray[Any], entry: InputSpec) -> NDArray[np.float64]:
    divisor, offset = (np.reshape(each, (-1, 1, 1)) for each in (entry.divisor, entry.offset))
    scaled: NDArray[np.float64] = np.nan_to_num(values.astype(np.float64), nan=0.0) / divisor + offset
    return scaled
