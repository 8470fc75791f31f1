"""Features that overlapping tiles share: where a graph can be cut in two, and the two graphs.

A value is local where it says the same of a pixel whichever tile shows that: it comes from the inputs by convolutions
without a stride and by operations on each pixel, and sees only a few pixels around. The branches at full resolution of
the network of Prakash et al. (2021) are of that kind. The last local values are the features: the first graph computes
them from the inputs, the second one computes the confidence from the inputs and the features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from landslip.runtime.artifacts.feature_crossing import Crossing, crossing_of
from landslip.runtime.artifacts.graph_parts import (
    BOOL,
    FLOAT,
    FLOAT16,
    INT8,
    INT64,
    UINT8,
    GraphNode,
    GraphParts,
    value_info,
)
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec
from landslip.runtime.errors import ModelError, UsageError
from landslip.runtime.untrusted.protobuf import MalformedError

SHARE_OF_TILE = 16
"""Features see at most a tile's edge divided by this to each side: there a tile has next to no weight in the map."""

_DTYPES = {FLOAT: "float32", UINT8: "uint8", INT8: "int8", FLOAT16: "float16"}

_NAMES = """
    Abs Add And BatchNormalization Cast Clip DequantizeLinear Div Elu Equal Greater HardSigmoid HardSwish Identity IsNaN
    LeakyRelu Less Max Min Mul Neg Not Or PRelu QuantizeLinear Relu Selu Sigmoid Softplus Sub Tanh Where
"""
_POINTWISE = frozenset(_NAMES.split())
_OF_BANDS = ("BatchNormalization", "DequantizeLinear", "QuantizeLinear")
"""Operators whose constants are of bands, never of places."""
_LOGICAL = ("And", "Equal", "Greater", "IsNaN", "Less", "Not", "Or")


@dataclass(frozen=True)
class FeatureValue:
    """Features of one name."""

    name: str
    """Name of the value in the graph."""
    bands: int
    """Number of bands."""
    dtype: str
    """Type as numpy names it."""


@dataclass(frozen=True)
class SharedFeatures:
    """Features that an engine computes apart."""

    values: tuple[FeatureValue, ...]
    """Features by name, in the order of the graph."""
    reach: int
    """Pixels to each side of a pixel that they see."""


@dataclass(frozen=True)
class GraphHalf:
    """One of the two graphs that another is cut into."""

    content: bytes
    """The graph as an ONNX file."""
    takes: tuple[InputSpec | FeatureValue, ...]
    """Everything that it takes."""


@dataclass(frozen=True)
class FeatureCut:
    """A graph that is cut in two."""

    shared: SharedFeatures
    """Features that pass from one to the other."""
    features: GraphHalf
    """Graph that takes inputs, and gives the features."""
    rest: GraphHalf
    """Graph that takes inputs and the features, and gives the output."""


def cut_features(file: OnnxFile) -> FeatureCut:
    """Cut the graph of an artifact where overlapping tiles share features.

    Raises:
        UsageError: it has no such features.
        ModelError: the file is damaged.
    """
    try:
        parts = GraphParts.read(file.path.read_bytes())
        found = _LocalValues(parts, file.spec)
    except (MalformedError, OSError) as error:
        raise ModelError(
            f"model: {file.path} is damaged or no ONNX model ({error}).",
            "Copy it again, or export it again.",
            where=file.path,
            option="model",
        ) from error
    names = found.features(file.spec.output)
    if not names:
        raise UsageError(
            f"The model {file.spec.name} has no features that overlapping tiles could share: each of its branches has "
            "a stride, or sees too far.",
            "Map without share_features=True.",
            option="share_features",
        )
    crossings = [found.crossing(name) for name in names]
    values = tuple(FeatureValue(each.name, each.bands, _DTYPES[each.kind]) for each in crossings)
    described = {each.name: value_info(each.name, each.kind, each.bands) for each in crossings}
    output, parts = file.spec.output, replace(parts, inputs={**parts.inputs, **described})
    last = [each.quantised for each in crossings if each.quantised]
    begun = [each.scaled for each in crossings if each.scaled]
    return FeatureCut(
        SharedFeatures(values, max(found.local[name].reach for name in names)),
        _half(parts, [*_needed(parts, names, ()), *last], file.spec.inputs, list(described.values())),
        _half(
            parts,
            [*begun, *_needed(parts, (output,), names)],
            taken(file.spec, values),
            [parts.outputs[output]],
        ),
    )


