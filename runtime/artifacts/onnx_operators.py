"""Operators of an ONNX file, read before any engine opens it.

Engines run what a graph says: a loop of 2^62 rounds, functions nested thirty deep, or a tensor that lies in another
file. Landslip's exports have none of these, so only a closed list of operators is let through, without subgraphs,
functions or external data. Everything is walked over by lengths; no weight is read.

Source of the format: onnx/onnx.proto.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from landslip.runtime.artifacts.onnx_file import OnnxFile, read_onnx_file
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.protobuf import Field, MalformedError, read_fields

_NAMES = """
    Abs Add And AveragePool BatchNormalization Cast Ceil Clip Concat Constant Conv ConvTranspose DepthToSpace
    DequantizeLinear Div Elu Equal Erf Exp Flatten Floor Gather Gelu Gemm GlobalAveragePool GlobalMaxPool Greater
    GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization IsNaN LayerNormalization
    LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max MaxPool Mean Min Mish Mul Neg Not Or PRelu Pad Pow
    QuantizeLinear Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Resize Round
    Selu Shape Sigmoid Sign Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh
    ThresholdedRelu Transpose Unsqueeze Where Xor
"""
OPERATORS = frozenset(_NAMES.split())
"""Operators of ONNX's own domain that an export may hold: each does work in proportion to its inputs and outputs."""

_DOMAINS = {"", "ai.onnx"}
_GRAPH, _TRAINING, _FUNCTIONS = 7, 20, 25
_NODE, _INITIALIZER, _SPARSE_INITIALIZER = 1, 5, 15
_OPERATOR, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS = 5, 6, 10, 11
_EXTERNAL, _LOCATION = 13, 14
_MOST = 200_000
"""Fields of one message."""
_NAME = 100
"""Bytes of a name."""


def read_runnable(path: Path) -> OnnxFile:
    """The description of a model that landslip exported, whose graph an engine may be given.

    Raises:
        InputMissingError: there is no such file.
        ModelError: it is something else, damaged, another program's, or holds what landslip never exports.
    """
    file = read_onnx_file(path)
    check_graph(path)
    return file


def check_graph(path: Path) -> None:
    """Make sure that an ONNX file holds only what landslip exports.

    Raises:
        ModelError: it has an operator that is not in :data:`OPERATORS`, a subgraph, functions, or weights elsewhere.
    """
    try:
        with path.open("rb") as stream:
            objection = _objection(stream, path.stat().st_size)
    except (MalformedError, OSError) as error:
        raise ModelError(
            f"model: {path} is damaged or no ONNX model ({error}).",
            "Copy it again, or export it again with landslip export.",
            where=path,
            option="model",
        ) from error
    if objection is not None:
        raise ModelError(
            f"model: {path} {objection}, which no export of landslip has. It is not opened.",
            "Export the network again from its Keras file with landslip export.",
            where=path,
            option="model",
        )


def _objection(stream: BinaryIO, size: int) -> str | None:
    for field in read_fields(stream, 0, size, _MOST):
        if field.number == _FUNCTIONS:
            return "holds functions"
        if field.number == _TRAINING:
            return "holds graphs for training"
        if field.number == _GRAPH and (found := _of_graph(stream, field)):
            return found
    return None


def _of_graph(stream: BinaryIO, graph: Field) -> str | None:
    for field in graph.fields(stream, _MOST):
        found = None
        if field.number == _NODE:
            found = _of_node(stream, field)
        elif field.number == _INITIALIZER:
            found = _of_tensor(stream, field)
        elif field.number == _SPARSE_INITIALIZER:
            found = "holds sparse weights"
        if found:
            return found
    return None


def _of_node(stream: BinaryIO, node: Field) -> str | None:
    for field in node.fields(stream, _MOST):
        if field.number == _DOMAIN and (name := _name(stream, field)) not in _DOMAINS:
            return f"has an operator of {name!r}"
        if field.number == _OPERATOR and (name := _name(stream, field)) not in OPERATORS:
            return f"has the operator {name!r}"
        if field.number == _ATTRIBUTE and (found := _of_attribute(stream, field)):
            return found
    return None


def _of_attribute(stream: BinaryIO, attribute: Field) -> str | None:
    for field in attribute.fields(stream, _MOST):
        if field.number in {_SUBGRAPH, _SUBGRAPHS}:
            return "has a graph within its graph"
        if field.number in {_TENSOR, _TENSORS} and field.value is None and (found := _of_tensor(stream, field)):
            return found
    return None


def _of_tensor(stream: BinaryIO, tensor: Field) -> str | None:
    for field in tensor.fields(stream, _MOST):
        if field.number == _EXTERNAL or (field.number == _LOCATION and field.value):
            return "keeps weights in another file"
    return None


def _name(stream: BinaryIO, field: Field) -> str:
    if field.value is not None or field.length > _NAME:
        raise MalformedError("a name is none")
    return printable(field.read(stream).decode("utf-8", "replace"), _NAME)
