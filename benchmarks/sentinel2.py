"""Time and peak memory of a map of the size of a Sentinel-2 tile, on a scene that is cheap to make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.benchmarks.alone import map_alone
from landslip.benchmarks.report import Finding, Report, Table
from landslip.models.synthetic import event_files
from landslip.models.synthetic.writing import BLOCK, finished_together, new_raster

SIZE = 10_980
"""Rows and columns of a Sentinel-2 tile at 10 m."""
PIXEL, DEM_PIXEL = 10.0, 30.0
"""Metres."""
MARGIN = 10
"""Pixels the elevation model reaches beyond the images."""

WEST, NORTH, EPSG = 600_000.0, 5_200_020.0, 32632
STAGES = ("read", "prepare", "infer", "stitch", "write", "polygons")


def measure_sentinel2(folder: Path, model: Path | None, size: int = SIZE) -> Report:
    """Map one large scene in a process of its own.

    Args:
        folder: for the scene and the map.
        model: ONNX file; None for the fake engine.
        size: rows and columns of the images.
    """
    write_large_scene(folder / "scene", size)
    record = map_alone(folder / "scene", folder / "map", model)
    grid, seconds, peak = record["grid"], record["seconds"], record["peak_rss_bytes"] / 2**20
    row = (
        grid["height"], grid["width"], record["tiles"]["predicted"], record["landslides"], peak, seconds["total"],
        record["tiles_per_second"],
    )  # fmt: skip
    return Report(
        name="sentinel2" if model is None else f"sentinel2-{model.stem}",
        question="What does a map of the size of a Sentinel-2 tile take?",
        settings={
            "engine": record["engine"],
            "tile": record["tile"],
            "overlap": record["overlap"],
            "inputs": f"RGB of {size} x {size} pixels at 10 m before and after, elevation at 30 m, cloud mask at 10 m; "
            f"a pattern that repeats, in deflated tiles of {BLOCK}",
            "peak": "maximum resident set size of the whole process",
            "time": "from opening the files to the last product, polygons and checksums included",
            "repeats": 1,
        },
        tables=[
            Table("", ("rows", "columns", "tiles", "landslides", "peak MiB", "seconds", "tiles/s"), [row]),
            Table("Seconds each stage was busy", STAGES, [tuple(seconds[name] for name in STAGES)]),
        ],
        findings={
            "peak_mib": Finding(peak, "MiB", "lower"),
            "seconds": Finding(seconds["total"], "s", "lower"),
        },
    )


def write_large_scene(folder: Path, size: int) -> None:
    """Write images, elevation and clouds under the names of a synthetic event, band of blocks by band of blocks.

    The content is one small pattern, shifted from band to band, so that neither memory nor arithmetic grows with it.

    Args:
        folder: made if it is not there.
        size: rows and columns of the images.
    """
    files, rng = event_files(folder), np.random.default_rng(4)
    before, spots = _ground(rng), _spots(rng)
    after = np.where(spots[None], np.minimum(before + 110, 255), before).astype(np.uint8)
    hills, place = _hills(), Affine(PIXEL, 0.0, WEST, 0.0, -PIXEL, NORTH)
    around = Affine(DEM_PIXEL, 0.0, WEST - MARGIN * DEM_PIXEL, 0.0, -DEM_PIXEL, NORTH + MARGIN * DEM_PIXEL)
    dem_size = -(-size * int(PIXEL) // int(DEM_PIXEL)) + 2 * MARGIN
    with finished_together((files.pre, files.post, files.dem, files.clouds)) as (pre, post, dem, clouds):
        _fill(pre, before, size, place, photometric="rgb")
        _fill(post, after, size, place, photometric="rgb")
        _fill(dem, hills, dem_size, around, nodata=-9999.0)
        _fill(clouds, _spots(rng)[None].astype(np.uint8), size, place)


def _fill(path: Path, pattern: NDArray[np.generic], size: int, transform: Affine, **profile: object) -> None:
    with new_raster(
        path, (size, size), transform, EPSG, count=len(pattern), dtype=pattern.dtype.name, **profile
    ) as file:
        for first, rows in _bands(pattern, size):
            file.write(rows, window=Window(0, first, size, rows.shape[1]))


def _bands(pattern: NDArray[np.generic], size: int) -> Iterator[tuple[int, NDArray[np.generic]]]:
    """First row and rows (bands, rows, size), the pattern pushed sideways a little in each."""
    across = -(-size // pattern.shape[2])
    for first in range(0, size, pattern.shape[1]):
        rows = np.tile(np.roll(pattern, 97 * (first // pattern.shape[1]), axis=2), (1, 1, across))
        yield first, rows[:, : size - first, :size]


def _ground(rng: np.random.Generator) -> NDArray[np.uint8]:
    rows, cols = np.mgrid[: 2 * BLOCK, : 4 * BLOCK]
    wave = 70 + 30 * np.sin(2 * np.pi * rows / BLOCK) * np.cos(2 * np.pi * cols / BLOCK)
    ground: NDArray[np.uint8] = (wave + rng.integers(0, 12, (3, *wave.shape))).astype(np.uint8)
    return ground


def _spots(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Some thirty discs of 40 to 250 m."""
    rows, cols = np.mgrid[: 2 * BLOCK, : 4 * BLOCK]
    spots = np.zeros(rows.shape, dtype=np.bool_)
    for row, col, radius in zip(
        rng.integers(0, 512, 30), rng.integers(0, 1024, 30), rng.uniform(4, 25, 30), strict=True
    ):
        spots |= (rows - row) ** 2 + (cols - col) ** 2 < radius**2
    return spots


def _hills() -> NDArray[np.float32]:
    rows, cols = np.mgrid[: 2 * BLOCK, : 4 * BLOCK]
    hills = 1500 + 800 * np.sin(2 * np.pi * rows / BLOCK) * np.cos(2 * np.pi * cols / BLOCK)
    metres: NDArray[np.float32] = hills[None].astype(np.float32)
    return metres
