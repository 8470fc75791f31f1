"""Compiles an ONNX file into a TensorRT engine for the GPU at hand, through Polygraphy.

One way for TensorRT 10.3 to 11. The precision is that of the graph: the network is strongly typed, which 11 always is,
so none of the precision flags that 11 removed is set (10 forbids them on such networks). INT8 comes from the graph's
QuantizeLinear and DequantizeLinear nodes, which strong typing takes as they are.

Engines are not made version compatible: the cache builds anew for another version, and compatibility costs speed and
puts host code into the engine. DLA cores are not used: TensorRT supports none after 10.7. Type-checked against 10.3
and 11.4. What needs no GPU, up to the finished plan, is tested with the parser and builder of TensorRT-RTX; the rest is
not yet run on hardware by us.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorrt as trt  # pyright: ignore[reportMissingImports]

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines.tensor_rt.computed_types import check_types, count_types
from landslip.runtime.engines.tensor_rt.library import (
    TYPES,
    Monitor,
    PolygraphyError,
    created,
    failure,
    make_runtime,
    polygraphy,
)
from landslip.runtime.engines.tensor_rt.phases import Phases, interruptible
from landslip.runtime.engines.tensor_rt.polygraphy_log import Messages, messages_from_now
from landslip.runtime.engines.tensor_rt.slots import Profile
from landslip.runtime.errors import ModelError

log = logging.getLogger(__name__)

_Parsed = tuple[trt.Builder, trt.INetworkDefinition, trt.OnnxParser]


@dataclass(frozen=True)
class Order:
    """Order of an engine to build."""

    name: str
    """Name of the ONNX file, for messages."""
    onnx: bytes
    """Content of the ONNX file."""
    spec: ModelSpec
    """Description of the model."""
    precision: str
    """Number format it computes in."""
    profile: Profile
    """The shapes to build for."""
    workspace: int | None
    """Limit of the scratch memory of a layer in bytes; None for all there is."""
    timings: bytes
    """Timings that earlier builds have measured."""


@dataclass(frozen=True)
class Compiled:
    """Result of a build."""

    plan: bytes
    """The engine."""
    tensors: Mapping[str, int]
    """Number of tensors inside it by type."""
    timings: bytes
    """Timings that this build and earlier ones have measured."""


def compile_engine(order: Order, phases: Phases) -> Compiled:
    """Build an engine, which takes minutes, and make sure that it computes in the precision of its graph.

    Raises:
        ModelError: TensorRT cannot read the graph.
        EngineError: it cannot build it, or not in that precision.
    """
    plan, timings = build_plan(order, phases)  # what the builder holds is free again when the engine is loaded
    return Compiled(plan, _inspect(plan, order.precision), timings)


def build_plan(order: Order, phases: Phases) -> tuple[bytes, bytes]:
    """An engine that was not looked at yet, and what this build and earlier ones have measured.

    TensorRT-RTX does this without a GPU, which is how it is tested.

    Raises:
        ModelError: TensorRT cannot read the graph.
        EngineError: it cannot build it.
    """
    messages = messages_from_now()
    builder, network, parser = _parsed(order, messages)
    _check_inputs(order, network)
    configure = _configuration(order, Monitor(phases))  # has a name because its monitor has to outlive the build
    try:
        config: trt.IBuilderConfig = configure(builder, network)
        if order.timings:
            _attach_timings(config, order.timings)
        build = polygraphy.EngineBytesFromNetwork((builder, network, parser), config)
        plan = interruptible(build, phases.cancel)
    except PolygraphyError as error:
        remedy = "Allow it more memory (`workspace`, a smaller `batch`), or use another engine."
        raise failure(messages, f"could not build an engine from {order.name}", remedy, error) from error
    return bytes(plan), bytes(config.get_timing_cache().serialize())


def _parsed(order: Order, messages: Messages) -> _Parsed:
    """A builder, the graph as its network, and the parser, which owns the weights."""
    parse: Callable[[], _Parsed] = polygraphy.NetworkFromOnnxBytes(order.onnx, strongly_typed=True)
    try:
        return created(parse, messages)
    except PolygraphyError as error:
        raise ModelError(
            f"model: TensorRT {trt.__version__} cannot read {order.name} ({messages.reason(error)}).",
            "Export the model again, or use another engine.",
            option="model",
        ) from error


def _check_inputs(order: Order, network: trt.INetworkDefinition) -> None:
    """Make sure that the graph is as its description says, before minutes are spent on it."""
    tensors = [network.get_input(number) for number in range(network.num_inputs)]
    found = {tensor.name: (tensor.dtype, tensor.shape[1] if len(tensor.shape) == 4 else None) for tensor in tensors}
    outputs = {network.get_output(number).name for number in range(network.num_outputs)}
    wanted = {entry.name: (TYPES[entry.dtype], entry.bands) for entry in order.spec.inputs}
    if found != wanted or order.spec.output not in outputs:
        raise ModelError(
            f"model: the graph in {order.name} takes {found} and gives {sorted(outputs)}, but its description says "
            f"{wanted} and {order.spec.output!r}.",
            "Export the model again.",
            option="model",
        )


def _configuration(order: Order, monitor: Monitor) -> Any:
    """Maker of the configuration of a build, and keeps its monitor."""
    return polygraphy.CreateConfig(
        profiles=[_shapes(order)],
        profiling_verbosity=trt.ProfilingVerbosity.DETAILED,  # or the inspector tells only names
        memory_pool_limits=None if order.workspace is None else {trt.MemoryPoolType.WORKSPACE: order.workspace},
        tf32=order.precision != "fp32",  # on by default in TensorRT, with ten bits of mantissa
        progress_monitor=monitor,
    )


def _shapes(order: Order) -> Any:
    """The optimization profile: from one tile to the most of an execution, which it is tuned for."""
    shapes = polygraphy.Profile()
    square = (order.profile.tile, order.profile.tile)
    for entry in order.spec.inputs:
        least, most = ((count, entry.bands, *square) for count in (1, order.profile.batch))
        shapes.add(entry.name, least, most, most)
    return shapes


def _attach_timings(config: trt.IBuilderConfig, measured: bytes) -> None:
    """Give the builder what earlier builds have measured, or an empty cache where it does not take that."""
    timings = config.create_timing_cache(measured)  # by ourselves: Polygraphy would read them from a file, unchecked
    if timings is None or not config.set_timing_cache(timings, ignore_mismatch=False):
        log.warning("TensorRT does not take the timings of earlier builds, and measures all layers again")
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)


def _inspect(plan: bytes, precision: str) -> Mapping[str, int]:
    """Number of tensors by type, and the assurance that some have that of the graph."""
    messages = messages_from_now()
    engine = make_runtime(messages).deserialize_cuda_engine(plan)
    if engine is None:
        raise failure(messages, "cannot load the engine it has just built", "Check the free memory of the GPU.")
    tensors = count_types(engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON))
    check_types(tensors, precision)
    return tensors
