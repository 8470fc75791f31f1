"""TerraTorch's tiled inference around an engine of ours: the one place that uses TerraTorch.

Read in its code (terratorch 1.2.11 and 1.2.13, ``terratorch/tasks/tiled_inference.py``): the scene is one tensor, which
is padded by what is cut off around each tile; tiles are weighted by a raised cosine. Its own border of eight pixels,
padding, blend and batch are taken. rasterio reads and writes around it; its own command reads files whole, too.
"""

from __future__ import annotations

from pathlib import Path

from landslip.benchmarks.baselines.peer_scene import PeerScene, percent_of, read_stacked, write_percent
from landslip.benchmarks.baselines.torch_predictor import predictor_of
from landslip.runtime.engines import Engine, FakeEngine
from landslip.runtime.errors import UsageError

try:
    import torch  # pyright: ignore[reportMissingImports]
    from terratorch.tasks.tiled_inference import tiled_inference  # pyright: ignore[reportMissingImports]
except ImportError as error:
    raise UsageError(
        f"The comparison with TerraTorch needs terratorch, which is not usable here ({error}). "
        "Install it with: pip install 'landslip[bench-peers]'"
    ) from error


def map_files(scene: PeerScene, path: Path, engine: Engine, batch: int) -> None:
    """Read a scene into one tensor, map it, and write the map.

    Args:
        scene: the files.
        path: the GeoTIFF that is written.
        engine: an open engine for batches of that many tiles.
        batch: tiles per call.
    """
    tile = engine.spec.tile
    confidence = tiled_inference(
        predictor_of(engine, batch, typed=not isinstance(engine, FakeEngine)),
        torch.from_numpy(read_stacked(scene.files, engine.spec.inputs)[None]),
        crop=tile, stride=tile // 2, batch_size=batch,
    )  # fmt: skip
    write_percent(percent_of(confidence[0, 0].numpy()), scene.place, path)
