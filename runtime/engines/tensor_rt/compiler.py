"""Compiles an ONNX file into a TensorRT engine for the GPU at hand.

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
from collections.abc import Mapping
from dataclasses import dataclass

import tensorrt as trt  # pyright: ignore[reportMissingImports]

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines.tensor_rt.computed_types import check_types, count_types
from landslip.runtime.engines.tensor_rt.library import TYPES, Messages, Monitor, created, messages_from_now
from landslip.runtime.engines.tensor_rt.phases import Phases, interruptible
from landslip.runtime.engines.tensor_rt.slots import Profile
from landslip.runtime.errors import ModelError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What to build."""

    name: str
    """Of the ONNX file, for messages."""
    onnx: bytes
    """Its content."""
    spec: ModelSpec
    """Its description."""
    precision: str
    """What it computes in."""
    profile: Profile
    """The shapes to build for."""
    workspace: int | None
    """Limit of the scratch memory of a layer in bytes; None for all there is."""
    timings: bytes
    """What earlier builds have measured."""


@dataclass(frozen=True)
class Compiled:
    """What came out."""

    plan: bytes
    """The engine."""
    tensors: Mapping[str, int]
    """Number of tensors inside it by type."""
    timings: bytes
    """What this build and earlier ones have measured."""


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
    builder = created(trt.Builder, messages)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    _parse(order, network, messages)
    _check_inputs(order, network)
    config = builder.create_builder_config()
    _configure(config, builder, order)
    _attach_timings(config, order.timings)
    monitor = Monitor(phases)  # has a name because it has to live as long as the build
    config.progress_monitor = monitor
    plan = interruptible(lambda: builder.build_serialized_network(network, config), phases.cancel)
    if plan is None:
        raise messages.failure(
            f"could not build an engine from {order.name}",
            "Allow it more memory (`workspace`, a smaller `batch`), or use another engine.",
        )
    return bytes(plan), bytes(config.get_timing_cache().serialize())


def _parse(order: Order, network: trt.INetworkDefinition, messages: Messages) -> None:
    parser = trt.OnnxParser(network, messages)
    if not parser.parse(order.onnx):
        reasons = [" ".join(parser.get_error(number).desc().split()) for number in range(parser.num_errors)]
        raise ModelError(
            f"model: TensorRT {trt.__version__} cannot read {order.name} "
            f"({'; '.join(reasons) or messages.last_error}). Export the model again, or use another engine."
        )


def _check_inputs(order: Order, network: trt.INetworkDefinition) -> None:
    """Make sure that the graph is as its description says, before minutes are spent on it."""
    tensors = [network.get_input(number) for number in range(network.num_inputs)]
    found = {tensor.name: (tensor.dtype, tensor.shape[1] if len(tensor.shape) == 4 else None) for tensor in tensors}
    outputs = {network.get_output(number).name for number in range(network.num_outputs)}
    wanted = {entry.name: (TYPES[entry.dtype], entry.bands) for entry in order.spec.inputs}
    if found != wanted or order.spec.output not in outputs:
        raise ModelError(
            f"model: the graph in {order.name} takes {found} and gives {sorted(outputs)}, but its description says "
            f"{wanted} and {order.spec.output!r}. Export the model again."
        )


def _configure(config: trt.IBuilderConfig, builder: trt.Builder, order: Order) -> None:
    profile = builder.create_optimization_profile()
    for entry in order.spec.inputs:
        least, most = (
            trt.Dims([count, entry.bands, order.profile.tile, order.profile.tile]) for count in (1, order.profile.batch)
        )
        profile.set_shape(entry.name, least, most, most)
    config.add_optimization_profile(profile)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # or the inspector tells only names
    if order.workspace is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, order.workspace)
    if order.precision == "fp32":
        config.clear_flag(trt.BuilderFlag.TF32)  # on by default, with ten bits of mantissa


def _attach_timings(config: trt.IBuilderConfig, earlier: bytes) -> None:
    """Give the builder what earlier builds have measured, or an empty cache where it does not take that."""
    timings = config.create_timing_cache(earlier)
    if timings is None or not config.set_timing_cache(timings, ignore_mismatch=False):
        log.warning("TensorRT does not take the timings of earlier builds, and measures all layers again")
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)


def _inspect(plan: bytes, precision: str) -> Mapping[str, int]:
    """Number of tensors by type, and the assurance that some have that of the graph."""
    messages = messages_from_now()
    engine = created(trt.Runtime, messages).deserialize_cuda_engine(plan)
    if engine is None:
        raise messages.failure("cannot load the engine it has just built", "Check the free memory of the GPU.")
    tensors = count_types(engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON))
    check_types(tensors, precision)
    return tensors
