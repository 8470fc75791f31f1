"""ONNX Runtime, on the CPU or an NVIDIA GPU: the one place of the runtime that uses onnxruntime.

It computes a graph as it was exported. On the CPU that means for fp16: weights and results of layers are rounded to
half precision, and the arithmetic between is in single precision.

The GPU part is written against the documented interface and not yet run on hardware by us.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.closing import Closing
from landslip.runtime.engines.backends import BACKENDS
from landslip.runtime.engines.opening import EngineOptions
from landslip.runtime.engines.quiet import import_onnxruntime
from landslip.runtime.errors import EngineError, ModelError
from landslip.runtime.onnx_file import read_onnx_file
from landslip.runtime.spec import ModelSpec

log = logging.getLogger(__name__)

ort: Any = import_onnxruntime()

_TENSORS = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}

_ERRORS_ONLY = 3
"""ONNX Runtime's log level "error": its warnings repeat what is checked here anyway."""

_CUDA = "CUDAExecutionProvider"
_CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "use_tf32": "0",  # on by default, and it leaves fp32 only 10 bits of fraction
}


class OnnxRuntimeEngine(Closing):
    """An ONNX file run by ONNX Runtime with fixed batch and tile size."""

    name = "onnxruntime"

    def __init__(self, model: Path, options: EngineOptions) -> None:
        """Load a model.

        Args:
            model: an ONNX file exported by landslip.
            options: device, batch, tile, threads and precision.

        Raises:
            UsageError: the model cannot take such tiles.
            ModelError: the file is damaged or was not exported by landslip.
            EngineError: the device asked for cannot be used.
        """
        file = read_onnx_file(model)
        self.version: str = ort.__version__
        self.spec = file.spec
        self.precision = BACKENDS[self.name].precision_for(file, options.precision)
        wanted = _device(options.device)
        self._session = _session(model, wanted, options, self.spec.checked_tile(options.tile))
        _check_graph(self._session, self.spec, model)
        self.device = self._started_on(wanted, options.device)

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`landslip.runtime.engines.Engine`."""
        try:
            outputs: list[Any] = list(self._session.run([self.spec.output], dict(batch)))
        except Exception as error:  # onnxruntime raises classes of its own without a public root
            raise EngineError(f"onnxruntime failed on {self.device}: {_reason(error)}") from error
        confidence: NDArray[np.float32] = outputs[0]
        return confidence

    def close(self) -> None:
        """Free the session."""
        del self._session

    def _started_on(self, wanted: str, asked: str) -> str:
        """The device it runs on: a session for CUDA falls back to the CPU without a word when CUDA does not load."""
        used = self._session.get_providers()[0]
        if wanted == "cpu" or used == _CUDA:
            return wanted
        trouble = f"onnxruntime {self.version} could not start on the GPU"
        remedy = "Check that the driver, CUDA and cuDNN fit this onnxruntime-gpu"
        if asked == "cuda":
            raise EngineError(f"{trouble} and would have run on {used}. {remedy}, or run with --device cpu.")
        log.warning("%s and runs on the CPU instead. %s, or say --device cpu.", trouble, remedy)
        return "cpu"


def providers() -> list[str]:
    """What the installed build was made for, the preferred first; whether it starts here is seen when it is opened."""
    return list(ort.get_available_providers())


def _device(asked: str) -> str:
    available = _CUDA in providers()
    if asked == "cuda" and not available:
        raise EngineError(
            f"The installed onnxruntime {ort.__version__} has no CUDA support. Install the GPU build instead of the "
            "CPU one: pip uninstall onnxruntime, then pip install 'landslip[gpu]'; or run with --device cpu."
        )
    if asked == "auto":
        return "cuda" if available else "cpu"
    return asked


def _session(model: Path, device: str, options: EngineOptions, tile: int) -> Any:
    settings = ort.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    settings.intra_op_num_threads = options.threads
    # Fixed shapes let onnxruntime plan its memory once; with free ones its arena grows, and it is slower.
    for dimension, size in (("batch", options.batch), ("height", tile), ("width", tile)):
        settings.add_free_dimension_override_by_name(dimension, size)
    cuda = [(_CUDA, _CUDA_OPTIONS)] if device == "cuda" else []
    try:
        with _prints_logged():
            if cuda and hasattr(ort, "preload_dlls"):  # from 1.21: finds CUDA and cuDNN that pip has installed
                ort.preload_dlls()
            session = ort.InferenceSession(str(model), settings, providers=[*cuda, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        raise ModelError(
            f"model: {model} cannot be loaded by onnxruntime {ort.__version__} ({_reason(error)}). The file is damaged "
            "or no ONNX model: export it again with landslip export."
        ) from error
    session.disable_fallback()  # a failing GPU would be replaced by the CPU in the middle of a map
    return session


@contextmanager
def _prints_logged() -> Iterator[None]:
    """Keep what onnxruntime prints off standard output, which is for results."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    finally:
        if printed.getvalue():
            log.debug("onnxruntime: %s", printed.getvalue().strip())


def _check_graph(session: Any, spec: ModelSpec, model: Path) -> None:
    """Make sure that the graph is as its description says."""
    wanted = {entry.name: (_TENSORS[entry.dtype], entry.bands) for entry in spec.inputs}
    found = {entry.name: (entry.type, _bands(entry.shape)) for entry in session.get_inputs()}
    outputs = {entry.name: entry.type for entry in session.get_outputs()}
    if found != wanted or outputs.get(spec.output) != _TENSORS["float32"]:
        raise ModelError(
            f"model: the graph in {model} takes {found} and gives {outputs}, but its description says {wanted} and "
            f"{spec.output!r} in float32. Export the model again."
        )


def _bands(shape: Sequence[Any]) -> Any:
    return shape[1] if len(shape) == 4 else None


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
