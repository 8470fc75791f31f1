"""Needs of every use of TensorRT: Polygraphy, TensorRT's types, its progress, and its failures as our errors.

Together with :mod:`compiler` and :mod:`session` the one place that imports tensorrt. Written against TensorRT 10.3 to
11.4, type-checked against both ends (``make check-tensorrt``), not yet run with TensorRT on hardware by us.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import tensorrt as trt  # pyright: ignore[reportMissingImports]

from landslip.runtime.engines.failures import is_memory
from landslip.runtime.engines.tensor_rt.phases import Phases
from landslip.runtime.engines.tensor_rt.polygraphy_log import Messages
from landslip.runtime.errors import EngineError, EngineMemoryError

T = TypeVar("T")

# Imported after polygraphy_log, which silences it. It has no types, and makes many of its names while it is imported.
polygraphy: Any = importlib.import_module("polygraphy.backend.trt")
PolygraphyError: type[Exception] = importlib.import_module("polygraphy.exception").PolygraphyException

TYPES = {"uint8": trt.DataType.UINT8, "float32": trt.DataType.FLOAT}
"""TensorRT's types of what networks take."""


class Monitor(trt.IProgressMonitor):  # type: ignore[misc] # without TensorRT its classes are Any
    """Tells :class:`Phases` what TensorRT reports of a build, from any of its threads."""

    def __init__(self, phases: Phases) -> None:
        super().__init__()
        self._phases = phases

    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        """Called by TensorRT."""
        self._phases.start(phase_name, parent_phase, num_steps)

    def step_complete(self, phase_name: str, step: int) -> bool:
        """Called by TensorRT; False stops the build."""
        return self._phases.complete(phase_name, step)

    def phase_finish(self, phase_name: str) -> None:
        """Called by TensorRT."""
        self._phases.finish(phase_name)


def failure(messages: Messages, what: str, remedy: str, error: BaseException | None = None) -> EngineError:
    """The error to raise, with TensorRT's last words on why.

    Args:
        messages: what TensorRT has said.
        what: what failed, as the end of a sentence about TensorRT.
        remedy: what to do, as a sentence.
        error: what was raised for it, if anything.
    """
    reason = messages.reason(error)
    kind = EngineMemoryError if is_memory(Exception(reason)) else EngineError
    return kind(f"TensorRT {trt.__version__} {what} ({reason}). {remedy}")


def make_runtime(messages: Messages) -> trt.Runtime:
    """Make what loads engines; errors as of :func:`created`."""
    return created(lambda: trt.Runtime(polygraphy.get_trt_logger()), messages)


def created(make: Callable[[], T], messages: Messages) -> T:
    """Make one of TensorRT's root objects, or what begins with one.

    Raises:
        EngineError: it cannot be made, for example without memory on the GPU.
    """
    try:
        return make()
    except (RuntimeError, TypeError) as error:  # a constructor that gives a null pointer is a TypeError
        remedy = "Check what landslip doctor says of the GPU and its driver."
        raise failure(messages, "does not start", remedy, error) from error