def can_share(file: OnnxFile) -> bool:
    """Tell whether the graph of an artifact has features that overlapping tiles could share.

    Raises:
        ModelError: the file is damaged.
    """
    try:
        cut_features(file)
    except UsageError:
        return False
    return True


def taken(spec: ModelSpec, features: Sequence[FeatureValue] = ()) -> tuple[InputSpec | FeatureValue, ...]:
    """Everything that a batch holds: the inputs of a model, and features where it takes these, too."""
    return (*spec.inputs, *features)


def _half(
    parts: GraphParts,
    nodes: list[GraphNode],
    entries: Sequence[InputSpec | FeatureValue],
    outputs: list[bytes],
) -> GraphHalf:
    """A graph of some nodes. What leads nowhere in it is no input of it: some engines drop that."""
    used = {name for node in nodes for name in node.inputs}
    takes = tuple(entry for entry in entries if entry.name in used)
    return GraphHalf(parts.graph(nodes, [parts.inputs[entry.name] for entry in takes], outputs), takes)


@dataclass(frozen=True)
class _LocalValue:
    """State of a local value."""

    bands: int
    kind: int
    reach: int
    convolved: bool


_Rule = Callable[[GraphNode, list[str]], _LocalValue | None]
"""Finds whether what a node gives is local, from the values among its inputs; None where it is not."""


