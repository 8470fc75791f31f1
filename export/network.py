"""The network of a Keras file in its two forms: the graph to deploy, and the reference it is held to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from landslip.export.convert import convert
from landslip.export.graph import deployable
from landslip.export.hdf5 import open_saved_model
from landslip.export.parity import reference_confidence
from landslip.export.rebuild import rebuild
from landslip.export.screen import screened_graph
from landslip.export.topology import served_topology
from landslip.runtime.reference import Batch
from landslip.runtime.spec import ModelSpec

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Network:
    """What a Keras file holds, ready to be deployed and checked."""

    graph: ModelProto
    """The checked fp32 graph."""
    spec: ModelSpec
    """What it takes and gives."""
    confidence: Callable[[Batch], NDArray[np.float64]]
    """What the Keras network says of raw tiles: (n, 1, tile, tile), computed in float64."""
    keras_version: str
    """Who saved the file."""


def read_network(source: Path, spec: ModelSpec) -> Network:
    """Screen, cut, rebuild and convert the network of a Keras HDF5 file.

    Raises:
        InputMissingError: there is no such file.
        ModelError: the file is not a model that can be exported.
    """
    where = str(source)
    log.info("reading %s", source.name)
    with open_saved_model(source) as saved:
        topology = served_topology(screened_graph(saved.config, where), where)
        log.info("converting %d layers", len(topology.nodes))
        graph = deployable(convert(rebuild(topology, saved), spec), spec)
        # Built only now, so that the two networks are never in memory together.
        reference = rebuild(topology, saved, dtype="float64")
    return Network(graph, spec, partial(reference_confidence, reference, spec), saved.keras_version)
