"""OpenVINO on the CPU, or Intel's GPU or NPU: the one place that uses openvino.

The GPU and the NPU are used only when they are asked for. They are written against OpenVINO's interface and sources and
are not yet run on hardware by us; what is tested is that a device that is not there is refused.

Compiled models are not kept on disk. On the CPU that would save tenths of a second (0.3 s at full width), for a second
copy of the weights whose content OpenVINO does not check when it loads it, under a key that leaves the precision out.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.onnx_operators import read_runnable
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines.backends import BACKENDS
from landslip.runtime.engines.batch_checks import check_batch, check_shares_on
from landslip.runtime.engines.failures import failure, reason
from landslip.runtime.engines.graph_source import GraphSource, GraphSources
from landslip.runtime.engines.opening import EngineOptions
from landslip.runtime.engines.openvino_core import openvino_core
from landslip.runtime.engines.without_telemetry import import_openvino
from landslip.runtime.engines.workers import LANES, Shares, Workers
from landslip.runtime.errors import EngineError, ModelError
from landslip.runtime.system.closing import Closing

ov: Any = import_openvino()

_HINTS = {"fp32": "f32", "fp16": "f16", "bf16": "bf16", "int8": "f32", "int8+bf16": "bf16"}
"""Number formats of layers that are not quantised. Left to itself OpenVINO takes bf16 where the CPU has it."""

_CAPABILITIES = {"f32": "FP32", "f16": "FP16", "bf16": "BF16"}

_TENSORS = {"uint8": "u8", "float32": "f32", "int8": "i8", "float16": "f16"}


class OpenVinoEngine(Closing):
    """An ONNX file run by OpenVINO with fixed batch and tile size."""

    name = "openvino"
    lanes = LANES

    def __init__(self, model: Path, options: EngineOptions) -> None:
        """Load and compile a model.

        Args:
            model: an ONNX file exported by landslip.
            options: device, batch, tile, threads and precision; the device is the CPU unless another is asked for.

        Raises:
            UsageError: the model cannot take such tiles.
            ModelError: the file is damaged or was not exported by landslip.
            EngineError: it cannot be run on that device or in that precision.
        """
        file = read_runnable(model)
        self.version: str = ov.get_version().split("-")[0]
        self.device = "cpu" if options.device == "auto" else options.device
        self.spec = file.spec
        self.precision = BACKENDS[self.name].precision_for(file, options.precision, options.device)
        self._count, self._tile = options.batch, self.spec.checked_tile(options.tile)
        shares = Shares.of(self.device, options.batch, options.threads, single=self.spec.single)
        settings = _settings(self.device, options.threads, shares)
        self._graphs = GraphSources.of(file, shares=options.share_features)
        self.shared = self._graphs.shared
        graph = _graph(self._graphs.main, shares.part, self._tile, self.spec)
        self._workers = Workers(shares, self.spec.output_bands)
        self._idle = _requests(_compiled(graph, self.device, self.precision, settings, model), shares.workers, model)
        self._idle_apart: queue.SimpleQueue[Any] = queue.SimpleQueue()
        if self._graphs.apart is not None:
            check_shares_on(self.device)
            graph = _graph(self._graphs.apart, shares.part, self._tile)
            compiled = _compiled(graph, self.device, self.precision, settings, model)
            self._idle_apart = _requests(compiled, shares.workers, model)

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`landslip.runtime.engines.Engine`."""
        # It would take what the last batch had.
        check_batch(batch, self.spec, self._count, self._tile, self.name, self._graphs.features)
        try:
            return self._workers.confidence_of(batch, self._run)
        except Exception as error:  # OpenVINO raises bare RuntimeErrors, and classes of its own
            raise failure(f"openvino failed on {self.device}", error) from error

    def features(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`landslip.runtime.engines.protocol.SharingEngine`."""
        check_batch(batch, self.spec, self._count, self._tile, self.name)
        try:
            return self._graphs.named(self._workers.results_of(batch, self._run_apart, self._graphs.results()))
        except Exception as error:
            raise failure(f"openvino failed on {self.device}", error) from error

    def _run(self, inputs: dict[str, NDArray[Any]], confidence: NDArray[np.float32]) -> None:
        """Compute some tiles."""
        _requested(self._idle, self._graphs.main.inputs_of(inputs), {self.spec.output: confidence})

    def _run_apart(self, inputs: dict[str, NDArray[Any]], *results: NDArray[Any]) -> None:
        """Compute the features of some tiles."""
        if self._graphs.apart is not None:
            _requested(self._idle_apart, self._graphs.apart.inputs_of(inputs), self._graphs.named(results))

    def close(self) -> None:
        """Free the compiled models."""
        self._workers.close()
        self._idle, self._idle_apart = queue.SimpleQueue(), queue.SimpleQueue()


def _requested(
    idle: queue.SimpleQueue[Any], inputs: dict[str, NDArray[Any]], results: Mapping[str, NDArray[Any]]
) -> None:
    """Compute some tiles into arrays. There are as many requests as workers, each of one worker at a time."""
    request = idle.get()
    try:
        # OpenVINO copies neither inputs nor outputs, which are its own or the worker's until the request is idle.
        found = request.infer(inputs, share_inputs=True, share_outputs=True)
        for name, values in results.items():
            if found[name].shape != values.shape:
                raise EngineError(
                    f"it gives {found[name].shape} where tiles are {values.shape}: the model is not one that maps "
                    "each pixel.",
                    "Export the right output",
                )
            values[:] = found[name]
    finally:
        idle.put(request)


def devices() -> dict[str, list[str]]:
    """Devices OpenVINO sees, with what they can compute in."""
    core = openvino_core()
    return {device: list(core.get_property(device, "OPTIMIZATION_CAPABILITIES")) for device in core.available_devices}


def computes(device: str, precision: str) -> bool:
    """Tell whether a device is there and has the arithmetic of a precision, by what it says itself.

    OpenVINO counts bf16 among what a CPU can do from AVX-512 on. Without AVX512_BF16 or AMX it is emulated, and slow.
    """
    core, name = openvino_core(), device.upper()
    return name in map(_kind, core.available_devices) and _has_arithmetic(core, name, precision)


def _graph(source: GraphSource, batch: int, tile: int, spec: ModelSpec | None = None) -> Any:
    """A graph with fixed shapes; one that gives the confidence is compared with its description."""
    try:
        graph = openvino_core().read_model(source.given)
        if spec is not None:
            _check_graph(graph, spec, source)
        graph.reshape({entry.name: [batch, entry.bands, tile, tile] for entry in source.takes})
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"model: {source.path} cannot be loaded by openvino {ov.get_version()} ({reason(error)}). The file is "
            "damaged or no ONNX model: export it again with landslip export.",
            where=source.path,
            option="model",
        ) from error
    return graph


def _check_graph(graph: Any, spec: ModelSpec, source: GraphSource) -> None:
    """Make sure that the graph is as its description says."""
    model = source.path
    wanted = {entry.name: (_TENSORS[entry.dtype], entry.bands) for entry in source.takes}
    found = {
        entry.any_name: (entry.element_type.get_type_name(), _bands(entry.partial_shape)) for entry in graph.inputs
    }
    outputs = {
        entry.any_name: (entry.element_type.get_type_name(), _bands(entry.partial_shape)) for entry in graph.outputs
    }
    kind, bands = outputs.get(spec.output, ("", None))
    if found != wanted or kind != _TENSORS["float32"] or bands not in (None, spec.output_bands):
        raise ModelError(
            f"model: the graph in {model} takes {found} and gives {outputs}, but its description says {wanted} and "
            f"{spec.output!r} in float32 with {spec.output_bands} band{'s' * (spec.output_bands != 1)}.",
            "Export the model again.",
            where=model,
            option="model",
        )


def _bands(shape: Any) -> int | None:
    """Second of four dimensions; None where there are not four, or it is free."""
    return shape[1].get_length() if len(shape) == 4 and shape[1].is_static else None


def _compiled(graph: Any, device: str, precision: str, settings: Mapping[str, Any], model: Path) -> Any:
    core = openvino_core()
    name, hint = _present(core, device), _hint(device, precision)
    if not _has_arithmetic(core, name, precision):
        raise EngineError(_unable(core, name, precision))
    try:
        compiled = core.compile_model(graph, name, {"INFERENCE_PRECISION_HINT": hint, **settings})
        used, places = _used(compiled)
    except Exception as error:
        raise failure(f"openvino {ov.get_version()} cannot compile {model}", error) from error
    if used != hint:
        raise EngineError(_unable(core, name, precision))
    if places != {name}:
        raise EngineError(f"openvino would have run on {', '.join(sorted(places))} instead of {name}: say `device`.")
    return compiled


def _requests(compiled: Any, count: int, model: Path) -> queue.SimpleQueue[Any]:
    idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
    try:
        for _ in range(count):
            idle.put(compiled.create_infer_request())
    except Exception as error:
        raise failure(f"openvino {ov.get_version()} cannot run {model}", error) from error
    return idle


def _present(core: Any, device: str) -> str:
    """OpenVINO's name of a device that is there."""
    name, found = device.upper(), core.available_devices
    if name not in map(_kind, found):
        raise EngineError(
            f"openvino finds no {name} here, only {', '.join(found)}.",
            f"Install the driver of the {name}, or run with `device` cpu.",
        )
    return name


def _settings(device: str, threads: int, shares: Shares) -> dict[str, Any]:
    # All of the device for one request, or of a CPU the same share for each of several.
    one_stream = device != "cpu" or shares.workers == 1
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"} if one_stream else {"NUM_STREAMS": shares.workers}
    if threads and device == "cpu":
        settings["INFERENCE_NUM_THREADS"] = threads
    return settings


def _has_arithmetic(core: Any, name: str, precision: str) -> bool:
    needed = {_CAPABILITIES[_hint(name.lower(), precision)], *({"INT8"} if precision.startswith("int8") else ())}
    return needed <= _abilities(core, name)


def _abilities(core: Any, name: str) -> set[str]:
    return set(core.get_property(name, "OPTIMIZATION_CAPABILITIES"))


def _hint(device: str, precision: str) -> str:
    """OpenVINO's name for what layers compute in that are not quantised."""
    if precision == "int8" and device != "cpu":
        return "f16"  # these devices are made for it, and an NPU has nothing else
    return _HINTS[precision]


def _used(compiled: Any) -> tuple[str, set[str]]:
    """The precision and the kinds of devices that a compiled model says it uses."""
    places = compiled.get_property("EXECUTION_DEVICES")  # a list, but one name from an NPU
    kinds = {_kind(place) for place in ([places] if isinstance(places, str) else places)}
    return compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name(), kinds


def _kind(place: str) -> str:
    """``GPU`` of ``GPU.0``."""
    return place.split(".", maxsplit=1)[0]


def _unable(core: Any, name: str, precision: str) -> str:
    able = _abilities(core, name)
    floats = [other for other in ("fp32", "fp16", "bf16") if other.upper() in able]
    others = "int8" if precision == "int8+bf16" else " or ".join(floats)
    return (
        f"This {name} does not compute in {precision} under openvino, which would have taken another precision by "
        f"itself. Say which one: `precision` {others}, or take another engine or artifact."
    )
