"""geoai's tiled inference around an engine of ours: the one place that uses geoai.

Read in its code (geoai-py 0.40.1 and 0.43.1, ``geoai/inference.py``): ``predict_geotiff`` takes one GeoTIFF, reads each
tile as a window, keeps sums and weights of the whole map in float64, and writes the map in one piece. Its own blend, a
powered cosine called spline, and its own batch are taken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.benchmarks.baselines.peer_scene import PeerScene, percent_of
from landslip.benchmarks.baselines.torch_predictor import Predictor, predictor_of
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.engines import Engine, FakeEngine
from landslip.runtime.errors import UsageError

try:
    import geoai.utils  # noqa: F401 - predict_geotiff imports it when it is called  # pyright: ignore[reportMissingImports]
    import torch  # pyright: ignore[reportMissingImports]
    from geoai.inference import predict_geotiff  # pyright: ignore[reportMissingImports]
except ImportError as error:
    raise UsageError(
        f"The comparison with geoai needs geoai-py, which is not usable here ({error}). "
        "Install it with: pip install 'landslip[bench-peers]'"
    ) from error


class _Network(torch.nn.Module):  # type: ignore[misc]
    """A predictor as the module that geoai asks for."""

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self._predictor = predictor

    def forward(self, windows: Any) -> Any:
        return self._predictor(windows)


def map_files(scene: PeerScene, path: Path, engine: Engine, batch: int) -> None:
    """Map a scene from its one stacked file.

    Args:
        scene: the files.
        path: the GeoTIFF that is written.
        engine: an open engine for batches of that many tiles.
        batch: tiles per call.
    """
    predict_geotiff(
        _Network(predictor_of(engine, batch, typed=not isinstance(engine, FakeEngine))),
        str(scene.stacked), str(path), tile_size=engine.spec.tile, overlap=engine.spec.tile // 2, batch_size=batch,
        preprocess_fn=_as_it_is, postprocess_fn=percent_of, output_dtype="uint8", output_nodata=NOT_OBSERVED,
        device="cpu", verbose=False,
    )  # fmt: skip


def _as_it_is(tile: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network scales by itself; geoai would divide by 255."""
    return tile
