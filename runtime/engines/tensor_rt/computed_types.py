"""Number formats an engine computes in, from the words of TensorRT's engine inspector."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from landslip.runtime.errors import EngineError

_TENSOR = re.compile(r'"(?:Format/Datatype|DataType)"\s*:\s*"([^"]*)"')
"""Type of one tensor of one layer, in TensorRT 10 and 11. Matched in the text: names inside the report can hold quotes
that make it invalid JSON."""

_TYPES = {
    "fp16": re.compile(r"\b(Half|FP16)\b"),
    "bf16": re.compile(r"\b(BFloat16|BF16)\b"),
    "int8": re.compile(r"\bInt8\b"),  # and not UInt8, which the images come in
    "fp32": re.compile(r"\b(Float|FP32)\b"),
}


def count_types(report: str) -> dict[str, int]:
    """Count the tensors of an engine by type.

    Args:
        report: the inspector's JSON about an engine that was built with detailed profiling verbosity.

    Returns:
        Number of tensors by type: ``fp16``, ``bf16``, ``int8``, ``fp32``, ``other``.
    """
    return dict(Counter(_type(words) for words in _TENSOR.findall(report)))


def check_types(types: Mapping[str, int], precision: str) -> None:
    """Make sure that an engine computes in what its model was exported in.

    TensorRT builds in fp32 without a word when the way to ask for less has changed, and such an engine is only slow.

    Raises:
        EngineError: no layer does, or the inspector does not tell.
    """
    if not types:
        raise EngineError(
            "TensorRT does not tell what the layers of the engine compute in, so the engine cannot be trusted.",
            "Use a version of TensorRT from 10.3 to 11, or another engine.",
        )
    if not types.get(precision):
        found = ", ".join(f"{count} {name}" for name, count in types.items())
        raise EngineError(
            f"TensorRT built an engine without a single {precision} tensor (it has {found}), so it would not "
            f"compute in {precision}.",
            "Export the model again, or use another engine.",
        )


def _type(words: str) -> str:
    return next((name for name, pattern in _TYPES.items() if pattern.search(words)), "other")
