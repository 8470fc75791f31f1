"""What a Keras HDF5 file holds, without TensorFlow. Needs h5py."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from landslip.export.hdf5 import open_saved_model
from landslip.export.screen import screened_graph


def describe_network(path: Path) -> dict[str, Any]:
    """Version of Keras, layers by class, and outputs.

    Raises:
        ModelError: the file is not a model that can be exported.
    """
    with open_saved_model(path) as saved:
        graph = screened_graph(saved.config, str(path))
        return {
            "keras_version": saved.keras_version,
            "layers": dict(Counter(layer.kind for layer in graph.layers.values())),
            "outputs": list(graph.outputs),
        }
