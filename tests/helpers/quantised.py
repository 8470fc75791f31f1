"""The small network of :mod:`helpers.graphs` in INT8, as landslip quantises it."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import ModelProto

from helpers.graphs import small_network
from helpers.models import batch_of
from landslip.export.precisions.integer_layers import firsts, lasts, observed
from landslip.export.precisions.quantise import SCHEMES, quantised
from landslip.export.precisions.ranges import activation_ranges


def small_int8(target: str = "onnx", tile: int = 64) -> ModelProto:
    """The network in INT8 for a target; its ends stay in float."""
    network = small_network()
    ranges = activation_ranges(network, observed(network.graph), batch_of(2, tile))
    return quantised(network, ranges, SCHEMES[target], firsts(network.graph) | lasts(network.graph))


def write_small_int8(path: Path, target: str = "onnx") -> Path:
    """Write it to a file."""
    onnx.save(small_int8(target), path)
    return path
