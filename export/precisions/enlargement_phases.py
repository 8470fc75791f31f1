"""Convolutions of what was enlarged, computed before it is enlarged: fewer multiplications, and the same numbers.

A pixel of an image that nearest neighbours enlarged twice lies in one of four phases: even or odd row, even or odd
column. In each phase a kernel of 3 x 3 taps sees 2 x 2 pixels of the small image, some of them several times, so its
taps can be added up beforehand. Four kernels of 2 x 2 on the small image make four times as many pixels with 4 taps
each, where 9 were needed. Zeros around the enlarged image are zeros around the small one. The network of Prakash et al.
(2021) joins what it enlarges with a skip connection and convolves both: the convolution of joined bands is the sum of
two convolutions, and that of the skip connection stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, helper

from landslip.export.precisions.surgery import Constants, attributes_of, checked, constants_of, needed, rebuilt

Form = Literal["depth_to_space", "transposed"]
"""Way in which four phases become one image: a convolution whose bands are rearranged, or a transposed convolution."""
FORMS: tuple[Form, ...] = get_args(Form)

_SEEN = np.array([[[1, 0, 0], [0, 1, 1]], [[1, 1, 0], [0, 0, 1]]], dtype=np.float64)
"""(phase, pixel, tap): 1 where a tap of the kernel sees a pixel of the small image. The even phase sees the pixel
before and the pixel itself, the odd one the pixel itself and the next one."""
_PLAIN = {"dilations": [1, 1], "group": 1, "kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1]}
_NEAREST = {"mode": b"nearest", "coordinate_transformation_mode": b"asymmetric", "nearest_mode": b"floor"}
_CROP = {"starts": [1, 1], "ends": [-1, -1], "axes": [2, 3]}


@dataclass(frozen=True)
class EnlargedInput:
    """Part of a convolution's input that was enlarged."""

    source: str
    """Value before it was enlarged."""
    first: int
    """First of its bands in the input of the convolution."""
    stop: int
    """Band after the last one."""
    others: tuple[str, ...] = ()
    """Values that are joined with it, in order."""


def phase_kernels(weights: NDArray[Any]) -> NDArray[np.float32]:
    """Kernels for the small image.

    Args:
        weights: (filters, bands, 3, 3) for the enlarged image.

    Returns:
        (row phase, column phase, filters, bands, 2, 2), added up in float64.
    """
    kernels = np.einsum("pyr,qxc,fbrc->pqfbyx", _SEEN, _SEEN, weights.astype(np.float64))
    return np.asarray(kernels, dtype=np.float32)


def enlarged_inputs(model: ModelProto) -> dict[str, EnlargedInput]:
    """Convolutions by name that phases can be computed of, in the order of the graph.

    They have kernels of 3 x 3, padded by one zero, and take what was enlarged twice by nearest neighbours, alone or
    joined with other bands.
    """
    graph = model.graph
    constants = constants_of(graph)
    producers = {node.output[0]: node for node in graph.node}
    bands = _bands(graph, constants)
    found: dict[str, EnlargedInput] = {}
    for node in graph.node:
        if node.op_type == "Conv" and _is_plain(node, constants):
            enlarged = _enlarged(node.input[0], producers, constants, bands)
            if enlarged is not None:
                found[node.name] = enlarged
    return found


def in_phases(model: ModelProto, form: Form, names: Collection[str] | None = None) -> ModelProto:
    """A copy of a model with convolutions of what was enlarged in phases.

    Args:
        model: in fp32.
        form: how phases are put together; which one is faster depends on the engine.
        names: of the convolutions; None for all of :func:`enlarged_inputs`.

    Raises:
        ModelError: the result does not pass ONNX's own check.
    """
    chosen = {name: each for name, each in enlarged_inputs(model).items() if names is None or name in names}
    phases = _Phases(constants_of(model.graph), form)
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        nodes += phases.of(node, chosen[node.name]) if node.name in chosen else [node]
    return checked(rebuilt(model, needed(model.graph, nodes), phases.constants))