class _LocalValues:
    """Local values of a graph."""

    def __init__(self, parts: GraphParts, spec: ModelSpec) -> None:
        self._parts, self._most = parts, spec.tile // SHARE_OF_TILE
        kinds = {"uint8": UINT8, "float32": FLOAT}
        self.local = {entry.name: _LocalValue(entry.bands, kinds[entry.dtype], 0, False) for entry in spec.inputs}
        self._constant: dict[str, tuple[int, ...] | None] = {name: each.dims for name, each in parts.tensors.items()}
        self._users: dict[str, list[GraphNode]] = {}
        for node in parts.nodes:
            self._take(node)
            for name in node.inputs:
                self._users.setdefault(name, []).append(node)

    def features(self, output: str) -> tuple[str, ...]:
        """Names of the last local values that a convolution leads to, in the order of the graph."""
        makers = {name: node for node in self._parts.nodes for name in node.outputs}
        found: dict[str, None] = {}
        for node in self._parts.nodes:
            if not all(name in self.local for name in node.outputs):
                found |= dict.fromkeys(name for name in node.inputs if self._is_feature(name))
        names = dict.fromkeys(_before_scaling(name, makers) for name in found)
        order = [name for node in self._parts.nodes for name in node.outputs if name in names]
        fitting = all(self.local[name].kind in _DTYPES for name in order)
        return tuple(order) if fitting and output not in self.local else ()

    def crossing(self, name: str) -> Crossing:
        """The way of a feature from one graph to the other."""
        found = self.local[name]
        return crossing_of(name, found.kind, found.bands, self._parts, self.local, self._users)

    def _is_feature(self, name: str) -> bool:
        return name in self.local and self.local[name].convolved

    def _take(self, node: GraphNode) -> None:
        data = [name for name in node.inputs if name and name not in self._constant]
        if not data:
            keeps_shape = node.kind in ("Cast", "DequantizeLinear", "Identity")  # quantised weights
            shape = self._constant.get(node.inputs[0]) if keeps_shape else None
            self._constant.update(dict.fromkeys(node.outputs, shape))
            return
        if len(node.outputs) != 1 or not all(name in self.local for name in data):
            return
        rules: dict[str, _Rule] = {"Conv": self._convolution, "Concat": self._joined, "Pad": self._padded}
        usual: _Rule = self._pointwise if node.kind in _POINTWISE else _none
        found = rules.get(node.kind, usual)(node, data)
        if found is not None and found.reach <= self._most:
            self.local[node.outputs[0]] = found

    def _convolution(self, node: GraphNode, data: list[str]) -> _LocalValue | None:
        weights = self._constant.get(node.inputs[1])
        if data != [node.inputs[0]] or weights is None or len(weights) != 4:
            return None
        edges, taken = weights[2:], self.local[data[0]]
        spread = node.numbers.get("dilations", (1, 1))
        sides = [step * (edge - 1) // 2 for step, edge in zip(spread, edges, strict=True)]
        same = node.words.get("auto_pad", b"NOTSET")
        pads = (*sides, *sides) if same in (b"SAME_UPPER", b"SAME_LOWER") else node.numbers.get("pads", (0, 0, 0, 0))
        keeps = all(edge % 2 for edge in edges) and tuple(pads) == (*sides, *sides)
        if not keeps or same == b"VALID" or node.numbers.get("strides", (1, 1)) != (1, 1):
            return None
        return _LocalValue(weights[0], taken.kind, taken.reach + max(sides), True)

    def _joined(self, node: GraphNode, data: list[str]) -> _LocalValue | None:
        if node.numbers.get("axis") != (1,) or tuple(data) != node.inputs:
            return None
        values = [self.local[name] for name in data]
        return _together(values, sum(each.bands for each in values), values[0].kind)

    def _padded(self, node: GraphNode, data: list[str]) -> _LocalValue | None:
        """More bands of one value, as INT8 graphs give images one that carries their offsets."""
        said = self._parts.tensors.get(node.inputs[1])
        constant = node.words.get("mode", b"constant") == b"constant" and not node.inputs[3:]
        if data != [node.inputs[0]] or said is None or said.kind != INT64 or said.dims != (8,) or not constant:
            return None
        before, after = said.integers[:4], said.integers[4:]
        if any((before[axis], after[axis]) != (0, 0) for axis in (0, 2, 3)) or min(before[1], after[1]) < 0:
            return None
        found = self.local[data[0]]
        return replace(found, bands=found.bands + before[1] + after[1])

    def _pointwise(self, node: GraphNode, data: list[str]) -> _LocalValue | None:
        constants = [self._constant[name] for name in node.inputs if name in self._constant]
        if node.kind not in _OF_BANDS and any(each is None or _has_places(each) for each in constants):
            return None
        values = [self.local[name] for name in data]
        kind = self._kind(node, values)
        return None if kind is None else _together(values, max(each.bands for each in values), kind)

    def _kind(self, node: GraphNode, values: list[_LocalValue]) -> int | None:
        """Element type of what a node gives; None where it cannot be told."""
        if node.kind == "Cast":
            return next(iter(node.numbers.get("to", ())), None)
        if node.kind in _LOGICAL:
            return BOOL
        if node.kind in ("QuantizeLinear", "DequantizeLinear"):
            at = 2 if node.kind == "QuantizeLinear" else 1
            said = self._parts.tensors.get(node.inputs[at]) if len(node.inputs) > at else None
            return None if said is None else said.kind
        return values[-1].kind


def _none(_: GraphNode, __: list[str]) -> None:
    return None


def _together(values: list[_LocalValue], bands: int, kind: int) -> _LocalValue:
    return _LocalValue(bands, kind, max(each.reach for each in values), any(each.convolved for each in values))


def _has_places(dims: tuple[int, ...]) -> bool:
    """Tell whether a constant differs along rows or columns."""
    return any(size != 1 for size in dims[-2:])


def _before_scaling(name: str, makers: Mapping[str, GraphNode]) -> str:
    """The whole numbers that a value is made of, where it is: they take a quarter of the memory."""
    node = makers[name]
    return node.inputs[0] if node.kind == "DequantizeLinear" else name


def _needed(parts: GraphParts, wanted: Iterable[str], given: Iterable[str]) -> list[GraphNode]:
    """Nodes that lead to some values from the inputs and from values that are given, in their order."""
    stops, names = set(given), set(wanted)
    kept: list[GraphNode] = []
    for node in reversed(parts.nodes):
        if names.intersection(node.outputs) - stops:
            names.update(set(node.inputs) - stops)
            kept.append(node)
    return kept[::-1]
