"""Inputs and outputs of any ONNX file, and what its strides tell, without onnx or an engine.

Messages are walked over by their lengths, as :mod:`landslip.runtime.artifacts.onnx_file` does; no weight is read.
Source of the format: onnx/onnx.proto.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from landslip.export.specification.description import Activation
from landslip.export.specification.network_face import InputFace, NetworkFace, OutputFace
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.protobuf import Field, MalformedError, read_fields, read_varint

_MOST = 200_000
"""Fields of one message."""
_NAME = 1000
"""Bytes of a name."""
_PACKED = 1000
"""Bytes of a list of integers."""
_GRAPH = 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12
_BACK = 50
"""Operators that are gone back over from an output."""
_LARGEST_MULTIPLE = 1024
_AS_IT_IS = {"Identity", "Cast", "Transpose", "Squeeze", "Unsqueeze", "Reshape", "Slice", "Resize", "Upsample"}
"""Operators that leave confidences what they are."""
_ENDS: dict[str, Activation] = {"Sigmoid": "sigmoid", "Softmax": "softmax"}
_STRIDES = {"Conv", "MaxPool", "AveragePool", "LpPool", "ConvTranspose"}
_LARGER = {"ConvTranspose", "Resize", "Upsample", "DepthToSpace"}

Dims = tuple[int | None, ...]


@dataclass(frozen=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    factor: int
    """Number of pixels along an edge that become one, or that one becomes."""


@dataclass
class _Graph:
    nodes: list[_Node] = field(default_factory=list)
    weights: dict[str, Dims] = field(default_factory=dict)
    inputs: dict[str, Dims] = field(default_factory=dict)
    outputs: dict[str, Dims] = field(default_factory=dict)


def onnx_face(path: Path) -> NetworkFace:
    """The face of an ONNX file.

    Raises:
        ModelError: it is damaged.
    """
    try:
        with path.open("rb") as stream:
            graph = _graph(stream, path.stat().st_size)
    except (MalformedError, OSError) as error:
        raise ModelError(
            f"{path} is damaged or no ONNX model ({error}).", "Copy it again, or export it again.", where=path
        ) from error
    made_by = {name: node for node in graph.nodes for name in node.outputs}
    inputs = tuple(_input(name, dims) for name, dims in graph.inputs.items() if name not in graph.weights)
    outputs = tuple(_output(name, dims, made_by, graph.weights) for name, dims in graph.outputs.items())
    return NetworkFace(path.name, "landslip adopt", inputs, outputs, _multiple(graph.nodes), only_size=True)


def _input(name: str, dims: Dims) -> InputFace:
    bands, rows, cols = _image(dims)
    return InputFace(name, bands, (rows, cols))


def _output(name: str, dims: Dims, made_by: Mapping[str, _Node], weights: Mapping[str, Dims]) -> OutputFace:
    bands, *_ = _image(dims)
    ends_in: Activation = "none"
    value = name
    for _step in range(_BACK):
        node = made_by.get(value)
        if node is None or not node.inputs:
            break
        ends_in = _ENDS.get(node.operator, ends_in)
        if node.operator == "Conv" and bands is None:
            bands = next((size for name in node.inputs[1:2] for size in weights.get(name, ())[:1]), None)
        if node.operator not in _AS_IT_IS and node.operator not in _ENDS:
            break
        value = node.inputs[0]
    return OutputFace(name, bands, ends_in)


def _image(dims: Dims) -> tuple[int | None, int | None, int | None]:
    """Bands, rows and columns of dimensions whose first is the batch; bands come first, or last as in TensorFlow."""
    if len(dims) != 4:
        return None, None, None
    first, second, third = dims[1:]
    square_before = first == second != third
    narrow_last = None not in dims[1:] and second != third and (third or 0) < (first or 0)
    if square_before or narrow_last:
        return third, first, second
    return first, second, third


def _multiple(nodes: list[_Node]) -> int | None:
    """Pixels of the input that the coarsest value has one of, taking it that operators which enlarge do so by 2."""
    coarseness: dict[str, int] = {}
    coarsest = 1
    for node in nodes:
        scale = max((coarseness.get(name, 1) for name in node.inputs), default=1)
        scale = max(1, scale // node.factor) if node.operator in _LARGER else scale * node.factor
        coarsest = max(coarsest, scale)
        if coarsest > _LARGEST_MULTIPLE:
            return None
        coarseness.update(dict.fromkeys(node.outputs, scale))
    return coarsest


def _graph(stream: BinaryIO, size: int) -> _Graph:
    graph = _Graph()
    for message in read_fields(stream, 0, size, _MOST):
        if message.number != _GRAPH:
            continue
        for part in message.fields(stream, _MOST):
            if part.number == _NODE:
                graph.nodes.append(_node(stream, part))
            elif part.number == _INITIALIZER:
                name, dims = _tensor(stream, part)
                graph.weights[name] = dims
            elif part.number in {_INPUT, _OUTPUT}:
                name, dims = _value(stream, part)
                (graph.inputs if part.number == _INPUT else graph.outputs)[name] = dims
    return graph


def _node(stream: BinaryIO, node: Field) -> _Node:
    inputs, outputs, operator = [], [], ""
    attributes: dict[str, tuple[int, ...]] = {}
    for part in node.fields(stream, _MOST):
        if part.number == 1:
            inputs.append(_text(stream, part))
        elif part.number == 2:
            outputs.append(_text(stream, part))
        elif part.number == 4:
            operator = _text(stream, part)
        elif part.number == 5:
            name, values = _attribute(stream, part)
            attributes[name] = values
    return _Node(operator, tuple(inputs), tuple(outputs), _factor(operator, attributes))


def _factor(operator: str, attributes: Mapping[str, tuple[int, ...]]) -> int:
    if operator in _STRIDES:
        return max((1, *attributes.get("strides", ())))
    if operator in {"SpaceToDepth", "DepthToSpace"}:
        return max((1, *attributes.get("blocksize", ())))
    return 2 if operator in _LARGER else 1


def _attribute(stream: BinaryIO, attribute: Field) -> tuple[str, tuple[int, ...]]:
    """Name and integers of an attribute: field 3 holds one, field 8 several."""
    name, values = "", []
    for part in attribute.fields(stream, _MOST):
        if part.number == 1:
            name = _text(stream, part)
        elif part.number in {3, 8}:
            values += _integers(stream, part)
    return name, tuple(values)


def _tensor(stream: BinaryIO, tensor: Field) -> tuple[str, Dims]:
    name, dims = "", []
    for part in tensor.fields(stream, _MOST):
        if part.number == 1:
            dims += _integers(stream, part)
        elif part.number == 8:
            name = _text(stream, part)
    return name, tuple(dims)


def _value(stream: BinaryIO, value: Field) -> tuple[str, Dims]:
    """Name and dimensions of an input or output; those that are open, or have a name, are None."""
    name, dims = "", []
    for part in value.fields(stream, _MOST):
        if part.number == 1:
            name = _text(stream, part)
        for shape in _inside(stream, part, 2, 1, 2):  # its type, a tensor's, and the shape of that
            for dim in shape.fields(stream, _MOST):
                sizes = [each.value for each in dim.fields(stream, _MOST) if each.number == 1]
                dims.append(sizes[0] if sizes and sizes[0] and sizes[0] < 1 << 31 else None)
    return name, tuple(dims)


def _inside(stream: BinaryIO, part: Field, *numbers: int) -> Iterator[Field]:
    """Fields that lie within each other under these numbers, the first being that of the part itself."""
    number, *others = numbers
    if part.number != number:
        return
    if not others:
        yield part
        return
    for inner in part.fields(stream, _MOST):
        yield from _inside(stream, inner, *others)


def _integers(stream: BinaryIO, part: Field) -> list[int]:
    """One integer, or several that are packed into bytes."""
    if part.value is not None:
        return [part.value]
    if part.length > _PACKED:
        raise MalformedError("a list of integers is too long")
    packed, found = io.BytesIO(part.read(stream)), []
    while packed.tell() < part.length:
        found.append(read_varint(packed))
    return found


def _text(stream: BinaryIO, part: Field) -> str:
    if part.value is not None or part.length > _NAME:
        raise MalformedError("a name is none")
    return part.read(stream).decode("utf-8", "replace")
