"""The fp16 graph: everything from the first weights on in half precision, up to the last activation.

Inputs, normalisation and confidence keep their types. Between the casts at both ends nothing is cast, as TensorRT's
strongly typed networks want it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from landslip.export.precisions.surgery import (
    Constants,
    checked,
    constants_of,
    descendants_of,
    element_types,
    labelled,
    rebuilt,
    users_of,
)
from landslip.runtime.errors import ModelError

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Ops that multiply by weights; the first of them is where half precision begins."""

_SATURATING = ("Sigmoid", "HardSigmoid", "Softmax")
"""Last activations, which are left in fp32. They cost nothing, and half precision has steps of 0.0005 near 1."""
_MOVING = ("Gather", "Identity", "ReduceSum", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze")
"""Operators that may follow the last activation: they only pick, move and add values."""
_AVERAGING = ("Add", "MatMul", "ReduceMean", "Reshape", "Sqrt", "Squeeze", "Transpose", "Unsqueeze")
"""Operators that may lie between squares and the root of their mean."""
_TYPELESS = ("Shape",)
"""Operators that look at sizes alone. Their results are whole numbers, and have to stay exact."""
_OTHER_TYPES = {"Resize": (1, 2, 3)}
"""Inputs by position whose type ONNX prescribes: region, scales and sizes of Resize."""


def half(model: ModelProto) -> ModelProto:
    """A copy of an fp32 model that computes in fp16.

    Weights are rounded to nearest. What is below fp16's normal range becomes a subnormal number: it is exact to 3e-8,
    and GPUs compute with it at full speed.

    Raises:
        ModelError: a weight is beyond fp16's range, or the graph holds what cannot be brought to fp16.
    """
    last = _last_activation(model.graph)
    weighted = descendants_of(model.graph, WEIGHTED, barriers=_TYPELESS)
    halving = _Halving(model, {node.output[0] for node in weighted} - last - _variances(model.graph))
    for node in model.graph.node:
        halving.add(node)
    return checked(labelled(rebuilt(model, halving.nodes, halving.constants), "fp16"))


def _last_activation(graph: GraphProto) -> set[str]:
    """Outputs of the last activation and of what follows it; none if the graph ends otherwise."""
    producers = {node.output[0]: node for node in graph.node}
    users = users_of(graph)
    found: set[str] = set()
    value = graph.output[0].name
    while value in producers and len(users.get(value, ())) <= 1:
        node = producers[value]
        found.add(value)
        if node.op_type in _SATURATING:
            return found
        if node.op_type not in _MOVING:
            break
        value = node.input[0]
    return set()


def _variances(graph: GraphProto) -> set[str]:
    """Outputs of all that leads from squares to their root, in layers that normalise by the values of the image.

    fp16 ends at the square of 256, and adds up too coarsely. What the root divides is in fp16 again.
    """
    producers = {node.output[0]: node for node in graph.node}
    waiting = [node.output[0] for node in graph.node if node.op_type == "Sqrt"]
    found: set[str] = set()
    while waiting:
        node = producers.get(waiting.pop())
        if node is not None and node.output[0] not in found and _averages(node):
            found.add(node.output[0])
            waiting.extend(node.input)
    return found


def _averages(node: NodeProto) -> bool:
    squares = node.op_type == "Mul" and node.input[0] == node.input[1]
    return squares or node.op_type in _AVERAGING


class _Halving:
    """Rewrites nodes one after the other, in the order of the graph."""

    def __init__(self, model: ModelProto, inside: set[str]) -> None:
        """Start.

        Args:
            model: in fp32.
            inside: first outputs of the nodes that are to compute in fp16.
        """
        self.nodes: list[NodeProto] = []
        """The nodes so far."""
        self.constants: Constants = {}
        """Constants of the nodes, in fp16."""
        self._inside = inside
        self._outputs = {value.name for value in model.graph.output}
        self._given = constants_of(model.graph)
        self._types = element_types(model)
        self._cast: set[str] = set()

    def add(self, node: NodeProto) -> None:
        """Rewrite a node, behind the casts that it needs."""
        new = NodeProto()
        new.CopyFrom(node)
        inside = node.output[0] in self._inside
        if node.op_type in _TYPELESS:
            self.nodes.append(new)
            return
        for position, value in enumerate(node.input):
            if self._types.get(value) != TensorProto.FLOAT or position in _OTHER_TYPES.get(node.op_type, ()):
                continue
            new.input[position] = self._as_half(value) if inside else self._as_single(value)
        self.nodes.append(new)
        if inside:
            self._retype(new)

    def _as_half(self, value: str) -> str:
        if value in self._inside:
            return value
        name = f"{value}/fp16"
        if value in self._given:
            self.constants[name] = _rounded(self._given[value], value)
        else:
            self._append_cast(value, name, TensorProto.FLOAT16)
        return name

    def _as_single(self, value: str) -> str:
        if value not in self._inside:
            return value
        self._append_cast(value, f"{value}/fp32", TensorProto.FLOAT)
        return f"{value}/fp32"

    def _append_cast(self, value: str, name: str, to: int) -> None:
        if name not in self._cast:
            self._cast.add(name)
            self.nodes.append(_cast(value, name, to))

    def _retype(self, node: NodeProto) -> None:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
        result = node.output[0]
        if result in self._outputs:
            node.output[0] = f"{result}/fp16"
            self._append_cast(node.output[0], result, TensorProto.FLOAT)


def _rounded(values: NDArray[np.float32], name: str) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float16)
    if not np.isfinite(rounded).all():
        raise ModelError(
            f"The weights {name!r} reach {np.abs(values).max():.3g}, and fp16 ends at 65504: this network cannot be "
            "exported in fp16. Export it in fp32 or int8."
        )
    return rounded


def rounding(model: ModelProto) -> ModelProto:
    """An fp16 model with every op in fp32 between casts: its values are rounded wherever fp16 hardware rounds them.

    ONNX Runtime has no fp16 kernels for the CPU. It computes such a graph in fp32 throughout and rounds weights and the
    first inputs alone, which would prove too little. Like a GPU this one adds up in fp32 and rounds what is stored.

    Args:
        model: from :func:`half`.
    """
    types = element_types(model)
    halves = {name for name, kind in types.items() if kind == TensorProto.FLOAT16}
    given = constants_of(model.graph)
    constants = {f"{name}/up": values.astype(np.float32) for name, values in given.items() if name in halves}
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        new = NodeProto()
        new.CopyFrom(node)
        if node.op_type != "Cast":
            new.input[:] = [f"{value}/up" if value in halves else value for value in node.input]
        if node.op_type != "Cast" and node.output[0] in halves:
            new.output[0] = f"{node.output[0]}/down"
            nodes += [new, _cast(new.output[0], node.output[0], TensorProto.FLOAT16)]
        else:
            nodes.append(new)
        if node.output[0] in halves:
            nodes.append(_cast(node.output[0], f"{node.output[0]}/up", TensorProto.FLOAT))
    return checked(rebuilt(model, nodes, constants))


def _cast(value: str, name: str, to: int) -> NodeProto:
    return helper.make_node("Cast", [value], [name], name=f"{name}/cast", to=to)
