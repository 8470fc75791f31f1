"""Functions that a saved model calls on values: those of TensorFlow, and the operations of Keras 3.

Keras 2 saves ``1 - x`` as a ``TFOpLambda``, which names the function and has its arguments where others have the layers
that feed them; ``x[..., :3]`` is a ``SlicingOpLambda``. Keras 3 saves a class of its own for each operation. None of
them holds code, and none is looked up by its name: what is in the table below becomes a layer that landslip knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from landslip.export.layers.arithmetic import SIDES
from landslip.export.layers.keras_classes import OPERATIONS_OF_KERAS
from landslip.export.layers.known_layers import REBUILT
from landslip.export.layers.values import Options
from landslip.export.topology.inbound_nodes import Arguments, Ref, call_arguments
from landslip.runtime.untrusted.printable import printable, shown

_KERAS_3 = "ops."
"""Beginning of the names of operations of Keras 3."""
_OF_ANY_LAYER = frozenset({"dtype", "fill_mode", "fill_value", "name", "trainable"})
"""Settings that change nothing; what margins are filled with does not, as there are none."""
_KEYS = frozenset({"key", "slice_spec"})
"""Arguments of which None says something: a new axis."""
_NAME = 100
"""Most characters of the name of an argument that a message repeats."""


@dataclass(frozen=True)
class Operation:
    """Layer that a function becomes."""

    kind: str
    """One of :data:`landslip.export.layers.known_layers.REBUILT`."""
    parameters: tuple[str, ...]
    """Names of its arguments, in order; the values come first."""
    fixed: Options = field(default_factory=dict)
    """Settings of the layer; those that are arguments hold where the call does not give them."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Names that the layer gives to arguments."""


@dataclass(frozen=True)
class Call:
    """A call of a function, as a layer and what feeds it."""

    kind: str
    """One of :data:`landslip.export.layers.known_layers.REBUILT`."""
    options: Options
    """Checked arguments of its constructor."""
    inputs: tuple[Ref, ...]
    """Outputs that go in, in order."""


def function_of(entry: dict[str, Any]) -> str | None:
    """The function that a saved layer calls: its name in TensorFlow, or ``ops.`` and its class in Keras 3.

    Args:
        entry: the layer as saved.

    Returns:
        None for other layers; an empty text where a function should be named and is not.
    """
    kind, config = entry["class_name"], entry.get("config")
    if kind in {"TFOpLambda", "SlicingOpLambda"}:
        name = config.get("function") if isinstance(config, dict) else None
        return name if isinstance(name, str) and not name.startswith(_KERAS_3) else ""
    return f"{_KERAS_3}{kind}" if kind in OPERATIONS_OF_KERAS and _is_operation(entry) else None


def _is_operation(entry: dict[str, Any]) -> bool:
    """Tell whether a class is an operation of Keras 3 and not the layer of that name."""
    module, config, nodes = entry.get("module"), entry.get("config"), entry.get("inbound_nodes")
    if module:
        return str(module).startswith(("keras.src.ops.", "keras.src.activations."))
    # HDF5 files have no modules. Layers alone say whether they are trained.
    called = isinstance(nodes, list) and all(isinstance(node, dict) and "args" in node for node in nodes)
    return called and isinstance(config, dict) and "trainable" not in config


def calls_of_function(function: str, settings: Options, inbound: Any) -> list[Call]:
    """All calls of a function of :data:`FUNCTIONS`.

    Args:
        function: its name.
        settings: config of the layer; an operation of Keras 3 keeps its arguments there.
        inbound: ``inbound_nodes`` as saved; anything at all.

    Raises:
        ValueError, TypeError, KeyError: an argument is not known, or not what is known of it.
    """
    operation = FUNCTIONS[function]
    stated = {key: value for key, value in settings.items() if key in operation.parameters or key not in _OF_ANY_LAYER}
    kept = stated if function.startswith(_KERAS_3) else {}
    return [_call(operation, _arguments(operation, each, kept)) for each in call_arguments(inbound)]


def _arguments(operation: Operation, arguments: Arguments, settings: Options) -> Options:
    names = operation.parameters
    if len(arguments.positional) > len(names):
        raise ValueError(f"{len(arguments.positional)} arguments where {len(names)} belong")
    found = dict(zip(names, arguments.positional, strict=False))
    for name, value in (*settings.items(), *arguments.named.items()):
        if name == "name" or (value is None and name not in _KEYS):
            continue  # what is not said is as usual
        if name not in names or name in found:
            raise ValueError(f"the argument {printable(name, _NAME)}={shown(value)}")
        found[name] = value
    return found


def _call(operation: Operation, arguments: Options) -> Call:
    inputs: list[Ref] = []
    options = dict(operation.fixed)
    for name in operation.parameters:
        value = arguments.get(name)
        refs = _refs(value)
        if refs and (name == operation.parameters[0] or _of_two(operation)):
            inputs += refs
        elif name in arguments:
            if _holds_ref(value):
                raise ValueError(f"the argument {name}, which another layer gives")
            options[operation.renamed.get(name, name)] = value
    kind = REBUILT[operation.kind]
    if not inputs or (not _of_two(operation) and (len(inputs) >= 2) is not kind.merges):
        raise ValueError(f"{len(inputs)} values that it is called on")
    return Call(operation.kind, kind.read(options), tuple(inputs))


