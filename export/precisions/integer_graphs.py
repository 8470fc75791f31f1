"""The fp32 graph that INT8 graphs of a backend are made of: the same network, so written that integers can do more."""

from __future__ import annotations

from typing import Any

from onnx import ModelProto

from landslip.export.precisions.enlargement_phases import Form, enlarged_inputs, in_phases
from landslip.export.precisions.pooling import with_padded_pooling
from landslip.export.precisions.raw_images import stored_bytes, with_raw_images

PHASES: dict[str, Form] = {"openvino": "transposed"}
"""Form of phases by target, where they are faster than what they stand for (docs/decisions/int8-placing.md)."""


def integer_graph(model: ModelProto, target: str) -> ModelProto:
    """A graph in fp32 that gives the same confidence but for rounding.

    On CPUs first layers take bytes, a pooling pads itself, and convolutions of what was enlarged are computed in phases
    where that is faster. TensorRT is given the graph as it is.

    Raises:
        ModelError: the result does not pass ONNX's own check.
    """
    if target == "tensorrt":
        return model
    prepared = with_raw_images(with_padded_pooling(model))
    form = PHASES.get(target)
    return prepared if form is None else in_phases(prepared, form)


def integer_graph_facts(model: ModelProto, prepared: ModelProto, target: str) -> dict[str, Any]:
    """Facts for a record of how a graph was prepared for a target.

    Args:
        model: as it was.
        prepared: what :func:`integer_graph` made of it.
        target: name of the backend.
    """
    form = PHASES.get(target)
    names = list(enlarged_inputs(model)) if form else []
    raw = stored_bytes(prepared.graph)
    bytes_in = [node.name for node in prepared.graph.node if node.op_type == "Conv" and node.input[0] in raw]
    return {"phases": {"form": form, "of": names} if names else None, "of_bytes": bytes_in}
