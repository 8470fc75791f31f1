"""The published network as Keras runs it; :mod:`landslip.benchmarks.baselines.published_loop` maps with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landslip.export.conversion.fitting import described
from landslip.export.conversion.rebuild import rebuild
from landslip.export.conversion.weights import read_weights
from landslip.export.hdf5.model_file import open_saved_model
from landslip.export.specification.description import published_description
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology


def keras_network(source: Path) -> Any:
    """The network of a Keras HDF5 file as a ``tf_keras.Model`` of float32 layers with the served output alone.

    Raises:
        ModelError: the file is not a model like the published one.
    """
    where = str(source)
    with open_saved_model(source) as saved:
        declared = screened_graph(saved.config, where)
        fitted = described(served_topology(declared, where, None), published_description(source.stem, where), where)
        return rebuild(fitted, read_weights(fitted, saved, declared))
