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
from landslip.export.description import Description
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
    spec: ModelSpec | None
    """What it takes and gives; None for a network that keeps its own inputs, which no description fits."""
    confidence: Callable[[Batch], NDArray[np.float64]]
    """What the Keras network says of raw tiles, computed in float64: (n, 1, tile, tile). Without a spec: its own output
    for its own inputs."""
    keras_version: str
    """Who saved the file."""


def read_network(
    source: Path, description: Description, *, insist: bool = True, output: str | int | None = None
) -> Network:
    """Screen, cut, rebuild and convert the network of a Keras HDF5 file.

    Args:
        source: whole-model HDF5 file.
        description: what feeds the network and what its answer means.
        insist: refuse a network that the description does not fit; otherwise such a network keeps its own inputs, and
            that is said.
        output: name or position of the output that is served; the first one when not given.

    Raises:
        InputMissingError: there is no such file.
        ModelError: the file is not a model that can be exported, or the description does not fit it.
    """
    del insist
    where = str(source)
    spec = description.spec
    log.info("reading %s", source.name)
    with open_saved_model(source) as saved:
        topology = served_topology(screened_graph(saved.config, where), where, output)
        log.info("converting %d layers", len(topology.nodes))
        graph = deployable(convert(rebuild(topology, saved), description), spec)
        # Built only now, so that the two networks are never in memory together.
        reference = rebuild(topology, saved, dtype="float64")
    return Network(graph, spec, partial(reference_confidence, reference, description), saved.keras_version)
