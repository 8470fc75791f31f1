"""Operators of ONNX files of other programs: which are taken, and what to do about those that are not."""

from __future__ import annotations

from pathlib import Path

from onnx import ModelProto

from landslip.runtime.artifacts.onnx_operators import OPERATORS, Unwanted, find_unwanted
from landslip.runtime.errors import ModelError

_QUANTISED = frozenset({"QuantizeLinear", "DequantizeLinear"})
_GROWING = frozenset({"ConstantOfShape", "Expand", "Range", "Tile"})
"""Operators that can give any amount: taken where that is always the same, and small."""
_BEFOREHAND = frozenset({"Dropout", "Upsample"})
"""Operators that do nothing when a graph is deployed, or become others."""

TAKEN = (OPERATORS | _BEFOREHAND | _GROWING) - _QUANTISED
"""Operators that a file may hold: each does work in proportion to its inputs and outputs, or goes beforehand."""

_PLAIN = (
    "Export the network alone, in evaluation mode, with sizes of inputs as numbers: torch.onnx.export(network.eval(), "
    'example, "NET.onnx", opset_version=17, dynamo=False).'
)
_BRANCHES = f"landslip runs no branches and no loops. {_PLAIN}"
_CHOICE = "landslip maps confidences: export the network without the choice of a class at its end."
_INTEGERS = "Give the network in single precision: landslip makes INT8 itself (`precisions` int8)."
_REMEDIES = {
    "functions": "Write them into the graph: onnx.inliner.inline_local_functions(onnx.load(FILE)). Or export the "
    "network with dynamo=False.",
    "training": "Export the network for inference: network.eval(), or model.export of its framework.",
    "domain": "Export the network with operators of ONNX alone, not with those of a runtime, and not optimised by one.",
    "subgraph": _PLAIN,
    "sparse": "Export the network with dense weights.",
    "elsewhere": "Export the network with the weights of its layers alone in another file.",
}
_BY_OPERATORS = {
    "If Loop Scan SequenceMap": _BRANCHES,
    "ArgMax ArgMin TopK Hardmax": _CHOICE,
    "ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QuantizeLinear": _INTEGERS,
    "Einsum": "Write it as a product of matrices (MatMul) and transpositions, and export the network again.",
    "GridSample": "Enlarge by Resize instead (torch.nn.functional.interpolate), and export the network again.",
}
_OF_OPERATORS = {name: remedy for names, remedy in _BY_OPERATORS.items() for name in names.split()}


def check_operators(path: Path) -> None:
    """Make sure that an ONNX file of another program holds only what landslip runs.

    Raises:
        ModelError: it does not, or is damaged.
    """
    found = find_unwanted(path, TAKEN, elsewhere=True)
    if found is not None:
        raise ModelError(f"{path} {found.phrase}, and is not opened.", _remedy(found), where=path)


def check_folded(model: ModelProto, path: Path) -> None:
    """Make sure that nothing is left in a graph that can give any amount, once constants were computed.

    Raises:
        ModelError: something is.
    """
    left = sorted({node.op_type for node in model.graph.node} - OPERATORS)
    if left:
        raise ModelError(
            f"{path} has the operator {left[0]!r} with a result of a size that is not known before it runs, or too "
            "large.",
            "Export the network with sizes of images as numbers, so that it becomes a constant; or write it otherwise.",
            where=path,
        )


def _remedy(found: Unwanted) -> str:
    if found.kind != "operator":
        return _REMEDIES[found.kind]
    if found.name in _OF_OPERATORS:
        return _OF_OPERATORS[found.name]
    return (
        f"landslip runs operators whose work is in proportion to what they take and give: {', '.join(sorted(TAKEN))}. "
        "Export the network without it."
    )
