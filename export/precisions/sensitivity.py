"""Sensitivity of convolutions to 8 bits, and what it costs to keep one in float."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from landslip.export.precisions.graph_session import run_graph
from landslip.export.precisions.integer_layers import FILTER_AXES, convolutions
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.errors import ModelError

log = logging.getLogger(__name__)

_STEP = 0.8
"""Each set of layers leaves at most this share of the error that the one before it leaves."""
_LEAST_LEFT = 0.01
"""Share of the error that is left when there is no point in keeping more."""


@dataclass(frozen=True)
class SensitiveLayer:
    """A convolution that could be kept in float."""

    name: str
    """Name of the convolution in the graph."""
    error: float
    """Mean squared error of the confidence when it alone is quantised."""
    work: float
    """Share of the multiplications of all convolutions, 0..1."""


@dataclass(frozen=True)
class Keeping:
    """A choice of layers to keep in float."""

    layers: tuple[str, ...]
    """Names of the layers, the most worthwhile first."""
    work: float
    """Share of the multiplications."""


def measured_layers(
    model: ModelProto, quantise: Callable[[Collection[str]], ModelProto], names: Sequence[str], batch: TileArrays
) -> list[SensitiveLayer]:
    """Quantise one layer at a time, and see what it does to the confidence.

    The errors of single layers add up to that of all of them within a tenth or two, so they tell what keeping some of
    them will bring.

    Args:
        model: in fp32.
        quantise: the model with all layers of ``names`` quantised but those it is given.
        names: of the layers to measure.
        batch: calibration tiles.
    """
    log.info("measuring how sensitive %d layers are", len(names))
    shares = work_shares(model, next(iter(batch.values())).shape[-1])
    exact = confidence_of(model, batch)
    layers = []
    for name in names:
        given = confidence_of(quantise([other for other in names if other != name]), batch)
        layers.append(SensitiveLayer(name, float(np.mean((given - exact) ** 2)), shares[name]))
    return layers


def confidence_of(model: ModelProto, batch: TileArrays) -> NDArray[np.float64]:
    """Confidence that a graph gives to tiles, (n, bands, tile, tile)."""
    return np.concatenate([outputs[0].astype(np.float64) for outputs in run_graph(model, batch)])


def undecided_squares(model: ModelProto, batch: TileArrays, size: int) -> TileArrays:
    """Square part of each tile where the network is least decided: errors show there, and less has to be run.

    Args:
        model: in fp32.
        batch: tiles.
        size: edge of the parts in pixels.
    """
    confidence = confidence_of(model, batch)
    undecided = (confidence * (1.0 - confidence)).sum(axis=1)
    step = max(1, size // 2)
    starts = range(0, confidence.shape[-1] - size + 1, step)
    squares: dict[str, list[NDArray[Any]]] = {name: [] for name in batch}
    for index, tile in enumerate(undecided):
        row, col = max(product(starts, starts), key=lambda at: tile[at[0] : at[0] + size, at[1] : at[1] + size].sum())
        for name, values in batch.items():
            squares[name].append(values[index, :, row : row + size, col : col + size])
    return {name: np.stack(values) for name, values in squares.items()}


def work_shares(model: ModelProto, tile: int) -> dict[str, float]:
    """Share of each convolution in the multiplications of all, for tiles of some size."""
    shapes = _shapes(model, tile)
    weights = {tensor.name: math.prod(tensor.dims) for tensor in model.graph.initializer}
    work = {
        node.name: weights[node.input[1]] * math.prod(shapes[_weighted(node)][2:])
        for node in convolutions(model.graph, FILTER_AXES)
    }
    total = sum(work.values())
    return {name: each / total for name, each in work.items()}


def _weighted(node: NodeProto) -> str:
    """Value for each of whose pixels weights are used once: what a convolution gives, and a transposed one takes."""
    return str(node.output[0] if node.op_type == "Conv" else node.input[0])


def _shapes(model: ModelProto, tile: int) -> dict[str, list[int]]:
    """Shapes of all values for one tile."""
    fixed = ModelProto()
    fixed.CopyFrom(model)
    for value in fixed.graph.input:
        dimensions = value.type.tensor_type.shape.dim
        for dimension, size in zip(dimensions, (1, dimensions[1].dim_value, tile, tile), strict=True):
            dimension.dim_value = size
    try:
        inferred = onnx.shape_inference.infer_shapes(fixed, strict_mode=True).graph
    except onnx.shape_inference.InferenceError as error:
        raise ModelError(f"The shapes inside {model.graph.name} cannot be told for tiles of {tile}: {error}") from error
    return {value.name: [each.dim_value for each in value.type.tensor_type.shape.dim] for value in inferred.value_info}


def keepings(layers: Sequence[SensitiveLayer]) -> Iterator[Keeping]:
    """Growing choices of layers to keep, those first that take away most error for the least work."""
    ranked = sorted(layers, key=lambda layer: (-layer.error / max(layer.work, 1e-12), layer.name))
    total = left = sum(layer.error for layer in ranked)
    goal = _STEP * left
    for count, layer in enumerate(ranked, start=1):
        left -= layer.error
        if left > goal and count < len(ranked):
            continue
        chosen = ranked[:count]
        yield Keeping(tuple(each.name for each in chosen), sum(each.work for each in chosen))
        if left <= _LEAST_LEFT * total:
            return
        goal = _STEP * left
