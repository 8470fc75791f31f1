"""Inputs and outputs of an exported graph, and what the graph says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain, count

from landslip.export.conversion.fitting import Fitted
from landslip.export.layers.layer_kind import Shape
from landslip.export.specification.description import Description
from landslip.runtime.artifacts.spec import ModelSpec


@dataclass(frozen=True)
class Port:
    """An input or output of a graph."""

    name: str
    """Name of the input or output."""
    dtype: str
    """Element type, as numpy calls it."""
    dims: tuple[int | str, ...]
    """Dimensions, the batch first: sizes, or names of those that are open."""


@dataclass(frozen=True)
class GraphInterface:
    """A graph from outside."""

    name: str
    """Name of the model."""
    inputs: tuple[Port, ...]
    """The inputs, in the order of the graph."""
    output: Port
    """The one output."""
    spec: ModelSpec | None
    """The description that travels inside, if there is one."""
    about: str
    """Sentence for people that says what the graph is."""
    plain: bool
    """True if every layer leaves the axes of images where they are, so that nothing that moves axes may be left."""


PLAIN_KINDS = frozenset(
    {
        "Activation",
        "Add",
        "BatchNormalization",
        "Concatenate",
        "Conv2D",
        "InputLayer",
        "MaxPooling2D",
        "ReLU",
        "UpSampling2D",
        "ZeroPadding2D",
    }
)
"""Layers of the published network. All of them keep the layout of images."""


def graph_interface(fitted: Fitted, description: Description) -> GraphInterface:
    """Inputs and outputs that the graph of a network will have."""
    if fitted.spec is None:
        return _keras_interface(fitted, description.spec.name)
    spec = fitted.spec
    size: tuple[int | str, int | str] = (spec.tile, spec.tile) if spec.fixed else ("height", "width")
    inputs = tuple(Port(entry.name, entry.dtype, ("batch", entry.bands, *size)) for entry in spec.inputs)
    output = Port(spec.output, "float32", ("batch", spec.output_bands, *size))
    plain = fitted.topology.kinds <= PLAIN_KINDS
    return GraphInterface(spec.name, inputs, output, spec, f"{spec.meaning}. {spec.source}", plain)


def _keras_interface(fitted: Fitted, name: str) -> GraphInterface:
    taken: set[str] = set()
    inputs = tuple(_keras_port(keras_input, shape, taken) for keras_input, shape in fitted.inputs.items())
    output = _keras_port(fitted.topology.served, fitted.output, taken)
    return GraphInterface(name, inputs, output, None, "Takes and gives what the Keras network does.", False)


def _keras_port(name: str, shape: Shape, taken: set[str]) -> Port:
    plain = unique(name, taken)
    dims = [f"{plain}_{axis}" if size is None else size for axis, size in enumerate(shape, start=1)]
    return Port(plain, "float32", ("batch", *dims))


def unique(name: str, taken: set[str]) -> str:
    """A name of letters, digits, ``_``, ``.``, ``-`` and ``/`` that is not taken yet; it is taken then.

    TensorFlow knows no others, and files can hold any.
    """
    plain = re.sub(r"[^A-Za-z0-9_./-]", "_", name)
    plain = plain if re.match(r"[A-Za-z0-9]", plain) else f"n{plain}"
    candidates = chain([plain], (f"{plain}_{number}" for number in count(1)))
    found = next(each for each in candidates if each not in taken)
    taken.add(found)
    return found
