"""Failures of an engine's library, as landslip's errors: above all whether memory ran out, which can be helped."""

from __future__ import annotations

import re

from landslip.runtime.errors import EngineError, EngineMemoryError

_MEMORY = re.compile(
    r"failed to allocate|bad_alloc|out of memory|not enough memory|could not allocate|alloc_failed|MemoryAllocation|"
    r"can't start new thread",
    re.IGNORECASE,
)
"""Words for it: ONNX Runtime's arena, C++ itself, CUDA, cuDNN and cuBLAS, oneDNN under OpenVINO, Python's threads."""


def is_memory(error: BaseException) -> bool:
    """Tell whether a library failed for want of memory."""
    return isinstance(error, MemoryError) or _MEMORY.search(str(error)) is not None


def failure(what: str, error: BaseException) -> EngineError:
    """The error to raise for one of a library's.

    Args:
        what: what failed, as the start of a sentence.
        error: what the library raised.
    """
    kind = EngineMemoryError if is_memory(error) else EngineError
    return kind(f"{what}: {reason(error)}.")


def reason(error: BaseException) -> str:
    """A library's words as part of a sentence."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
