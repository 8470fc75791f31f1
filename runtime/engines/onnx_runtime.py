"""ONNX Runtime, on the CPU or an NVIDIA GPU: the one place of the runtime that uses onnxruntime.

It computes a graph as it was exported. It has no fp16 arithmetic on the CPU: there it computes with the fp16 weights in
single precision, which is said.

The settings for GPUs were chosen by measuring on an H200 (tools/cuda_settings.py; benchmarks/results/h200).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.onnx_operators import read_runnable
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines.backends import BACKENDS
from landslip.runtime.engines.batch_checks import check_batch, check_shares_on
from landslip.runtime.engines.exact_sums import add_up_exactly
from landslip.runtime.engines.failures import failure, is_memory, reason
from landslip.runtime.engines.graph_source import GraphSource, GraphSources
from landslip.runtime.engines.library_output import prints_logged
from landslip.runtime.engines.opening import EngineOptions
from landslip.runtime.engines.without_telemetry import import_onnxruntime
from landslip.runtime.engines.workers import LANES, Shares, Workers
from landslip.runtime.errors import EngineError, ModelError
from landslip.runtime.system.closing import Closing

log = logging.getLogger(__name__)

ort: Any = import_onnxruntime()

_TENSORS = {
    "uint8": "tensor(uint8)", "float32": "tensor(float)", "int8": "tensor(int8)", "float16": "tensor(float16)",
}  # fmt: skip

_ERRORS_ONLY, _FATAL_ONLY = 3, 4
"""ONNX Runtime's log levels: its warnings repeat what is checked here anyway, and its errors are raised as well."""

_CUDA = "CUDAExecutionProvider"
_CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",  # EXHAUSTIVE gave a half to a sixth of the speed, with cuDNN 9
    "prefer_nhwc": "1",  # the layout of tensor cores: 1.4 to 1.6 times as fast in fp16
    "use_tf32": "0",  # on by default, and it leaves fp32 only 10 bits of fraction
}


class OnnxRuntimeEngine(Closing):
    """An ONNX file run by ONNX Runtime with fixed batch and tile size."""

    name = "onnxruntime"
    lanes = LANES

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
        file = read_runnable(model)
        self.version: str = ort.__version__
        self.spec = file.spec
        self.precision = BACKENDS[self.name].precision_for(file, options.precision, options.device)
        self._count, self._tile = options.batch, self.spec.checked_tile(options.tile)
        self._graphs = GraphSources.of(file, shares=options.share_features)
        self.shared = self._graphs.shared
        self._session: Any
        self.device, self._session = _started(self._graphs.main, options, self.spec, self._tile)
        self._workers = Workers(_shares(self.device, options, self.spec), self.spec.output_bands)
        _check_graph(self._session, self.spec, self._graphs.main)
        self._apart: Any = None
        if self._graphs.apart is not None:
            check_shares_on(self.device)
            self._apart = _session(self._graphs.apart, self.device, options, self.spec, self._tile)
        if (self.device, self.precision) == ("cpu", "fp16"):
            _warn_of_fp16(model)

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`landslip.runtime.engines.Engine`."""
        check_batch(batch, self.spec, self._count, self._tile, self.name, self._graphs.features)
        try:
            return self._workers.confidence_of(batch, self._run)
        except Exception as error:  # onnxruntime raises classes of its own without a public root
            raise failure(f"onnxruntime failed on {self.device}", error) from error

    def features(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`landslip.runtime.engines.protocol.SharingEngine`."""
        check_batch(batch, self.spec, self._count, self._tile, self.name)
        try:
            return self._graphs.named(self._workers.results_of(batch, self._run_apart, self._graphs.results()))
        except Exception as error:
            raise failure(f"onnxruntime failed on {self.device}", error) from error

    def _run(self, inputs: Mapping[str, NDArray[Any]], confidence: NDArray[np.float32]) -> None:
        """Compute some tiles."""
        _bound(self._session, self._graphs.main.inputs_of(inputs), {self.spec.output: confidence})

    def _run_apart(self, inputs: Mapping[str, NDArray[Any]], *results: NDArray[Any]) -> None:
        """Compute the features of some tiles."""
        if self._graphs.apart is not None:
            _bound(self._apart, self._graphs.apart.inputs_of(inputs), self._graphs.named(results))

    def close(self) -> None:
        """Free the sessions."""
        self._workers.close()
        self._session = self._apart = None


@cache
def _warn_of_fp16(model: Path) -> None:
    """Say what fp16 is on a CPU, once for each file: an export opens it for every set of tiles."""
    log.warning(
        "%s: onnxruntime has no fp16 arithmetic on the CPU: it computes with the fp16 weights in fp32, which is no "
        "faster. Take the fp32 or int8 artifact there.",
        model.name,
    )


