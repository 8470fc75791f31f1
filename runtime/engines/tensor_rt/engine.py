"""TensorRT as one of landslip's engines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.engines.backends import BACKENDS
from landslip.runtime.engines.cuda import first_gpu
from landslip.runtime.engines.opening import TENSORRT_SUFFIXES, EngineOptions
from landslip.runtime.engines.tensor_rt.building import build_engine, machine_key
from landslip.runtime.engines.tensor_rt.engine_cache import CachedEngine, EngineCache
from landslip.runtime.engines.tensor_rt.probing import tensorrt_version
from landslip.runtime.errors import EngineError, UsageError
from landslip.runtime.system.closing import Closing


class TensorRtEngine(Closing):
    """A model run by TensorRT on an NVIDIA GPU, in batches of any size up to the one it was opened for."""

    name = "tensorrt"
    device = "cuda"
    lanes = 1  # parts of a batch overlap inside a call

    def __init__(self, model: Path, options: EngineOptions, cache: EngineCache | None = None) -> None:
        """Load a model, after building its engine for this machine where that has not been done yet.

        Args:
            model: an ONNX file exported by landslip, or an engine of the cache.
            options: batch, tile and precision; the device is the GPU.
            cache: where engines are kept; by default in the user's cache folder.

        Raises:
            UsageError: the model cannot take such tiles.
            ModelError: the file is damaged, was not exported by landslip, or is an engine from elsewhere.
            EngineError: there is no GPU or no TensorRT, or the engine cannot be built or loaded.
            OutputError: the cache cannot be written.
        """
        _check_device(options.device)
        cached = _cached(model, options, cache or EngineCache())
        self.version = cached.record.key.tensorrt
        self.spec = cached.record.spec
        self.precision = cached.record.precision
        # Imported here: it imports tensorrt, which is to be touched only where CUDA works.
        from landslip.runtime.engines.tensor_rt.session import Session  # noqa: PLC0415

        self._session = Session(cached.plan, self.spec, cached.record.key.profile)

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`landslip.runtime.engines.Engine`."""
        return self._session.infer(batch)

    def close(self) -> None:
        """Free the GPU."""
        self._session.close()


def _cached(model: Path, options: EngineOptions, cache: EngineCache) -> CachedEngine:
    if model.suffix.lower() in TENSORRT_SUFFIXES:
        cached = cache.load(model)
        _check_fits(cached, options)
        return cached
    if objection := BACKENDS["tensorrt"].objection(read_onnx_file(model), options.precision):
        raise EngineError(objection)
    return build_engine(model, batch=options.batch, tile=options.tile, cache=cache)


def _check_fits(cached: CachedEngine, options: EngineOptions) -> None:
    """Make sure that an engine computes in that precision, and was built for this machine and for such tiles."""
    key, precision = cached.record.key, cached.record.precision
    if options.precision not in ("auto", precision):
        raise EngineError(
            f"{cached.path} computes in {precision} and in nothing else.",
            "Give an ONNX file to build from.",
            where=cached.path,
        )
    tile = cached.record.spec.checked_tile(options.tile)
    if tile != key.tile:
        raise UsageError(
            f"{cached.path} was built for tiles of {key.tile} pixels, not {tile}.",
            f"Give `tile` {key.tile}.",
            where=cached.path,
        )
    here = machine_key(first_gpu(), tensorrt_version(), key.onnx_sha256, key.profile)
    if here != key:
        raise EngineError(
            f"{cached.path} was built for {key.gpu} with driver {key.driver} and TensorRT {key.tensorrt}; here are "
            f"{here.gpu}, {here.driver} and {here.tensorrt}.",
            f"Give {cached.record.onnx}, and it is built again.",
            where=cached.path,
        )


def _check_device(device: str) -> None:
    if device not in ("auto", "cuda"):  # said before anything is read, also where an engine is given
        raise EngineError(f"tensorrt does not run on {device}.", "Run with `device` cuda, or take another engine.")
