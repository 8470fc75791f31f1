"""ONNX Runtime, on the CPU or an NVIDIA GPU: the one place that imports onnxruntime.

The GPU part is written against the documented interface and not yet run on hardware by us.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from landslip.runtime.closing import Closing
from landslip.runtime.engines.opening import EngineOptions
from landslip.runtime.errors import EngineError, ModelError
from landslip.runtime.spec import METADATA_KEY, PRECISION_KEY, ModelSpec

log = logging.getLogger(__name__)

_TENSORS = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}

_ERRORS_ONLY = 3
"""ONNX Runtime's log level "error": its warnings repeat what is checked here anyway."""


class OnnxRuntimeEngine(Closing):
    """An ONNX file run by ONNX Runtime with fixed batch and tile size."""

    name = "onnxruntime"

    def __init__(self, model: Path, options: EngineOptions) -> None:
        """Load a model.

        Args:
            model: an ONNX file exported by landslip.
            options: device, batch, tile and threads.

        Raises:
            UsageError: the model cannot take such tiles.
            ModelError: the file is damaged or was not exported by landslip.
            EngineError: the device asked for cannot be used.
        """
        self.version: str = ort.__version__
        self.device = _device(options.device)
        self.spec, self.precision = _described(model)
        self._session = _session(model, self.device, options, self.spec.checked_tile(options.tile))
        self._check_provider()

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

    def _check_provider(self) -> None:
        # A session asked for CUDA falls back to the CPU without a word when the provider cannot be loaded.
        used = self._session.get_providers()[0]
        if self.device == "cuda" and used != "CUDAExecutionProvider":
            raise EngineError(
                f"onnxruntime {self.version} could not start on the GPU and would have run on {used}. Check that the "
                "driver, CUDA and cuDNN fit this onnxruntime-gpu, or run with --device cpu."
            )


def _device(asked: str) -> str:
    available = "CUDAExecutionProvider" in ort.get_available_providers()
    if asked == "cuda" and not available:
        raise EngineError(
            f"The installed onnxruntime {ort.__version__} has no CUDA support. Install the GPU build instead of the "
            "CPU one: pip uninstall onnxruntime, then pip install 'landslip[gpu]'; or run with --device cpu."
        )
    if asked == "auto":
        return "cuda" if available else "cpu"
    return asked


def _described(model: Path) -> tuple[ModelSpec, str]:
    """Spec and precision of a model, and the assurance that its graph is as its spec says.

    Read through a session that optimises nothing: the one that is used needs to know the tile size when it is made.
    """
    settings = ort.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = _opened(model, settings, ["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    if METADATA_KEY not in metadata:
        raise ModelError(
            f"model: {model} is an ONNX file, but not one landslip exported (it has no {METADATA_KEY!r} in its "
            "metadata). Export the Keras file with: landslip export MODEL.hdf5 -o FOLDER."
        )
    spec = ModelSpec.from_json(metadata[METADATA_KEY], str(model))
    wanted = {entry.name: (_TENSORS[entry.dtype], entry.bands) for entry in spec.inputs}
    found = {entry.name: (entry.type, _bands(entry.shape)) for entry in session.get_inputs()}
    outputs = {entry.name for entry in session.get_outputs()}
    if found != wanted or spec.output not in outputs:
        raise ModelError(
            f"model: the graph in {model} takes {found} and gives {sorted(outputs)}, but its description says {wanted} "
            f"and {spec.output!r}. Export the model again."
        )
    return spec, metadata.get(PRECISION_KEY, "fp32")


def _bands(shape: Sequence[Any]) -> Any:
    return shape[1] if len(shape) == 4 else None


def _session(model: Path, device: str, options: EngineOptions, tile: int) -> ort.InferenceSession:
    settings = ort.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    settings.intra_op_num_threads = options.threads
    # Fixed shapes let onnxruntime plan its memory once; with free ones its arena grows, and it is slower.
    for dimension, size in (("batch", options.batch), ("height", tile), ("width", tile)):
        settings.add_free_dimension_override_by_name(dimension, size)
    cuda = [("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"})] if device == "cuda" else []
    return _opened(model, settings, [*cuda, "CPUExecutionProvider"])


def _opened(model: Path, settings: ort.SessionOptions, providers: list[Any]) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(str(model), settings, providers=providers)
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        raise ModelError(
            f"model: {model} cannot be loaded by onnxruntime {ort.__version__} ({_reason(error)}). The file is damaged "
            "or no ONNX model: export it again with landslip export."
        ) from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