def _refs(value: Any) -> list[Ref]:
    """The references that a value consists of; none if it is anything else."""
    values = value if isinstance(value, list) else [value]
    refs = [each for each in values if isinstance(each, Ref)]
    return refs if len(refs) == len(values) else []


def _of_two(operation: Operation) -> bool:
    """Tell whether a value may be the second argument as well as the first."""
    return operation.kind == "Arithmetic"


def _holds_ref(value: Any) -> bool:
    return isinstance(value, Ref) or (isinstance(value, list) and any(_holds_ref(each) for each in value))


def _binary(function: str, *names: str) -> Operation:
    return Operation("Arithmetic", names, {"function": function}, dict(zip(names, SIDES, strict=True)))


def _unary(activation: str, name: str) -> Operation:
    return Operation("Activation", (name,), {"activation": activation})


_RESIZE = ("images", "size", "method", "preserve_aspect_ratio", "antialias")
_RESIZE_3 = (
    "images",
    "size",
    "interpolation",
    "antialias",
    "crop_to_aspect_ratio",
    "pad_to_aspect_ratio",
    "data_format",
)

FUNCTIONS: dict[str, Operation] = {
    # TensorFlow, by its public names
    "__operators__.add": _binary("add", "x", "y"),
    "__operators__.getitem": Operation("Slice", ("tensor", "slice_spec"), renamed={"slice_spec": "key"}),
    "cast": Operation("Cast", ("x", "dtype")),
    "concat": Operation("Concatenate", ("values", "axis")),
    "identity": _unary("linear", "input"),
    "image.resize": Operation("Resize", _RESIZE, renamed={"method": "interpolation"}),
    "math.abs": Operation("Absolute", ("x",)),
    "math.add": _binary("add", "x", "y"),
    "math.divide": _binary("divide", "x", "y"),
    "math.maximum": _binary("maximum", "x", "y"),
    "math.minimum": _binary("minimum", "x", "y"),
    "math.multiply": _binary("multiply", "x", "y"),
    "math.negative": Operation("Arithmetic", ("x",), {"function": "multiply", "y": -1.0}),
    "math.sigmoid": _unary("sigmoid", "x"),
    "math.subtract": _binary("subtract", "x", "y"),
    "math.tanh": _unary("tanh", "x"),
    "math.truediv": _binary("divide", "x", "y"),
    "nn.bias_add": _binary("add", "value", "bias"),
    "nn.depth_to_space": Operation("DepthToSpace", ("input", "block_size", "data_format")),
    "nn.leaky_relu": Operation("LeakyReLU", ("features", "alpha"), {"alpha": 0.2}),
    "nn.relu": _unary("relu", "features"),
    "nn.relu6": _unary("relu6", "features"),
    "nn.silu": _unary("silu", "features"),
    "nn.softmax": Operation("Softmax", ("logits", "axis")),
    "nn.swish": _unary("silu", "features"),
    # Keras 3
    "ops.Absolute": Operation("Absolute", ("x",)),
    "ops.Add": _binary("add", "x1", "x2"),
    "ops.Cast": Operation("Cast", ("x", "dtype")),
    "ops.Concatenate": Operation("Concatenate", ("xs", "axis")),
    "ops.DepthToSpace": Operation("DepthToSpace", ("x", "block_size", "data_format")),
    "ops.Divide": _binary("divide", "x1", "x2"),
    "ops.GetItem": Operation("Slice", ("x", "key")),
    "ops.LeakyRelu": Operation("LeakyReLU", ("x", "negative_slope"), {"negative_slope": 0.2}),
    "ops.Maximum": _binary("maximum", "x1", "x2"),
    "ops.Minimum": _binary("minimum", "x1", "x2"),
    "ops.Mish": _unary("mish", "x"),
    "ops.Multiply": _binary("multiply", "x1", "x2"),
    "ops.Negative": Operation("Arithmetic", ("x",), {"function": "multiply", "y": -1.0}),
    "ops.ReLU": Operation("ReLU", ("x", "negative_slope", "max_value", "threshold")),
    "ops.Relu": _unary("relu", "x"),
    "ops.Relu6": _unary("relu6", "x"),
    "ops.Resize": Operation("Resize", _RESIZE_3),
    "ops.Sigmoid": _unary("sigmoid", "x"),
    "ops.Silu": _unary("silu", "x"),
    "ops.Softmax": Operation("Softmax", ("x", "axis")),
    "ops.Subtract": _binary("subtract", "x1", "x2"),
    "ops.Tanh": _unary("tanh", "x"),
    "ops.TrueDivide": _binary("divide", "x1", "x2"),
}
"""Every function that is known."""
