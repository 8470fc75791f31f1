"""A network in its two forms: the graph to deploy, and the reference it is held to; and how a Keras file gives both."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from landslip.export.conversion.fitting import Fitted, described, trial, undescribed
from landslip.export.conversion.graph import deployable
from landslip.export.conversion.graph_interface import GraphInterface, graph_interface
from landslip.export.conversion.keras_reference import MADE_BY, confidence_of, keras_output, reference_confidence
from landslip.export.specification.description import Description
from landslip.export.topology.keras_versions import check_version
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.left_out import LeftOut
from landslip.export.topology.topology import Topology, served_topology
from landslip.export.topology.whole_numbers import check_integers
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.errors import ModelError, located

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Network:
    """Network of a file, ready to be deployed and checked."""

    graph: ModelProto
    """The checked fp32 graph."""
    spec: ModelSpec | None
    """Description of inputs and output; None for a network that keeps its own inputs, which no description fits."""
    confidence: Callable[[TileArrays], NDArray[np.float64]]
    """Confidence of raw tiles, computed by Keras in float64: (n, bands, tile, tile), one band or one for each class.
    Without a spec: its own output for its own inputs."""
    float32: Callable[[TileArrays], NDArray[np.float64]]
    """Confidence of raw tiles, computed by Keras in float32: the difference is what rounding alone changes."""
    left_out: LeftOut
    """Layers and outputs of the file that are not exported."""
    keras_version: str = ""
    """Version of the Keras that saved the file; empty for a file of another library."""
    interface: GraphInterface | None = None
    """Inputs and outputs of the graph of a Keras file."""
    trial: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Shapes of its own inputs, without the batch, that it can be tried with where there is no spec."""
    made_by: str = MADE_BY
    """Name of what computes the reference."""


def read_network(
    source: Path,
    description: Description,
    *,
    insist: bool = True,
    output: str | int | None = None,
    folder: Path | None = None,
) -> Network:
    """Screen, cut, rebuild and convert the network of a Keras file.

    Args:
        source: archive (``.keras``) or whole-model HDF5 file.
        description: what feeds the network and what its answer means.
        insist: refuse a network that the description does not fit; otherwise such a network keeps its own inputs, and
            that is said.
        output: name or position of the output that is served; when not given that of the description, or the first.
        folder: folder for a private copy of what is in an archive; that of temporary files when not given.

    Raises:
        InputMissingError: there is no such file.
        ModelError: the file is not a model that can be exported, or the description does not fit it.
        OutputError: an archive cannot be unpacked for want of space.
    """
    with located(source):
        return _read(source, description, insist=insist, output=output, folder=folder)


def _read(
    source: Path, description: Description, *, insist: bool, output: str | int | None, folder: Path | None
) -> Network:
    # Imported here: they need h5py, which a network of another library does without.
    from landslip.export.conversion.weights import read_weights  # noqa: PLC0415
    from landslip.export.hdf5.model_file import open_saved_model  # noqa: PLC0415

    where = str(source)
    log.info("reading %s", source.name)
    with open_saved_model(source, folder) as saved:
        declared = screened_graph(saved.config, where)
        topology = served_topology(declared, where, description.served.output if output is None else output)
        for sentence in topology.left_out.sentences():
            log.info("%s", sentence)
        check_version(topology, saved.keras_version, where)
        check_integers(topology, where)
        fitted = _fitted(topology, description, where, insist=insist)
        weights = read_weights(fitted, saved, declared)
    # Imported only now: what is refused needs no TensorFlow, which takes seconds and gigabytes.
    from landslip.export.conversion.convert import convert  # noqa: PLC0415
    from landslip.export.conversion.exported_function import exported_function  # noqa: PLC0415
    from landslip.export.conversion.rebuild import rebuild  # noqa: PLC0415

    log.info("converting %d layers", len(topology.nodes))
    interface = graph_interface(fitted, description)
    graph = deployable(
        convert(exported_function(rebuild(fitted, weights), fitted, interface), interface.name), interface
    )
    # Built only now, so that they and the network that is converted are never in memory together.
    exact, rounded = (rebuild(fitted, weights, reference=True, dtype=dtype) for dtype in ("float64", "float32"))
    names = [port.name for port in interface.inputs]
    has_spec = fitted.spec is not None
    return Network(
        graph=graph,
        spec=fitted.spec,
        confidence=partial(reference_confidence, exact, fitted) if has_spec else partial(keras_output, exact, names),
        float32=partial(confidence_of, rounded, fitted) if has_spec else partial(keras_output, rounded, names),
        keras_version=saved.keras_version,
        interface=interface,
        left_out=topology.left_out,
        trial={} if has_spec else dict(zip(names, trial(fitted, where).values(), strict=True)),
    )


def _fitted(topology: Topology, description: Description, where: str, *, insist: bool) -> Fitted:
    try:
        fitted = described(topology, description, where)
    except ModelError as error:
        if insist:
            raise
        fitted = undescribed(topology, where)
        log.info(
            "%s has inputs or an output of its own, which are kept, as no `spec` describes them; landslip map cannot "
            "feed the graph. If the network maps landslides, describe it in a file, and give that with `spec`.",
            Path(where).name,
        )
        log.debug("unlike the published network: %s", error)
    else:
        if not insist:
            log.info("its inputs and output are like those of the published network, and it is taken to be like it")
    return fitted