class _Phases:
    """Writes the nodes that stand for a convolution."""

    def __init__(self, constants: Constants, form: Form) -> None:
        self.constants: Constants = {}
        """Constants that the new nodes need."""
        self._given = constants
        self._written: Mapping[Form, Callable[[str, str, NDArray[Any]], list[NodeProto]]] = {
            "depth_to_space": self._rearranged,
            "transposed": self._transposed,
        }
        self._form: Form = form
        self._joined: set[str] = set()

    def of(self, node: NodeProto, enlarged: EnlargedInput) -> list[NodeProto]:
        """Nodes for one convolution."""
        weights = self._given[node.input[1]]
        bias = list(node.input[2:3])
        inner = weights[:, enlarged.first : enlarged.stop]
        name, result = node.name, str(node.output[0])
        kernels = phase_kernels(inner)
        if not enlarged.others:
            nodes = self._written[self._form](name, enlarged.source, kernels)
            if not bias:
                nodes[-1].output[0] = result
                return nodes
            self.constants[f"{name}/phases/bias"] = self._given[bias[0]].reshape(1, -1, 1, 1)
            return [*nodes, _node("Add", [nodes[-1].output[0], f"{name}/phases/bias"], result)]
        rest = np.concatenate([weights[:, : enlarged.first], weights[:, enlarged.stop :]], axis=1)
        skipped, joining = self._skips(enlarged.others)
        self.constants[f"{name}/skip/weights"] = np.ascontiguousarray(rest)
        beside = _node("Conv", [skipped, f"{name}/skip/weights", *bias], f"{name}/skip", **_PLAIN)
        nodes = self._written[self._form](name, enlarged.source, kernels)
        return [*joining, beside, *nodes, _node("Add", [nodes[-1].output[0], beside.output[0]], result)]

    def _skips(self, others: tuple[str, ...]) -> tuple[str, list[NodeProto]]:
        """Value of what is joined, and the node that joins it where no other convolution has needed it before."""
        if len(others) == 1:
            return others[0], []
        name = "/".join(("joined", *others))
        if name in self._joined:
            return name, []
        self._joined.add(name)
        return name, [_node("Concat", list(others), name, axis=1)]

    def _rearranged(self, name: str, source: str, kernels: NDArray[Any]) -> list[NodeProto]:
        """One convolution gives all phases; they are woven together, and what lies beyond the border is cut off.

        With a zero on every side a kernel of 2 x 2 gives one row and one column more than the image has. The odd phase
        begins with the second of its rows, so it is woven in first, and a row is cut off on either side.
        """
        filters = kernels.shape[2]
        weights = kernels[::-1, ::-1].reshape(4 * filters, *kernels.shape[3:])
        self.constants[f"{name}/phases/weights"] = np.ascontiguousarray(weights)
        pads = {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1], "strides": [1, 1]}
        crop = []
        for key, values in _CROP.items():
            self.constants[f"phases/{key}"] = np.asarray(values, np.int64)
            crop.append(f"phases/{key}")
        return [
            _node("Conv", [source, f"{name}/phases/weights"], f"{name}/phases", **pads),
            _node("DepthToSpace", [f"{name}/phases"], f"{name}/woven", blocksize=2, mode="DCR"),
            _node("Slice", [f"{name}/woven", *crop], f"{name}/enlarged"),
        ]

    def _transposed(self, name: str, source: str, kernels: NDArray[Any]) -> list[NodeProto]:
        """One transposed convolution of 4 x 4 taps and a stride of 2.

        It adds ``x[i] * k[t]`` to pixel ``2 i - 1 + t``: taps 3 and 1 make the even phase of the pixel before and the
        pixel itself, taps 2 and 0 the odd one of the pixel itself and the next one.
        """
        taps = {(0, 0): 3, (0, 1): 1, (1, 0): 2, (1, 1): 0}
        filters, bands = kernels.shape[2:4]
        weights = np.zeros((bands, filters, 4, 4), np.float32)
        for (row_phase, row), row_tap in taps.items():
            for (col_phase, col), col_tap in taps.items():
                weights[:, :, row_tap, col_tap] = kernels[row_phase, col_phase, :, :, row, col].T
        self.constants[f"{name}/phases/weights"] = weights
        shape = {"kernel_shape": [4, 4], "pads": [1, 1, 1, 1], "strides": [2, 2]}
        return [_node("ConvTranspose", [source, f"{name}/phases/weights"], f"{name}/enlarged", **shape)]


def _node(kind: str, inputs: list[str], output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, inputs, [output], name=output, **attributes)


def _enlarged(
    value: str, producers: Mapping[str, NodeProto], constants: Constants, bands: Mapping[str, int]
) -> EnlargedInput | None:
    node = producers.get(value)
    if node is None:
        return None
    if _doubles(node, constants) and value in bands:
        return EnlargedInput(node.input[0], 0, bands[value])
    joins = node.op_type == "Concat" and attributes_of(node).get("axis") == 1
    if not joins or not all(each in bands for each in node.input):
        return None
    doubled = [at for at, each in enumerate(node.input) if each in producers and _doubles(producers[each], constants)]
    if not doubled:
        return None
    at = doubled[0]
    first = sum(bands[each] for each in node.input[:at])
    others = tuple(each for place, each in enumerate(node.input) if place != at)
    return EnlargedInput(producers[node.input[at]].input[0], first, first + bands[node.input[at]], others)


def _doubles(node: NodeProto, constants: Constants) -> bool:
    if node.op_type != "Resize" or len(node.input) != 3:
        return False
    scales = constants.get(node.input[2], np.zeros(0))
    said = attributes_of(node)
    return scales.tolist() == [1, 1, 2, 2] and all(said.get(key) == value for key, value in _NEAREST.items())


def _is_plain(node: NodeProto, constants: Constants) -> bool:
    weights = constants.get(node.input[1])
    if weights is None or weights.shape[2:] != (3, 3) or weights.dtype != np.float32:
        return False
    said = attributes_of(node)
    usual = {"dilations": [1, 1], "group": 1, "kernel_shape": [3, 3], "strides": [1, 1], "pads": [0, 0, 0, 0]}
    same = said.pop("auto_pad", b"NOTSET")
    if same in (b"SAME_UPPER", b"SAME_LOWER"):
        said["pads"] = [1, 1, 1, 1]
    return same != b"VALID" and {**usual, **said} == _PLAIN


def _bands(graph: GraphProto, constants: Constants) -> dict[str, int]:
    """Number of bands of values, as far as it can be told from convolutions and what keeps their bands."""
    found: dict[str, int] = {}
    for value in graph.input:
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 4 and dims[1].dim_value:
            found[value.name] = dims[1].dim_value
    for node in graph.node:
        if node.op_type == "Conv" and node.input[1] in constants:
            found[node.output[0]] = len(constants[node.input[1]])
        elif node.op_type == "Concat" and all(each in found for each in node.input):
            found[node.output[0]] = sum(found[each] for each in node.input)
        elif node.op_type in _KEEPING:
            known = [found[each] for each in node.input if each in found]
            if known:
                found[node.output[0]] = max(known)
    return found


_KEEPING = ("Add", "BatchNormalization", "Cast", "LeakyRelu", "MaxPool", "AveragePool", "Mul", "Pad", "Relu", "Resize")
"""Operators whose result has as many bands as what they take."""
