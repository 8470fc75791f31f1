"""Parts of an ONNX graph, read without onnx, and a graph of some of them, written likewise.

Nodes, weights and inputs are copied as they stand in the file: nothing of them is understood but names, kinds, shapes
and small attributes. The file has passed :mod:`~landslip.runtime.artifacts.onnx_operators` before.

Source of the format: onnx/onnx.proto.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from landslip.runtime.untrusted.protobuf import Field, MalformedError, read_fields, read_varint

FLOAT, UINT8, INT8, INT64, BOOL, FLOAT16 = 1, 2, 3, 7, 9, 10
"""Element types as ``TensorProto`` numbers them."""

_GRAPH = 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE, _QUANTIZATION = 1, 5, 11, 12, 13, 14
_MOST = 200_000
"""Fields of one message."""


@dataclass(frozen=True)
class GraphNode:
    """A node of a graph."""

    kind: str
    """Operator."""
    inputs: tuple[str, ...]
    """Names of the values it takes; empty where one is left out."""
    outputs: tuple[str, ...]
    """Names of the values it gives."""
    numbers: Mapping[str, tuple[int, ...]]
    """Attributes that are whole numbers."""
    words: Mapping[str, bytes]
    """Attributes that are texts."""
    content: bytes
    """The node as the file has it."""


@dataclass(frozen=True)
class GraphTensor:
    """A constant of a graph."""

    dims: tuple[int, ...]
    """Shape."""
    kind: int
    """Element type."""
    content: bytes
    """The tensor as the file has it."""

    @property
    def integers(self) -> tuple[int, ...]:
        """Values of a tensor of 64-bit integers, as those that say how something is padded.

        Raises:
            MalformedError: it is no such tensor.
        """
        stream, found = io.BytesIO(self.content), []
        for field in read_fields(stream, 0, len(self.content), _MOST):
            if field.number == 7:
                found += [value - (1 << 64) if value >> 63 else value for value in _numbers(stream, field)]
            elif field.number == 9:
                found += [value for (value,) in struct.iter_unpack("<q", field.read(stream))]
        if self.kind != INT64 or len(found) != math.prod(self.dims):
            raise MalformedError("a tensor of integers is none")
        return tuple(found)

    @property
    def floats(self) -> tuple[float, ...]:
        """Values of a tensor of 32-bit floats, as those that say how something is enlarged.

        Raises:
            MalformedError: it is no such tensor.
        """
        stream = io.BytesIO(self.content)
        stored = [each for each in read_fields(stream, 0, len(self.content), _MOST) if each.number in (4, 9)]
        content = b"".join(field.read(stream) for field in stored if field.value is None)
        if self.kind != FLOAT or len(content) != 4 * math.prod(self.dims):
            raise MalformedError("a tensor of floats is none")
        return tuple(value for (value,) in struct.iter_unpack("<f", content))


@dataclass(frozen=True)
class GraphParts:
    """Parts of the graph of a file."""

    nodes: tuple[GraphNode, ...]
    """Nodes in topological order."""
    tensors: Mapping[str, GraphTensor]
    """Constants by name."""
    inputs: Mapping[str, bytes]
    """Inputs by name, as the file has them."""
    outputs: Mapping[str, bytes]
    """Outputs by name, likewise."""
    about_graph: bytes
    """Other fields of the graph."""
    about_model: bytes
    """Other fields of the model."""

    @classmethod
    def read(cls, content: bytes) -> GraphParts:
        """Read the parts of a file.

        Raises:
            MalformedError: it is no ONNX file, or a damaged one.
        """
        stream = io.BytesIO(content)
        graphs, about = [], b""
        for field in read_fields(stream, 0, len(content), _MOST):
            if field.number == _GRAPH:
                graphs.append(field)
            else:
                about += _copied(field, stream)
        if len(graphs) != 1:
            raise MalformedError(f"it holds {len(graphs)} graphs")
        return _parts_of(stream, graphs[0], about)

    def graph(self, nodes: Iterable[GraphNode], inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
        """A file with some of the nodes, the constants that they take, and these inputs and outputs."""
        kept = tuple(nodes)
        taken = {name for node in kept for name in node.inputs}
        tensors = (tensor.content for name, tensor in self.tensors.items() if name in taken)
        parts = [self.about_graph]
        parts += [field_of(_NODE, node.content) for node in kept]
        parts += [field_of(_INITIALIZER, tensor) for tensor in tensors]
        parts += [field_of(_INPUT, value) for value in inputs]
        parts += [field_of(_OUTPUT, value) for value in outputs]
        return self.about_model + field_of(_GRAPH, b"".join(parts))


def value_info(name: str, kind: int, bands: int) -> bytes:
    """Description of a value (batch, bands, height, width) of an element type, as inputs and outputs have it."""
    dims = [field_of(2, b"batch"), _number(1, bands), field_of(2, b"height"), field_of(2, b"width")]
    shape = b"".join(field_of(1, dim) for dim in dims)
    tensor = _number(1, kind) + field_of(2, shape)
    return field_of(1, name.encode()) + field_of(2, field_of(1, tensor))


def field_of(number: int, content: bytes) -> bytes:
    """A field that holds bytes."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _copied(field: Field, stream: io.BytesIO) -> bytes:
    if field.value is not None:
        return _number(field.number, field.value)
    return field_of(field.number, field.read(stream))


