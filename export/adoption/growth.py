"""Bounds what a network of another program computes of one tile, before anything of it runs."""

from __future__ import annotations

import math
from pathlib import Path

import onnx
from onnx import ModelProto

from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import shown

LARGEST_VALUE = 1 << 30
"""Numbers that a layer may give for one tile: 4 GiB; a U-Net of 64 channels has a quarter on 2048 x 2048 pixels."""


def check_growth(model: ModelProto, tile: int, path: Path) -> None:
    """Make sure that no layer gives more numbers than fit a computer, as far as shapes are known beforehand.

    Args:
        model: the network.
        tile: edge of a tile in pixels; all open sizes are taken for it, and batches for one.
        path: the file, for messages.

    Raises:
        ModelError: a layer gives more, or shapes do not fit each other.
    """
    sized = ModelProto()
    sized.CopyFrom(model)
    for value in sized.graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value"):
                dim.dim_value = tile if axis else 1
    del sized.graph.value_info[:]
    for value in sized.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        graph = onnx.shape_inference.infer_shapes(sized, data_prop=True).graph
    except onnx.shape_inference.InferenceError:
        return  # with channels as many as pixels: a run will tell
    for value in (*graph.value_info, *graph.output):
        sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if math.prod(sizes) > LARGEST_VALUE:
            raise ModelError(
                f"{path}: the value {shown(value.name)} has {' x '.join(map(str, sizes))} numbers for one tile of "
                f"{tile} pixels, and {LARGEST_VALUE} are the most that is computed.",
                "Describe smaller tiles (tile), or export a smaller network.",
                where=path,
            )