def _bound(session: Any, inputs: Mapping[str, NDArray[Any]], results: Mapping[str, NDArray[Any]]) -> None:
    """Run a session into arrays. It can be run from several threads; the binding is of this call alone."""
    binding = session.io_binding()
    for name, values in inputs.items():
        binding.bind_cpu_input(name, values)
    for name, values in results.items():
        # Straight into the array that is given back; onnxruntime compares its shape with what comes out.
        binding.bind_output(name, "cpu", 0, values.dtype.type, values.shape, values.ctypes.data)
    session.run_with_iobinding(binding)


def providers() -> list[str]:
    """Providers that the installed build was made for, the preferred first; opening one shows if it starts here."""
    return list(ort.get_available_providers())


def _started(graph: GraphSource, options: EngineOptions, spec: ModelSpec, tile: int) -> tuple[str, Any]:
    """The device, and a session on it."""
    device = _device(options.device)
    session = _session(graph, device, options, spec, tile)
    used = session.get_providers()[0]
    if device == "cpu" or used == _CUDA:
        return device, session
    # A session for CUDA falls back to the CPU without a word when CUDA does not load.
    trouble = f"onnxruntime {ort.__version__} could not start on the GPU"
    remedy = "Check that driver, CUDA and cuDNN fit it (pip install 'landslip[gpu]' brings all but the driver)"
    if options.device == "cuda":
        raise EngineError(f"{trouble} and would have run on {used}. {remedy}, or run with `device` cpu.")
    log.warning("%s and runs on the CPU instead. %s, or say `device` cpu.", trouble, remedy)
    return "cpu", _session(graph, "cpu", options, spec, tile)


def _shares(device: str, options: EngineOptions, spec: ModelSpec) -> Shares:
    return Shares.of(device, options.batch, options.threads, single=spec.single)


def _device(requested: str) -> str:
    available = _CUDA in providers()
    if requested == "cuda" and not available:
        raise EngineError(
            f"The installed onnxruntime {ort.__version__} has no CUDA support.",
            "Install the GPU build instead of the CPU one: pip uninstall onnxruntime, then pip install "
            "'landslip[gpu]'; or run with `device` cpu.",
        )
    if requested == "auto":
        return "cuda" if available else "cpu"
    return requested


def _session(graph: GraphSource, device: str, options: EngineOptions, spec: ModelSpec, tile: int) -> Any:
    model = graph.path
    settings = ort.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    shares = _shares(device, options, spec)
    # Its threads help whoever calls it: all workers.
    settings.intra_op_num_threads = options.threads if shares.helpers is None else 1 + shares.helpers
    # Fixed shapes let onnxruntime plan its memory once; with free ones its arena grows, and it is slower.
    for dimension, size in (("batch", shares.part), ("height", tile), ("width", tile)):
        settings.add_free_dimension_override_by_name(dimension, size)
    # The cores are shared with the stages that read and stitch: threads that have nothing to do sleep.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    add_up_exactly(settings, model)
    cuda = [(_CUDA, _CUDA_OPTIONS)] if device == "cuda" else []
    try:
        with prints_logged(log, ort, sys.modules[ort.InferenceSession.__module__]):
            if cuda:
                _prepare_cuda()
            session = ort.InferenceSession(graph.given, settings, providers=[*cuda, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        if is_memory(error):
            raise failure(f"onnxruntime cannot open {model} for batches of {options.batch}", error) from error
        raise ModelError(
            f"model: {model} cannot be loaded by onnxruntime {ort.__version__} ({reason(error)}). The file is damaged "
            "or no ONNX model: export it again with landslip export.",
            where=model,
            option="model",
        ) from error
    session.disable_fallback()  # a failing GPU would be replaced by the CPU in the middle of a map
    return session


def _prepare_cuda() -> None:
    # cuDNN's way to choose algorithms is to try: on an H200 each that does not fit is a red line on the terminal.
    ort.set_default_logger_severity(_FATAL_ONLY)
    if hasattr(ort, "preload_dlls"):  # from 1.21: finds CUDA and cuDNN that pip has installed
        ort.preload_dlls()


def _check_graph(session: Any, spec: ModelSpec, graph: GraphSource) -> None:
    """Make sure that the graph is as its description says."""
    model = graph.path
    wanted = {entry.name: (_TENSORS[entry.dtype], entry.bands) for entry in graph.takes}
    found = {entry.name: (entry.type, _bands(entry.shape)) for entry in session.get_inputs()}
    outputs = {entry.name: (entry.type, _bands(entry.shape)) for entry in session.get_outputs()}
    kind, bands = outputs.get(spec.output, ("", None))
    other_bands = isinstance(bands, int) and bands != spec.output_bands  # a name where they are free
    if found != wanted or kind != _TENSORS["float32"] or other_bands:
        raise ModelError(
            f"model: the graph in {model} takes {found} and gives {outputs}, but its description says {wanted} and "
            f"{spec.output!r} in float32 with {spec.output_bands} band{'s' * (spec.output_bands != 1)}.",
            "Export the model again.",
            where=model,
            option="model",
        )


def _bands(shape: Sequence[Any]) -> Any:
    return shape[1] if len(shape) == 4 else None
