"""Ranges of activations over calibration tiles: what the 8-bit grids have to span.

Least and greatest value, and not a percentile: clipping the rare large activations was tried, and did harm where
landslides are few, because it is them that those activations stand for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, helper

from landslip.export.precisions.graph_session import run_graph
from landslip.export.precisions.integer_scales import Range, is_finite_range
from landslip.export.precisions.surgery import rebuilt
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.errors import ModelError


def activation_ranges(model: ModelProto, values: Sequence[str], batch: TileArrays) -> dict[str, Range]:
    """Range of each value over all tiles of a batch.

    The graph itself reduces its activations, so that none of them has to be kept.

    Args:
        model: in fp32.
        values: names of float values inside.
        batch: calibration tiles.

    Raises:
        ModelError: the graph does not run, or a value is no number.
    """
    found = np.array([np.stack(extremes) for extremes in run_graph(_reducing(model, values), batch)])
    least, greatest = found[:, 0::2].min(axis=0), found[:, 1::2].max(axis=0)
    ranges = {name: (float(low), float(high)) for name, low, high in zip(values, least, greatest, strict=True)}
    wrong = [name for name, span in ranges.items() if not is_finite_range(span)]
    if wrong:
        raise ModelError(f"The activations {wrong[0]!r} of {model.graph.name} overflow on the calibration tiles.")
    return ranges


def _reducing(model: ModelProto, values: Sequence[str]) -> ModelProto:
    """A model that gives the least and the greatest element of each value."""
    extremes = [
        helper.make_node(kind, [value], [f"{value}/{kind}"], name=f"{value}/{kind}", keepdims=0)
        for value in values
        for kind in ("ReduceMin", "ReduceMax")
    ]
    result = rebuilt(model, [*model.graph.node, *extremes], {})
    del result.graph.output[:]
    result.graph.output.extend(helper.make_empty_tensor_value_info(node.output[0]) for node in extremes)
    return result
