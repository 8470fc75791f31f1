"""The engine of an ONNX file for this machine: from the cache, or built now."""

from __future__ import annotations

import hashlib
import logging
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.onnx_operators import read_runnable
from landslip.runtime.engines.backends import BACKENDS
from landslip.runtime.engines.cuda import Gpu, first_gpu
from landslip.runtime.engines.tensor_rt.engine_cache import CachedEngine, EngineCache
from landslip.runtime.engines.tensor_rt.engine_record import EngineKey, EngineRecord, key_of
from landslip.runtime.engines.tensor_rt.phases import Phases
from landslip.runtime.engines.tensor_rt.probing import tensorrt_version
from landslip.runtime.engines.tensor_rt.slots import Profile, profile_for
from landslip.runtime.errors import EngineError, InputError, UsageError
from landslip.runtime.system.clock import now
from landslip.runtime.system.progress import NoProgress, Progress, progress_for
from landslip.runtime.system.versions import landslip_version

if TYPE_CHECKING:
    from landslip.runtime.engines.tensor_rt.compiler import Compiled

log = logging.getLogger(__name__)

RECIPE = 1
"""Counted up when engines are built in another way, so that those of an older landslip are built again."""


def build_engine(
    model: Path,
    *,
    batch: int = 4,
    tile: int | None = None,
    workspace: int | None = None,
    progress: Progress | None = None,
    cache: EngineCache | None = None,
) -> CachedEngine:
    """The engine of an ONNX file for this machine: from the cache, or built now, which takes minutes.

    Args:
        model: an ONNX file exported by landslip: fp32, fp16, or int8 for TensorRT.
        batch: most tiles of a call of :meth:`~landslip.runtime.engines.Engine.infer`.
        tile: edge of a tile in pixels; None for what the model was trained with.
        workspace: limit of the scratch memory of a layer in bytes; None takes an engine of any limit, and builds one
            with all the memory there is.
        progress: is told how far the build is; by default a bar on a terminal, lines elsewhere.
        cache: where engines are kept; by default in the user's cache folder.

    Raises:
        UsageError: the model cannot take such tiles, or the limit makes no sense.
        ModelError: the file is no model of landslip, or TensorRT cannot read it.
        EngineError: there is no GPU or no TensorRT, or the engine cannot be built.
        OutputError: the cache cannot be written.
    """
    if workspace is not None and workspace < 1:
        raise UsageError(f"A workspace of {workspace} bytes is out of range: give a positive number.")
    file = read_runnable(model)
    check_target(file)
    profile = profile_for(1 if file.spec.single else batch, file.spec.checked_tile(tile))
    gpu = first_gpu()  # before TensorRT is touched
    onnx = _content(model)
    key = machine_key(gpu, tensorrt_version(), hashlib.sha256(onnx).hexdigest(), profile)
    cache = cache or EngineCache()
    found = cache.find(key)
    if found is not None and workspace in (None, found.record.workspace):
        log.info("engine: built for this GPU on %s", found.record.created)
        return found
    log.info("engine: building for %s, once; this takes minutes", gpu.name)
    return _built(file, onnx, key, workspace, progress or _progress(), cache)


def check_target(file: OnnxFile) -> None:
    """Make sure that TensorRT can compute what a file says.

    Raises:
        EngineError: the file is made for another backend.
    """
    if objection := BACKENDS["tensorrt"].objection(file):
        raise EngineError(objection)
    if file.precision == "int8" and file.target != "tensorrt":
        raise EngineError(
            f"{file.path} is quantised with zero points, which TensorRT does not compute with.",
            "Export one for it: landslip export MODEL.hdf5 -o FOLDER --precision int8 --target tensorrt.",
            where=file.path,
        )


def machine_key(gpu: Gpu, tensorrt: str, onnx_sha256: str, profile: Profile) -> EngineKey:
    """The key of an engine on this machine."""
    return key_of(gpu, tensorrt, f"{sys.platform}-{platform.machine()}", onnx_sha256, profile, RECIPE)


def _built(
    file: OnnxFile, onnx: bytes, key: EngineKey, workspace: int | None, progress: Progress, cache: EngineCache
) -> CachedEngine:
    # Imported here: it imports tensorrt, which is to be touched only where CUDA works.
    from landslip.runtime.engines.tensor_rt.compiler import Order, compile_engine  # noqa: PLC0415

    began = time.monotonic()
    order = Order(file.path.name, onnx, file.spec, file.precision, key.profile, workspace, timings=cache.timings(key))
    compiled = compile_engine(order, Phases(progress))
    seconds = time.monotonic() - began
    log.info("engine: built in %.0f s, %.1f MB", seconds, len(compiled.plan) / 1e6)
    cached = cache.store(compiled.plan, _record(file, key, workspace, compiled, seconds))
    cache.save_timings(key, compiled.timings)
    return cached


def _record(file: OnnxFile, key: EngineKey, workspace: int | None, compiled: Compiled, seconds: float) -> EngineRecord:
    return EngineRecord(
        key=key,
        spec=file.spec,
        precision=file.precision,
        onnx=file.path.name,
        sha256=hashlib.sha256(compiled.plan).hexdigest(),
        bytes=len(compiled.plan),
        tensors=compiled.tensors,
        workspace=workspace,
        seconds=round(seconds, 1),
        landslip=landslip_version(),
        created=now(),
    )


def _content(model: Path) -> bytes:
    try:
        return model.read_bytes()
    except OSError as error:
        raise InputError(f"model: {model} cannot be read ({error.strerror}).", where=model, option="model") from error


def _progress() -> Progress:
    return progress_for(sys.stderr) if log.isEnabledFor(logging.INFO) else NoProgress()
