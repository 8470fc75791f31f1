"""Puts landslip's inputs and output around the graph of another program: raw values in, confidences out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from landslip.export.adoption.adopted_fit import AdoptedFit, FedInput
from landslip.export.conversion.kept_bands import KeptBands
from landslip.export.precisions.surgery import checked, introduced
from landslip.runtime.artifacts.spec import InputSpec

INSIDE = "network/"
"""Begin of all names inside of the network, so that none is that of an input."""
_TYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}
_TO_FIRST, _TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def with_raw_face(model: ModelProto, fit: AdoptedFit) -> ModelProto:
    """The graph to deploy.

    Args:
        model: the network with the one output that is served; changed in place.
        fit: what feeds it, and what its answer means.

    Raises:
        ModelError: the graph does not pass ONNX's own check.
    """
    spec, graph = fit.spec, model.graph
    _rename(graph)
    face = _Face()
    for each in fit.inputs:
        face.feed(each)
    behind = _Face()
    last = behind.answer(graph.output[0], fit, spec.output)
    _set_nodes(graph, [*face.nodes, *graph.node, *behind.nodes], last, spec.output)
    graph.initializer.extend([*face.constants, *behind.constants])
    batch = 1 if spec.single else "batch"
    size: tuple[int | str, int | str] = (spec.tile, spec.tile) if spec.fixed else ("height", "width")
    del graph.input[:], graph.output[:], graph.value_info[:]
    for entry in spec.inputs:
        shape = (batch, entry.bands, *size)
        graph.input.append(helper.make_tensor_value_info(entry.name, _TYPES[entry.dtype], shape))
    shape = (batch, spec.output_bands, *size)
    graph.output.append(helper.make_tensor_value_info(spec.output, TensorProto.FLOAT, shape))
    return checked(introduced(model, spec.name, f"{spec.meaning}. {spec.source}", spec))


class _Face:
    """Nodes before or behind the network."""

    def __init__(self) -> None:
        """Start with none."""
        self.nodes: list[NodeProto] = []
        """The nodes, in their order."""
        self.constants: list[TensorProto] = []
        """Constants of the nodes."""

    def feed(self, fed: FedInput) -> None:
        """Make an input of the network from raw inputs."""
        name = INSIDE + fed.declared.name
        scaled = [self._scaled(entry) for entry in fed.entries]
        value = scaled[0] if len(scaled) == 1 else self._node("Concat", scaled, f"{name}/joined", axis=1)
        if fed.layout == "channels last":
            value = self._node("Transpose", [value], f"{name}/channels_last", perm=_TO_LAST)
        kind = helper.np_dtype_to_tensor_dtype(fed.declared.dtype)
        if kind == TensorProto.FLOAT:
            self._node("Identity", [value], name)
        else:
            self._node("Cast", [value], name, to=kind)

    def answer(self, output: ValueInfoProto, fit: AdoptedFit, name: str) -> str:
        """Make confidences from the output of the network; gives the name of their value."""
        value = output.name
        if output.type.tensor_type.elem_type != TensorProto.FLOAT:
            value = self._node("Cast", [value], f"{name}/float", to=TensorProto.FLOAT)
        if fit.layout == "one channel":
            value = self._node("Unsqueeze", [value, self._constant(f"{name}/axis", np.array([1]))], f"{name}/channel")
        elif fit.layout == "channels last":
            value = self._node("Transpose", [value], f"{name}/channels_first", perm=_TO_FIRST)
        return self._kept(self._activated(value, fit.kept, name), fit.kept, name)

    def _activated(self, value: str, kept: KeptBands, name: str) -> str:
        if kept.activation == "sigmoid":
            return self._node("Sigmoid", [value], f"{name}/sigmoid")
        if kept.activation == "softmax":
            return self._node("Softmax", [value], f"{name}/softmax", axis=1)
        return value

    def _kept(self, value: str, kept: KeptBands, name: str) -> str:
        if not kept.all_in_order:
            bands = self._constant(f"{name}/bands", np.array(kept.bands))
            value = self._node("Gather", [value, bands], f"{name}/kept", axis=1)
        if len(kept.bands) > 1 and not kept.classes:
            axes = self._constant(f"{name}/axes", np.array([1]))
            value = self._node("ReduceSum", [value, axes], f"{name}/sum", keepdims=1)
        return value

    def _scaled(self, entry: InputSpec) -> str:
        name, value = f"{entry.name}/raw", entry.name
        if entry.dtype == "float32":
            missing = self._node("IsNaN", [value], f"{name}/missing")
            nothing = self._constant(f"{name}/nothing", np.array(0, np.float32))
            value = self._node("Where", [missing, nothing, value], f"{name}/known")
        else:
            value = self._node("Cast", [value], f"{name}/float", to=TensorProto.FLOAT)
        if set(entry.divisors) != {1.0}:
            value = self._node("Div", [value, self._per_band(f"{name}/divisor", entry.divisors)], f"{name}/divided")
        if set(entry.offsets) != {0.0}:
            value = self._node("Add", [value, self._per_band(f"{name}/offset", entry.offsets)], f"{name}/scaled")
        return value

    def _per_band(self, name: str, values: Sequence[float]) -> str:
        return self._constant(name, np.asarray(values, np.float32).reshape(1, -1, 1, 1))

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def _rename(graph: GraphProto) -> None:
    """Give all values names of their own, and each node one that no other has."""
    taken: set[str] = set()
    for number, node in enumerate(graph.node):
        node.input[:] = [name and INSIDE + name for name in node.input]
        node.output[:] = [name and INSIDE + name for name in node.output]
        plain = INSIDE + (node.name or f"{node.op_type}_{number}")
        node.name = plain if plain not in taken else f"{plain}_{number}"
        taken.add(node.name)
        node.ClearField("doc_string")
    for tensor in graph.initializer:
        tensor.name = INSIDE + tensor.name
    for value in (*graph.input, *graph.output):
        value.name = INSIDE + value.name


def _set_nodes(graph: GraphProto, nodes: Sequence[NodeProto], last: str, output: str) -> None:
    """Set the nodes of a graph, without those that hand on what they get.

    Args:
        graph: changed in place.
        nodes: in their order.
        last: name of the value that becomes the output.
        output: name of the output.
    """
    renamed: dict[str, str] = {}
    kept: list[NodeProto] = []
    for node in nodes:
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [renamed.get(name, name) for name in copy.input]
        if copy.op_type == "Identity":
            renamed[copy.output[0]] = copy.input[0]
        else:
            kept.append(copy)
    last = renamed.get(last, last)
    for node in kept:
        for names in (node.input, node.output):
            names[:] = [output if name == last else name for name in names]
    del graph.node[:]
    graph.node.extend(kept)
