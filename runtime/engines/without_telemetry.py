"""Imports the inference libraries without their reports home.

ONNX Runtime (from 1.29 on Linux) and OpenVINO tell their makers of every import, and keep an identifier in the user's
home for it, unless they are told not to. A tool for ground stations and field laptops has no business doing that. So
they are imported here, once, for everything in landslip.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, cast


def import_onnxruntime() -> ModuleType:
    """The module ``onnxruntime``.

    Raises:
        ImportError: it is not installed, or does not load.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # a user's own setting wins
    ort = importlib.import_module("onnxruntime")
    ort.disable_telemetry_events()  # for Windows, where the variable is not read
    return ort


def import_openvino() -> ModuleType:
    """The module ``openvino``.

    Raises:
        ImportError: it is not installed, or does not load.
    """
    with _absent("openvino_telemetry"):  # OpenVINO has a stand-in for it that does nothing
        return importlib.import_module("openvino")


@contextmanager
def _absent(package: str) -> Iterator[None]:
    """A package that cannot be imported inside the block, unless it has been already."""
    if package in sys.modules:
        yield
        return
    modules = cast("dict[str, Any]", sys.modules)
    modules[package] = None
    try:
        yield
    finally:
        modules.pop(package, None)  # another thread may have taken it away
