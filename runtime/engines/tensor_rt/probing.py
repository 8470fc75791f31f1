"""Probe for TensorRT, without which nothing else of this package may be touched."""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import dataclass

from landslip.runtime.errors import EngineError

OLDEST = (10, 3)
"""Oldest version that is supported: that of JetPack 6."""

_INSTALL = (
    "Install it with: pip install 'landslip[tensorrt]'. On a Jetson it comes with JetPack: make the virtual "
    "environment with --system-site-packages"
)


@dataclass(frozen=True)
class TensorRtReport:
    """Report on the TensorRT of this machine, for ``landslip doctor``."""

    version: str | None
    """Version; None where it cannot be used."""
    problem: str | None
    """Reason why it cannot be used, and what to do; None if it can."""


def tensorrt_version() -> str:
    """Version of the TensorRT that is installed.

    Raises:
        EngineError: there is none, it does not load, it is too old, or Polygraphy is missing, which works with it.
    """
    if importlib.util.find_spec("tensorrt") is None:
        raise EngineError(f"TensorRT is not installed. {_INSTALL}.")
    try:
        version = str(importlib.import_module("tensorrt").__version__)
    except (ImportError, OSError, RuntimeError, AttributeError) as error:  # as NVIDIA's wrapper raises
        raise EngineError(f"TensorRT is installed but does not load ({error}). {_INSTALL}.") from error
    check_version(version)
    if importlib.util.find_spec("polygraphy") is None:
        raise EngineError(
            "The package polygraphy, which builds engines with TensorRT, is not installed.",
            "Install it with: pip install 'landslip[tensorrt]', or on a Jetson: pip install polygraphy.",
        )
    return version


def check_version(version: str) -> None:
    """Make sure that a version is supported.

    Raises:
        EngineError: it is too old.
    """
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise EngineError(f"TensorRT {version} is too old: landslip needs {oldest} or newer. {_INSTALL}.")


def probe_tensorrt() -> TensorRtReport:
    """Report on the TensorRT there is, or why there is none. Never raises for what is missing."""
    try:
        return TensorRtReport(tensorrt_version(), None)
    except EngineError as error:
        return TensorRtReport(None, str(error))
