"""Reads what a Keras file holds, without TensorFlow. Needs h5py."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from landslip.export.hdf5.model_file import open_saved_model
from landslip.export.topology.layer_screen import SavedGraph, screened_graph
from landslip.export.topology.topology import served_topology
from landslip.runtime.errors import ModelError, located


def describe_network(path: Path) -> dict[str, Any]:
    """Version of Keras, layers by class, outputs, and what an export of the first output leaves out.

    Raises:
        ModelError: the first output of the file cannot be exported.
    """
    with located(path), open_saved_model(path) as saved:
        graph = screened_graph(saved.config, str(path))
        return {
            "keras_version": saved.keras_version,
            "layers": dict(Counter(layer.kind for layer in graph.layers.values())),
            "outputs": list(graph.outputs),
            "left_out": _left_out(graph, str(path)),
        }


def _left_out(graph: SavedGraph, where: str) -> dict[str, Any]:
    try:
        return served_topology(graph, where).left_out.as_json()
    except ModelError as error:
        if len(graph.outputs) == 1:
            raise
        raise ModelError(f"{error} That is of the first output; `output` chooses another one.") from error
