"""Contract of engines with fixed shapes. Libraries differ in what they refuse; OpenVINO converts types in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.feature_cut import FeatureValue, taken
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.errors import EngineError


def check_batch(
    batch: Mapping[str, NDArray[Any]],
    spec: ModelSpec,
    count: int,
    tile: int,
    engine: str,
    features: Sequence[FeatureValue] = (),
) -> None:
    """Make sure that a batch is what a model was opened for.

    Args:
        batch: what is given.
        spec: the model.
        count: tiles in a batch.
        tile: edge of a tile in pixels.
        engine: whose error it is.
        features: what the batch has to hold besides.

    Raises:
        EngineError: an input is missing or too many, or of another shape or type.
    """
    found = {name: (np.shape(values), values.dtype.name) for name, values in batch.items()}
    entries = taken(spec, features)
    wanted = {str(entry.name): ((count, entry.bands, tile, tile), entry.dtype) for entry in entries}
    if found != wanted:
        raise EngineError(f"{engine} failed: the batch holds {found}, and the model was opened for {wanted}.")


def check_shares_on(device: str) -> None:
    """Make sure that features are shared on a device: to a GPU they would travel once for each tile.

    Raises:
        EngineError: they are not.
    """
    if device != "cpu":
        raise EngineError(
            f"Features are shared between overlapping tiles on the CPU alone, and this engine runs on {device}.",
            "Run with `device` cpu, or map without share_features=True.",
            option="share_features",
        )
