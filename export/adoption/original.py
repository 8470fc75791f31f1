"""The network of an ONNX file of another program as it was given: run by ONNX Runtime, it is the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from landslip.export.adoption.foreign_file import ForeignNetwork
from landslip.export.precisions.graph_session import GraphSession, opened
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import shown

_TAKEN = {
    TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT8, TensorProto.UINT16, TensorProto.INT16, TensorProto.INT32,
    TensorProto.INT64,
}  # fmt: skip
"""Element types of inputs that can be fed."""
_IMAGE = 4
"""Dimensions of an image in a batch."""


@dataclass(frozen=True)
class DeclaredInput:
    """Input of a network, as its file declares it."""

    name: str
    """Name of the input."""
    dtype: np.dtype[Any]
    """Element type."""
    dims: tuple[int | None, int | None, int | None, int | None]
    """Sizes, the batch first; None for those that are open."""


class OriginalNetwork:
    """A network as it was given."""

    def __init__(self, network: ForeignNetwork) -> None:
        """Get ready; nothing is loaded before it is asked.

        Args:
            network: the file.

        Raises:
            ModelError: its inputs are no images, or its batches have more than one tile.
        """
        self.path = network.path
        self._model = network.model
        given = {tensor.name for tensor in network.model.graph.initializer}
        self.inputs = tuple(self._declared(value) for value in network.model.graph.input if value.name not in given)
        self.outputs: tuple[str, ...] = tuple(str(value.name) for value in network.model.graph.output)
        if not self.inputs or not self.outputs:
            raise ModelError(f"{self.path} has no inputs, or no outputs.", "Export it again.", where=self.path)
        batches = {entry.dims[0] for entry in self.inputs}
        if not batches <= {None, 1}:
            raise ModelError(
                f"{self.path} takes batches of {', '.join(sorted(map(str, batches)))} tiles alone.",
                "Export the network with an open batch (dynamic_axes, dynamic_shapes), or for a batch of one.",
                where=self.path,
            )
        self.single = 1 in batches
        """True if the file allows one tile in a batch alone."""

    def ask(self, inputs: Mapping[str, NDArray[Any]], output: str, *, exact: bool = True) -> NDArray[Any]:
        """An output of the network.

        Args:
            inputs: as the network takes them, by name.
            output: name of the output.
            exact: compute node by node as the file says, and not as ONNX Runtime makes it faster.

        Raises:
            ModelError: the network does not run.
        """
        session = self._exact if exact else self._fast
        return session.run(dict(inputs))[self.outputs.index(output)]

    @cached_property
    def _exact(self) -> GraphSession:
        return opened(self._model, as_it_is=True)

    @cached_property
    def _fast(self) -> GraphSession:
        return opened(self._model)

    @property
    def model(self) -> ModelProto:
        """The model."""
        return self._model

    def _declared(self, value: ValueInfoProto) -> DeclaredInput:
        kind = value.type.tensor_type
        dims = [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim]
        if len(dims) != _IMAGE or kind.elem_type not in _TAKEN:
            raise ModelError(
                f"{self.path}: its input {shown(value.name)} of {len(dims)} dimensions is no batch of images, in "
                "single precision or whole numbers.",
                "Export the network alone, with images of (batch, channels, rows, columns) as its inputs.",
                where=self.path,
            )
        batch, *rest = dims
        if any(size is not None and size < 1 for size in dims):
            raise ModelError(
                f"{self.path}: its input {shown(value.name)} has the sizes {dims}.", "Export it again.", where=self.path
            )
        return DeclaredInput(
            value.name, np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type)), (batch, rest[0], rest[1], rest[2])
        )
