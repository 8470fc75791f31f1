"""landslip's own maps of the files that peers map: with all products, and with what peers write alone."""

from __future__ import annotations

from pathlib import Path

import rasterio

from landslip.benchmarks.baselines.peer_scene import CACHE, PeerScene, percent_profile
from landslip.runtime.engines import Engine, EngineOptions
from landslip.runtime.mapping.fileless import map_without_files
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.products.confidence_block import ConfidenceBlock


def map_with_products(scene: PeerScene, path: Path, engine: Engine, batch: int) -> None:
    """Make all products, as always, in the folder of the map.

    Args:
        scene: the files.
        path: the map among the products.
        engine: an open engine for batches of that many tiles.
        batch: tiles per call.
    """
    map_scene(_request(scene, path, engine, batch), engine=engine)


def map_confidence_alone(scene: PeerScene, path: Path, engine: Engine, batch: int) -> None:
    """Write the rows that ``Mapper.blocks`` gives a program, as peers write their maps; nothing else becomes a file.

    Args:
        scene: the files.
        path: the GeoTIFF that is written.
        engine: an open engine for batches of that many tiles.
        batch: tiles per call.
    """
    with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(path, "w", **percent_profile(scene.place)) as raster:

        def write(block: ConfidenceBlock) -> None:
            raster.write(block.confidence, 1, window=block.window)

        map_without_files(_request(scene, path, engine, batch), Listeners(on_block=write), engine=engine)


def _request(scene: PeerScene, path: Path, engine: Engine, batch: int) -> MapRequest:
    options = EngineOptions(batch=batch)
    return MapRequest(
        Path(engine.spec.name), scene.files, path.parent, overlap=0.5, engine=options, overwrite=True, keep=False
    )
