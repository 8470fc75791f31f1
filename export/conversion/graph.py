"""Surgery on the converted graph: what tf2onnx leaves behind and engines trip over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from landslip.export.conversion.graph_interface import GraphInterface, Port
from landslip.export.precisions.surgery import introduced
from landslip.runtime.errors import ModelError

_LEFTOVERS = frozenset({"Identity", "Reshape", "Shape", "Squeeze", "Transpose", "Unsqueeze"})
"""Ops that only move axes or compute shapes: none is left when the conversion went well."""


def deployable(model: ModelProto, interface: GraphInterface) -> ModelProto:
    """The graph ready for every engine, with its description inside if there is one.

    Resize nodes get constant scales and a coordinate rule that all engines know, inputs and outputs get the names and
    dimensions they shall have, and everything unused goes.

    Args:
        model: as converted; changed in place.
        interface: how it shall look from outside.

    Returns:
        The same object.

    Raises:
        ModelError: the graph is not what the conversion of this network gives, or ONNX's full check refuses it.
    """
    graph = model.graph
    _rewrite_resizes(graph)
    _rewrite_transposed_convolutions(graph)
    _name_output(graph, interface.output.name)
    _name_dimensions(graph, interface)
    _drop_unused(graph)
    _name_constants(graph)
    introduced(model, interface.name, interface.about, interface.spec)
    _check(model, interface)
    return model


def _rewrite_resizes(graph: GraphProto) -> None:
    """Enlarge by constant whole factors, by rules that all engines know.

    For nearest neighbours tf2onnx writes ``tf_half_pixel_for_nn``, which ONNX deprecated and TensorRT rejects
    (onnx/tensorflow-onnx#2249). For whole factors ``asymmetric`` + ``floor`` picks the same source pixel: ``floor((x +
    0.5) / f)`` differs from ``floor(x / f)`` for no integer x. Bilinear enlargement is ``half_pixel``, as in TensorFlow
    2. Where sizes are open, tf2onnx computes them from shapes at run time; constant factors replace that.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    producers = {output: node for node in graph.node for output in node.output}
    for node in [node for node in graph.node if node.op_type == "Resize"]:
        rule = _resize_rule(node)
        factors = _resize_factors(node, producers, constants)
        scales = f"scales_{factors[0]}x{factors[1]}"
        if scales not in constants:
            constants[scales] = np.asarray([1, 1, *factors], np.float32)
            graph.initializer.append(numpy_helper.from_array(constants[scales], scales))
        inputs, outputs = [node.input[0], "", scales], [node.output[0]]
        node.CopyFrom(helper.make_node("Resize", inputs, outputs, name=node.name, **rule))


def _resize_rule(node: NodeProto) -> dict[str, str]:
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    mode, where = attributes.get("mode"), attributes.get("coordinate_transformation_mode")
    if (mode, where) == (b"nearest", b"tf_half_pixel_for_nn"):
        return {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    if (mode, where) == (b"linear", b"half_pixel"):
        return {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    raise ModelError(f"Node {node.name!r} of the converted graph is a Resize by an unknown rule: {mode!r}, {where!r}.")


def _resize_factors(
    node: NodeProto, producers: dict[str, NodeProto], constants: dict[str, np.ndarray]
) -> tuple[int, int]:
    """The whole factors of rows and columns: constants, or the one product among what the sizes are computed from."""
    if len(node.input) == 3:
        found = [constants.get(node.input[2], np.zeros(0))[2:]]
    else:
        products = [above for above in _ancestors(node.input[-1], producers) if above.op_type == "Mul"]
        found = [constants[name] for product in products for name in product.input if name in constants]
        found = found if len(products) == 1 else []
    if len(found) != 1 or found[0].shape != (2,) or (found[0] != np.round(found[0])).any():
        raise ModelError(f"The size that node {node.name!r} enlarges to is not its input times two constants.")
    return int(found[0][0]), int(found[0][1])


def _ancestors(name: str, producers: dict[str, NodeProto]) -> Iterator[NodeProto]:
    """Nodes that a value is computed from, each once, stopping at Shape nodes."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        node = producers.get(waiting.pop())
        if node is None or node.output[0] in seen:
            continue
        seen.add(node.output[0])
        yield node
        if node.op_type != "Shape":
            waiting.extend(node.input)


def _rewrite_transposed_convolutions(graph: GraphProto) -> None:
    """Say as ``output_padding`` how far a result goes beyond the last kernel.

    tf2onnx writes it as negative ``pads`` at both sides, which ONNX refuses; TensorFlow adds it at the far end.
    """
    for node in [node for node in graph.node if node.op_type == "ConvTranspose"]:
        attributes = {entry.name: entry for entry in node.attribute}
        if "pads" not in attributes or min(attributes["pads"].ints) >= 0:
            continue
        pads = np.reshape(attributes["pads"].ints, (2, -1))
        beyond = np.maximum(-pads.sum(axis=0), 0)
        kept = np.where(beyond > 0, 0, pads)
        attributes["pads"].CopyFrom(helper.make_attribute("pads", kept.ravel().tolist()))
        node.attribute.append(helper.make_attribute("output_padding", beyond.tolist()))


def _name_output(graph: GraphProto, name: str) -> None:
    old = graph.output[0].name
    for node in graph.node:
        node.input[:] = [name if value == old else value for value in node.input]
        node.output[:] = [name if value == old else value for value in node.output]
    graph.output[0].name = name


def _name_dimensions(graph: GraphProto, interface: GraphInterface) -> None:
    # tf2onnx gives every open dimension a name of its own, so that engines could not tell that they are equal.
    ports = {port.name: port for port in (*interface.inputs, interface.output)}
    for value in [*graph.input, *graph.output]:
        if value.name in ports:
            _set_dimensions(value, ports[value.name])
    del graph.value_info[:]


def _set_dimensions(value: ValueInfoProto, port: Port) -> None:
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for size in port.dims:
        shape.dim.add(**({"dim_param": size} if isinstance(size, str) else {"dim_value": size}))


def _drop_unused(graph: GraphProto) -> None:
    """Remove nodes that lead to no output; the order of the rest stays topological."""
    needed = {value.name for value in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))


def _name_constants(graph: GraphProto) -> None:
    """Keep the constants that are used, ordered and named by their first use.

    tf2onnx walks through sets, so that order and shared names change from run to run; the same file has to give the
    same bytes.
    """
    constants = {tensor.name: tensor for tensor in graph.initializer}
    names: dict[str, str] = {}
    for node in graph.node:
        for position, value in enumerate(node.input):
            if value in constants:
                node.input[position] = names.setdefault(value, f"{node.name}/constant_{position}")
    used = [constants[old] for old in names]
    for tensor, new in zip(used, names.values(), strict=True):
        tensor.name = new
    del graph.initializer[:]
    graph.initializer.extend(used)


def _check(model: ModelProto, interface: GraphInterface) -> None:
    left = sorted({node.op_type for node in model.graph.node} & _LEFTOVERS)
    if left and interface.plain:
        raise ModelError(
            f"The converted graph of {interface.name} still holds {', '.join(left)}, though none of its layers moves "
            "axes."
        )
    names = [value.name for value in model.graph.input]
    if names != [port.name for port in interface.inputs] or len(model.graph.output) != 1:
        raise ModelError(
            f"The converted graph of {interface.name} takes {names} and gives {len(model.graph.output)} outputs."
        )
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"The converted graph of {interface.name} does not pass ONNX's own check: {error}") from error
