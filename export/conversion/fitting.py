"""Brings a network and its description together: which raster feeds what, and which sizes of tiles it can take.

Everything is decided from shapes, before anything is instantiated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from landslip.export.conversion.kept_bands import ONE_BAND, KeptBands, kept_bands
from landslip.export.layers.layer_kind import Shape, SizeNeededError
from landslip.export.specification.description import Description
from landslip.export.topology.shapes import Shapes, inferred
from landslip.export.topology.topology import Topology
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable

_LISTED = 300
"""Characters of a list of names that a message repeats at the most."""
OPEN_SIZES = (128, 256, 512, 64, 32)
"""Rows and columns to try a network with that leaves them open and comes without a description."""


@dataclass(frozen=True)
class Fitted:
    """A network whose sizes are settled."""

    topology: Topology
    """The served graph."""
    shapes: Shapes
    """Shapes of all values of the network, as it will be built: tiles may be open."""
    spec: ModelSpec | None
    """Description of what the deployed graph takes; None where it keeps the network's own inputs."""
    joined: tuple[tuple[str, ...], ...] = ()
    """Inputs of the spec that make up each input of the network, joined along the bands."""
    kept: KeptBands = ONE_BAND
    """Bands of the output that are kept, with a spec."""

    @property
    def inputs(self) -> dict[str, Shape]:
        """Shape of each input of the network, in its order."""
        return {name: self.shapes.values[name] for name in self.topology.inputs}

    @property
    def output(self) -> Shape:
        """Shape of the served output."""
        return self.shapes.values[self.topology.output]


def described(topology: Topology, description: Description, where: str) -> Fitted:
    """A network that takes tiles as its description says.

    Raises:
        ModelError: the description does not fit the network.
    """
    joined = _joined(topology, description, where)
    bands = {name: (None, None, _bands(topology, name, where)) for name in topology.inputs}
    spec = description.spec
    try:
        shapes = inferred(topology, where, bands)
        sizes = [spec.tile, spec.multiple, spec.tile + spec.multiple]
    except SizeNeededError as error:
        spec = replace(spec, fixed=True)
        sizes = [spec.tile]
        shapes = _at(topology, where, spec.tile)
        _check_declared(topology, spec, where, error)
    for size in sizes:
        _check_size(topology, spec, where, size)
    kept = kept_bands(shapes.values[topology.output][2] or 0, description, topology.served, where)
    return Fitted(topology, shapes, spec, joined, kept)


def undescribed(topology: Topology, where: str) -> Fitted:
    """A network that keeps the inputs of its file.

    Raises:
        ModelError: its layers do not fit each other at any size.
    """
    try:
        shapes = inferred(topology, where)
    except SizeNeededError as error:
        raise ModelError(
            f"{where}: {error} is made for one size, which the file leaves open. "
            "Save the model with the size of its input."
        ) from error
    fitted = Fitted(topology, shapes, None)
    trial(fitted, where)
    return fitted


def trial(fitted: Fitted, where: str) -> dict[str, tuple[int, ...]]:
    """Shapes of inputs that a network without a description runs with: those of its file, with open sizes chosen.

    Raises:
        ModelError: its layers do not fit each other at any of :data:`OPEN_SIZES`.
    """
    refused: ModelError | None = None
    for size in OPEN_SIZES:
        shapes = {
            name: tuple(size if each is None else each for each in shape) for name, shape in fitted.inputs.items()
        }
        try:
            inferred(fitted.topology, where, shapes)
        except ModelError as error:
            refused = refused or error
        else:
            return shapes
    raise refused or ModelError(f"{where}: has no inputs.")


def _joined(topology: Topology, description: Description, where: str) -> tuple[tuple[str, ...], ...]:
    """Inputs of the graph that feed each input of the network."""
    fed: dict[str, list[InputSpec]] = {name: [] for name in topology.inputs}
    if description.spec.output in {entry.name for entry in description.spec.inputs}:
        raise ModelError(
            f"{where}: an input of the description is named {description.spec.output!r}, as the output is. Give it "
            "another name (name)."
        )
    for entry, feed in zip(description.spec.inputs, description.feeds, strict=True):
        name = topology.inputs[feed] if isinstance(feed, int) and feed < len(topology.inputs) else feed
        if name not in fed:
            raise ModelError(
                f"{where}: has no input {feed!r} for {entry.name} to feed. Its inputs are: {_list(topology)}."
            )
        fed[str(name)].append(entry)
    for name, entries in fed.items():
        given, wanted = sum(entry.bands for entry in entries), _bands(topology, name, where)
        if given != wanted:
            raise ModelError(
                f"{where}: its input {name!r} takes {wanted} bands, but the description gives it {given} "
                f"({', '.join(f'{entry.name}: {entry.bands}' for entry in entries) or 'nothing'}). Name its {wanted} "
                "bands in its order (bands), and say what feeds which input (feeds)."
            )
        _check_integers(topology, name, entries, where)
    return tuple(tuple(entry.name for entry in entries) for entries in fed.values())


def _check_integers(topology: Topology, name: str, entries: list[InputSpec], where: str) -> None:
    """Keras would truncate what is fed to an input of whole numbers."""
    node = next(node for node in topology.nodes if node.name == name)
    for entry in entries:
        plain = set(entry.divisors) == {1.0} and set(entry.offsets) == {0.0} and entry.dtype != "float32"
        if node.options["integers"] and not plain:
            raise ModelError(
                f"{where}: its input {name!r} takes whole numbers, but the description gives it {entry.name} as "
                "fractions. Describe it with an integer type, divisor 1 and offset 0."
            )


def _list(topology: Topology) -> str:
    return printable(", ".join(f"{index} {name}" for index, name in enumerate(topology.inputs)), _LISTED)


def _declared(topology: Topology) -> Mapping[str, Shape]:
    return {node.name: node.options["shape"] for node in topology.nodes if node.kind == "InputLayer"}


def _bands(topology: Topology, name: str, where: str) -> int:
    shape = _declared(topology)[name]
    if len(shape) != 3 or shape[2] is None:
        raise ModelError(f"{where}: its input {name!r} of shape {shape} is no image, and only images can be described.")
    return shape[2]


def _at(topology: Topology, where: str, size: int) -> Shapes:
    return inferred(topology, where, {name: (size, size, _bands(topology, name, where)) for name in topology.inputs})


def _check_declared(topology: Topology, spec: ModelSpec, where: str, reason: Exception) -> None:
    for name, shape in _declared(topology).items():
        if any(size not in {None, spec.tile} for size in shape[:2]):
            raise ModelError(
                f"{where}: its input {name!r} has {shape[0]} x {shape[1]} pixels, {reason} is made for that size, "
                f"and the description says tiles of {spec.tile} pixels."
            )


def _check_size(topology: Topology, spec: ModelSpec, where: str, size: int) -> None:
    try:
        shape = _at(topology, where, size).values[topology.output]
    except ModelError as error:
        if size == spec.tile:
            raise
        raise ModelError(
            f"{error} That is with tiles of {size} pixels; the description allows all multiples of {spec.multiple}."
        ) from error
    if len(shape) != 3 or shape[:2] != (size, size):
        raise ModelError(
            f"{where}: output {topology.served!r} is {' x '.join(map(str, shape))} for tiles of {size} x {size}; a map "
            "needs an answer for each pixel."
        )
