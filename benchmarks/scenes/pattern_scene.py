"""Large scenes that are cheap to make: one small pattern, shifted from band of blocks to band of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS

from landslip.models.synthetic.writing import BLOCK, finished_together, new_raster
from landslip.runtime.geo.projection import bounds_in
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.terrain.slope_and_hillshade import horn

WEST, NORTH, EPSG = 600_000.0, 5_200_020.0, 32632
DEGREES = 4326
SECOND = 1 / 3600
"""Degrees of a pixel of the elevation models that are free for all of the world."""

_MARGIN = 10
"""Pixels the elevation model reaches beyond the images."""

_DEM_NODATA = -9999.0


@dataclass(frozen=True)
class PatternLayout:
    """Layout of the files that a scene is made of."""

    height_m: float
    """Metres from north to south."""
    width_m: float
    """Metres from west to east."""
    image: float
    """Metres of a pixel of the images and of the cloud mask."""
    dem: float | None
    """Metres of a pixel of the elevation model; None for hillshade and slope ready on the grid of the images."""
    in_degrees: bool = False
    """The elevation model has pixels of one second of arc instead."""
    clouds: bool = False
    """True if there is a mask."""


def write_pattern_scene(folder: Path, layout: PatternLayout) -> SceneFiles:
    """Write a scene; neither memory nor arithmetic grows with it.

    Args:
        folder: made if it is not there.
        layout: its files.

    Raises:
        OutputError: the folder cannot be written.
    """
    files = pattern_files(folder, layout)
    paths = [path for _, path in files.roles() if isinstance(path, Path)]
    rng = np.random.default_rng(4)
    before, spots = ground_pattern(rng), _discs(rng)
    after = np.where(spots[None], np.minimum(before + 110, 255), before).astype(np.uint8)
    shape = round(layout.height_m / layout.image), round(layout.width_m / layout.image)
    place = Affine(layout.image, 0.0, WEST, 0.0, -layout.image, NORTH)
    with finished_together(tuple(paths)) as partial:
        names = {path.name: name for path, name in zip(paths, partial, strict=True)}
        fill(names["pre.tif"], before, shape, place, photometric="rgb")
        fill(names["post.tif"], after, shape, place, photometric="rgb")
        if layout.clouds:
            fill(names["clouds.tif"], _discs(rng)[None].astype(np.uint8), shape, place)
        if layout.dem is None:
            hillshade, slope = _terrain(layout.image)
            fill(names["hillshade.tif"], hillshade, shape, place)
            fill(names["slope.tif"], slope, shape, place)
        else:
            write_elevation(names["dem.tif"], layout)
    return files


def write_elevation(path: Path, layout: PatternLayout) -> None:
    """Write the elevation model of a scene, which reaches over all of its sides.

    Raises:
        ValueError: the layout has none.
    """
    if layout.dem is None:
        raise ValueError("the layout has no elevation model")
    if layout.in_degrees:
        fill(path, _hills(), *_around_in_degrees(layout), epsg=DEGREES, nodata=_DEM_NODATA)
    else:
        fill(path, _hills(), *_around(layout, layout.dem), nodata=_DEM_NODATA)


def pattern_files(folder: Path, layout: PatternLayout) -> SceneFiles:
    """The files that :func:`write_pattern_scene` writes."""
    ready = layout.dem is None
    return SceneFiles(
        pre=folder / "pre.tif",
        post=folder / "post.tif",
        dem=None if ready else folder / "dem.tif",
        hillshade=folder / "hillshade.tif" if ready else None,
        slope=folder / "slope.tif" if ready else None,
        masks=(folder / "clouds.tif",) if layout.clouds else (),
    )


def _around(layout: PatternLayout, pixel: float) -> tuple[tuple[int, int], Affine]:
    """Shape and place of an elevation model that reaches over all sides; it is on the grid of the images if it can."""
    shape = tuple(-(-round(length) // round(pixel)) + 2 * _MARGIN for length in (layout.height_m, layout.width_m))
    return (shape[0], shape[1]), Affine(pixel, 0.0, WEST - _MARGIN * pixel, 0.0, -pixel, NORTH + _MARGIN * pixel)


def _around_in_degrees(layout: PatternLayout) -> tuple[tuple[int, int], Affine]:
    box = (WEST, NORTH - layout.height_m, WEST + layout.width_m, NORTH)
    west, south, east, north = bounds_in(CRS.from_epsg(EPSG), box, CRS.from_epsg(DEGREES))
    shape = tuple(int(length / SECOND) + 2 * _MARGIN for length in (north - south, east - west))
    return (shape[0], shape[1]), Affine(SECOND, 0.0, west - _MARGIN * SECOND, 0.0, -SECOND, north + _MARGIN * SECOND)


def fill(
    path: Path,
    pattern: NDArray[np.generic],
    shape: tuple[int, int],
    transform: Affine,
    epsg: int = EPSG,
    scale: float | None = None,
    **profile: object,
) -> None:
    """Write a raster that repeats a pattern.

    Args:
        path: the file.
        pattern: (bands, rows, cols).
        shape: rows and columns of the raster.
        transform: place of its pixels.
        epsg: code of its CRS.
        scale: value of a stored 1, which the file states; None for none.
        profile: further entries of a rasterio profile.
    """
    with new_raster(path, shape, transform, epsg, count=len(pattern), dtype=pattern.dtype.name, **profile) as file:
        if scale is not None:
            file.scales = [scale] * len(pattern)
        for first, rows in _bands(pattern, *shape):
            file.write(rows, window=make_window(0, first, shape[1], rows.shape[1]))


def _bands(pattern: NDArray[np.generic], height: int, width: int) -> Iterator[tuple[int, NDArray[np.generic]]]:
    """First row and rows (bands, rows, width), the pattern pushed sideways a little in each."""
    across = -(-width // pattern.shape[2])
    for first in range(0, height, pattern.shape[1]):
        rows = np.tile(np.roll(pattern, 97 * (first // pattern.shape[1]), axis=2), (1, 1, across))
        yield first, rows[:, : height - first, :width]


def ground_pattern(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Pattern of ground in 8 bits, red, green and blue: (3, rows, cols)."""
    rows, cols = np.mgrid[: 2 * BLOCK, : 4 * BLOCK]
    wave = 70 + 30 * np.sin(2 * np.pi * rows / BLOCK) * np.cos(2 * np.pi * cols / BLOCK)
    ground: NDArray[np.uint8] = (wave + rng.integers(0, 12, (3, *wave.shape))).astype(np.uint8)
    return ground


