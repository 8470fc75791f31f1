"""Opens the batch of a graph that was exported for one tile at a time, and proves that tiles do not mix."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper

from landslip.export.precisions.graph_session import opened
from landslip.export.precisions.surgery import constants_of
from landslip.runtime.errors import ModelError

log = logging.getLogger(__name__)

_NEAR = 1e-4
"""Most that two tiles together may differ from each by itself, as a share of the largest value: engines round."""


def with_open_batch(model: ModelProto) -> ModelProto:
    """A copy of a model for one tile in which sizes of the batch that are written down give way to what comes in.

    Reshapes are what holds them: where the first size is that of the batch, it is taken from the input, and where
    parts of a tile lie along it, as many as there are.
    """
    shapes = _shapes(model)
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    constants = constants_of(graph)
    for number, node in enumerate(graph.node):
        if node.op_type == "Reshape" and node.input[1] in constants and shapes.get(node.input[0]):
            target = _opened(constants[node.input[1]], shapes[node.input[0]], node)
            if target is not None:
                name = f"{node.input[1]}/open_{number}"
                graph.initializer.append(numpy_helper.from_array(target, name))
                node.input[1] = name
    for value in (*graph.input, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if dims:
            dims[0].ClearField("dim_value")
            dims[0].dim_param = "batch"
    del graph.value_info[:]
    return result


def mixes_tiles(model: ModelProto, tiles: Mapping[str, NDArray[Any]]) -> bool:
    """Tell whether a graph gives two tiles at once something else than each by itself, or does not take two.

    Args:
        model: a graph with an open batch.
        tiles: two tiles of each input of the graph.
    """
    try:
        session = opened(model)
        (both,) = session.run(dict(tiles))
        alone = [session.run({name: each[k : k + 1] for name, each in tiles.items()})[0] for k in range(2)]
    except ModelError as error:
        log.debug("two tiles at once: %s", error)
        return True
    single = np.concatenate(alone)
    if both.shape != single.shape:
        return True
    # Written so that NaN mixes.
    with np.errstate(invalid="ignore"):
        return not float(np.abs(both - single).max()) <= _NEAR * max(1.0, float(np.abs(single).max()))


def _opened(target: NDArray[Any], shape: tuple[int, ...], node: NodeProto) -> NDArray[np.int64] | None:
    """The sizes of a Reshape without that of the batch, or None where they have to stay."""
    takes_zero = any(entry.name == "allowzero" and entry.i for entry in node.attribute)
    if target.ndim != 1 or not len(target) or target[0] < 1 or takes_zero:
        return None
    sizes = target.astype(np.int64)
    if target[0] == 1 and shape[0] == 1:
        sizes[0] = 0
    elif (sizes >= 0).all():
        sizes[0] = -1
    else:
        return None
    return sizes


def _shapes(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """Shape of each value as far as it is known, 0 for sizes that are not."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    return {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        for value in (*graph.value_info, *graph.input, *graph.output)
    }
