"""Reads an ONNX file of another program within bounds: operators, weights and sizes are looked at before onnx is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper

from landslip.export.adoption.external_weights import take_in
from landslip.export.adoption.foreign_operators import check_operators
from landslip.runtime.artifacts.onnx_file import read_onnx_header
from landslip.runtime.artifacts.spec import METADATA_KEY
from landslip.runtime.errors import ModelError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.untrusted.printable import printable

LARGEST_FILE = (2 << 30) - (16 << 20)
"""Bytes of a graph with its weights: what one protobuf message holds, with room for what is added."""

_NUMBERS = frozenset(
    {
        TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.BOOL,
        TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
        TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
    }
)  # fmt: skip
"""Element types of weights."""
_OTHER_FLOATS = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE})
_SENTENCE = 300
"""Characters of what onnx says that a message repeats."""


@dataclass(frozen=True)
class ForeignNetwork:
    """ONNX file of another program, with all its weights in memory."""

    path: Path
    """The file."""
    model: ModelProto
    """The model as it is in the file; weights from files beside it are inside."""
    sha256: str
    """SHA-256 of the file."""
    opset: int
    """Version of the operators of ONNX that it was written in."""
    producer: str
    """Program that wrote it, as it says itself."""
    weights: dict[str, str]
    """SHA-256 of the files beside it that held weights, by name."""


def read_foreign(path: Path) -> ForeignNetwork:
    """Read an ONNX file of another program.

    Raises:
        InputMissingError: there is no such file.
        ModelError: it is something else, damaged, too large, one of landslip, or holds what landslip does not run.
    """
    header = read_onnx_header(path)
    if METADATA_KEY in header.metadata:
        raise ModelError(f"{path} was exported by landslip already.", "Map with it: landslip map -m FILE.", where=path)
    if path.stat().st_size > LARGEST_FILE:
        raise ModelError(
            f"{path} is larger than the {LARGEST_FILE >> 20} MiB that one ONNX file can hold.",
            "Export the network in single precision, without an optimiser's state.",
            where=path,
        )
    check_operators(path)
    model = _loaded(path)
    weights = take_in(model, path, LARGEST_FILE)
    for tensor in model.graph.initializer:
        _check_weights(tensor, path)
    _check(model, path)
    opset = _opset(model, path)
    return ForeignNetwork(path, model, sha256_of(path), opset, printable(header.producer, _SENTENCE), weights)


def _loaded(path: Path) -> ModelProto:
    try:
        return onnx.load(path, load_external_data=False)
    except Exception as error:  # protobuf raises classes of its own, which come without types
        raise ModelError(
            f"{path} is damaged or no ONNX model ({error}).", "Copy it again, or export it again.", where=path
        ) from error


def _check(model: ModelProto, path: Path) -> None:
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        reason = printable(" ".join(str(error).split()), _SENTENCE)
        raise ModelError(
            f"{path} does not pass ONNX's own check: {reason}.", "Export the network again.", where=path
        ) from error


def _opset(model: ModelProto, path: Path) -> int:
    found = [entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}]
    if len(found) != 1:
        raise ModelError(
            f"{path} does not say which version of ONNX's operators it is in.", "Export the network again.", where=path
        )
    return int(found[0])


def _check_weights(tensor: TensorProto, path: Path) -> None:
    """Make sure that weights are numbers, and as many as their shape says."""
    name, remedy = printable(tensor.name, _SENTENCE), "Export the network again."
    if tensor.data_type not in _NUMBERS:
        kind = TensorProto.DataType.Name(tensor.data_type) if tensor.data_type in TensorProto.DataType.values() else "?"
        raise ModelError(
            f"{path}: the weights {name!r} are of the type {kind}, and no numbers.",
            "Export the network alone, without what turns classes into texts, and not quantised.",
            where=path,
        )
    count = math.prod(tensor.dims)
    size = count * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    stored = tensor.HasField("raw_data")
    if min(tensor.dims, default=0) < 0 or size > LARGEST_FILE or (stored and len(tensor.raw_data) != size):
        raise ModelError(
            f"{path}: the weights {name!r} of shape {list(tensor.dims)} are not as many as that.", remedy, where=path
        )
    try:
        values = numpy_helper.to_array(tensor)
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path}: the weights {name!r} cannot be read ({error}).", remedy, where=path) from error
    if tensor.data_type in _OTHER_FLOATS and values.size > 1:
        kind = TensorProto.DataType.Name(tensor.data_type)
        raise ModelError(
            f"{path}: the weights {name!r} are in {kind}, and landslip starts from single precision.",
            "Export the network in float32 (network.float()); landslip makes fp16 itself (`precisions` fp16).",
            where=path,
        )
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ModelError(
            f"{path}: the weights {name!r} hold NaN, which is no number, so that its answers are none.",
            "Take a state of the network from before its training went wrong.",
            where=path,
        )