def _discs(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Some thirty discs with a radius of 4 to 25 pixels."""
    rows, cols = np.mgrid[: 2 * BLOCK, : 4 * BLOCK]
    discs = np.zeros(rows.shape, dtype=np.bool_)
    for row, col, radius in zip(
        rng.integers(0, 512, 30), rng.integers(0, 1024, 30), rng.uniform(4, 25, 30), strict=True
    ):
        discs |= (rows - row) ** 2 + (cols - col) ** 2 < radius**2
    return discs


def _hills() -> NDArray[np.float32]:
    """Elevation in metres: (1, rows, cols)."""
    rows, cols = np.mgrid[: 2 * BLOCK, : 4 * BLOCK]
    hills = 1500 + 800 * np.sin(2 * np.pi * rows / BLOCK) * np.cos(2 * np.pi * cols / BLOCK)
    metres: NDArray[np.float32] = hills[None].astype(np.float32)
    return metres


def _terrain(pixel: float) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Hillshade and slope of the hills, which go on as they are: (1, rows, cols)."""
    hills = np.pad(_hills()[0], 1, mode="wrap")
    cells = np.full(len(hills), pixel)
    hillshade, slope, _ = horn(hills, np.ones(hills.shape, dtype=np.bool_), cells, cells)
    return hillshade[None, 1:-1, 1:-1], slope[None, 1:-1, 1:-1]
