"""Inputs and outputs of a Keras file, and the sizes of tiles that its layers take, without TensorFlow. Needs h5py."""

from __future__ import annotations

from pathlib import Path

from landslip.export.hdf5.model_file import open_saved_model
from landslip.export.layers.layer_kind import Shape, SizeNeededError
from landslip.export.specification.description import Activation
from landslip.export.specification.network_face import InputFace, NetworkFace, OutputFace
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.shapes import inferred
from landslip.export.topology.topology import Topology, served_topology
from landslip.runtime.errors import ModelError, located

_MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128)
_SIZE = 256
"""Pixels; sizes that are tried lie above it."""
_ENDS: tuple[Activation, ...] = ("sigmoid", "softmax")


def keras_face(path: Path) -> NetworkFace:
    """The face of a Keras file: HDF5, or an archive.

    Raises:
        ModelError: none of its outputs can be exported.
    """
    where = str(path)
    with located(path), open_saved_model(path) as saved:
        graph = screened_graph(saved.config, where)
    served: list[Topology] = []
    refusals: list[ModelError] = []
    for name in graph.outputs:
        try:
            served.append(served_topology(graph, where, name))
        except ModelError as error:
            refusals.append(error)
    if not served:
        raise refusals[0]
    outputs = tuple(_output(topology, where) for topology in served)
    inputs = tuple(_input(served[0], name) for name in served[0].inputs)
    return NetworkFace(path.name, "landslip export", inputs, outputs, _multiple(served[0], where), only_size=False)


def _input(topology: Topology, name: str) -> InputFace:
    shape = next(node.options["shape"] for node in topology.nodes if node.name == name)
    if len(shape) != 3:
        return InputFace(name, None, (None, None))
    return InputFace(name, shape[2], (shape[0], shape[1]))


def _output(topology: Topology, where: str) -> OutputFace:
    try:
        shape: Shape = inferred(topology, where).values[topology.output]
    except (SizeNeededError, ModelError):
        shape = ()
    last = next(node for node in topology.nodes if node.name == topology.output)
    named = (last.options.get("activation"), last.kind.lower())
    ends_in: list[Activation] = [each for each in _ENDS if each in named]
    return OutputFace(topology.served, shape[2] if len(shape) == 3 else None, ends_in[0] if ends_in else "none")


def _multiple(topology: Topology, where: str) -> int | None:
    """The least number whose multiples all fit, as far as two sizes of each tell; None where none does."""
    bands = {name: _input(topology, name).bands for name in topology.inputs}
    return next(
        (each for each in _MULTIPLES if all(_fits(topology, where, bands, _SIZE + n * each) for n in (1, 3))), None
    )


def _fits(topology: Topology, where: str, bands: dict[str, int | None], size: int) -> bool:
    try:
        shapes = inferred(topology, where, {name: (size, size, count) for name, count in bands.items()})
    except (SizeNeededError, ModelError):
        return False
    return shapes.values[topology.output][:2] == (size, size)
