"""ONNX Runtime, on the CPU or an NVIDIA GPU: the one place that imports onnxruntime."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from landslip.runtime.engines.opening import EngineOptions
from landslip.runtime.engines.protocol import ClosingEngine
from landslip.runtime.errors import EngineError, ModelError, UsageError
from landslip.runtime.spec import METADATA_KEY, PRECISION_KEY, ModelSpec

log = logging.getLogger(__name__)

_WARNINGS = 3
"""ONNX Runtime's log level "error": its warnings repeat what is checked here anyway."""


class OnnxRuntimeEngine(ClosingEngine):
    """An ONNX file run by ONNX Runtime with fixed batch and tile size."""

    name = "onnxruntime"

    def __init__(self, model: Path, options: EngineOptions) -> None:
        """Load a model.

        Args:
            model: an ONNX file exported by landslip.
            options: device, batch, tile and threads.

        Raises:
            ModelError: the file is damaged or was not exported by landslip.
            EngineError: the device asked for cannot be used.
        """
        self.version: str = ort.__version__
        self.device = _device(options.device)
        self._session = _session(model, self.device, options)
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise ModelError(
                f"model: {model} is an ONNX file, but not one landslip exported (it has no {METADATA_KEY!r} in its "
                "metadata). Export the Keras file with: landslip export MODEL.hdf5 -o FOLDER."
            )
        self.spec = ModelSpec.from_json(metadata[METADATA_KEY], str(model))
        self.precision = metadata.get(PRECISION_KEY, "fp32")
        self._check_graph(model)
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

    def _check_graph(self, model: Path) -> None:
        wanted = {entry.name for entry in self.spec.inputs}
        found = {entry.name for entry in self._session.get_inputs()}
        outputs = {entry.name for entry in self._session.get_outputs()}
        if found != wanted or self.spec.output not in outputs:
            raise ModelError(
                f"model: the graph in {model} takes {sorted(found)} and gives {sorted(outputs)}, but its description "
                f"says {sorted(wanted)} and {self.spec.output!r}. Export the model again."
            )

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


def _session(model: Path, device: str, options: EngineOptions) -> ort.InferenceSession:
    settings = ort.SessionOptions()
    settings.log_severity_level = _WARNINGS
    settings.intra_op_num_threads = options.threads
    # Fixed shapes let onnxruntime plan its memory once; with free ones its arena grows.
    settings.add_free_dimension_override_by_name("batch", options.batch)
    if options.tile is not None:
        settings.add_free_dimension_override_by_name("height", options.tile)
        settings.add_free_dimension_override_by_name("width", options.tile)
    cuda = [("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"})] if device == "cuda" else []
    try:
        return ort.InferenceSession(str(model), settings, providers=[*cuda, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        if options.tile is not None and "dimension" in str(error).lower():
            raise UsageError(f"model: {model} cannot run with tiles of {options.tile}: {_reason(error)}") from error
        raise ModelError(
            f"model: {model} cannot be loaded by onnxruntime {ort.__version__} ({_reason(error)}). The file is damaged "
            "or no ONNX model: export it again with landslip export."
        ) from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
