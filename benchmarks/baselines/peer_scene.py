"""A scene as the peers take it, and the GeoTIFF that those of them leave which write none by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from landslip.models.synthetic.writing import BLOCK
from landslip.runtime.artifacts.spec import InputSpec
from landslip.runtime.engines import Engine
from landslip.runtime.inputs.scene_files import SceneFiles

CACHE = 64 << 20
"""Bytes of GDAL's cache of blocks; left to itself it takes a twentieth of the machine's memory."""


@dataclass(frozen=True)
class PeerScene:
    """The files of one scene, all on the map's grid."""

    files: SceneFiles
    """A file for each input of the network."""
    stacked: Path
    """One GeoTIFF with all their bands in float32, for those who take one file."""

    @property
    def place(self) -> Path:
        """One of the files, for its grid."""
        return next(path for _, path in self.files.roles() if isinstance(path, Path))


MapFiles = Callable[[PeerScene, Path, Engine, int], None]
"""Maps a scene to a GeoTIFF at the path, whole percent and as large as the scene, with an open engine for batches of so
many tiles."""


def read_stacked(files: SceneFiles, inputs: Sequence[InputSpec]) -> NDArray[np.float32]:
    """The rasters of all inputs, which lie on one grid, as one array (bands, rows, cols) float32.

    They are read straight into it, so that nothing else takes memory.
    """
    paths, first = dict(files.roles()), 0
    whole = np.empty((0, 0, 0), np.float32)
    for entry in inputs:
        with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(paths[entry.name]) as dataset:
            if not whole.size:
                whole = np.empty((sum(each.bands for each in inputs), *dataset.shape), np.float32)
            dataset.read(out=whole[first : first + entry.bands])
        first += entry.bands
    return whole


def write_stacked(files: SceneFiles, inputs: Sequence[InputSpec], path: Path) -> None:
    """Write the bands of all inputs into one tiled GeoTIFF in float32, a strip of rows at a time.

    The bands of a pixel lie together, and nothing is compressed: of the forms it could have it is read the fastest.
    """
    paths = dict(files.roles())
    with rasterio.open(paths[inputs[0].name]) as first:
        profile = _profile(first.profile, sum(entry.bands for entry in inputs), "float32", interleave="pixel")
        rows, cols = first.shape
    with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(path, "w", **profile) as stacked:
        for top in range(0, rows, BLOCK):
            window = ((top, min(top + BLOCK, rows)), (0, cols))
            parts: list[NDArray[Any]] = []
            for entry in inputs:
                with rasterio.open(paths[entry.name]) as dataset:
                    parts.append(dataset.read(window=window, out_dtype="float32"))
            stacked.write(np.concatenate(parts), window=window)


def write_percent(percent: NDArray[np.uint8], like: Path, path: Path) -> None:
    """Write a map (rows, cols) in whole percent as a tiled GeoTIFF in the place of another raster.

    LZW is what geoai compresses with unless it is told otherwise; it takes less time than Deflate.
    """
    with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(path, "w", **percent_profile(like)) as raster:
        raster.write(percent, 1)


def percent_profile(like: Path) -> dict[str, Any]:
    """Profile of :func:`write_percent`'s GeoTIFF in the place of another raster."""
    with rasterio.open(like) as dataset:
        return _profile(dataset.profile, 1, "uint8", compress="lzw")


def percent_of(confidence: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Confidence of 0..1 in whole percent, truncated as landslip and the published loop do."""
    percent = np.empty(confidence.shape, np.uint8)
    np.multiply(confidence, np.float32(100), out=percent, casting="unsafe")  # nothing else takes memory
    return percent


def _profile(of: dict[str, Any], count: int, dtype: str, **more: Any) -> dict[str, Any]:
    place = {key: of[key] for key in ("crs", "transform", "width", "height")}
    blocks = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
    return {**place, **blocks, "driver": "GTiff", "count": count, "dtype": dtype, "bigtiff": "IF_SAFER", **more}