def _parts_of(stream: io.BytesIO, graph: Field, about_model: bytes) -> GraphParts:
    nodes: list[GraphNode] = []
    tensors: dict[str, GraphTensor] = {}
    values: dict[int, dict[str, bytes]] = {_INPUT: {}, _OUTPUT: {}}
    about = b""
    for field in graph.fields(stream, _MOST):
        if field.number == _NODE:
            nodes.append(_node(stream, field))
        elif field.number == _INITIALIZER:
            name, tensor = _tensor(stream, field)
            tensors[name] = tensor
        elif field.number in values:
            values[field.number][_name(stream, field, 1)] = field.read(stream)
        elif field.number not in (_VALUE, _QUANTIZATION):
            about += _copied(field, stream)
    return GraphParts(tuple(nodes), tensors, values[_INPUT], values[_OUTPUT], about, about_model)


def _node(stream: io.BytesIO, node: Field) -> GraphNode:
    kind, inputs, outputs = "", [], []
    numbers: dict[str, tuple[int, ...]] = {}
    words: dict[str, bytes] = {}
    for field in node.fields(stream, _MOST):
        if field.number == 1:
            inputs.append(_text(stream, field))
        elif field.number == 2:
            outputs.append(_text(stream, field))
        elif field.number == 4:
            kind = _text(stream, field)
        elif field.number == 5:
            _attribute(stream, field, numbers, words)
    return GraphNode(kind, tuple(inputs), tuple(outputs), numbers, words, node.read(stream))


def _attribute(
    stream: io.BytesIO, attribute: Field, numbers: dict[str, tuple[int, ...]], words: dict[str, bytes]
) -> None:
    name, found = "", []
    for field in attribute.fields(stream, _MOST):
        if field.number == 1:
            name = _text(stream, field)
        elif field.number in (3, 8):
            found += _numbers(stream, field)
        elif field.number == 4:
            words[name] = field.read(stream)
    if found:
        numbers[name] = tuple(found)


def _tensor(stream: io.BytesIO, tensor: Field) -> tuple[str, GraphTensor]:
    name, kind, dims = "", 0, []
    for field in tensor.fields(stream, _MOST):
        if field.number == 1:
            dims += _numbers(stream, field)
        elif field.number == 2:
            kind = field.value or 0
        elif field.number == 8:
            name = _text(stream, field)
    return name, GraphTensor(tuple(dims), kind, tensor.read(stream))


def _numbers(stream: io.BytesIO, field: Field) -> list[int]:
    """Numbers of a repeated field: one, or several packed into bytes."""
    if field.value is not None:
        return [field.value]
    found = []
    stream.seek(field.start)
    while stream.tell() < field.end:
        found.append(read_varint(stream))
    return found


def _name(stream: io.BytesIO, message: Field, number: int) -> str:
    return next((_text(stream, field) for field in message.fields(stream, _MOST) if field.number == number), "")


def _text(stream: io.BytesIO, field: Field) -> str:
    if field.value is not None:
        raise MalformedError("a text is none")
    return field.read(stream).decode("utf-8", "replace")
