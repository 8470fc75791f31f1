"""Advice of ``landslip doctor`` on a Jetson: CUDA and TensorRT come with JetPack, and power modes switch cores off.

Tested with stand-ins for what a Jetson tells; not yet run on one by us.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from landslip.runtime.system.machine import switched_off_cores

_JETPACK = (
    "TensorRT of this Jetson comes with JetPack, not from pip: sudo apt install python3-libnvinfer, and make the "
    "virtual environment with python3 -m venv --system-site-packages"
)


def jetson_advice(engines: dict[str, Any], cuda: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing that keeps a Jetson from running maps on its GPU at full speed.

    Args:
        engines: facts by name of the engine, as ``landslip doctor`` finds them.
        cuda: fields of :class:`~landslip.runtime.engines.cuda.CudaReport`.
    """
    if cuda["runtime"] is None:
        yield (
            "For the GPU of this Jetson install the cuda-python of its CUDA, and polygraphy: with JetPack 6 "
            "pip install polygraphy 'cuda-python>=12.6,<12.7', with JetPack 7.0 pip install polygraphy "
            "'cuda-python>=13.0,<13.1'"
        )
    elif cuda["problem"]:
        yield cuda["problem"]
    if "tensorrt is not installed" in (engines["tensorrt"].get("problem") or "").lower():
        yield _JETPACK
    elif cuda["gpu"] and not engines["tensorrt"]["usable"]:
        yield engines["tensorrt"]["problem"]
    if off := switched_off_cores():
        yield f"{off} cores are switched off by the power mode: sudo nvpmodel -q tells which it is"
