"""EventSpec and write_event: a synthetic event as the files a user would have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from rasterio.windows import Window

from landslip.models.synthetic.painter import Painter
from landslip.models.synthetic.relief import fill_relief
from landslip.models.synthetic.truth import write_truth
from landslip.models.synthetic.writing import finished_together, new_raster
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.windows import make_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIXEL = 10.0
"""Pixel size of the images and of the cloud mask in metres."""
DEM_PIXEL = 30.0
"""Pixel size of the elevation model in metres."""

_WINDOW = (256, 2048)


@dataclass(frozen=True)
class EventSpec:
    """Specification of an event; the same specification always gives the same pixels."""

    seed: int
    """Names the event: ground, weather and landslides. 0 or more."""
    width_m: float = 6000.0
    """Extent of the images from west to east in metres; rounded to whole pixels of 10 m."""
    height_m: float = 6000.0
    """Extent of the images from north to south in metres; rounded to whole pixels of 10 m."""
    west: float = 600_000.0
    """Easting of the images' west edge in the CRS, in metres."""
    north: float = 5_200_000.0
    """Northing of the images' north edge in the CRS, in metres."""
    epsg: int = 32632
    """Code of a projected CRS in metres."""
    landslides_per_km2: float = 3.0
    """Density that is aimed at, 0 to 6; what comes depends on the ground."""
    scars_per_km2: float = 0.4
    """Density of landslides of an earlier event, which both images show and the truth leaves out."""
    cloud_cover: float = 0.06
    """Share of the second image under clouds, 0 to 0.9; the first has a third of it."""
    dem_margin_m: float = 487.0
    """Metres by which the elevation model reaches beyond the images on every side."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the images."""
        return round(self.height_m / PIXEL), round(self.width_m / PIXEL)

    @property
    def transform(self) -> Affine:
        """Transform from column and row of the images to the CRS."""
        return Affine(PIXEL, 0.0, self.west, 0.0, -PIXEL, self.north)


@dataclass(frozen=True)
class EventFiles:
    """Paths of the files of an event."""

    pre: Path
    """RGB image before the event, uint8, 10 m."""
    post: Path
    """RGB image after the event, on the same grid."""
    dem: Path
    """Elevation model in metres, float32, 30 m, wider than the images."""
    clouds: Path
    """Cloud mask, uint8, 10 m: 1 where cloud or shadow makes either image unusable."""
    truth: Path
    """GeoPackage of the landslides' outlines, clipped to the images."""


def event_files(folder: Path) -> EventFiles:
    """The names :func:`write_event` gives the files in `folder`."""
    return EventFiles(*(folder / name for name in ("pre.tif", "post.tif", "dem.tif", "clouds.tif", "truth.gpkg")))


def write_event(
    folder: Path,
    spec: EventSpec,
    progress: Callable[[int, int], None] | None = None,
    window: tuple[int, int] = _WINDOW,
) -> EventFiles:
    """Write the files of an event, window by window; files of the same names are replaced once all are complete.

    Args:
        folder: made if it is not there.
        spec: what to make.
        progress: called with the number of image rows written and to be written.
        window: rows and columns worked on at a time; they bound the memory and do not change a pixel.

    Raises:
        UsageError: the spec is out of range.
        OutputError: a file cannot be written.
    """
    _check(spec)
    files = event_files(folder)
    with finished_together((files.pre, files.post, files.dem, files.clouds, files.truth)) as drafts:
        _write_dem(drafts[2], spec, window)
        _write_images(drafts[0], drafts[1], drafts[3], spec, progress, window)
        write_truth(drafts[4], spec.seed, spec.shape, PIXEL, spec.landslides_per_km2, spec.transform, spec.epsg)
    return files


def _check(spec: EventSpec) -> None:
    rows, cols = spec.shape
    if rows < 1 or cols < 1 or spec.seed < 0:
        raise UsageError(f"a scene of {spec.width_m:g} m x {spec.height_m:g} m with seed {spec.seed} cannot be made")
    if not (0.0 <= spec.landslides_per_km2 <= 6.0 and 0.0 <= spec.scars_per_km2 <= 6.0):
        raise UsageError(
            f"landslide densities must be 0 to 6 per km², not {spec.landslides_per_km2} and {spec.scars_per_km2}"
        )
    if not (0.0 <= spec.cloud_cover <= 0.9 and spec.dem_margin_m >= 0.0):
        raise UsageError(
            f"cloud cover {spec.cloud_cover} (0 to 0.9) or DEM margin {spec.dem_margin_m} m (from 0) is out of range"
        )


def _windows(shape: tuple[int, int], window: tuple[int, int]) -> Iterator[Window]:
    """Windows from north to south, in each band of rows from west to east."""
    for row in range(0, shape[0], window[0]):
        for col in range(0, shape[1], window[1]):
            yield make_window(col, row, min(window[1], shape[1] - col), min(window[0], shape[0] - row))


def _write_dem(path: Path, spec: EventSpec, window: tuple[int, int]) -> None:
    margin = spec.dem_margin_m
    shape = (
        math.ceil((spec.height_m + 2.0 * margin) / DEM_PIXEL),
        math.ceil((spec.width_m + 2.0 * margin) / DEM_PIXEL),
    )
    transform = Affine(DEM_PIXEL, 0.0, spec.west - margin, 0.0, -DEM_PIXEL, spec.north + margin)
    with new_raster(path, shape, transform, spec.epsg, count=1, dtype="float32", nodata=-9999.0, predictor=3) as dem:
        for part in _windows(shape, window):
            height = np.empty((part.height, part.width))
            fill_relief(height, np.empty_like(height), (part.row_off, part.col_off), DEM_PIXEL, -margin, spec.seed)
            dem.write(height.astype(np.float32), 1, window=part)


def _write_images(
    pre: Path,
    post: Path,
    clouds: Path,
    spec: EventSpec,
    progress: Callable[[int, int], None] | None,
    window: tuple[int, int],
) -> None:
    densities = (spec.landslides_per_km2, spec.scars_per_km2)
    size = (spec.shape[1] * PIXEL, spec.shape[0] * PIXEL)
    painter = Painter(spec.seed, size, PIXEL, densities, spec.cloud_cover)
    image = partial(new_raster, shape=spec.shape, transform=spec.transform, epsg=spec.epsg, dtype="uint8")
    with (
        image(pre, count=3, photometric="rgb") as pre_file,
        image(post, count=3, photometric="rgb") as post_file,
        image(clouds, count=1) as clouds_file,
    ):
        for part in _windows(spec.shape, window):
            before, after, mask = painter.paint(part)
            pre_file.write(before, window=part)
            post_file.write(after, window=part)
            clouds_file.write(mask, 1, window=part)
            if progress is not None and part.col_off + part.width == spec.shape[1]:
                progress(part.row_off + part.height, spec.shape[0])
