"""What every use of TensorRT needs: its messages in our log, its failures as our errors.

Together with :mod:`compiler` and :mod:`session` the one place that imports tensorrt. Written against TensorRT 10.3 to
11.4, type-checked against both ends (``make check-tensorrt``), not yet run with TensorRT on hardware by us.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import tensorrt as trt  # pyright: ignore[reportMissingImports]

from landslip.runtime.engines.failures import is_memory
from landslip.runtime.engines.tensor_rt.phases import Phases
from landslip.runtime.errors import EngineError, EngineMemoryError

log = logging.getLogger(__name__)

T = TypeVar("T")

TYPES = {"uint8": trt.DataType.UINT8, "float32": trt.DataType.FLOAT}
"""TensorRT's types of what networks take."""

_LEVELS = {
    trt.ILogger.Severity.INTERNAL_ERROR: logging.ERROR,
    trt.ILogger.Severity.ERROR: logging.ERROR,
    trt.ILogger.Severity.WARNING: logging.WARNING,
    trt.ILogger.Severity.INFO: logging.DEBUG,
}
"""TensorRT's levels in :mod:`logging`; its VERBOSE, many thousand lines a build, is dropped."""


_NO_REASON = "no reason given"


class Messages(trt.ILogger):  # type: ignore[misc] # without TensorRT its classes are Any
    """Sends TensorRT's messages to :mod:`logging`, and remembers the last error: calls give just None or False."""

    def __init__(self) -> None:
        super().__init__()
        self.last_error = _NO_REASON

    def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
        """Called by TensorRT, from any thread."""
        level = _LEVELS.get(severity)
        if level is None:
            return
        if level == logging.ERROR:
            self.last_error = " ".join(msg.split()).rstrip(".")
        log.log(level, "TensorRT: %s", msg)

    def failure(self, what: str, remedy: str) -> EngineError:
        """An error that says what failed, with TensorRT's last words on it, and what to do."""
        kind = EngineMemoryError if is_memory(Exception(self.last_error)) else EngineError
        return kind(f"TensorRT {trt.__version__} {what} ({self.last_error}). {remedy}")


_MESSAGES = Messages()


def messages_from_now() -> Messages:
    """TensorRT's messages, without what was said before.

    There is one for the process, as TensorRT keeps to the first logger that it is given.
    """
    _MESSAGES.last_error = _NO_REASON
    return _MESSAGES


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


def created(make: Callable[[trt.ILogger], T], messages: Messages) -> T:
    """Make one of TensorRT's root objects.

    Raises:
        EngineError: it cannot be made, for example without memory on the GPU.
    """
    try:
        return make(messages)
    except (RuntimeError, TypeError) as error:  # a constructor that gives a null pointer is a TypeError
        raise messages.failure(
            "does not start", "Check what landslip doctor says of the GPU and its driver."
        ) from error
