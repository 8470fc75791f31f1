"""Operators of an ONNX file, read before any engine opens it.

Engines run what a graph says: a loop of 2^62 rounds, functions nested thirty deep, or a tensor that lies in another
file. Landslip's exports have none of these, so only a closed list of operators is let through, without subgraphs,
functions or external data. Everything is walked over by lengths; no weight is read.

Source of the format: onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from landslip.runtime.artifacts.onnx_file import OnnxFile, read_onnx_file
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.protobuf import Field, MalformedError, read_fields

_NAMES = """
    Abs Add And AveragePool BatchNormalization Cast Ceil Celu Clip Concat Constant Conv ConvTranspose Cos
    DepthToSpace DequantizeLinear Div Elu Equal Erf Exp Flatten Floor Gather Gelu Gemm GlobalAveragePool
    GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization
    IsNaN LRN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul Max MaxPool Mean
    Min Mish Mod Mul Neg Not Or PRelu Pad Pow QuantizeLinear Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean
    ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round Selu Shape Sigmoid Sign Sin Size
    Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh ThresholdedRelu Transpose
    Unsqueeze Where Xor
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


@dataclass(frozen=True)
class Unwanted:
    """Part of an ONNX file that keeps landslip from opening it."""

    kind: Literal["functions", "training", "operator", "domain", "subgraph", "sparse", "elsewhere"]
    """Kind of the part."""
    name: str = ""
    """Name of an operator, or of the domain it is of."""

    @property
    def phrase(self) -> str:
        """End of a sentence that begins with the file."""
        return _PHRASES[self.kind].format(repr(self.name))


_PHRASES = {
    "functions": "holds functions",
    "training": "holds graphs for training",
    "operator": "has the operator {}",
    "domain": "has an operator of {}",
    "subgraph": "has a graph within its graph",
    "sparse": "holds sparse weights",
    "elsewhere": "keeps weights in another file",
}


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
    found = find_unwanted(path)
    if found is not None:
        raise ModelError(
            f"model: {path} {found.phrase}, which no export of landslip has. It is not opened.",
            "Export the network again with landslip export.",
            where=path,
            option="model",
        )


def find_unwanted(path: Path, operators: Collection[str] = OPERATORS, *, elsewhere: bool = False) -> Unwanted | None:
    """Find the first part of an ONNX file that keeps landslip from opening it; None where there is none.

    Args:
        path: the file.
        operators: operators that may occur.
        elsewhere: let weights lie in other files.

    Raises:
        ModelError: it is no ONNX file, or a damaged one.
    """
    try:
        with path.open("rb") as stream:
            return _PartsOfFile(stream, operators, elsewhere=elsewhere).of_model(path.stat().st_size)
    except (MalformedError, OSError) as error:
        raise ModelError(
            f"model: {path} is damaged or no ONNX model ({error}).",
            "Copy it again, or export it again.",
            where=path,
            option="model",
        ) from error


class _PartsOfFile:
    """Walk over the parts of a file."""

    def __init__(self, stream: BinaryIO, operators: Collection[str], *, elsewhere: bool) -> None:
        self._stream, self._operators, self._elsewhere = stream, operators, elsewhere

    def of_model(self, size: int) -> Unwanted | None:
        for field in read_fields(self._stream, 0, size, _MOST):
            if field.number == _FUNCTIONS:
                return Unwanted("functions")
            if field.number == _TRAINING:
                return Unwanted("training")
            if field.number == _GRAPH and (found := self._of_graph(field)):
                return found
        return None

    def _of_graph(self, graph: Field) -> Unwanted | None:
        for field in graph.fields(self._stream, _MOST):
            found = None
            if field.number == _NODE:
                found = self._of_node(field)
            elif field.number == _INITIALIZER:
                found = None if self._elsewhere else self._of_tensor(field)
            elif field.number == _SPARSE_INITIALIZER:
                found = Unwanted("sparse")
            if found:
                return found
        return None

    def _of_node(self, node: Field) -> Unwanted | None:
        for field in node.fields(self._stream, _MOST):
            if field.number == _DOMAIN and (name := self._name(field)) not in _DOMAINS:
                return Unwanted("domain", name)
            if field.number == _OPERATOR and (name := self._name(field)) not in self._operators:
                return Unwanted("operator", name)
            if field.number == _ATTRIBUTE and (found := self._of_attribute(field)):
                return found
        return None

    def _of_attribute(self, attribute: Field) -> Unwanted | None:
        for field in attribute.fields(self._stream, _MOST):
            if field.number in {_SUBGRAPH, _SUBGRAPHS}:
                return Unwanted("subgraph")
            if field.number in {_TENSOR, _TENSORS} and field.value is None and (found := self._of_tensor(field)):
                return found
        return None

    def _of_tensor(self, tensor: Field) -> Unwanted | None:
        for field in tensor.fields(self._stream, _MOST):
            if field.number == _EXTERNAL or (field.number == _LOCATION and field.value):
                return Unwanted("elsewhere")
        return None

    def _name(self, field: Field) -> str:
        if field.value is not None or field.length > _NAME:
            raise MalformedError("a name is none")
        return printable(field.read(self._stream).decode("utf-8", "replace"), _NAME)
