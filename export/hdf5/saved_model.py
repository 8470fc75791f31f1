"""A Keras model in a file, open and screened, and its arrays; the same for every format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from landslip.export.hdf5.storage_screen import FETCH_AGAIN, is_bfloat16
from landslip.export.topology.layer_screen import SavedGraph
from landslip.runtime.errors import ModelError

LayerReader = Callable[[tuple[str, ...], Mapping[str, tuple[int, ...]]], list[NDArray[np.float32]]]
"""Function that reads the weights of a layer: from its name, behind those of the models it lies in, and the name and
shape of each wanted weight, to float32 arrays in the same order. It raises ModelError where one is missing, has
another shape, or holds values that are not finite."""


@dataclass(frozen=True)
class SavedModel(ABC):
    """An open, screened file; valid inside the block that opened it only."""

    path: Path
    """The file."""
    keras_version: str
    """Keras version that wrote it, or ``unknown``."""
    config: Any
    """The parsed description of the network: what JSON allows, and not yet checked."""

    @abstractmethod
    def reader(self, graph: SavedGraph) -> LayerReader:
        """Reader of the weights of the layers of a graph.

        Args:
            graph: the screened layers of ``config``.

        Raises:
            ModelError: the weights are not those of these layers.
        """

    @abstractmethod
    def read_all(self) -> None:
        """Read every weight once, whether a layer needs it or not.

        Raises:
            ModelError: one cannot be read.
        """


def read_array(stored: h5py.Dataset, what: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values of a weight.

    Args:
        stored: the screened array.
        what: file, weight and layer, for messages.
        shape: what it has to have.

    Raises:
        ModelError: it has another shape, or its values are not finite.
    """
    if stored.shape != shape:
        raise ModelError(f"{what} has shape {stored.shape} where the layer needs {shape}. {FETCH_AGAIN}")
    values = stored[()]
    if is_bfloat16(stored.dtype):
        # The upper half of a float32; h5py has no type for it.
        values = (np.asarray(values).view("<u2").astype(np.uint32) << 16).view(np.float32)
    found: NDArray[np.float32] = values.astype(np.float32, copy=False)
    if not np.isfinite(found).all():
        raise ModelError(f"{what} is not finite. {FETCH_AGAIN}")
    return found
