"""First layers that take the bytes of 8-bit images, so that they can be computed in integers without an error.

An image of bytes ``x`` is scaled to ``f x + o`` before its first convolutions, such as ``x / 127.5 - 1``. On a grid
that holds 0, as padding needs it, the 256 levels of that lie half a step off. The convolution can take the bytes
themselves: the factors go into its weights, and what the offsets add up to, ``sum(w o)``, into the weights of one more
band, which is 255 in all of the image. Around the image that band is 0 like the others, so zeros there stay what they
were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from landslip.export.precisions.surgery import Constants, attributes_of, checked, constants_of, needed, rebuilt

_FULL = 255
"""Value of the band that carries the offsets."""
_ONE_BAND = [0, 0, 0, 0, 0, 1, 0, 0]
"""Padding of an image (number, band, row, column) by one band behind the others."""


@dataclass(frozen=True)
class ScaledImage:
    """An input of bytes, scaled band by band."""

    name: str
    """Name of the input."""
    factors: NDArray[np.float64]
    """(bands,) what bytes are multiplied with."""
    offsets: NDArray[np.float64]
    """(bands,) what is added to the products."""


def scaled_images(graph: GraphProto) -> dict[str, ScaledImage]:
    """Values that are inputs of bytes, cast to float32, multiplied with constants and shifted by constants."""
    constants = constants_of(graph)
    bands = _byte_inputs(graph)
    found: dict[str, ScaledImage] = {}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in bands:
            count = bands[node.input[0]]
            found[node.output[0]] = ScaledImage(node.input[0], np.ones(count), np.zeros(count))
        elif node.op_type in {"Mul", "Add"} and node.input[0] in found:
            image = found[node.input[0]]
            values = _by_band(constants.get(node.input[1]), len(image.factors))
            if values is not None:
                found[node.output[0]] = _changed(image, node.op_type, values)
    return found


def with_raw_images(model: ModelProto) -> ModelProto:
    """A copy of a model whose first convolutions take bytes where they took scaled bytes.

    Convolutions that see something else as well, such as an image that is joined with another, stay as they are. The
    numbers are the same but for rounding in float32.

    Raises:
        ModelError: the result does not pass ONNX's own check.
    """
    constants, images = constants_of(model.graph), scaled_images(model.graph)
    added: Constants = {}
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        image = images.get(node.input[0]) if node.op_type == "Conv" else None
        if image is None or not _can_take_bytes(node, constants):
            nodes.append(node)
        else:
            nodes += _bytes_of(image, added)
            nodes.append(_of_bytes(node, image, constants, added))
    return checked(rebuilt(model, needed(model.graph, nodes), added))


def _bytes_of(image: ScaledImage, added: Constants) -> list[NodeProto]:
    """Nodes that put the band of the offsets behind the image; none where they are there already."""
    padding, value = f"{image.name}/one_band", f"{image.name}/full"
    if padding in added:
        return []
    added |= {padding: np.asarray(_ONE_BAND, np.int64), value: np.asarray(_FULL, np.uint8)}
    name = f"{image.name}/bytes"
    return [
        helper.make_node("Pad", [image.name, padding, value], [f"{name}/stored"], name=f"{name}/stored"),
        helper.make_node("Cast", [f"{name}/stored"], [name], name=name, to=TensorProto.FLOAT),
    ]


def _of_bytes(node: NodeProto, image: ScaledImage, constants: Constants, added: Constants) -> NodeProto:
    """The convolution with weights for bytes."""
    weights = constants[node.input[1]].astype(np.float64)
    offset = np.einsum("fbrc,b->frc", weights, image.offsets)[:, None] / _FULL
    name = f"{node.name}/of_bytes"
    added[name] = np.concatenate([weights * image.factors[:, None, None], offset], axis=1).astype(np.float32)
    new = NodeProto()
    new.CopyFrom(node)
    new.input[0], new.input[1] = f"{image.name}/bytes", name
    return new


def _can_take_bytes(node: NodeProto, constants: Constants) -> bool:
    weights = constants.get(node.input[1])
    return weights is not None and weights.ndim == 4 and attributes_of(node).get("group", 1) == 1


def _byte_inputs(graph: GraphProto) -> dict[str, int]:
    """Number of bands of each input of bytes."""
    found: dict[str, int] = {}
    for value in graph.input:
        kind = value.type.tensor_type
        if kind.elem_type == TensorProto.UINT8 and len(kind.shape.dim) == 4:
            found[value.name] = kind.shape.dim[1].dim_value
    return found


def _by_band(values: NDArray[Any] | None, bands: int) -> NDArray[np.float64] | None:
    """A constant as one number for each band; None where it is no such constant."""
    if values is None or values.size not in (1, bands) or values.shape[-2:] not in ((), (1,), (1, 1)):
        return None
    return np.broadcast_to(values.astype(np.float64).ravel(), (bands,))


def _changed(image: ScaledImage, kind: str, values: NDArray[np.float64]) -> ScaledImage:
    if kind == "Mul":
        return ScaledImage(image.name, image.factors * values, image.offsets * values)
    return ScaledImage(image.name, image.factors, image.offsets + values)


def balanced(bias: NDArray[np.float32], lost: NDArray[np.floating]) -> NDArray[np.float32]:
    """A bias that makes up for what rounding takes from the weights of a layer of bytes, where bytes are middling.

    Bytes lie around 128, far from 0, so that what a kernel loses shifts all of its result.

    Args:
        bias: (filters,).
        lost: (filters, bands, rows, cols), weights less what they became; the last band is that of the offsets.
    """
    middle = np.array([_FULL / 2] * (lost.shape[1] - 1) + [_FULL])
    shifted: NDArray[np.float32] = (bias + lost.sum(axis=(2, 3)) @ middle).astype(np.float32)
    return shifted


def stored_bytes(graph: GraphProto) -> Mapping[str, str]:
    """Values that are bytes cast to float32, and the bytes."""
    bands = _byte_inputs(graph)
    padded = {node.output[0] for node in graph.node if node.op_type == "Pad" and node.input[0] in bands}
    return {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast" and node.input[0] in padded}
