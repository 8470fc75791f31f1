"""Choosing an engine, and saying why."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from landslip.runtime.artifacts.onnx_file import OnnxFile, read_onnx_file
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines.backends import BACKENDS, PRECISIONS, Backend
from landslip.runtime.engines.protocol import Engine
from landslip.runtime.errors import EngineError, UsageError

if TYPE_CHECKING:
    from landslip.runtime.engines.tensor_rt.engine_record import EngineRecord

log = logging.getLogger(__name__)

ENGINES = ("auto", *BACKENDS)
"""Engines a user can ask for by name."""

DEVICES = ("auto", "cpu", "cuda", "gpu", "npu")
"""Devices a user can ask for by name: ``cuda`` is NVIDIA's, ``gpu`` and ``npu`` are Intel's."""

RUN_PRECISIONS = ("auto", *PRECISIONS)
"""Precisions a user can ask for by name; ``auto`` is that of the artifact."""

TENSORRT_SUFFIXES = (".engine", ".plan", ".trt")
"""Suffixes of TensorRT engines, whoever built them."""

MAX_BATCH = 1024
MAX_THREADS = 1024


@dataclass(frozen=True)
class EngineOptions:
    """Options for running a model."""

    engine: str = "auto"
    """One of :data:`ENGINES`."""
    device: str = "auto"
    """One of :data:`DEVICES`."""
    batch: int = 4
    """Tiles per call, fixed for a run."""
    tile: int | None = None
    """Edge of a tile in pixels, fixed for a run; None for what the model was trained with."""
    threads: int = 0
    """Threads of the engine on the CPU; 0 for as many as there are cores."""
    precision: str = "auto"
    """Number format to compute in, one of :data:`RUN_PRECISIONS`."""
    why: str = field(default="as asked", compare=False)
    """Reason why it is this engine, for the log, where it is not ``auto``."""
    share_features: bool = False
    """True for an engine that computes features apart, once for all tiles that show a place; on a CPU."""

    def __post_init__(self) -> None:
        """Check ranges."""
        for what, value, known in (
            ("Engine", self.engine, ENGINES),
            ("Device", self.device, DEVICES),
            ("Precision", self.precision, RUN_PRECISIONS),
        ):
            if value not in known:
                raise UsageError(
                    f"{what} {value!r} is unknown.", f"Choose from: {', '.join(known)}.", option=what.lower()
                )
        if not 1 <= self.batch <= MAX_BATCH:
            raise UsageError(f"A batch of {self.batch} tiles is out of range: give 1 to {MAX_BATCH}.", option="batch")
        if not 0 <= self.threads <= MAX_THREADS:
            raise UsageError(
                f"{self.threads} threads are out of range: give 1 to {MAX_THREADS}, or 0 for the default.",
                option="threads",
            )


def open_engine(model: Path, options: EngineOptions | None = None) -> Engine:
    """Open a model with the engine that fits this machine, and log which one and why.

    Args:
        model: an ONNX file exported by landslip.
        options: what the user wants; what is left at ``auto`` is chosen.

    Raises:
        InputMissingError: there is no such file.
        ModelError: the file is not a model landslip can run.
        EngineError: no engine is installed that can run it, or the one asked for cannot run it here.
    """
    options = options or EngineOptions()
    backend, why = _choose(model, options)
    if options.share_features and not backend.shares_features:
        raise EngineError(
            f"{backend.name} does not share features between overlapping tiles.",
            "Take `engine` onnxruntime or openvino, or map without share_features=True.",
            option="share_features",
        )
    engine: Engine = backend.load()(model, options)
    log.info("engine: %s %s on %s, %s (%s)", engine.name, engine.version, engine.device, engine.precision, why)
    return engine


def spec_of(model: Path) -> ModelSpec:
    """Description of what a model takes and means, without opening it.

    Raises:
        InputMissingError: there is no such file.
        ModelError: the file is not a model landslip can run.
        EngineError: it is an engine of TensorRT's, in a folder that others can write.
    """
    return _described(model).spec


def precision_of(model: Path) -> str:
    """Number format that a model was exported in, without opening it: ``fp32``, ``fp16`` or ``int8``.

    Raises:
        InputMissingError: there is no such file.
        ModelError: the file is not a model landslip can run.
        EngineError: it is an engine of TensorRT's, in a folder that others can write.
    """
    return _described(model).precision


def _described(model: Path) -> OnnxFile | EngineRecord:
    if model.suffix.lower() not in TENSORRT_SUFFIXES:
        return read_onnx_file(model)
    # Imported here: hardly any model is one.
    from landslip.runtime.engines.tensor_rt.engine_cache import EngineCache  # noqa: PLC0415

    return EngineCache().load(model).record


def _choose(model: Path, options: EngineOptions) -> tuple[Backend, str]:
    if options.engine != "auto":
        return BACKENDS[options.engine], options.why  # which says itself what it cannot run
    if model.suffix.lower() in TENSORRT_SUFFIXES:
        return BACKENDS["tensorrt"], "it is an engine of TensorRT's"
    file = read_onnx_file(model)
    able = [backend for backend in BACKENDS.values() if _may_choose(backend, file, options)]
    installed = [backend for backend in able if backend.installed]
    if not installed:
        raise _nothing_installed(file, options.precision, able)
    kind = f"{file.precision} for {file.target}" + f" in {options.precision}" * (options.precision != "auto")
    return installed[0], f"the first of the installed engines that run {kind}"


def _may_choose(backend: Backend, file: OnnxFile, options: EngineOptions) -> bool:
    made_for_it = file.target == backend.name
    return (backend.automatic or made_for_it) and backend.objection(file, options.precision, options.device) is None


def _nothing_installed(file: OnnxFile, precision: str, able: list[Backend]) -> EngineError:
    what = f"{file.path} ({file.precision})" + f" in {precision}" * (precision != "auto")
    if not able:
        return EngineError(
            f"No engine runs {what}.",
            "Ask for another precision, or export one with landslip export --precision.",
            where=file.path,
            option="precision",
        )
    commands = " or ".join(f"pip install 'landslip[{backend.extra}]'" for backend in able)
    return EngineError(
        f"No engine that runs {what} is installed.", f"Install one: {commands}.", where=file.path, option="engine"
    )
