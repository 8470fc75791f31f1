"""MONAI's sliding window around an engine of ours: the one place that uses MONAI.

The whole raster is one float32 tensor, as MONAI has it; tiles, weights and blending are MONAI's. It neither reads nor
writes rasters: where it maps files, rasterio does that around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.benchmarks.baselines.peer_scene import PeerScene, percent_of, read_stacked, write_percent
from landslip.benchmarks.baselines.torch_predictor import Predictor, predictor_of
from landslip.runtime.artifacts.spec import InputSpec
from landslip.runtime.engines import Engine, FakeEngine
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


def stacked(files: SceneFiles, inputs: Sequence[InputSpec]) -> Any:
    """The rasters of all inputs, which lie on one grid, as one tensor (1, bands, rows, cols) float32."""
    return torch.from_numpy(read_stacked(files, inputs)[None])


def map_files(scene: PeerScene, path: Path, engine: Engine, batch: int) -> None:
    """Read a scene into one tensor, map it, and write the map.

    Args:
        scene: the files.
        path: the GeoTIFF that is written.
        engine: an open engine for batches of that many tiles.
        batch: windows per call.
    """
    spec, network = engine.spec, not isinstance(engine, FakeEngine)
    predictor = predictor_of(engine, batch, typed=network, kept=not network)
    confidence = monai_map(stacked(scene.files, spec.inputs), predictor, tile=spec.tile, overlap=0.5, batch=batch)
    write_percent(percent_of(confidence), scene.place, path)


def windows_of(rows: int, cols: int, tile: int, overlap: float) -> int:
    """Number of windows MONAI lays: in steps of whole pixels, the last one moved back to end at the edge."""
    step = int(tile * (1.0 - overlap))
    return math.prod(math.ceil(max(length - tile, 0) / step) + 1 for length in (rows, cols))


def monai_map(raster: Any, predictor: Predictor, *, tile: int, overlap: float, batch: int) -> NDArray[np.float32]:
    """Map with Gaussian weights of the sigma landslip has too, an eighth of the tile.

    Args:
        raster: (1, bands, rows, cols) float32.
        predictor: from :func:`~landslip.benchmarks.baselines.torch_predictor.predictor_of`.
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
