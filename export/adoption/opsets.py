"""Brings a graph to a version of ONNX's operators that the passes over graphs know."""

from __future__ import annotations

import onnx
import onnx.version_converter
from onnx import ModelProto, helper

from landslip.export.adoption.foreign_file import ForeignNetwork
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable

LEAST = 17
"""Opset that older graphs are brought to: quantisation by filter came with 13, LayerNormalization with 17."""
MOST = 22
"""Latest opset that is taken; engines that are a year old know it."""
_SENTENCE = 200


def modern(network: ForeignNetwork) -> ModelProto:
    """A copy of the model in an opset from :data:`LEAST` to :data:`MOST`; inputs are what has no weights.

    Raises:
        ModelError: it cannot be brought to one.
    """
    path, opset = network.path, network.opset
    if opset > MOST:
        raise ModelError(
            f"{path} is in opset {opset}, and landslip takes those up to {MOST}.",
            f"Export it again with opset_version={LEAST}.",
            where=path,
        )
    model = ModelProto()
    model.CopyFrom(network.model)
    for node in model.graph.node:
        node.domain = ""
    _drop_given_inputs(model)
    if opset < LEAST:
        model = _converted(model, network)
    model.ClearField("opset_import")
    model.opset_import.append(helper.make_operatorsetid("", max(opset, LEAST)))
    model.ir_version = helper.find_min_ir_version_for(list(model.opset_import))
    return model


def _converted(model: ModelProto, network: ForeignNetwork) -> ModelProto:
    model.ClearField("opset_import")
    model.opset_import.append(helper.make_operatorsetid("", network.opset))
    model.ir_version = max(model.ir_version, 4)  # from there on weights need not be inputs too
    try:
        return onnx.version_converter.convert_version(model, LEAST)
    except Exception as error:  # the converter raises RuntimeError, and others from its C++
        reason = printable(" ".join(str(error).split()), _SENTENCE)
        raise ModelError(
            f"{network.path} is in opset {network.opset}, and onnx cannot bring it to {LEAST} ({reason}).",
            f"Export it again with opset_version={LEAST}.",
            where=network.path,
        ) from error


def _drop_given_inputs(model: ModelProto) -> None:
    """Leave out the inputs that are weights, which files of the first years list too."""
    given = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.input if value.name not in given]
    del model.graph.input[:]
    model.graph.input.extend(kept)
