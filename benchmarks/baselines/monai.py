"""MONAI's sliding window around an engine of ours: the one place that uses torch and MONAI.

The whole raster is one float32 tensor, as MONAI has it; tiles, weights and blending are MONAI's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import InputSpec
from landslip.runtime.engines import Engine
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.scene_files import SceneFiles

try:
    import torch  # pyright: ignore[reportMissingImports]
    from monai.inferers.utils import sliding_window_inference  # pyright: ignore[reportMissingImports]
except ImportError as error:
    raise UsageError(
        f"The comparison with MONAI needs torch and MONAI, which are not usable here ({error}). "
        "Install them with: pip install 'landslip[bench-peers]'"
    ) from error

_CACHE = 64 << 20
"""Bytes of GDAL's cache of blocks; left to itself it takes a twentieth of the machine's memory."""

Predictor = Callable[[Any], Any]
"""Function from windows (n, bands, tile, tile) to confidence (n, 1, tile, tile); both torch tensors in float32."""


def use_cores(cores: int) -> None:
    """Let torch compute on that many threads."""
    torch.set_num_threads(cores)


def stacked(files: SceneFiles, inputs: Sequence[InputSpec]) -> Any:
    """The rasters of all inputs, which lie on one grid, as one tensor (1, bands, rows, cols) float32.

    They are read straight into it, so that nothing else takes memory.
    """
    paths, whole, first = dict(files.roles()), np.empty((1, 0, 0, 0), np.float32), 0
    for entry in inputs:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE), rasterio.open(paths[entry.name]) as dataset:
            if not whole.size:
                whole = np.empty((1, sum(each.bands for each in inputs), *dataset.shape), np.float32)
            dataset.read(out=whole[0, first : first + entry.bands])
        first += entry.bands
    return torch.from_numpy(whole)


def predictor_of(engine: Engine, batch: int, *, typed: bool = True, kept: bool = False) -> Predictor:
    """An engine as MONAI calls one.

    Args:
        engine: an open engine.
        batch: tiles per call of the engine; fewer windows are filled up with zeros, as engines take one size.
        typed: turn the windows into the types that its graph takes; an engine without a network can do without.
        kept: the engine keeps what it gives, which is copied then: MONAI multiplies it in place.
    """
    bands = [entry.bands for entry in engine.spec.inputs]

    def predict(windows: Any) -> Any:
        count = len(windows)
        full = windows if count == batch else torch.cat([windows, windows.new_zeros(batch - count, *windows.shape[1:])])
        named = zip(engine.spec.inputs, torch.split(full, bands, dim=1), strict=True)
        arrays: dict[str, NDArray[Any]] = {
            entry.name: (part.to(getattr(torch, entry.dtype)) if typed else part).numpy() for entry, part in named
        }
        confidence = torch.from_numpy(engine.infer(arrays))[:count]
        return confidence.clone() if kept else confidence

    return predict


def windows_of(rows: int, cols: int, tile: int, overlap: float) -> int:
    """Number of windows MONAI lays: in steps of whole pixels, the last one moved back to end at the edge."""
    step = int(tile * (1.0 - overlap))
    return math.prod(math.ceil(max(length - tile, 0) / step) + 1 for length in (rows, cols))


def monai_map(raster: Any, predictor: Predictor, *, tile: int, overlap: float, batch: int) -> NDArray[np.float32]:
    """Map with Gaussian weights of the sigma landslip has too, an eighth of the tile.

    Args:
        raster: (1, bands, rows, cols) float32.
        predictor: from :func:`predictor_of`.
        tile: edge of a window in pixels.
        overlap: share of a window that the next one covers again.
        batch: windows per call.

    Returns:
        Confidence (rows, cols).
    """
    with torch.inference_mode():
        blended: Any = sliding_window_inference(
            raster, (tile, tile), batch, predictor, overlap=overlap, mode="gaussian", sigma_scale=0.125
        )
    confidence: NDArray[np.float32] = blended[0, 0].numpy()
    return confidence
