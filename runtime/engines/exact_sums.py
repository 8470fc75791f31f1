"""Sums of 8-bit products in ONNX Runtime on x86 processors without VNNI, which cut off what 16 bits do not hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landslip.runtime.artifacts.record_beside import record_beside
from landslip.runtime.system.machine import lacks_vnni


def add_up_exactly(settings: Any, model: Path) -> None:
    """Have sums of a graph that may overflow on this processor added up as processors with VNNI do.

    That is in 32 bits, not in 16: slower, and right.

    Args:
        settings: an ``onnxruntime.SessionOptions``, which is changed.
        model: the ONNX file; the record beside it tells whether sums may overflow.
    """
    if lacks_vnni() and ((recorded := record_beside(model)) is None or recorded.may_overflow):
        settings.add_session_config_entry("session.x64quantprecision", "1")
